"""Edit decision lists in the layout of CMX 3600, as all editing programs read them."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from rekvid.errors import ValidationError
from rekvid.export.spans import Address, checked_rate, one_line, spans_of
from rekvid.models import SegmentDetection
from rekvid.timecode import Timecode

_REEL_LENGTH = 8


def to_edl(
    segments: Iterable[SegmentDetection],
    rate: float | Fraction | None,
    *,
    title: str = "rekvid",
    clip_name: str | None = None,
    reel: str = "AX",
    start_timecode: str | Timecode | None = None,
) -> str:
    """An edit decision list with an event for each segment, at the place that it has in the video.

    Out is exclusive in an EDL: it is the timecode of the frame after the segment's last one. Source and record
    times are the same, so that gaps between shots stay gaps.

    Args:
        segments: The segments, such as ``result.shots``. Frames should belong to one segment each, as an EDL has one
            video track: export shots and technical cues apart.
        rate: Frames a second of the video, such as ``video_metadata.frame_rate``; made exact (29.97 is 30000/1001).
        title: The title of the list.
        clip_name: Name of the clip, usually the file's; stands in a comment of each event. None leaves it out.
        reel: Name of the source reel: 1-8 ASCII letters, digits, ``_`` or ``-``; ``AX`` is what editors call a file.
        start_timecode: The timecode of the video's first frame; it also says whether counting is drop-frame (``;``).
            None is zero, in drop-frame at 29.97 and 59.94.

    Raises:
        ValidationError: `rate`, `reel` or `start_timecode` is none.
    """
    exact = checked_rate(rate)
    address = Address.of(exact, start_timecode)
    if not (reel.isascii() and 1 <= len(reel) <= _REEL_LENGTH and reel.replace("_", "").replace("-", "").isalnum()):
        raise ValidationError("reel", reel, "must be 1-8 ASCII letters, digits, '_' or '-'")
    lines = [
        f"TITLE: {one_line(title)}",
        f"FCM: {'DROP FRAME' if address.drop_frame else 'NON-DROP FRAME'}",
    ]
    for number, span in enumerate(spans_of(segments, exact), start=1):
        start, end = address.timecode(span.first), address.timecode(span.after)
        lines += ["", f"{number:03}  {reel:<8} V     C        {start} {end} {start} {end}"]
        if clip_name is not None:
            lines.append(f"* FROM CLIP NAME: {one_line(clip_name)}")
        lines.append(f"* COMMENT: {span.name}")
    return "\n".join(lines) + "\n"
