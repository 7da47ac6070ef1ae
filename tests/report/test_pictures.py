"""Annotated frames and videos, and contact sheets, looked at pixel by pixel."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("av")
pytest.importorskip("PIL")

import av
from av.video.stream import VideoStream
from PIL import Image, ImageChops, ImageColor

from rekvid.errors import ValidationError
from rekvid.report import colour_of
from rekvid.report.pictures import annotate_frame, annotate_video, contact_sheet, draw_detections
from report_pages import FILM_SHOTS, METADATA, detection

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

WHITE, RED, BLUE, GREEN = (255, 255, 255), (255, 0, 0), (0, 0, 255), (0, 255, 0)
DOG = ImageColor.getrgb(colour_of("Dog"))


def near(picture: Image.Image, place: tuple[int, int], colour: tuple[int, ...], tolerance: int = 12) -> bool:
    """Whether a pixel has a colour, as far as a codec keeps it."""
    found = picture.getpixel(place)
    assert isinstance(found, tuple)
    return all(abs(one - other) <= tolerance for one, other in zip(found, colour, strict=True))


def extent(picture: Image.Image, colour: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom, exclusive, of what has exactly a colour."""
    plain = Image.new("RGB", picture.size, colour)
    return ImageChops.difference(picture, plain).convert("L").point(lambda each: 255 * (each == 0)).getbbox()


@pytest.mark.parametrize(
    ("millis", "colour"), [(0, WHITE), (999, WHITE), (1000, RED), (2500, BLUE), (3960, GREEN), (9999, GREEN)]
)
def test_frame_is_the_one_on_screen(film: Path, millis: int, colour: tuple[int, ...]) -> None:
    """The frame that is taken is the one on screen at that time, to the frame, in its true colours."""
    assert near(annotate_frame(film, millis, ()), (300, 20), colour)


@pytest.mark.parametrize(("millis", "colour"), [(999, WHITE), (1000, RED)])
def test_frame_is_exact_where_a_unit_of_time_is_a_frame(
    film: Path, tmp_path: Path, millis: int, colour: tuple[int, ...]
) -> None:
    """AVI counts frames, which rounds nothing: a millisecond before a frame the one before it is on screen."""
    video = tmp_path / "film.avi"
    encode(film, video, "mjpeg", pix_fmt="yuvj420p")
    with av.open(str(video)) as container:
        assert container.streams.video[0].time_base == Fraction(1, 25)

    assert near(annotate_frame(video, millis, ()), (300, 20), colour)


def test_frame_carries_the_boxes_that_hold_then(film: Path) -> None:
    """A box is drawn where it is told, on frames up to the next sample, and not without confidence enough."""
    labels = [detection("Dog", 0, (0.25, 0.5, 0.5, 0.25)), detection("Cat", 400), detection("Cat", 800)]

    drawn = extent(annotate_frame(film, 399, labels), DOG)
    assert drawn is not None
    assert (drawn[0], drawn[2], drawn[3]) == (80, 240, 135)
    assert extent(annotate_frame(film, 400, labels), DOG) is None
    assert extent(annotate_frame(film, 0, labels, min_confidence=91), DOG) is None


@pytest.mark.parametrize("size", [(48, 27), (90, 160), (320, 180), (1920, 1080), (4096, 2160)])
def test_names_are_legible_at_any_size(size: tuple[int, int]) -> None:
    """A name's ground is high enough for letters of 9 pixels and 1/26 of the picture, and lies in the picture."""
    picture = draw_detections(Image.new("RGB", size, WHITE), [detection("Dog", 0, (0.9, 0.0, 0.1, 0.02))])

    drawn = extent(picture, DOG)
    assert drawn is not None
    left, top, right, bottom = drawn
    assert bottom - top >= 1.3 * max(9, min(size) / 26)
    assert 0 <= left < right <= size[0]
    assert min(picture.crop(drawn).convert("L").tobytes()) < 40  # letters are black, if thin ones are smoothed


