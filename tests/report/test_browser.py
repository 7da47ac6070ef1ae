"""The page in a browser: what its reader sees, hears and does."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rekvid.models import LabelDetection
from rekvid.report import colour_of, to_html, write_html
from rekvid.timecode import Timecode, millis_of_frame
from report_pages import FILM_SHOTS, METADATA, detection, open_file, segment, set_scheme, wait_until

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

BOXES = [detection("Dog", 400 * index, (0.05 * index, 0.4, 0.3, 0.4), confidence=90) for index in range(10)]
"""A sample every ten frames, whose box has moved on to the right."""

POSITION = "return document.getElementById('video').currentTime"

FIND = """
const [canvas, red, green, blue] = [document.getElementById('overlay'), ...arguments];
const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
for (let at = 0; at < data.length; at += 4) {
  if (data[at] !== red || data[at + 1] !== green || data[at + 2] !== blue || data[at + 3] !== 255) continue;
  const [x, y] = [at / 4 % canvas.width, Math.floor(at / 4 / canvas.width)];
  [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
}
const [width, height] = [canvas.width, canvas.height];
return right < 0 ? null : [left / width, top / height, (right + 1) / width, (bottom + 1) / height];
"""


def drawn(browser: Chrome, name: str) -> tuple[float, float, float] | None:
    """Left, right and bottom, as ratios of the picture, of what has the colour of `name`; a tag lies on its top."""
    colour = colour_of(name)
    found = browser.execute_script(FIND, *(int(colour[at : at + 2], 16) for at in (1, 3, 5)))
    return None if found is None else (found[0], found[2], found[3])


def dog_at(frame: int) -> object:
    """What `drawn` should tell of `BOXES` at a frame."""
    left = 0.05 * (frame // 10)
    # A line of two pixels lies half outside, and is cut at the edge of the picture.
    return pytest.approx((left, left + 0.3, 0.8), abs=0.005)


def clock(browser: Chrome) -> str:
    """The time that the page shows."""
    return str(browser.execute_script("return document.getElementById('clock').textContent"))


def press(browser: Chrome, *keys: str) -> None:
    """Press keys, wherever the focus is."""
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser, duration=0).send_keys(*keys).perform()


def rest(browser: Chrome) -> None:
    """Wait until a seek has ended and its frame is on screen."""
    browser.execute_async_script("""
        const [done, video] = [arguments[0], document.getElementById('video')];
        const settled = () => requestAnimationFrame(() => requestAnimationFrame(done));
        if (video.seeking) video.addEventListener('seeked', settled, { once: true }); else settled();""")


@pytest.fixture
def film_page(browser: Chrome, film: Path, tmp_path: Path) -> Chrome:
    """The page of the film, with a box that moves, four shots and a cue."""
    page = tmp_path / "report.html"
    cues = [segment(0, 9, cue="BlackFrames"), segment(80, 99, cue="EndCredits")]
    write_html(page, BOXES, [*FILM_SHOTS, *cues], METADATA, video=film)
    return open_file(browser, page)


OpenPage = Callable[[str], "Chrome"]


def test_page_loads_and_shows_the_video(film_page: Chrome) -> None:
    """The page plays the file that it refers to, and tells what was found; it fetches nothing but that file."""
    assert film_page.title == "a film & more.mp4"
    facts = film_page.find_element("id", "facts").text
    assert facts == "320\u00d7180 · 25 fps · h264 · 00:00:04 · 4 shots · 2 cues · 10 detections"
    video = "const v = document.getElementById('video'); return [v.videoWidth, v.videoHeight, v.duration]"
    assert film_page.execute_script(video) == [320, 180, pytest.approx(4, abs=0.1)]
    fetched = film_page.execute_script("return performance.getEntriesByType('resource').map((each) => each.name)")
    assert [name for name in fetched if not name.endswith("a%20film%20%26%20more.mp4")] == []


@pytest.mark.usefixtures("expects_faults")
def test_page_may_reach_no_network(film_page: Chrome) -> None:
    """A script that got into the page could not send anything anywhere."""
    refused = film_page.execute_async_script("""
        const done = arguments[0];
        document.addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective));
        fetch('http://127.0.0.1:9/').catch(() => {});""")
    assert refused == "connect-src"


def test_box_is_drawn_at_the_right_time_and_place(film_page: Chrome) -> None:
    """At each frame the box is that of the last sample, up to the very frame where the next one begins."""
    for frame in (0, 9, 10, 24, 25, 49, 50, 75, 99):
        middle = float((frame + Fraction(1, 2)) / 25)
        film_page.execute_script("document.getElementById('video').currentTime = arguments[0]", middle)
        rest(film_page)

        assert clock(film_page) == f"00:00:{frame // 25:02}:{frame % 25:02}"
        assert drawn(film_page, "Dog") == dog_at(frame)


def test_boxes_follow_a_film_that_runs(film_page: Chrome) -> None:
    """While the film runs, time and box are those of the very frame on screen."""
    film_page.execute_script(
        f"""
        const [video, seen, colour] = [document.getElementById('video'), window.seen = [], [...arguments]];
        const find = function () {{ {FIND} }};
        const clock = document.getElementById('clock');
        const look = (_, frame) => {{
          if (!video.paused) seen.push([frame.mediaTime, clock.textContent, find(...colour)]);
          video.requestVideoFrameCallback(look);
        }};
        video.requestVideoFrameCallback(look);
        """,
        *bytes.fromhex(colour_of("Dog")[1:]),
    )
    press(film_page, " ")
    wait_until(film_page, "return window.seen.length >= 12 || document.getElementById('video').ended")
    frames = film_page.execute_script("return window.seen")

    assert len(frames) > 5
    for seconds, shown, place in frames:
        frame = round(seconds * 25)
        assert shown == f"00:00:{frame // 25:02}:{frame % 25:02}"
        assert (place[0], place[2], place[3]) == dog_at(frame)


def test_box_is_right_where_a_browser_tells_no_frames(browser: Chrome, film: Path, tmp_path: Path) -> None:
    """Without requestVideoFrameCallback the time of the player is taken."""
    page = tmp_path / "report.html"
    write_html(page, BOXES, (), METADATA, video=film)
    without = "delete HTMLVideoElement.prototype.requestVideoFrameCallback"
    script = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": without})
    try:
        open_file(browser, page)
        browser.execute_script("document.getElementById('video').currentTime = 1.3")
        rest(browser)
        assert not browser.execute_script("return 'requestVideoFrameCallback' in HTMLVideoElement.prototype")
        assert drawn(browser, "Dog") == dog_at(32)
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


def test_click_on_the_timeline_seeks(film_page: Chrome) -> None:
    """A click three quarters along the tracks leads to the last second, in which the film is green."""
    from selenium.webdriver.common.action_chains import ActionChains

    tracks = film_page.find_element("id", "tracks")
    width, gutter = tracks.size["width"], 140
    x = gutter + 0.8 * (width - gutter - 8)
    ActionChains(film_page).move_to_element_with_offset(tracks, x - width / 2, 0).click().perform()
    rest(film_page)

    assert film_page.execute_script(POSITION) == pytest.approx(3.2, abs=0.05)
    assert clock(film_page) in ("00:00:03:04", "00:00:03:05", "00:00:03:06")
    assert "Shot 4" in film_page.find_element("id", "now").text
    red, green, blue, _ = pixel(film_page, "screen", 0.9, 0.2)
    assert green > 180
    assert max(red, blue) < 60


def pixel(browser: Chrome, element: str, x: float, y: float) -> tuple[int, ...]:
    """The colour on screen at a place in an element, as ratios of its size."""
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(browser.find_element("id", element).screenshot_as_png)) as image:
        found = image.convert("RGBA").getpixel((round(x * image.width), round(y * image.height)))
    assert isinstance(found, tuple)
    return tuple(int(each) for each in found)


LEFT, RIGHT = "\ue012", "\ue014"  # as WebDriver has them


def test_keys_move(film_page: Chrome) -> None:
    """Letters, brackets and arrows, pressed from the first frame on, lead where they say."""
    for keys, expected in [
        ("l", "00:00:03:24"),
        ("lj", "00:00:00:00"),
        ("]", "00:00:01:00"),
        ("]]", "00:00:02:00"),
        ("]][", "00:00:01:00"),
        (f"]{RIGHT}{RIGHT}", "00:00:01:02"),
        (f"]{RIGHT}{LEFT}", "00:00:01:00"),
        (f"]{LEFT}", "00:00:00:24"),
    ]:
        press(film_page, "jj", *keys)
        assert clock(film_page) == expected, keys


def test_space_and_k_play_and_pause(film_page: Chrome) -> None:
    """Space and k start the film and stop it; the button says what it would do."""
    label = "return document.getElementById('play').getAttribute('aria-label')"
    for key in (" ", "k"):
        press(film_page, key)
        wait_until(film_page, "return !document.getElementById('video').paused")
        wait_until(film_page, label + " === 'Pause'")  # the button hears of it a moment later
        press(film_page, key)
        wait_until(film_page, "return document.getElementById('video').paused")
        wait_until(film_page, label + " === 'Play'")


def test_keys_are_left_to_fields(film_page: Chrome) -> None:
    """What is typed into the search is text; no key of the player."""
    film_page.find_element("id", "query").send_keys("l]k ")

    assert clock(film_page) == "00:00:00:00"
    assert film_page.find_element("id", "query").get_attribute("value") == "l]k "


PETS = [
    detection("Dog", 0, (0.1, 0.5, 0.2, 0.3), confidence=90),
    detection("Cat", 0, (0.5, 0.5, 0.2, 0.3), confidence=60),
]


def test_filter_by_name(open_page: OpenPage) -> None:
    """A part of a name leaves those labels, in the picture, in the list and in the table; ticks take away the rest."""
    browser = open_page(to_html(PETS, (), METADATA))
    assert (drawn(browser, "Dog") is None, drawn(browser, "Cat") is None) == (False, False)

    browser.find_element("id", "query").send_keys("cA")
    assert (drawn(browser, "Dog") is None, drawn(browser, "Cat") is None) == (True, False)
    assert [row.text for row in browser.find_elements("css selector", "#names .name")] == ["Cat"]
    assert browser.find_element("id", "counts").text == "1 of 2 detections"
    assert [cell.text for cell in browser.find_elements("css selector", "#detections td:nth-child(3)")] == ["Cat"]

    browser.find_element("css selector", "#names input").click()
    assert drawn(browser, "Cat") is None
    assert browser.find_element("id", "counts").text == "0 of 2 detections"
    assert browser.find_element("css selector", "#panel-detections .empty").is_displayed()


def test_filter_by_confidence(open_page: OpenPage) -> None:
    """Only what is at least as sure as the slider says is drawn and listed."""
    browser = open_page(to_html(PETS, (), METADATA))

    slide = (
        "const c = document.getElementById('confidence'); c.value = arguments[0]; c.dispatchEvent(new Event('input'))"
    )
    browser.execute_script(slide, 60)
    assert drawn(browser, "Cat") is not None
    browser.execute_script(slide, 61)
    assert (drawn(browser, "Dog") is None, drawn(browser, "Cat") is None) == (False, True)
    browser.execute_script(slide, 91)
    assert drawn(browser, "Dog") is None


HOSTILE = [
    "</script><script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    "<!--<script>",
    "\u2028$title ${data} \\u003c",
]


def test_hostile_names_stay_text(open_page: OpenPage) -> None:
    """Names, cues and titles that hold markup or script are shown as they are."""
    labels = [detection(name, 0, (0.1, 0.5, 0.2, 0.3)) for name in HOSTILE]
    cues = [segment(0, 9, cue=name) for name in HOSTILE]
    browser = open_page(to_html(labels, cues, METADATA, title=HOSTILE[0]))

    assert browser.title == HOSTILE[0]
    shown = "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)"
    assert browser.execute_script(shown, "#names .name") == HOSTILE
    assert sorted(browser.execute_script(shown, "#segments td:nth-child(3)")) == sorted(HOSTILE)
    assert browser.execute_script(shown, "#title") == [HOSTILE[0]]
    assert browser.execute_script("return window.hacked ?? null") is None
    assert browser.execute_script("return document.images.length + document.scripts.length") == 2


def test_page_works_without_a_video(open_page: OpenPage) -> None:
    """Without a video the page has a clock of its own, draws boxes, and offers to take a video."""
    browser = open_page(to_html(BOXES, FILM_SHOTS, METADATA))

    assert "No video is loaded" in browser.find_element("id", "missing").text
    press(browser, "]")
    assert drawn(browser, "Dog") == dog_at(25)
    press(browser, " ")
    wait_until(browser, "return document.getElementById('clock').textContent > '00:00:01:05'")
    press(browser, " ", "j", "j")
    assert clock(browser) == "00:00:00:00"


def test_video_can_be_chosen(open_page: OpenPage, film: Path) -> None:
    """A video that the reader chooses takes the place of the clock, at the time where that was."""
    browser = open_page(to_html(BOXES, FILM_SHOTS, METADATA))
    press(browser, "]")

    browser.find_element("id", "choose").send_keys(str(film))
    wait_until(browser, "return document.getElementById('video').readyState >= 2")
    rest(browser)

    assert not browser.find_element("id", "missing").is_displayed()
    assert clock(browser) == "00:00:01:00"
    assert browser.execute_script(POSITION) == pytest.approx(1.02)


@pytest.mark.usefixtures("expects_faults")
def test_video_that_is_gone_is_told(open_page: OpenPage) -> None:
    """Where the video is not there any more, the page says so and goes on without it."""
    browser = open_page(to_html(BOXES, (), METADATA, video_url="./gone.mp4"))

    wait_until(
        browser, "return document.getElementById('missing-text').textContent.includes(\"gone.mp4 can't be played\")"
    )
    assert drawn(browser, "Dog") == dog_at(0)


def test_screen_reader_is_told(film_page: Chrome) -> None:
    """Every control has a name; the timeline is a slider with a time; seeks are announced; tables tell their size."""
    press(film_page, "]")
    wait_until(film_page, "return document.getElementById('said').textContent !== ''")
    wait_until(film_page, "return document.getElementById('said').textContent.startsWith('00:00:01:00')")
    assert film_page.find_element("id", "said").get_attribute("textContent") == "00:00:01:00, Shot 2, Dog 90 %"

    nodes = film_page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    parts = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]
    controls = {"button", "checkbox", "slider", "searchbox", "combobox", "tab", "table", "Video"}
    assert {role for role, _ in parts} >= controls - {"combobox", "Video"}
    assert [part for part in parts if part[0] in controls and not part[1]] == []
    tracks = film_page.find_element("id", "tracks")
    assert (tracks.get_attribute("aria-valuetext"), tracks.get_attribute("aria-valuenow")) == ("00:00:01:00", "1000")
    assert film_page.find_element("id", "segments").get_attribute("aria-rowcount") == "7"


def test_tables_seek(film_page: Chrome) -> None:
    """A row's time is a button that leads there; tabs change the table, by arrow keys too."""
    buttons = film_page.find_elements("css selector", "#segments .seek")
    assert [button.text for button in buttons] == ["00:00:00:00"] * 2 + [
        f"00:00:0{at}" for at in ("1:00", "2:00", "3:00", "3:05")
    ]
    buttons[3].click()
    assert clock(film_page) == "00:00:02:00"

    film_page.find_element("id", "tab-segments").send_keys(RIGHT)
    assert film_page.find_element("id", "panel-detections").is_displayed()
    film_page.find_elements("css selector", "#detections .seek")[1].click()
    assert clock(film_page) == "00:00:00:10"


