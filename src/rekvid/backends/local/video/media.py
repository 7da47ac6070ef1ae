"""Opening a video file, and what its streams say about themselves.

Whatever is wrong with a file becomes an `UnreadableVideoError` whose message is fit to be a job's status message.
"""

from __future__ import annotations

import contextlib
import errno
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import av.logging
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from rekvid._media_files import open_media_file
from rekvid.models import AudioMetadata, VideoColorRange, VideoMetadata
from rekvid.timecode import exact_rate

# Containers that hold their own media. Playlists and patterns (hls, dash, concat, image2) are left out on purpose:
# under the name of a video they would make FFmpeg open other files and addresses of this machine.
_CONTAINERS = (
    "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,asf,ogg,mxf,gxf,nut,ivf,obu,av1,h264,hevc,vvc,m4v,vc1,"
    "yuv4mpegpipe,dv,rm,wtv,swf,nsv,4xm,bink,smjpeg,mjpeg,y4m,"
    "wav,w64,aiff,au,mp3,aac,ac3,eac3,flac,caf,amr"
)


class UnreadableVideoError(Exception):
    """The file can't be analysed. The message says exactly why, and is what the job's status message becomes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """An open file and the streams of it that are analysed.

    Attributes:
        path: The file.
        name: Name of the file, without its folder.
        container: The open container.
        video: The first video stream that is marked as the default, or the first if none is; never a cover picture.
        audio: All audio streams, in the order of the file.
        rate: Exact frames a second; the mean where the rate varies.
        full_range: Whether luma runs over 0-255 rather than 16-235.
    """

    path: Path
    name: str
    container: InputContainer
    video: VideoStream
    audio: tuple[AudioStream, ...]
    rate: Fraction
    full_range: bool

    @property
    def has_pts(self) -> bool:
        """Whether the container says when frames are shown. AVI only says in which order they are decoded."""
        return self.container.format.name != "avi"

    @property
    def announced_end(self) -> Fraction | None:
        """Where the container says that the video ends, in seconds on the clock of the pts; None if it doesn't say."""
        if self.video.duration and self.video.time_base:
            length = self.video.duration
            if self.container.format.name == "avi":
                # FFmpeg cuts an AVI's duration down to what the file has room for; the header's count stays.
                length = max(length, self.video.frames)
            return ((self.video.start_time or 0) + length) * self.video.time_base
        if self.container.duration:
            # Some containers measure their duration from their own start and some (Matroska) from zero, so a late
            # start is left out: rather a missed truncation than a whole file refused.
            return Fraction(min(self.container.start_time or 0, 0) + self.container.duration, av.time_base)
        return None

    @property
    def announced_frames(self) -> int | None:
        """How many frames the container promises; None if it doesn't say.

        The smaller of the number of samples and of what fits into the duration, as an edit list can hide samples.
        """
        seconds = _seconds(self.video, self.container)
        by_duration = None if seconds is None else int(seconds * self.rate)
        if self.video.frames and by_duration:
            return min(self.video.frames, by_duration)
        return self.video.frames or by_duration


@contextlib.contextmanager
def open_media(path: Path) -> Iterator[Media]:
    """Open the video at `path` for one pass, and close it after.

    Raises:
        UnreadableVideoError: The file is missing, a folder, empty, no video, damaged, or of a codec that can't be
            decoded here; also for any error of FFmpeg that comes up while the file is open.
    """
    _check_file(path)
    try:
        container = _open(path)
    except (av.error.FFmpegError, ValueError) as error:
        raise UnreadableVideoError(_why_not_opened(path, error)) from error
    with container:
        try:
            yield _inspect(path, container)
        except av.error.FFmpegError as error:
            raise UnreadableVideoError(f"{path.name} can't be read: {_reason(error)}.") from error


def new_decoder(media: Media) -> VideoCodecContext:
    """A decoder for the video of `media` beside the one that its stream has, with the same settings.

    Raises:
        UnreadableVideoError: The file is no longer the one that `media` is.
    """
    # PyAV copies all settings of a decoder only as it opens a file; after that the decoder doesn't need the file.
    with _open(media.path) as container:
        for video in container.streams.video:
            if _settings(video) == _settings(media.video):
                return video.codec_context
    raise UnreadableVideoError(f"{media.name} was replaced while it was read. Start a new job.")


def video_metadata(media: Media) -> VideoMetadata:
    """What the container says about the video, in the service's words (API reference, VideoMetadata).

    Width and height are those of the coded picture: a rotation that the container asks for is not applied, as
    segments don't depend on it.
    """
    context = media.video.codec_context
    return VideoMetadata(
        codec=context.codec.canonical_name,
        duration_millis=_millis(media.video, media.container),
        format=media.container.format.long_name,
        frame_rate=single_precision(float(media.rate)),
        frame_height=context.height,
        frame_width=context.width,
        color_range=VideoColorRange.FULL if media.full_range else VideoColorRange.LIMITED,
    )


def audio_metadata(media: Media) -> tuple[AudioMetadata, ...]:
    """What the container says about each audio stream (API reference, AudioMetadata).

    A stream whose codec has no decoder here has a duration and nothing else.
    """
    found: list[AudioMetadata] = []
    for stream in media.audio:
        duration = _millis(stream, media.container)
        if not has_decoder(stream):
            found.append(AudioMetadata(duration_millis=duration))
            continue
        context = stream.codec_context
        found.append(
            AudioMetadata(
                codec=context.codec.canonical_name,
                duration_millis=duration,
                sample_rate=context.sample_rate,
                number_of_channels=context.layout.nb_channels,
            )
        )
    return tuple(found)


def single_precision(number: float) -> float:
    """`number` rounded to the nearest single-precision float, as which the service sends rates and confidences."""
    (rounded,) = struct.unpack("<f", struct.pack("<f", number))
    assert isinstance(rounded, float)
    return rounded


def has_decoder(stream: Stream) -> bool:
    """Whether this build of FFmpeg can decode `stream`."""
    # PyAV leaves the context out where there is no decoder, which its annotations don't say.
    return getattr(stream, "codec_context", None) is not None


def is_full_range(color_range: int, pixel_format: str | None) -> bool:
    """Whether a stream is FULL: by its flag, or by one of the old formats (yuvj...) that imply it."""
    return color_range == ColorRange.JPEG or (pixel_format or "").startswith("yuvj")


def _open(path: Path) -> InputContainer:
    return open_media_file(str(path.absolute()), {"format_whitelist": _CONTAINERS})


def _settings(video: VideoStream) -> tuple[object, ...]:
    if not has_decoder(video):
        return ()
    context = video.codec_context
    return video.index, video.time_base, context.codec.name, context.extradata, context.width, context.height


def _check_file(path: Path) -> None:
    try:
        if not path.exists():
            raise UnreadableVideoError(f"There is no file {path.name}.")
        if path.is_dir():
            raise UnreadableVideoError(f"{path.name} is a folder, not a video file.")
        if not path.is_file():
            raise UnreadableVideoError(f"{path.name} is not a regular file.")
        if path.stat().st_size == 0:
            raise UnreadableVideoError(f"{path.name} is empty (0 bytes).")
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise UnreadableVideoError(f"{path.name!r} can't be read: {error}.") from error


def _why_not_opened(path: Path, error: Exception) -> str:
    if isinstance(error, av.error.PermissionError):
        return f"{path.name} can't be read: permission denied."
    if isinstance(error, av.error.InvalidDataError) and _lacks_index(path):
        return f"{path.name} ends early: it is an MP4 or MOV file without its index (moov)."
    # EINVAL is what the whitelist of containers gives.
    if isinstance(error, av.error.InvalidDataError | av.error.EOFError) or getattr(error, "errno", 0) == errno.EINVAL:
        return f"{path.name} is not a video file that can be read here."
    return f"{path.name} can't be opened: {_reason(error)}."


def _lacks_index(path: Path) -> bool:
    """Whether the top-level boxes of an MP4 or MOV file include no moov (ISO/IEC 14496-12, 4.2 and 8.2)."""
    names: list[bytes] = []
    end = path.stat().st_size
    with path.open("rb") as file:
        while len(head := file.read(8)) == 8:
            size, name = struct.unpack(">I4s", head)
            names.append(name)
            if size == 1:
                (size,) = struct.unpack(">Q", file.read(8).rjust(8, b"\0"))
                size -= 8
            if size < 8 or file.tell() + size - 8 >= end or len(names) > 1000:
                break
            file.seek(size - 8, 1)
    return bool(names) and names[0] in {b"ftyp", b"mdat", b"wide", b"free", b"skip"} and b"moov" not in names


def _inspect(path: Path, container: InputContainer) -> Media:
    videos = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not videos:
        raise UnreadableVideoError(f"{path.name} has no video stream.")
    video = next((stream for stream in videos if stream.disposition & Disposition.default), videos[0])
    if not has_decoder(video):
        raise UnreadableVideoError(
            f"Unsupported codec/format. There is no decoder here for the codec {_codec_without_decoder(container)}."
        )
    context = video.codec_context
    if not context.width or not context.height:
        raise UnreadableVideoError(f"{path.name} is damaged: its video stream says nothing about its size.")
    return Media(
        path=path,
        name=path.name,
        container=container,
        video=video,
        audio=tuple(container.streams.audio),
        rate=_rate(path, video),
        full_range=is_full_range(context.color_range, context.pix_fmt),
    )


def _rate(path: Path, video: VideoStream) -> Fraction:
    average, guessed = video.average_rate, video.guessed_rate
    if average and guessed and average == 2 * guessed:
        average = guessed  # H.264 in AVI is counted in fields
    for rate in (average, guessed, video.base_rate):
        if rate and 0 < rate <= 1000:
            # By way of the float that the metadata carries, so that whoever calls exact_rate on it gets this rate.
            return exact_rate(single_precision(float(rate)))
    raise UnreadableVideoError(f"{path.name} has a video stream without a usable frame rate.")


def _codec_without_decoder(container: InputContainer) -> str:
    # PyAV gives such a stream no name; FFmpeg's own description does, at the log level "info".
    before = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        text: str = container.dumps_format()  # type: ignore[attr-defined]  # public, missing in PyAV's stubs
    finally:
        av.logging.set_level(before)
    match = re.search(r"Video: (\w+)(?: \([^)]*\))*? \((\w{4}) /|Video: (\w+)", text)
    if match is None:
        return "of its video stream"
    name, tag, bare = match.groups()
    if bare or name != "none":
        return str(bare or name)
    return f"with the tag {tag}"


def _seconds(stream: Stream, container: InputContainer) -> Fraction | None:
    if stream.duration and stream.time_base:
        return stream.duration * stream.time_base
    return Fraction(container.duration, av.time_base) if container.duration else None


def _millis(stream: Stream, container: InputContainer) -> int | None:
    seconds = _seconds(stream, container)
    return None if seconds is None else int(seconds * 1000)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
