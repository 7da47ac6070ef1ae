"""Detections for pages, and how a browser opens and asks them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rekvid.models import (
    BoundingBox,
    Instance,
    Label,
    LabelDetection,
    SegmentDetection,
    SegmentType,
    ShotSegment,
    TechnicalCueSegment,
    VideoMetadata,
)

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

METADATA = VideoMetadata(
    codec="h264", duration_millis=4000, frame_rate=25.0, frame_width=320, frame_height=180, format="QuickTime / MOV"
)
"""The video stream of `film`."""


def detection(
    name: str, millis: int, *boxes: tuple[float, float, float, float], confidence: float = 90
) -> LabelDetection:
    """A label at `millis`, with boxes given as left, top, width and height."""
    instances = tuple(
        Instance(bounding_box=BoundingBox(left=left, top=top, width=width, height=height), confidence=confidence)
        for left, top, width, height in boxes
    )
    return LabelDetection(timestamp=millis, label=Label(name=name, confidence=confidence, instances=instances))


def segment(first: int, last: int, *, shot: int | None = None, cue: str = "BlackFrames") -> SegmentDetection:
    """The frames `first` to `last` of a video of 25 frames a second, as a shot or as a technical cue."""
    timecodes = [f"00:00:{frame // 25:02}:{frame % 25:02}" for frame in (first, last, last - first)]
    return SegmentDetection(
        type=SegmentType.TECHNICAL_CUE if shot is None else SegmentType.SHOT,
        start_timestamp_millis=first * 40,
        end_timestamp_millis=last * 40,
        duration_millis=(last - first) * 40,
        start_timecode_smpte=timecodes[0],
        end_timecode_smpte=timecodes[1],
        duration_smpte=timecodes[2],
        start_frame_number=first,
        end_frame_number=last,
        duration_frames=last - first,
        shot_segment=None if shot is None else ShotSegment(index=shot, confidence=99.0),
        technical_cue_segment=TechnicalCueSegment(type=cue, confidence=98.0) if shot is None else None,
    )


FILM_SHOTS = [segment(25 * index, 25 * index + 24, shot=index) for index in range(4)]
"""The shots of `film`."""


def open_file(browser: Chrome, path: Path) -> Chrome:
    """Open a page, and wait until its video has settled."""
    browser.get(path.as_uri())
    wait_until(
        browser,
        "const v = document.getElementById('video'); return !v.getAttribute('src') || v.error || v.readyState >= 2",
    )
    return browser


def wait_until(browser: Chrome, script: str) -> None:
    """Wait until `script` returns something true, at most ten seconds."""
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 10, poll_frequency=0.02).until(lambda chrome: chrome.execute_script(script))


def set_scheme(browser: Chrome, scheme: str) -> None:
    """Have the system be ``light`` or ``dark``."""
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
