"""What notebooks show, and the timeline in it."""

from __future__ import annotations

import enum
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rekvid
import rekvid.aws
from rekvid.errors import ValidationError
from rekvid.models import Label, LabelDetection, LabelDetectionPage, VideoMetadata
from rekvid.models._shape import Shape
from rekvid.paging import Paginated
from rekvid.report import colour_of, timeline_svg
from rekvid.results import LabelDetectionResult, SegmentDetectionResult
from rekvid.testing import FakeBackend
from rekvid.tracks import Track
from report_pages import FILM_SHOTS, METADATA, detection, segment
from strategies import any_shape

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>&\"'"


class _Elements(HTMLParser):
    """Finds elements that are not closed, or in the wrong order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name.startswith("on") for name, _ in attrs)
        self.seen.add(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


def shown(value: object) -> _Elements:
    """What a notebook shows of a value, parsed; it has to be whole."""
    elements = _Elements()
    elements.feed(value._repr_html_())  # type: ignore[attr-defined]  # the protocol of notebooks has no type
    elements.close()
    assert elements.open == []
    return elements


@given(any_shape())
def test_every_value_has_a_table(value: Shape) -> None:
    """Any value shows its class, as whole HTML without script, whatever is in its strings."""
    elements = shown(value)

    assert type(value).__name__ in elements.text
    assert elements.seen <= {"table", "caption", "tr", "th", "td", "div", "svg", "g", "rect"}


def test_label_shows_where_its_instances_are() -> None:
    """A label with instances is shown with a frame and their boxes in it."""
    shown_label = detection("Dog", 0, (0.25, 0.5, 0.5, 0.25)).label._repr_html_()

    assert '<rect x="80.0" y="90.0" width="160.0" height="45.0"/>' in shown_label
    assert "<svg" not in detection("Dog", 0).label._repr_html_()


def test_long_lists_are_cut() -> None:
    """A page of a thousand labels shows the first ten and how many there are besides."""
    elements = shown(LabelDetectionPage(labels=tuple(detection("Dog", millis) for millis in range(1000))))

    assert elements.text.count("LabelDetection ") == 10
    assert "and 990 more" in elements.text


def test_labels_show_counts_and_the_most_frequent() -> None:
    """A result of labels tells how many there are, of what video, and which ones were seen most."""
    labels = (detection("Dog", 0, (0, 0, 1, 1)), detection("Dog", 500, confidence=95), detection(HOSTILE, 500))
    elements = shown(LabelDetectionResult(job_id="job-1", labels=labels, video_metadata=METADATA))

    assert "3 detections of 2 labels, 1 box; video of 4.0 s, 320x180, 25 fps" in elements.text
    assert "Dog  2 times, up to 95 %" in elements.text
    assert HOSTILE in elements.text
    assert {"svg", "rect"} <= elements.seen
    assert "script" not in elements.seen


def test_segments_show_counts() -> None:
    """A result of segments tells how many shots and cues there are."""
    segments = (*FILM_SHOTS, segment(0, 9), segment(90, 99))
    elements = shown(SegmentDetectionResult(job_id="job-1", segments=segments, video_metadata=METADATA))

    assert "4 shots, 2 technical cues" in elements.text
    assert "BlackFrames  2 times" in elements.text


def test_empty_results_are_shown() -> None:
    """A result in which nothing was found is shown like any other."""
    assert "0 detections" in shown(LabelDetectionResult(job_id="job-1", labels=())).text
    assert "0 shots" in shown(SegmentDetectionResult(job_id="job-1", segments=())).text


def test_job_shows_what_is_known_and_asks_nothing() -> None:
    """A job shows its id, and its state once that is known; a notebook's look at it calls no service."""
    backend = FakeBackend()
    client = rekvid.Client(backend)
    job = client.start_label_detection("s3://bucket/key.mp4")

    asked = len(backend.requests)
    assert f"{job.id} " in shown(job).text
    assert "not known to have ended" in shown(job).text
    assert len(backend.requests) == asked
    assert "FakeBackend" in shown(client).text