def test_zoom_shows_a_part_that_follows_the_time(film_page: Chrome) -> None:
    """Zoomed in, the timeline shows a part, which the pointer tells of, and turns the page when the time leaves it."""
    assert told_of_middle(film_page).startswith("00:00:02:")
    press(film_page, "+", "+", "+")
    assert told_of_middle(film_page).startswith("00:00:00:0")
    press(film_page, "]", "]", "]")
    assert told_of_middle(film_page).startswith("00:00:03:0")
    press(film_page, "0")
    assert told_of_middle(film_page).startswith("00:00:02:")


def told_of_middle(browser: Chrome) -> str:
    """What the pointer is told over the middle of the tracks, right of their names."""
    from selenium.webdriver.common.action_chains import ActionChains

    tracks = browser.find_element("id", "tracks")
    ActionChains(browser, duration=0).move_to_element_with_offset(tracks, 60, 0).move_by_offset(8, 0).perform()
    return browser.find_element("id", "tip").text


def many(count: int) -> list[LabelDetection]:
    """Detections of 200 labels, ten at a time, with a box each, in an hour and more."""
    return [
        detection(
            f"Label {index % 200}", index // 10 * 500, (0.01 * (index % 70), 0.3, 0.2, 0.2), confidence=50 + index % 50
        )
        for index in range(count)
    ]


