from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

pytest.importorskip("av")
import av
import numpy as np

from rekvid.backends.local.labels.detectors.base import Fit
from rekvid.backends.local.video.media import UnreadableVideoError, open_media
from rekvid.backends.local.video.sampling import Sampler
from rekvid.backends.local.video.upright import picture_size, quarter_turns

RATE = Fraction(25)
FIFTH = Fraction(1, 5)
SMALL = Fit(width=32, height=18, keep_aspect=False)
FRAMES = 60


def _level(number: int) -> int:
    """The grey of a frame, by which it is known again through any codec."""
    return 16 + number * 7 % 220


def write(
    path: Path,
    *,
    codec: str = "libx264",
    rate: Fraction = RATE,
    moments: Sequence[Fraction] | None = None,
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
) -> Path:
    """A video of grey frames, each with another grey; shown at `moments`, in seconds, or `rate` times a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixel_format
        stream.options = dict(options or {})
        if codec != "mpeg2video":  # which knows a few rates only
            stream.codec_context.time_base = Fraction(1, 12000)
        for number in range(FRAMES if moments is None else len(moments)):
            grey = np.full((48, 64, 3), _level(number), np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format=pixel_format)
            moment = number / rate if moments is None else moments[number]
            frame.pts, frame.time_base = int(moment * 12000), Fraction(1, 12000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def sampled(path: Path, cadence: Fraction = FIFTH, *, skip: bool = True) -> list[float]:
    """The mean grey of each sample."""
    with open_media(path) as media:
        return [float(each.pictures[SMALL].mean()) for each in Sampler(media, cadence, [SMALL], skip=skip)]


def _is_like(greys: Sequence[float], numbers: Sequence[int]) -> bool:
    """Whether each grey is that of the frame, within what a codec does to it; neighbours are 7 levels apart."""
    return len(greys) == len(numbers) and all(
        abs(grey - _level(number)) < 3 for grey, number in zip(greys, numbers, strict=True)
    )


CODECS: dict[str, Callable[[Path], Path]] = {
    "H.264 with B-frames": lambda folder: write(folder / "x.mp4", options={"bf": "3", "crf": "10"}),
    "H.264 with an open GOP": lambda folder: write(
        folder / "x.mkv", options={"x264-params": "open-gop=1:keyint=12:bframes=3:b-pyramid=normal", "crf": "10"}
    ),
    "HEVC": lambda folder: write(
        folder / "x.mp4", codec="libx265", options={"x265-params": "log-level=none:bframes=4", "crf": "10"}
    ),
    "MPEG-2": lambda folder: write(folder / "x.mpg", codec="mpeg2video", options={"bf": "2", "b": "4M"}),
    "Motion JPEG": lambda folder: write(folder / "x.avi", codec="mjpeg", pixel_format="yuvj420p"),
    "VP9": lambda folder: write(folder / "x.webm", codec="libvpx-vp9", options={"deadline": "realtime", "crf": "10"}),
    "MPEG-TS": lambda folder: write(folder / "x.ts", options={"bf": "2", "crf": "10"}),
}


@pytest.mark.parametrize("codec", CODECS)
def test_samples_are_the_frames_shown_then(codec: str, tmp_path: Path) -> None:
    """Sample n is the frame shown n cadences after the first, and skipping what isn't needed changes no sample."""
    path = CODECS[codec](tmp_path)
    for cadence in (FIFTH, Fraction(1, 3), Fraction(1, 50), Fraction(1)):
        count = int(FRAMES / RATE / cadence)
        expected = [int(index * cadence * RATE) for index in range(count)]
        greys = sampled(path, cadence)
        assert greys == sampled(path, cadence, skip=False)
        assert _is_like(greys[:count], expected)
        assert len(greys) - count in {0, 1}  # the last frame may be said to last a little longer