def bars_of(svg: str) -> list[tuple[str, float, float]]:
    """Name, left and right of all bars of a timeline."""
    bars = []
    for rect in ET.fromstring(svg).iter(f"{SVG}rect"):
        title = rect.find(f"{SVG}title")
        assert title is not None
        left = float(rect.attrib["x"])
        bars.append(((title.text or "").rpartition(": ")[0], left, left + float(rect.attrib["width"])))
    return bars


def test_timeline_shows_bars_where_things_are() -> None:
    """A bar lies where its time lies between the ends of the video; what follows on itself is one bar."""
    labels = [detection("Dog", 0), detection("Dog", 1000), detection("Cat", 2000), detection("Dog", 3000)]
    bars = bars_of(timeline_svg(labels, [FILM_SHOTS[1]], METADATA, width=538))

    # 130 pixels of names, 8 of margin: 0.1 pixels a millisecond.
    assert bars == [
        ("Shot 2", 230, pytest.approx(329)),
        ("Dog", 130, 330),
        ("Dog", 430, 530),
        ("Cat", 330, 430),
    ]
    assert f'fill="{colour_of("Dog")}"' in timeline_svg(labels)


def test_timeline_gives_tracks_to_what_is_seen_longest() -> None:
    """Of many labels those that are seen longest are shown."""
    labels = [detection(f"L{index}", 500 * sample) for index in range(20) for sample in range(index + 1)]

    assert {name for name, _, _ in bars_of(timeline_svg(labels, most=3))} == {"L17", "L18", "L19"}
    assert bars_of(timeline_svg(labels, most=0)) == []


def test_timeline_stays_small() -> None:
    """However many shots there are, no more bars are drawn than a screen could show."""
    shots = [segment(10 * index, 10 * index + 9, shot=index) for index in range(20_000)]

    assert len(bars_of(timeline_svg((), shots, VideoMetadata(frame_rate=25.0)))) <= 4 * 960


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_timeline_is_xml_whatever_names_are(name: str) -> None:
    """Names with markup or control characters are text in the file."""
    label = LabelDetection(timestamp=0, label=Label(name=name, confidence=50.0))

    assert len(list(ET.fromstring(timeline_svg([label])).iter(f"{SVG}rect"))) == 1


def test_timeline_refuses_what_it_cannot_draw() -> None:
    """Numbers out of their range are errors that name the rule."""
    with pytest.raises(ValidationError, match="width"):
        timeline_svg(width=299)
    with pytest.raises(ValidationError, match="most"):
        timeline_svg(most=-1)


def _shown_by_notebooks() -> list[type]:
    """What users get and may leave at the end of a cell: values and handles, not errors, enums or backends."""
    public = [
        *(getattr(rekvid, name) for name in rekvid.__all__),
        *(getattr(rekvid.aws, n) for n in rekvid.aws.__all__),
    ]
    others = (BaseException, enum.Enum, rekvid.AwsBackend, rekvid.LocalBackend, rekvid.aws.Staging)
    return [each for each in public if isinstance(each, type) and not issubclass(each, others)]


def test_every_public_value_and_handle_is_shown() -> None:
    """No public value or handle is left to Python's own repr in a notebook."""
    pytest.importorskip("av")
    shown_classes = [*_shown_by_notebooks(), Paginated, Track]

    assert len(shown_classes) > 30
    assert [each.__name__ for each in shown_classes if not hasattr(each, "_repr_html_")] == []


def test_timecodes_and_iterables_are_shown() -> None:
    """A timecode shows itself, and what is iterated over says what it holds without fetching any of it."""
    backend = FakeBackend()
    job = rekvid.Client(backend).start_label_detection("s3://bucket/key.mp4")
    asked = len(backend.requests)

    assert shown(rekvid.Timecode.parse("01:00:00;02")).text.strip() == "01:00:00;02"
    assert f"labels of job {job.id}" in shown(job.labels()).text
    assert len(backend.requests) == asked
