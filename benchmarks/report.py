"""How fast the page of `rekvid report` is: making it, loading it in Chromium, and what a reader waits for in it.

Run: python benchmarks/report.py --detections 100000
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from machine import machine
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from rekvid.models import BoundingBox, Instance, Label, LabelDetection, VideoMetadata
from rekvid.report import to_html

ACTIONS = {
    "a seek: time, boxes, timeline and labels drawn anew": "press(i % 2 ? 'l' : 'j')",
    "the filter by confidence": "put('confidence', i)",
    "the filter by name": "put('query', i % 2 ? '' : 'label 1')",
    "a zoom of the timeline": "press(i % 2 ? '+' : '-')",
}
TIMED = """
const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
const put = (id, value) => {
  const field = document.getElementById(id);
  field.value = value;
  field.dispatchEvent(new Event('input'));
};
const runs = [];
for (let i = 0; i < arguments[0]; i++) {
  const begun = performance.now();
  ACTION;
  document.body.getBoundingClientRect(); // so that the layout is part of it
  runs.push(performance.now() - begun);
}
return runs;
"""


def main() -> None:
    """Print a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detections", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    labels, metadata = detections(options.detections)

    begun = time.perf_counter()
    page = to_html(labels, (), metadata)
    made = time.perf_counter() - begun
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.html")
        path.write_text(page, encoding="utf-8")
        loads, actions = in_browser(path, options.rounds)

    print(f"{machine()}; {options.detections:,} detections, a page of {len(page) / 1e6:.1f} MB; medians")
    print("| what | ms |\n|---|---|")
    print(f"| to_html | {made * 1000:.0f} |")
    print(f"| loading the page | {statistics.median(loads):.0f} |")
    for what, runs in actions.items():
        print(f"| {what} | {statistics.median(runs):.1f} |")


def detections(count: int) -> tuple[list[LabelDetection], VideoMetadata]:
    """Detections of 200 labels with a box each, ten in each half second."""
    labels = [
        LabelDetection(
            timestamp=number // 10 * 500,
            label=Label(name=f"Label {number % 200}", confidence=50 + number % 50, instances=(instance(number),)),
        )
        for number in range(count)
    ]
    duration = -(-count // 10) * 500
    return labels, VideoMetadata(frame_rate=25.0, frame_width=1920, frame_height=1080, duration_millis=duration)


def instance(number: int) -> Instance:
    """A box somewhere."""
    box = BoundingBox(left=number % 7 / 10, top=number % 5 / 8, width=0.2, height=0.3)
    return Instance(bounding_box=box, confidence=50 + number % 50)


def in_browser(path: Path, rounds: int) -> tuple[list[float], dict[str, list[float]]]:
    """Milliseconds of each load of the page, and of each action in it."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,1100"):
        options.add_argument(argument)
    browser = Chrome(options=options, service=ChromeService(shutil.which("chromedriver") or "chromedriver"))
    try:
        loads = []
        for _ in range(rounds):
            browser.get(path.as_uri())
            loads.append(browser.execute_script("return performance.getEntriesByType('navigation')[0].loadEventEnd"))
        runs = {
            what: browser.execute_script(TIMED.replace("ACTION", action), rounds) for what, action in ACTIONS.items()
        }
    finally:
        browser.quit()
    return loads, runs


if __name__ == "__main__":
    main()