def test_names_lie_side_by_side() -> None:
    """Names of boxes at one place don't cover each other as long as there is room."""
    names = ["Dog", "Person", "Car"]
    labels = [detection(name, 0, (0.3, 0.3, 0.4, 0.4)) for name in names]
    alone = draw_detections(Image.new("RGB", (640, 360), WHITE), labels[:1])
    together = draw_detections(Image.new("RGB", (640, 360), WHITE), labels)

    ground = next(count for count, colour in alone.getcolors(1 << 20) or () if colour == DOG)
    for name in names:
        colour = ImageColor.getrgb(colour_of(name))
        kept = next(count for count, each in together.getcolors(1 << 20) or () if each == colour)
        assert kept > ground / 4, name


def test_picture_is_left_as_it_was() -> None:
    """Drawing gives a copy."""
    picture = Image.new("RGB", (320, 180), WHITE)
    draw_detections(picture, [detection("Dog", 0, (0.1, 0.1, 0.5, 0.5))])

    assert picture.getcolors() == [(320 * 180, WHITE)]


def test_video_keeps_its_frames_times_and_sound(film: Path, tmp_path: Path) -> None:
    """An annotated video has each frame of the video at its time, with the boxes of that time, and the same sound."""
    boxes = [detection("Dog", 400 * index, (0.05 * index, 0.4, 0.3, 0.4)) for index in range(10)]
    target = tmp_path / "annotated.mp4"

    assert annotate_video(film, target, boxes) == 100

    frames = list(decoded(target))
    assert [frame.time for frame in frames] == pytest.approx([frame.time for frame in decoded(film)])
    grounds = itertools.chain.from_iterable(itertools.repeat(colour, 25) for colour in (WHITE, RED, BLUE, GREEN))
    for number, (frame, ground) in enumerate(zip(frames, grounds, strict=True)):
        picture = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV gives it no types
        assert near(picture, (310, 10), ground, 16), number
        left = round(0.05 * (number // 10) * 320)
        assert not near(picture, (left + 40, 143), ground, 40), number  # the lower line of the box
        assert near(picture, (left + 40, 130), ground, 40), number  # what it holds
    assert sound_of(target) == sound_of(film)


def decoded(path: Path) -> Iterator[VideoFrame]:
    """The frames of a video."""
    with av.open(str(path)) as container:
        yield from container.decode(video=0)


def sound_of(path: Path) -> list[tuple[int | None, bytes]]:
    """The packets of sound as they are."""
    with av.open(str(path)) as container:
        return [(packet.pts, bytes(packet)) for packet in container.demux(audio=0) if packet.dts is not None]


@pytest.mark.parametrize(("target", "rule"), [("film.avi", "must end in"), ("a film & more.mp4", "name another file")])
def test_target_that_cannot_be_is_refused(film: Path, target: str, rule: str) -> None:
    """A container of another kind, and the video itself, are errors before anything is written."""
    before = film.read_bytes()

    with pytest.raises(ValidationError, match=rule):
        annotate_video(film, film.parent / target, ())
    assert film.read_bytes() == before


def test_what_is_no_video_is_told(tmp_path: Path) -> None:
    """A file that FFmpeg can't read, and one that is missing, are told, and nothing is left of the target."""
    text = tmp_path / "text.mp4"
    text.write_text("no video", encoding="utf-8")

    with pytest.raises(ValidationError, match="no video that FFmpeg can read"):
        annotate_video(text, tmp_path / "out.mp4", ())
    with pytest.raises(FileNotFoundError):
        annotate_frame(tmp_path / "missing.mp4", 0, ())
    assert [path.name for path in tmp_path.iterdir()] == ["text.mp4"]


@pytest.mark.parametrize(("codec", "ending"), [("libx264", "mp4"), ("mjpeg", "avi"), ("libvpx-vp9", "webm")])
def test_damaged_video_is_told(film: Path, tmp_path: Path, codec: str, ending: str) -> None:
    """A video whose packets hold nothing that its decoder knows is refused by its own name, with what FFmpeg says."""
    video = tmp_path / f"damaged.{ending}"
    encode(film, video, codec, pix_fmt="yuvj420p" if codec == "mjpeg" else "yuv420p")
    data = video.read_bytes()
    with av.open(str(video)) as container:
        for packet in container.demux(video=0):
            data = data.replace(bytes(packet), b"\xff" * packet.size) if packet.size else data
    video.write_bytes(data)

    with pytest.raises(ValidationError, match=r"^video='.*damaged.*can't be decoded: Invalid data"):
        annotate_frame(video, 500, ())
    with pytest.raises(ValidationError, match=r"^video='.*damaged.*can't be decoded: Invalid data"):
        annotate_video(video, tmp_path / "out.mp4", ())
    assert not (tmp_path / "out.mp4").exists()


def test_codec_without_a_decoder_is_told(film: Path, tmp_path: Path) -> None:
    """A video of an unknown codec is refused as such, also where it is to be rewritten, and no file stays open."""
    video = tmp_path / "unknown.mp4"
    video.write_bytes(film.read_bytes().replace(b"avc1", b"zzzz"))

    with pytest.raises(ValidationError, match=r"^video=.*no decoder"):
        annotate_video(video, tmp_path / "out.mp4", ())
    with pytest.raises(ValidationError, match=r"^video=.*no decoder") as caught:
        annotate_frame(video, 0, ())
    assert caught.value.field == "video"  # the error, and with it what could not be made, is still there
    opened = Path("/proc/self/fd")
    if not opened.is_dir():
        pytest.skip("the system doesn't tell which files are open")
    assert not [each for each in opened.iterdir() if each.exists() and each.samefile(video)]


def test_turned_video_is_drawn_upright(film: Path, tmp_path: Path) -> None:
    """A video that players turn by a quarter is turned before boxes are drawn."""
    turned = tmp_path / "turned.mp4"
    turn(film, turned)

    picture = annotate_frame(turned, 0, [detection("Dog", 0, (0.5, 0.5, 0.5, 0.5))])

    assert picture.size == (180, 320)
    drawn = extent(picture, DOG)
    assert drawn is not None
    assert (drawn[0], drawn[2], drawn[3]) == (90, 180, 320)


def turn(source: Path, target: Path) -> None:
    """Copy a video with a display matrix of a quarter turn in its header (ISO/IEC 14496-12, 8.3.2)."""
    upright = b"".join(each.to_bytes(4, "big") for each in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
    quarter = b"".join(
        each.to_bytes(4, "big", signed=True) for each in (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    )
    data = source.read_bytes()
    header = data.index(b"tkhd")
    at = data.index(upright, header)
    target.write_bytes(data[:at] + quarter + data[at + len(quarter) :])


def test_sheet_shows_the_middle_of_each_shot(film: Path) -> None:
    """Each shot is on the sheet, in order, row by row, in the shape of the video."""
    sheet = contact_sheet(film, FILM_SHOTS, METADATA, columns=2, width=400)

    wide = (400 - 3 * 6) // 2
    high = round(wide * 9 / 16)
    rows = (6 + high // 2, sheet.height - 40 - high // 2)
    places = [(x, y) for y in rows for x in (6 + wide // 2, 12 + wide + wide // 2)]
    for place, colour in zip(places, (WHITE, RED, BLUE, GREEN), strict=True):
        assert near(sheet, place, colour), place


def test_sheet_refuses_what_it_cannot_draw(film: Path) -> None:
    """Numbers out of their range, and no shots at all, are errors that name the rule."""
    with pytest.raises(ValidationError, match="columns"):
        contact_sheet(film, FILM_SHOTS, columns=0)
    with pytest.raises(ValidationError, match="width"):
        contact_sheet(film, FILM_SHOTS, columns=5, width=399)
    with pytest.raises(ValidationError, match="segments"):
        contact_sheet(film, ())


def test_video_without_an_index_gives_exact_frames(film: Path, tmp_path: Path) -> None:
    """Where a container has no index to seek by, the frame is still the one on screen."""
    raw = tmp_path / "film.ts"
    encode(film, raw, "mpeg2video", options={"g": "100", "qscale": "2"})

    for millis, colour in ((0, WHITE), (960, WHITE), (1000, RED), (3000, GREEN)):
        assert near(annotate_frame(raw, millis, ()), (300, 20), colour), millis


def encode(
    source: Path, target: Path, codec: str, *, pix_fmt: str = "yuv420p", options: dict[str, str] | None = None
) -> None:
    """Write the pictures of a video with another codec."""
    with av.open(str(source)) as container, av.open(str(target), "w") as output:
        stream = output.add_stream(codec, rate=Fraction(25), options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 180, pix_fmt
        for frame in container.decode(video=0):
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