def test_page_stays_small_with_a_hundred_thousand_detections(open_page: OpenPage) -> None:
    """Of 100,000 detections and 3,000 shots only the rows in sight are in the document, and all can be reached."""
    shots = [segment(40 * index, 40 * index + 39, shot=index) for index in range(3000)]
    browser = open_page(to_html(many(100_000), shots, METADATA.__class__(frame_rate=25.0)))
    rows = "return document.querySelectorAll('#detections tbody tr').length"

    browser.find_element("id", "tab-detections").click()
    assert browser.execute_script(rows) < 60
    assert browser.find_element("id", "detections").get_attribute("aria-rowcount") == "100001"
    browser.execute_script("const p = document.getElementById('panel-detections'); p.scrollTop = p.scrollHeight")
    wait_until(browser, "return document.querySelector('[data-row=\"99999\"]')")
    assert browser.execute_script(rows) < 60
    browser.find_element("css selector", '[data-row="99999"]').click()

    assert clock(browser) == "01:23:19:12"
    assert drawn(browser, "Label 199") is not None
    browser.find_element("id", "query").send_keys("Label 19")
    assert browser.find_element("id", "counts").text == "5,500 of 100,000 detections"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 420])
def test_colours_follow_the_system(browser: Chrome, open_page: OpenPage, scheme: str, width: int) -> None:
    """Letters stand out (4.5:1 or more; WCAG 2.2, 1.4.3) in light and in dark, and no page is wider than its window."""
    set_scheme(browser, scheme)
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 1200, "deviceScaleFactor": 1, "mobile": False}
    )
    open_page(to_html(PETS, FILM_SHOTS, METADATA))
    names = ["text", "soft", "accent", "panel", "page", "raised", "on-accent"]
    read = (
        "const style = getComputedStyle(document.documentElement);"
        "return arguments[0].map((name) => style.getPropertyValue('--' + name))"
    )
    colours = dict(zip(names, browser.execute_script(read, names), strict=True))

    assert (luminance(colours["page"]) < 0.1) == (scheme == "dark")
    pairs = [(letters, ground) for letters in ("text", "soft", "accent") for ground in ("panel", "page", "raised")]
    for letters, ground in [*pairs, ("on-accent", "accent")]:
        assert contrast(colours[letters], colours[ground]) >= 4.5, (letters, ground)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def luminance(colour: str) -> float:
    """The relative luminance of ``#rrggbb`` or ``#rgb`` (WCAG 2.2), 0-1."""
    digits = colour.strip().lstrip("#")
    channels = bytes.fromhex(digits if len(digits) == 6 else "".join(each * 2 for each in digits))
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (each / 255 for each in channels)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2), 1-21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


RATES = [
    *(Fraction(rate) for rate in (24, 25, 30, 50, 60)),
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 60)),
]


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{float(rate):.2f}")
def test_frames_and_timecodes_are_exact(driver: Chrome, rate: Fraction) -> None:
    """The script's frame numbers and timecodes are those of `rekvid.timecode`, drop-frame included."""
    script = resources.files("rekvid.report").joinpath("model.js").read_text(encoding="utf-8")
    frames = [*range(2000), *range(17900, 18100), *range(107_000, 108_100), *range(2_589_000, 2_590_000)]
    data = to_html((), (), METADATA.__class__(frame_rate=float(rate)))
    told = data.partition('"rate":')[2].partition("}")[0] + "}"
    found = driver.execute_script(
        f"{script}\nconst times = new Times({told}); const frames = arguments[0].map((time) => times.frameAt(time));"
        "return frames.map((frame) => [frame, times.timeOf(frame), times.timecode(frame)])",
        [millis_of_frame(frame, rate) for frame in frames],
    )

    assert found == [[frame, millis_of_frame(frame, rate), str(Timecode.of_frame(frame, rate))] for frame in frames]
