"""Reads frames of a video as upright pictures, and writes videos with other pictures, with PyAV."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Self

from rekvid._media_files import open_media_file, packets_of
from rekvid.errors import MissingExtraError, ValidationError

try:
    import av
    import av.error
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Disposition, Stream
    from av.video.frame import VideoFrame
    from av.video.reformatter import ColorRange, Colorspace
    from av.video.stream import VideoStream
    from PIL import Image
except ImportError as missing:
    raise MissingExtraError("report", "reading the frames of a video") from missing

ENDINGS = (".mp4", ".mov", ".mkv")
"""The containers that are written."""

# By quarter turns counterclockwise, as Pillow and FFmpeg's display matrix count them.
_TURNS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}
_HD_LINES = 720  # from here on, video that doesn't tell its matrix is taken to have that of HD


class Film:
    """The video stream of a file, as pictures with their times. A context manager.

    Pictures are as players show them: turned as the file asks for, with square pixels. Times are milliseconds from the
    first frame, rounded down, as those of labels are.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open `path`.

        Raises:
            ValidationError: It is no video that FFmpeg can read.
            OSError: There is no such file, or it may not be read.
        """
        self.path = path
        self._container = _opened(path)
        try:
            self._video = _video_of(self._container, path)
            self._video.thread_type = "AUTO"
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._container.close()

    def picture_at(self, millis: int) -> Image.Image:
        """The picture that is on screen at `millis`; the first or the last one beyond the ends.

        Raises:
            ValidationError: The video is damaged, or has no frame that can be decoded.
        """
        try:
            found = self._frame_at(millis)
            if found is None:
                raise ValidationError("video", os.fspath(self.path), "has no frame that can be decoded")
            return _picture(found, self._video)
        except av.error.FFmpegError as error:
            raise _undecodable(os.fspath(self.path), error) from error

    def _frame_at(self, millis: int) -> VideoFrame | None:
        base = _base(self._video)
        millis += _coarseness(base)
        found = None
        # Rounded down, so that where every frame is a key the one that is sought is found, and not the next.
        self._container.seek(self._start + millis // (1000 * base), stream=self._video)
        for frame in _frames_of(self._container, self._video):
            if self._millis(frame) > millis:
                break
            found = frame
        if found is None:  # a container without an index can lead past the place
            found = self._from_the_start(millis)
        return found

    def _from_the_start(self, millis: int) -> VideoFrame | None:
        found = None
        with _opened(self.path) as container:
            for frame in _frames_of(container, _video_of(container, self.path)):
                if found is not None and self._millis(frame) > millis:
                    break
                found = frame
        return found

    @property
    def _start(self) -> int:
        return self._video.start_time or 0

    def _millis(self, frame: VideoFrame) -> int:
        return _millis(frame, self._start, _base(self._video))


def rewrite(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    paint: Callable[[Image.Image, int], Image.Image],
) -> int:
    """Write the video `source` to `target` with each picture painted anew; gives the number of frames.

    Frames keep their times, so that sound, which is copied, stays in step. Video is encoded as H.264.

    Args:
        source: A video.
        target: The file to write, with one of `ENDINGS`.
        paint: Gives the picture to write for a picture, of the same size, and its time in milliseconds.

    Raises:
        ValidationError: `source` is no video or is damaged, `target` is the same file or has another ending, or its
            container can't hold the sound. Nothing is left of `target` then.
        OSError: A file can't be opened.
    """
    path = Path(target)
    if path.suffix.lower() not in ENDINGS:
        raise ValidationError("target", str(path), f"must end in one of {', '.join(ENDINGS)}")
    if path.exists() and path.samefile(source):
        raise ValidationError("target", str(path), "is the video that is read: name another file")
    with _opened(source) as container, _removed_on_failure(path):
        video = _video_of(container, source)
        try:
            with av.open(str(path), "w") as output:
                return _Rewriting(container, output, video, paint).run()
        except ValidationError:  # of the source, which would be taken for one of the target's below
            raise
        except (av.error.FFmpegError, ValueError) as error:
            raise ValidationError("target", str(path), f"can't be written: {error}; .mkv holds most kinds") from error


class _Rewriting:
    def __init__(
        self,
        container: InputContainer,
        output: OutputContainer,
        video: VideoStream,
        paint: Callable[[Image.Image, int], Image.Image],
    ) -> None:
        self._container, self._output, self._video, self._paint = container, output, video, paint
        self._encoder: VideoStream | None = None
        self._early: list[
            Packet[Stream]
        ] = []  # sound before the first picture, which says what stream of pictures to announce
        self._count = 0

    def run(self) -> int:
        """Copy sound and encode pictures in the order in which they lie in the file; gives the number of frames."""
        self._video.thread_type = "AUTO"
        sounds = {each: self._output.add_stream_from_template(each) for each in self._container.streams.audio[:1]}
        for each in self._read(sounds):
            if isinstance(each, VideoFrame):
                self._encode(each)
            else:
                each.stream = next(iter(sounds.values()))
                self._mux(each)
        if self._encoder is not None:
            self._output.mux(self._encoder.encode(None))
        return self._count

    def _read(self, sounds: Iterable[Stream]) -> Iterator[VideoFrame | Packet[Stream]]:
        """The pictures, and the packets of `sounds`."""
        try:
            for packet in packets_of(self._container, self._video, *sounds):
                if packet.stream is self._video:
                    yield from (frame for frame in packet.decode() if isinstance(frame, VideoFrame))
                elif packet.dts is not None:  # None marks the end
                    yield packet
        except av.error.FFmpegError as error:
            raise _undecodable(self._container.name, error) from error

    def _mux(self, packet: Packet[Stream]) -> None:
        if self._encoder is None:
            self._early.append(packet)
            return
        while self._early:
            self._output.mux(self._early.pop(0))
        self._output.mux(packet)

    def _encode(self, frame: VideoFrame) -> None:
        base = _base(self._video)
        picture = self._paint(_picture(frame, self._video), _millis(frame, self._video.start_time or 0, base))
        width, height = (size - size % 2 for size in picture.size)  # 4:2:0 knows even sizes only
        if self._encoder is None:
            self._encoder = self._new_encoder(width, height)
        hd = height >= _HD_LINES
        even = picture.crop((0, 0, width, height))
        made = VideoFrame.from_image(even).reformat(  # type: ignore[no-untyped-call]  # PyAV gives it no types
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709 if hd else Colorspace.ITU601,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
        )
        made.pts, made.time_base = frame.pts, base
        self._output.mux(self._encoder.encode(made))
        self._count += 1

    def _new_encoder(self, width: int, height: int) -> VideoStream:
        rate = self._video.average_rate or self._video.guessed_rate or Fraction(25)
        encoder = self._output.add_stream("libx264", rate=rate, options={"crf": "20", "preset": "veryfast"})
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.codec_context.time_base = _base(self._video)
        encoder.codec_context.color_range = ColorRange.MPEG
        encoder.codec_context.colorspace = 1 if height >= _HD_LINES else 6  # ITU-T H.273: BT.709, BT.601
        return encoder


def _picture(frame: VideoFrame, video: VideoStream) -> Image.Image:
    """A frame as players show it, in RGB."""
    aspect = video.sample_aspect_ratio or Fraction(1)
    unknown = frame.colorspace == 2  # ITU-T H.273: unspecified
    picture: Image.Image = frame.to_image(  # type: ignore[no-untyped-call]  # PyAV gives it no types
        width=max(1, round(frame.width * aspect)),
        height=frame.height,
        src_colorspace=Colorspace.ITU709 if unknown and frame.height >= _HD_LINES else None,
        src_color_range=ColorRange.JPEG if frame.format.is_rgb else frame.color_range,
        dst_color_range=ColorRange.JPEG,
    )
    turns = round(frame.rotation / 90) % 4
    return picture.transpose(_TURNS[turns]) if turns else picture


def _millis(frame: VideoFrame, start: int, base: Fraction) -> int:
    return 0 if frame.pts is None else int((frame.pts - start) * base * 1000)


def _coarseness(base: Fraction) -> int:
    """By how many milliseconds a container may tell a frame later than it is: Matroska and FLV round to the nearest.

    The timestamps of labels and segments are rounded down, so at 23.976 frames a second frame 1 is at 41 ms for them
    and at 42 ms in Matroska. What was rounded can't be told from what wasn't, so a frame at 42 ms sharp is given for
    41 ms too. Coarser units, such as AVI's of a frame each, are taken as exact.
    """
    return 1 if base == Fraction(1, 1000) else 0


def _frames_of(container: InputContainer, video: VideoStream) -> Iterator[VideoFrame]:
    for packet in packets_of(container, video):
        yield from (frame for frame in packet.decode() if isinstance(frame, VideoFrame))


def _undecodable(path: str, error: av.error.FFmpegError) -> ValidationError:
    return ValidationError("video", path, f"can't be decoded: {error.strerror}")


def _base(video: VideoStream) -> Fraction:
    assert video.time_base is not None  # a stream that was read from a file has one
    return video.time_base


def _opened(path: str | os.PathLike[str]) -> InputContainer:
    with Path(path).open("rb"):
        pass  # an OSError that names the file, in place of FFmpeg's
    try:
        return open_media_file(os.fspath(path))
    except av.error.FFmpegError as error:
        raise ValidationError("video", os.fspath(path), "is no video that FFmpeg can read") from error


def _video_of(container: InputContainer, path: str | os.PathLike[str]) -> VideoStream:
    """The stream that detection looks at on this machine too: the default one or else the first, and no cover."""
    streams = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
    if not streams:
        raise ValidationError("video", os.fspath(path), "has no video stream")
    video = next((each for each in streams if each.disposition & Disposition.default), streams[0])
    # PyAV leaves the context out where there is no decoder, which its annotations don't say.
    if getattr(video, "codec_context", None) is None:
        raise ValidationError("video", os.fspath(path), "is of a codec that FFmpeg has no decoder for")
    return video


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise
