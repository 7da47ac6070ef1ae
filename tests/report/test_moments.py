"""Frames with their boxes, as a result gives them and notebooks show them."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rekvid
from rekvid.models import LabelDetectionPage
from rekvid.report import colour_of
from rekvid.testing import FakeBackend
from report_pages import METADATA, detection

if TYPE_CHECKING:
    from PIL.Image import Image

BOX = (0.25, 0.5, 0.5, 0.25)
LABELS = (detection("Dog", 0, BOX), detection("Cat", 500, (0, 0, 0.5, 0.5)), detection("Dog", 1000, BOX))
RESULT = rekvid.LabelDetectionResult(job_id="job-1", labels=LABELS, video_metadata=METADATA)


def picture_in(html: str) -> Image:
    """The picture that a notebook shows."""
    from PIL import Image

    found = re.search(r'src="data:image/jpeg;base64,([^"]+)"', html)
    assert found is not None, html[:300]
    return Image.open(io.BytesIO(base64.b64decode(found[1])))


def near(picture: Image, place: tuple[int, int], colour: tuple[int, ...], tolerance: int = 40) -> bool:
    """Whether a pixel has a colour, as far as two codecs keep it."""
    found = picture.getpixel(place)
    assert isinstance(found, tuple)
    return all(abs(one - other) <= tolerance for one, other in zip(found, colour, strict=True))


def test_detection_is_shown_on_its_frame(film: Path) -> None:
    """A notebook shows the frame of a detection with its own box, and says what it is."""
    from PIL import ImageColor

    html = RESULT.frame(LABELS[2], video=film)._repr_html_()
    picture = picture_in(html)

    assert picture.size == (320, 180)
    assert near(picture, (300, 20), (255, 0, 0)), "the second scene is red"
    assert not near(picture, (160, 134), (255, 0, 0)), "the lower line of the box"
    exact = RESULT.frame(LABELS[2], video=film).picture()
    assert exact.getpixel((81, 84)) == ImageColor.getrgb(colour_of("Dog")), "the name is above the box, in its colour"
    assert "At 0:00:01.000" in html
    assert "Dog" in html
    assert "Cat" not in html


def test_moment_has_all_that_holds_then() -> None:
    """A time gives the detections that hold at it, and no others."""
    assert [each.label.name for each in RESULT.frame(700).labels] == ["Cat"]
    assert [each.timestamp for each in RESULT.frame(1200).labels] == [1000]
    assert RESULT.frame(9000).labels == ()


def test_moment_may_be_an_integer_of_numpy() -> None:
    """A time out of an array or a table is taken like an int, and becomes one."""
    numpy = pytest.importorskip("numpy")
    frame = RESULT.frame(numpy.int64(700))

    assert frame == RESULT.frame(700)
    assert type(frame.timestamp) is int


@pytest.mark.parametrize("at", [-5, 5.0, "5", None, LABELS])
def test_what_is_no_moment_is_refused(at: Any) -> None:
    """A time before the first frame, and what is neither a whole number nor a detection, name the parameter."""
    with pytest.raises(rekvid.ValidationError, match="whole milliseconds") as caught:
        RESULT.frame(at)
    assert (caught.value.field, caught.value.value) == ("at", at)


def test_large_frames_are_shown_smaller(film: Path) -> None:
    """A picture is made no larger than is asked for, and never larger than the video."""
    assert RESULT.frame(0, video=film).picture(widest=100).size == (100, 56)
    assert RESULT.frame(0, video=film).picture(widest=1000).size == (320, 180)
    with pytest.raises(rekvid.ValidationError, match="widest"):
        RESULT.frame(0, video=film).picture(widest=15)


@pytest.mark.parametrize(
    ("video", "why"), [(None, "is not known to lie on this machine"), ("<b>missing</b>.mp4", "No such file")]
)
def test_boxes_are_shown_where_the_video_is_not_at_hand(video: str | None, why: str) -> None:
    """Without the video a notebook shows the boxes alone, and says why in plain text."""
    pytest.importorskip("av")
    pytest.importorskip("PIL")
    html = RESULT.frame(LABELS[0], video=video)._repr_html_()

    assert '<rect x="80.0" y="90.0" width="160.0" height="45.0"/>' in html
    assert why in html
    assert "<b>missing" not in html


def test_boxes_are_shown_where_the_video_is_damaged(film: Path, tmp_path: Path) -> None:
    """Of a video whose packets were overwritten a notebook shows the boxes alone, and says why."""
    av = pytest.importorskip("av")
    video, data = tmp_path / "damaged.mp4", film.read_bytes()
    with av.open(str(film)) as container:
        for packet in container.demux(video=0):
            data = data.replace(bytes(packet), b"\xff" * packet.size) if packet.size else data
    video.write_bytes(data)

    html = RESULT.frame(LABELS[0], video=video)._repr_html_()

    assert '<rect x="80.0" y="90.0" width="160.0" height="45.0"/>' in html
    assert "be decoded: Invalid data" in html


def test_file_of_the_job_is_at_hand() -> None:
    """A job that was started with a file hands it on to its result; it is no part of what was found."""
    fake = FakeBackend()
    fake.will_return(LabelDetectionPage(labels=LABELS))
    client = rekvid.Client(fake, clock=fake.clock)
    job = client.start_label_detection("street.mp4")
    result = job.result()

    assert result.frame(0).video == Path("street.mp4").absolute()
    assert client.label_detection_job(job.id).result().frame(0).video is None
    assert client.label_detection_job(job.id).result() == result


def test_file_of_the_job_is_found_from_another_folder(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was given by a relative path is the one that was meant when the job was started."""
    client = rekvid.Client(fake := FakeBackend(), clock=fake.clock)
    fake.will_return(LabelDetectionPage(labels=LABELS))
    monkeypatch.chdir(film.parent)
    job = client.start_label_detection(film.name)

    monkeypatch.chdir(tmp_path)
    assert job.result().frame(0).picture().size == (320, 180)


def test_without_pillow_the_boxes_are_shown_and_the_extra_is_named() -> None:
    """Where the extra isn't installed a notebook shows the boxes and what to install."""
    program = (
        "import sys; sys.modules['PIL'] = None; import rekvid\n"
        "shown = rekvid.LabelledFrame(video=None, timestamp=0, labels=())._repr_html_()\n"
        "assert '<svg' in shown and 'rekvid[report]' in shown, shown"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_frame_is_right_where_a_container_rounds_times(tmp_path: Path) -> None:
    """Matroska tells frame 1 of 23.976 a second at 42 ms, labels at 41: the frame that is shown is the label's."""
    pytest.importorskip("av")
    pytest.importorskip("PIL")
    from rekvid.testing.reels import PlainScene, make_reel

    rate, path = Fraction(24000, 1001), tmp_path / "film.mkv"
    scenes = [PlainScene(seconds=float(1 / rate), luma=235), PlainScene(seconds=float(9 / rate), luma=16)]
    make_reel(path, scenes, width=64, height=36, rate=rate)

    before, shown = (RESULT.frame(millis, video=path).picture() for millis in (40, 41))
    assert near(before, (60, 30), (255, 255, 255))
    assert near(shown, (60, 30), (0, 0, 0))


def test_frame_is_of_the_stream_that_is_looked_at(film: Path, tmp_path: Path) -> None:
    """Of two video streams the default one is shown, as it is the one in which local detection looks for labels."""
    av = pytest.importorskip("av")
    from av.stream import Disposition

    both = tmp_path / "both.mkv"
    with av.open(str(film)) as source, av.open(str(both), "w") as output:
        [video] = source.streams.video
        tiny = output.add_stream("mpeg4", rate=25)
        tiny.width, tiny.height, tiny.pix_fmt = 64, 36, "yuv420p"
        copy = output.add_stream_from_template(video)
        tiny.disposition, copy.disposition = Disposition(0), Disposition.default
        output.mux(tiny.encode(av.VideoFrame(64, 36, "yuv420p")))
        output.mux(tiny.encode(None))
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.stream = copy
                output.mux(packet)

    assert RESULT.frame(0, video=both).picture().size == (320, 180)
