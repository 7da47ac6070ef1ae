"""A short video whose scenes have plain colours, and a browser that opens pages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from report_pages import open_file, set_scheme

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
WIDTH, HEIGHT = 1280, 1000


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds at 25 frames a second, 320x180: a second each of white, red, blue and green, with sound."""
    pytest.importorskip("av")
    pytest.importorskip("PIL")
    from rekvid.testing.reels import PlainScene, make_reel

    path = tmp_path_factory.mktemp("film") / "a film & more.mp4"
    scenes = [
        PlainScene(seconds=1, luma=luma, blue=blue, red=red)
        for luma, blue, red in ((235, 128, 128), (81, 90, 240), (41, 240, 110), (145, 54, 34))
    ]
    make_reel(path, scenes, width=320, height=180)
    return path


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Chromium without a window; whoever needs it is skipped where it is missing."""
    pytest.importorskip("selenium")
    program, driver = (shutil.which(name) for name in ("chromium", "chromedriver"))
    if program is None or driver is None:
        pytest.skip("no chromium and chromedriver on the PATH: apt-get install chromium chromium-driver")
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options=options, service=ChromeService(driver))
    chrome.set_script_timeout(20)
    yield chrome
    chrome.quit()


def logged(driver: Chrome) -> list[dict[str, object]]:
    """What scripts and the browser itself have logged since this was last asked."""
    return list(driver.get_log("browser"))  # type: ignore[no-untyped-call]  # selenium gives it no types


@pytest.fixture
def browser(driver: Chrome, request: pytest.FixtureRequest) -> Iterator[Chrome]:
    """The browser with an empty page, which keeps a picture of what the test has left and finds faults of scripts."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False},
    )
    set_scheme(driver, "light")
    logged(driver)  # what the test before has left
    yield driver
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    driver.save_screenshot(str(SCREENSHOTS / (re.sub(r"[^\w-]+", "-", request.node.name).strip("-") + ".png")))
    faults = [entry for entry in logged(driver) if entry["level"] == "SEVERE"]
    driver.get("about:blank")
    if "expects_faults" not in request.fixturenames:
        assert faults == []


@pytest.fixture
def expects_faults() -> None:
    """For a test whose page can't load something, which the browser logs as an error."""


@pytest.fixture
def open_page(browser: Chrome, tmp_path: Path) -> Callable[[str], Chrome]:
    """Opens a page that is given as text, and waits until its video, if it has one, shows its first frame."""

    def open_text(text: str) -> Chrome:
        path = tmp_path / "report.html"
        path.write_text(text, encoding="utf-8")
        return open_file(browser, path)

    return open_text