def test_skipping_saves_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames that no other needs and that are not shown at a sample are not decoded, so fewer come out."""
    from rekvid.backends.local.video import sampling

    decoded: list[int] = []
    note = sampling._Decoder._note

    def counting(self: sampling._Decoder, frame: av.VideoFrame) -> None:
        decoded.append(1)
        note(self, frame)

    monkeypatch.setattr(sampling._Decoder, "_note", counting)
    path = write(tmp_path / "x.mp4", options={"bf": "3", "crf": "10"})
    counts = []
    for skip in (False, True):
        decoded.clear()
        sampled(path, skip=skip)
        counts.append(len(decoded))
    assert counts[0] == FRAMES
    assert counts[1] < FRAMES * 0.8


def test_frames_that_come_at_odd_times(tmp_path: Path) -> None:
    """With a rate that varies a sample is the last frame that has begun, and a long one is several samples."""
    moments = [Fraction(each, 1000) for each in (0, 40, 190, 210, 400, 401, 1000, 1180, 1250)]
    path = write(tmp_path / "x.mkv", moments=moments, options={"bf": "2", "crf": "10"})
    assert _is_like(sampled(path)[:7], [0, 2, 4, 5, 5, 6, 7])


def test_samples_count_from_the_first_frame(tmp_path: Path) -> None:
    """A video that begins late is sampled as if it began at once."""
    moments = [10 + number / RATE for number in range(20)]
    path = write(tmp_path / "x.mkv", moments=moments, options={"crf": "10"})
    assert _is_like(sampled(path), [0, 5, 10, 15])


def test_clock_that_is_set_back(tmp_path: Path) -> None:
    """After a jump of the clock the frames go on right behind those before, and none is lost."""
    parts = [write(tmp_path / f"{number}.ts", options={"bf": "0", "crf": "10"}) for number in range(2)]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    once = [index * 5 for index in range(12)]
    assert _is_like(sampled(joined), [*once, *once])


def test_broken_off_file_is_refused(tmp_path: Path) -> None:
    """A file that ends in the middle is an error after its samples, with and without skipping."""
    path = write(tmp_path / "x.mkv", options={"bf": "2", "crf": "10", "g": "10"})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    for skip in (True, False):
        with pytest.raises(UnreadableVideoError, match="ends in the middle"):
            sampled(path, skip=skip)


def test_skipped_frames_count_as_seen(tmp_path: Path) -> None:
    """A damaged packet fails a video that is mostly there no sooner because frames were skipped."""
    path = write(tmp_path / "x.mp4", options={"bf": "3", "crf": "10"})
    with open_media(path) as media:
        sampler = Sampler(media, Fraction(1), [SMALL])
        assert [each.index for each in sampler] == [0, 1, 2]
        assert sampler.end == FRAMES / RATE


_MATRICES = {
    0: (1, 0, 0, 1),
    90: (0, -1, 1, 0),
    180: (-1, 0, 0, -1),
    270: (0, 1, -1, 0),
}


def turned(path: Path, degrees: int) -> None:
    """Let the container ask for a turn counterclockwise (ISO/IEC 14496-12, 8.3.2: the matrix of tkhd)."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (65536 * each for each in _MATRICES[degrees])
    data[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def marked(path: Path, *, degrees: int = 0, pixel_aspect: Fraction | None = None) -> Path:
    """A black video whose top left quarter is white as it lies in the file."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        picture = np.zeros((48, 64, 3), np.uint8)
        picture[:24, :32] = 255
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    turned(path, degrees)
    return path


@pytest.mark.parametrize(("degrees", "corner"), [(0, (0, 0)), (90, (1, 0)), (180, (1, 1)), (270, (0, 1))])
def test_pictures_are_upright(degrees: int, corner: tuple[int, int], tmp_path: Path) -> None:
    """A video that has to be turned is seen as it is shown."""
    path = marked(tmp_path / "x.mp4", degrees=degrees)
    fit = Fit(width=40, height=40)
    with open_media(path) as media:
        picture = next(iter(Sampler(media, FIFTH, [fit]))).pictures[fit]
    assert picture.shape == ((40, 30, 3) if degrees % 180 else (30, 40, 3))
    height, width = picture.shape[:2]
    quarters = [
        [picture[y * height // 2 :, x * width // 2 :][: height // 2, : width // 2].mean() for x in range(2)]
        for y in range(2)
    ]
    assert divmod(int(np.argmax(quarters)), 2) == corner
    assert np.max(quarters) > 230


def test_pixels_are_square(tmp_path: Path) -> None:
    """Pixels twice as wide as high make a picture twice as wide."""
    path = marked(tmp_path / "x.mp4", pixel_aspect=Fraction(2))
    fit = Fit(width=64, height=64)
    with open_media(path) as media:
        assert next(iter(Sampler(media, FIFTH, [fit]))).pictures[fit].shape == (24, 64, 3)


def test_sizes_fit() -> None:
    """A picture fits into what was asked for, is never empty, and grows only if it may."""
    wide = (Fraction(1000), Fraction(10))
    assert picture_size(Fit(width=100, height=100), *wide, 0) == (100, 1)
    assert picture_size(Fit(width=50, height=50), *wide, 0) == (50, 1)
    assert picture_size(Fit(width=100, height=100), *wide, 1) == (1, 100)
    assert picture_size(Fit(width=2000, height=2000, enlarge=False), *wide, 0) == (1000, 10)
    assert picture_size(Fit(width=7, height=9, keep_aspect=False), *wide, 0) == (7, 9)
    assert [quarter_turns(degrees) for degrees in (0, 90, -90, 180, -180, 89, 1)] == [0, 1, 3, 2, 2, 1, 0]
