"""The page: one file with style, script and data in it, which loads nothing but the video."""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
from collections.abc import Iterable
from importlib import resources
from pathlib import Path, PurePath
from string import Template
from urllib.parse import quote, unquote, urlsplit

from rekvid.errors import ValidationError
from rekvid.models import LabelDetection, SegmentDetection, VideoMetadata
from rekvid.report.data import page_data

_SCRIPTS = ("model.js", "filter.js", "player.js", "overlay.js", "timeline.js", "lists.js", "main.js")


def to_html(
    labels: Iterable[LabelDetection] = (),
    segments: Iterable[SegmentDetection] = (),
    video_metadata: VideoMetadata | None = None,
    *,
    video_url: str | None = None,
    title: str = "",
) -> str:
    """A page with a player, a timeline, filters and tables, for any browser of the last few years.

    Args:
        labels: The detections, such as ``result.labels``, in any order; those of several results together if need be.
        segments: The segments, such as ``result.segments``, likewise.
        video_metadata: The video stream; without it the page knows neither frames nor timecodes.
        video_url: Where the page finds the video: a URL, or a relative one from where the page lies. Without it the
            page shows boxes on an empty picture, and lets its reader choose a video.
        title: What the page is about; the last part of `video_url` by default.

    Raises:
        ValidationError: `video_url` is no URL that a browser plays from.
    """
    policy = _policy(video_url)
    title = title or _last_part(video_url) or "Video analysis"
    style = _text("page.css")
    script = "".join(_text(name) for name in _SCRIPTS)
    return Template(_text("page.html")).substitute(
        title=html.escape(title),
        policy=html.escape(policy.format(style=_digest(style), script=_digest(script))),
        style=style,
        script=script,
        data=page_data(labels, segments, video_metadata, title=title, video=video_url),
    )


def write_html(
    path: str | os.PathLike[str],
    labels: Iterable[LabelDetection] = (),
    segments: Iterable[SegmentDetection] = (),
    video_metadata: VideoMetadata | None = None,
    *,
    video: str | os.PathLike[str] | None = None,
    title: str = "",
) -> None:
    """Write the page of `to_html` to `path`.

    Args:
        path: The file to write.
        labels: See `to_html`, as the two after it.
        segments: The segments.
        video_metadata: The video stream.
        video: A file, which the page refers to from where it lies, so that both can be moved together; or an
            ``https://`` or ``http://`` URL; or None.
        title: What the page is about; the name of the video by default.

    Raises:
        ValidationError: `video` is neither a file nor such a URL.
        OSError: The file can't be written.
    """
    target = Path(path)
    url = None if video is None else url_from(target, video)
    target.write_text(to_html(labels, segments, video_metadata, video_url=url, title=title), encoding="utf-8")


def url_from(page: Path, video: str | os.PathLike[str]) -> str:
    """The URL of `video` for a page in the file `page`: relative where both are on one drive.

    Raises:
        ValidationError: `video` is neither a file that is there nor an ``http`` or ``https`` URL.
    """
    text = os.fspath(video)
    if urlsplit(text).scheme in ("http", "https"):
        return text
    if not Path(text).is_file():
        raise ValidationError(
            "video", text, "must be a file, or an https:// URL; for an object in S3 sign one (boto3, presigned URL)"
        )
    file = Path(text).resolve()
    try:
        relative = PurePath(os.path.relpath(file, page.resolve().parent)).as_posix()
    except ValueError:  # on Windows, where they lie on two drives
        return file.as_uri()
    return quote(relative if "/" in relative else f"./{relative}")  # "a:b.mp4" alone would be of the scheme "a"


def _policy(video_url: str | None) -> str:
    """The page's Content-Security-Policy: its own style and script by their digests, the video, and nothing else."""
    parts = urlsplit(video_url or "")
    # In a policy ";" and "," begin something else, so a host may not hold them.
    if parts.scheme not in ("", "http", "https", "file") or not re.fullmatch(r"[\w.:\[\]-]*", parts.netloc, re.ASCII):
        raise ValidationError("video_url", video_url, "must be relative, or begin with https://, http:// or file://")
    # A page that was opened from a folder has no origin that 'self' could mean, hence file:.
    source = f"{parts.scheme}://{parts.netloc}" if parts.netloc else "'self' file:"
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src '{{style}}'; script-src '{{script}}'; media-src blob: {source}"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _text(name: str) -> str:
    return resources.files("rekvid.report").joinpath(name).read_text(encoding="utf-8")


def _last_part(url: str | None) -> str:
    return unquote(PurePath(urlsplit(url or "").path).name)
