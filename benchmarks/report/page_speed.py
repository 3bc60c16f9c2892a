"""How fast the report page draws and moves 10,000 tasks of each of four models, in headless Chromium.

Prints, as JSON: milliseconds from opening the file until all is drawn, and from a press of a button until the
timeline is drawn in the other arrangement; frames a second while it is panned; kilobytes that the page adds to
the document.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "tests" / "report"))
from browser import Browser
from samples import save, with_many_tasks

TASKS = 10_000

DRAWN = """
const done = arguments[0];
const button = [...document.querySelectorAll(".timeline button")].find((each) => each.innerText == "by worker");
const begin = performance.now();
button.click();
requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begin)));
"""

# A drag to and fro by the mouse's events, a step at each frame.
PANNED = """
const done = arguments[0];
const canvas = document.querySelector(".timeline canvas");
canvas.scrollIntoView({block: "center"});
const box = canvas.getBoundingClientRect();
const at = (x) => ({clientX: box.left + x, clientY: box.top + 20, bubbles: true, cancelable: true, view: window});
for (let i = 0; i < 6; ++i) canvas.dispatchEvent(new WheelEvent("wheel", {deltaY: -200, ...at(300)}));
canvas.dispatchEvent(new MouseEvent("mousedown", at(400)));
const frames = 120;
let frame = 0;
const begin = performance.now();
const step = () => {
    window.dispatchEvent(new MouseEvent("mousemove", at(400 + 200 * Math.sin(frame / 10))));
    if (++frame < frames) return requestAnimationFrame(step);
    window.dispatchEvent(new MouseEvent("mouseup", at(400)));
    done(1000 * frames / (performance.now() - begin));
};
requestAnimationFrame(step);
"""


def results(tool, folder):
    file = folder / "results.json"
    subprocess.run([tool, "run", "sleep", "--set", "sleep.scale=0.001", "--rounds", "2", "--json", file, "-q"], check=True)
    return json.loads(file.read_text())


def kilobytes_around_the_document(page):
    before, _, rest = page.read_bytes().partition(b'<script type="application/json" id="report">')
    return (len(before) + len(rest.partition(b"</script>")[2])) / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", help="the quartet to ask for the page")
    tool = parser.parse_args().tool
    browser = Browser()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        page = folder / "page.html"
        many = save(with_many_tasks(results(tool, folder), TASKS), folder / "many.json")
        subprocess.run([tool, "report", many, "-o", page], check=True)
        browser.emulate()
        browser.open(page)
        opened = browser.run("const entry = performance.getEntriesByType('navigation')[0]; return entry.loadEventEnd;")
        drawn = browser.run_async(DRAWN)
        frames = browser.run_async(PANNED)
        added = kilobytes_around_the_document(page)
    browser.close()
    print(json.dumps({"opened_ms": opened, "drawn_ms": drawn, "frames": frames, "added_kb": added}))


if __name__ == "__main__":
    main()
