"""Pictures of a report page, to look at: light, dark, on a phone, on paper; arranged by worker, zoomed, pointed at.

    python3 tests/report/screenshots.py report.html pictures
"""

import argparse
import pathlib

from browser import Browser

TOP = {"x": 0, "y": 0, "width": 1200, "height": 1500, "scale": 1}

BY_WORKER = """
[...document.querySelectorAll(".timeline")].forEach((each) =>
    [...each.querySelectorAll("button")].find((button) => button.innerText == "by worker").click());
document.querySelectorAll(".timeline")[arguments[0]].scrollIntoView();
"""

POINTED = """
const canvas = document.querySelectorAll(".timeline")[arguments[0]].querySelectorAll("canvas");
const box = canvas[0].getBoundingClientRect();
const at = {clientX: box.left + 12, clientY: box.top + 8, bubbles: true, cancelable: true};
for (let i = 0; i < 6; ++i) canvas[0].dispatchEvent(new WheelEvent("wheel", {deltaY: -300, ...at}));
const last = canvas[canvas.length - 2].getBoundingClientRect();
const there = {clientX: last.left + 150, clientY: last.top + 60, bubbles: true};
requestAnimationFrame(() => canvas[canvas.length - 2].dispatchEvent(new PointerEvent("pointermove", there)));
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--timeline", type=int, default=0, help="which of the timelines to arrange and to point at, from 0")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    browser = Browser()

    def shot(name, clip=None, **how):
        browser.emulate(**how)
        browser.open(options.page)
        browser.picture(options.folder / f"{name}.png", clip)

    shot("light", TOP)
    shot("dark", TOP, dark=True)
    shot("phone", {**TOP, "width": 390, "height": 1500}, width=390, height=844)
    shot("paper", TOP, media="print")
    browser.emulate()
    browser.open(options.page)
    browser.run(BY_WORKER, options.timeline)
    browser.wait_until_drawn()
    browser.picture(options.folder / "by-worker.png", whole=False)
    browser.run(POINTED, options.timeline)
    browser.wait_until_drawn()
    browser.picture(options.folder / "pointed-at.png", whole=False)
    browser.close()


if __name__ == "__main__":
    main()
