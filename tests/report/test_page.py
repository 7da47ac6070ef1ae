"""The page as text: what it refers to, what it holds, and what it is told."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekvid.errors import ValidationError
from rekvid.models import Label, LabelDetection, VideoMetadata
from rekvid.report import colour_of, to_html, write_html
from rekvid.report.stretches import LONE_SAMPLE, Holding, label_stretches, segment_stretches
from rekvid.timecode import exact_rate
from report_pages import FILM_SHOTS, METADATA, detection, segment


def data_of(page: str) -> dict[str, object]:
    """The data that a page holds."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    assert isinstance(data, dict)
    return data


def policy_of(page: str) -> dict[str, list[str]]:
    """The directives of a page's Content-Security-Policy."""
    found = re.search(r'Content-Security-Policy" content="(.*?)"', page)
    assert found is not None
    return {name: sources for name, *sources in (part.split() for part in html.unescape(found[1]).split(";"))}


def test_policy_allows_only_what_the_page_holds() -> None:
    """Script and style are allowed by their digests, the video by its place, and nothing else is."""
    page = to_html(video_url="https://media.example/a.mp4?x=1")
    policy = policy_of(page)
    for name, tag in (("script-src", '<script type="module">(.*)</script>'), ("style-src", "<style>(.*)</style>")):
        held = re.search(tag, page, re.DOTALL)
        assert held is not None
        digest = base64.b64encode(hashlib.sha256(held[1].encode()).digest()).decode()
        assert policy[name] == [f"'sha256-{digest}'"]
    assert policy["media-src"] == ["blob:", "https://media.example"]
    assert policy["default-src"] == ["'none'"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a;script-src *//b.mp4", "data:video/mp4;base64,AA=="])
def test_url_that_is_none_of_a_video_is_refused(url: str) -> None:
    """A URL that could run something, or end the policy, is an error."""
    with pytest.raises(ValidationError, match="video_url"):
        to_html(video_url=url)


@given(st.text(min_size=1))
def test_any_name_stays_text(name: str) -> None:
    """Whatever a label is called, its page holds no more elements than another, and the name whole."""
    label = LabelDetection(timestamp=0, label=Label(name=name, confidence=50.0))
    page = to_html([label], title=name)

    assert data_of(page)["names"] == [name]
    assert page.count("<") == to_html([detection("Dog", 0)], title="Dog").count("<")


def test_page_refers_to_the_video_from_where_it_lies(tmp_path: Path) -> None:
    """A file is named relative to the page, quoted for URLs, so that both can be moved together."""
    video = tmp_path / "in" / "a #1 100%.mp4"
    video.parent.mkdir()
    video.touch()
    page = tmp_path / "out" / "report.html"
    page.parent.mkdir()

    write_html(page, video=video)
    assert data_of(page.read_text(encoding="utf-8"))["video"] == "../in/a%20%231%20100%25.mp4"
    write_html(video.parent / "report.html", video=video)
    told = data_of((video.parent / "report.html").read_text(encoding="utf-8"))
    assert (told["video"], told["title"]) == ("./a%20%231%20100%25.mp4", video.name)


def test_video_that_is_missing_is_told(tmp_path: Path) -> None:
    """A video that is neither a file nor a URL is an error that says what to do."""
    with pytest.raises(ValidationError, match="must be a file, or an https:// URL"):
        write_html(tmp_path / "report.html", video="s3://bucket/key.mp4")


def test_segment_ends_after_its_last_frame() -> None:
    """Shots that follow each other leave no gap: a segment names its last frame, and the page the moment after it."""
    stretches = segment_stretches(reversed(FILM_SHOTS), exact_rate(25))

    assert [(each.start, each.end, each.name) for each in stretches] == [
        (1000 * index, 1000 * index + 1000, f"Shot {index + 1}") for index in range(4)
    ]
    [old] = segment_stretches(
        [dataclasses.replace(FILM_SHOTS[0], start_frame_number=None, end_frame_number=None)], exact_rate(25)
    )
    assert old.end == 1000


def test_label_holds_until_the_next_sample() -> None:
    """A label holds until the next sample; over a sample without any label, and at the end, for the usual distance."""
    labels = [detection("A", millis) for millis in (0, 500, 533 + 500, 2500)]

    held = [(each.start, each.end) for each in label_stretches(labels)]

    assert held == [(0, 500), (500, 1033), (1033, 1566), (2500, 3033)]
    assert [(each.start, each.end) for each in label_stretches(labels[:1])] == [(0, LONE_SAMPLE)]


def test_aggregated_label_holds_over_its_stretch() -> None:
    """An aggregated label says itself how long it holds, and needs no timestamp."""
    label = LabelDetection(
        start_timestamp_millis=200, end_timestamp_millis=900, label=Label(name="Dog", confidence=90.0)
    )

    assert [(each.start, each.end) for each in label_stretches([label])] == [(200, 900)]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 30)), max_size=20))
def test_holding_finds_what_a_look_at_all_finds(spans: list[tuple[int, int]]) -> None:
    """At every moment exactly the stretches are found that have begun and not ended."""
    labels = [
        LabelDetection(
            start_timestamp_millis=start,
            end_timestamp_millis=start + length,
            label=Label(name=str(number), confidence=1.0),
        )
        for number, (start, length) in enumerate(spans)
    ]
    stretches = label_stretches(labels)
    holding = Holding(stretches)

    for millis in range(-1, 90):
        assert holding.at(millis) == [each.detection for each in stretches if each.start <= millis < each.end]


@given(st.text())
def test_colours_carry_black_letters(name: str) -> None:
    """Black letters on any name's colour have a contrast of 7:1 or more (WCAG 2.2, 1.4.6)."""
    channels = [each / 255 for each in bytes.fromhex(colour_of(name)[1:])]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)

    assert (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) / 0.05 >= 7


def test_colours_stay() -> None:
    """A name has the same colour for good, and neighbours have others."""
    assert [colour_of(name) for name in ("Person", "Car", "Dog")] == ["#db8829", "#fa8bd6", "#df72bc"]


def test_page_without_metadata_goes_by_the_last_end() -> None:
    """Where nothing is known of the video, its length is the end of what was found."""
    data = data_of(to_html([detection("Dog", 700)], [segment(0, 99, shot=0)], VideoMetadata()))

    assert (data["duration"], data["rate"], data["width"]) == (3960, None, None)
    assert data_of(to_html((), (), METADATA))["duration"] == 4000
