"""The page in a real browser: what it asks for, shows and draws, and how fast."""

import contextlib
import functools
import http.server
import json
import os
import pathlib
import re
import subprocess
import threading
import time
import unittest

from browser import Browser
from samples import save, with_hostile_texts, with_many_tasks, with_nested_calls
from tool import ToolTest, settings, wait_until

AXE = pathlib.Path(os.environ["AXE"])


class Page(ToolTest):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    def results_of_a_run(self):
        """A run's own page, and its results."""
        page, file = self.folder / "page.html", self.folder / "results.json"
        done = self.quartet("run", "sleep", "power", *settings(["sleep", "power"], sleep__scale=0.001), "--rounds", 2, "--html",
                            page, "--json", file)
        self.assertEqual(done.returncode, 0, done.stderr)
        return page, json.loads(file.read_text())

    def page_of(self, document):
        file = save(document, self.folder / "made.json")
        page = self.folder / "made.html"
        done = self.quartet("report", file, "-o", page)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return page

    def open(self, where, **how):
        self.browser.emulate(**how)
        asked, console = self.browser.open(where)
        self.assertEqual(console, [])
        return asked

    def test_of_a_run(self):
        page, document = self.results_of_a_run()
        asked = self.open(page)
        self.assertEqual([each for each in asked if not each.startswith("data:")], [page.resolve().as_uri()])
        self.shows_the_figures(document)
        self.says_what_was_found(document)
        self.gives_the_json(document)

    def shows_the_figures(self, document):
        drawn = self.browser.run("""
            return [...document.querySelectorAll("section")].map((section) => [section.dataset.workload,
                [...section.querySelectorAll("figure:first-of-type .mark")].map((mark) =>
                    [mark.dataset.spec, Number(mark.dataset.value), mark.querySelector("rect.bar").getBoundingClientRect().width])]);""")
        for workload, bars in drawn:
            measured = {each["spec"]: each["wall_seconds"]["median"] for each in document["results"]
                        if each["workload"] == workload}
            self.assertEqual({spec: value for spec, value, _ in bars}, measured)
            longest = max(bars, key=lambda bar: bar[1])
            for _, value, width in bars:
                self.assertAlmostEqual(width / longest[2], value / longest[1], delta=0.02)
        text = self.browser.run("return document.querySelector('main table').innerText;")
        self.assertIn("sleep", text)
        self.assertIn("threads:", text)

    def says_what_was_found(self, document):
        text = self.browser.run("return document.body.innerText;")
        self.assertIn(document["machine"]["cpu_model"], text)
        self.assertIn("The Python study found:", text)
        advice = self.browser.run("return [...document.querySelectorAll('.advice')].map((each) => each.innerText);")
        self.assertEqual(len(advice), 2)
        self.assertIn("Runner-up:", advice[0])

    def gives_the_json(self, document):
        given = self.browser.run_async("""
            const done = arguments[0];
            const link = document.querySelector("a[download]");
            link.addEventListener("click", (event) => event.preventDefault());
            const made = URL.createObjectURL;
            URL.createObjectURL = (blob) => { blob.text().then(done); return made.call(URL, blob); };
            link.click();""")
        self.assertEqual(json.loads(given)["results"], document["results"])

    def test_over_http(self):
        page = self.page_of(self.results_of_a_run()[1])
        with self.served() as place:
            url = place + page.name
            asked = self.open(url)
        self.assertEqual([each for each in asked if not each.startswith("data:")], [url])

    @contextlib.contextmanager
    def served(self):
        """The folder over HTTP, at the address that it gives."""
        handler = functools.partial(Quiet, directory=str(self.folder))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}/"
            finally:
                server.shutdown()
                thread.join()

    def timeline(self, script, *arguments):
        return self.browser.run("const canvas = document.querySelectorAll('.timeline canvas');" + script, *arguments)

    def pixels(self, place=0):
        """What is painted, as a text that changes with it."""
        return self.timeline(f"return canvas[{place}].toDataURL();")

    def test_the_timeline_zooms_and_tells_of_tasks(self):
        page, _ = self.results_of_a_run()
        self.open(page)
        before = self.pixels()
        self.wheel(-300)
        self.assertNotEqual(self.pixels(), before, "zoomed")
        zoomed_other = self.pixels(1)
        self.timeline("canvas[0].focus(); canvas[0].dispatchEvent(new KeyboardEvent('keydown', {key: '0', bubbles: true}));")
        self.browser.wait_until_drawn()
        self.assertEqual(self.pixels(), before, "and back by the keyboard")
        self.assertNotEqual(self.pixels(1), zoomed_other, "all models together")
        words = self.timeline("""
            const box = canvas[0].getBoundingClientRect();
            canvas[0].dispatchEvent(new PointerEvent("pointermove", {clientX: box.left + 60, clientY: box.top + 100}));
            return document.querySelector(".tip").innerText;""")
        self.assertRegex(words, r"task \d+, single")
        self.assertIn("took", words)
        self.timeline("[...document.querySelectorAll('.timeline button')].find((each) => each.innerText == 'by worker').click();")
        self.browser.wait_until_drawn()
        self.assertNotEqual(self.pixels(), before, "arranged by worker")

    def words_at(self, model, x, y):
        """What is told of a place of a canvas, in pixels from its left edge and from its top."""
        return self.timeline("""
            const [model, x, y] = arguments;
            const box = canvas[model].getBoundingClientRect();
            canvas[model].dispatchEvent(new PointerEvent("pointermove", {clientX: box.left + x, clientY: box.top + y}));
            const tip = document.querySelector(".tip");
            return tip.hidden ? "" : tip.innerText;""", model, x, y)

    def test_calls_of_bodies_lie_below_what_made_them(self):
        document = with_nested_calls(self.results_of_a_run()[1])
        single = next(place for place, each in enumerate(document["results"]) if each["spec"] == "single")
        self.open(self.page_of(document))
        legend = self.browser.run("return document.querySelector('.timeline .legend').innerText;")
        self.assertIn("call of a body", legend)
        self.assertIn("1 task, 126 of 1\u202f260 calls of bodies", self.browser.run("return document.querySelector('.timeline').innerText;"))
        height = self.timeline(f"return canvas[{single}].clientHeight;")
        rows = 7  # a task and six levels
        self.assertEqual(height, rows * 9)
        seen = [self.words_at(single, 340, (row + 0.5) * height / rows) for row in range(rows)]
        self.assertRegex(seen[0], r"^task 0, single\n")
        made_by = "task 0"
        for words in seen[1:]:
            call = re.match(r"(call \d+) of task 0, single", words)
            self.assertTrue(call, words)
            self.assertIn(f"made by {made_by},", words)
            made_by = call[1]

    def test_calls_of_bodies_are_on_the_lane_of_who_ran_them(self):
        document = with_nested_calls(self.results_of_a_run()[1])
        pool = next(place for place, each in enumerate(document["results"]) if each["spec"].startswith("threads:"))
        self.open(self.page_of(document))
        self.timeline("[...document.querySelectorAll('.timeline button')].find((each) => each.innerText == 'by worker').click();")
        self.browser.wait_until_drawn()
        height = self.timeline(f"return canvas[{pool}].clientHeight;")
        rows = 13  # a task and six levels; six levels that another thread took
        self.assertIn("task 0, thread 0", self.words_at(pool, 300, 0.5 * height / rows))
        self.assertIn("call 63 of task 0, thread 0", self.words_at(pool, 300, 1.5 * height / rows))
        self.assertIn("call 0 of task 0, thread 1\n", self.words_at(pool, 300, 7.5 * height / rows))
        self.assertIn("call 1 of task 0, thread 1: failed\n", self.words_at(pool, 300, 8.5 * height / rows))

    def wheel(self, by):
        self.timeline("""
            canvas[0].scrollIntoView({block: "center"});
            const box = canvas[0].getBoundingClientRect();
            canvas[0].dispatchEvent(new WheelEvent("wheel", {deltaY: arguments[0], clientX: box.left + 100,
                clientY: box.top + 10, bubbles: true, cancelable: true}));""", by)
        self.browser.wait_until_drawn()

    def test_ten_thousand_tasks_are_smooth(self):
        page = self.page_of(with_many_tasks(self.results_of_a_run()[1]))
        self.open(page)
        for arrangement in ("by task", "by worker"):
            drawn = self.timeline("""
                const button = [...document.querySelectorAll(".timeline button")].find((each) => each.innerText == arguments[0]);
                const begin = performance.now();
                button.click();
                return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begin))));
                """, arrangement)
            self.assertLess(drawn, 30_000, "milliseconds to draw; the aim is 1000, where the machine is not busy (benchmarks/report)")
            for _ in range(3):
                self.wheel(-200)
            self.assertEqual(self.browser.driver.get_log("browser"), [])

    def test_hostile_texts_are_texts(self):
        page = self.page_of(with_hostile_texts(self.results_of_a_run()[1]))
        self.open(page)
        self.assertEqual(self.browser.run("return document.images.length;"), 0)
        text = self.browser.run("return document.body.textContent;")
        self.assertIn("</script><img src=x onerror=alert(1)>\"'`", text)
        self.assertIn("\u2039U+202E\u203a", text, "what turns text around is named")
        for unseen in "\u202e\u2066\x07\x1b":
            self.assertNotIn(unseen, self.browser.run("return document.body.innerText;"))

    def test_fits_a_phone(self):
        page, _ = self.results_of_a_run()
        self.open(page, width=360, height=740)
        wide, shown = self.browser.run("return [document.documentElement.scrollWidth, innerWidth];")
        self.assertLessEqual(wide, shown)
        cells = self.browser.run("""
            const scroll = document.querySelector(".overview").parentElement.getBoundingClientRect();
            return [...document.querySelectorAll(".overview tbody td")].map((each) => {
                const box = each.getBoundingClientRect();
                return [getComputedStyle(each, "::before").content, box.width > 0 && box.left >= scroll.left && box.right <= scroll.right];
            });""")
        self.assertEqual({name.strip('"') for name, _ in cells}, {"single", "threads", "processes", "async"})
        self.assertTrue(all(within for _, within in cells), "the overview shows every model without being scrolled sideways")

    def test_light_and_dark(self):
        page, _ = self.results_of_a_run()
        grounds = []
        for dark in (False, True):
            self.open(page, dark=dark)
            grounds.append(self.browser.run("return getComputedStyle(document.body).backgroundColor;"))
        self.assertEqual(grounds, ["rgb(255, 255, 255)", "rgb(20, 23, 28)"])
        self.browser.run("[...document.querySelectorAll('button')].find((each) => each.innerText == 'light or dark').click();")
        self.assertEqual(self.browser.run("return getComputedStyle(document.body).backgroundColor;"), grounds[0])

    def test_prints_what_is_drawn(self):
        page, _ = self.results_of_a_run()
        self.open(page, media="print")
        shown = self.browser.run("""
            return [".interactive", ".printed"].map((each) =>
                getComputedStyle(document.querySelector(each)).display != "none");""")
        self.assertEqual(shown, [False, True], "the timeline as a picture")

    def rounds_drawn(self):
        """Of the first model; a stroke each."""
        return self.browser.run("""
            const strokes = document.querySelector("section path.round");
            return strokes ? strokes.getAttribute("d").split("M").length - 1 : 0;""")

    def test_of_a_run_that_goes_on(self):
        (self.folder / "inputs").write_text("a\nb\n")
        line = "until [ -e opened ]; do sleep 0.02; done; sleep 0.1; true"
        run = subprocess.Popen([os.environ["QUARTET"], "run", "command", "--set", f"command.line={line}", "--inputs", "inputs", "--live",
                                "--rounds", "8", "--models", "single,async:2"], env=self.environment(), cwd=self.folder,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8")
        url = next(each for each in run.stderr if "http://" in each).split()[-1]
        self.assertTrue(url.startswith("http://127.0.0.1:"), url)
        self.browser.emulate()
        asked, console = self.browser.open(url)
        (self.folder / "opened").touch()
        self.assertEqual(console, [])
        self.assertTrue(all(each.startswith((url.rsplit("/", 1)[0], "data:")) for each in asked), asked)
        rounds = []
        while run.poll() is None:
            rounds.append(self.rounds_drawn())
            time.sleep(0.2)
        run.stderr.close()
        self.assertEqual(run.returncode, 0)
        self.browser.wait_until_drawn()
        self.assertEqual(self.rounds_drawn(), 8)
        self.assertEqual(rounds, sorted(rounds), "it only grows")
        self.assert_nothing_left()

    def test_what_a_reader_sees_stays_when_news_come(self):
        page, _ = self.results_of_a_run()
        report = json.loads(re.search(r'id="report"[^>]*>(.*?)</script>', page.read_text(), re.DOTALL)[1])
        live = self.folder / "live.html"
        live.write_text(page.read_text().replace("<html", '<html data-version="version" data-news="news"', 1))
        (self.folder / "version").write_text("1")
        (self.folder / "news").write_text(json.dumps({"finished": False, "report": report}))
        with self.served() as place:
            self.browser.emulate()
            self.browser.open(place + live.name)
            self.until("return performance.getEntriesByName(new URL('news', location).href).length == 1;")
            self.timeline("[...document.querySelectorAll('.timeline button')].find((each) => each.innerText == 'by worker').click();")
            self.browser.run("document.querySelector('details').open = true;")
            self.wheel(-300)
            seen = self.pixels()
            self.browser.run("document.querySelector('main').id = 'old';")
            (self.folder / "version").write_text("2")
            self.until("return document.getElementById('old') === null;")
            self.browser.wait_until_drawn()
            self.assertEqual(self.pixels(), seen)
            self.assertEqual(self.browser.run("return document.querySelectorAll('details[open]').length;"), 1)
            self.timeline("[...document.querySelectorAll('.timeline button')].find((each) => each.innerText == 'all').click();")
            self.browser.wait_until_drawn()
            self.assertNotEqual(self.pixels(), seen, "it was zoomed")

    def until(self, question):
        self.assertTrue(wait_until(lambda: self.browser.run(question)), question)

    @unittest.skipUnless(AXE.exists(), "axe-core is not installed; ./test does it")
    def test_is_accessible(self):
        page, _ = self.results_of_a_run()
        for dark in (False, True):
            self.open(page, dark=dark)
            self.browser.run(AXE.read_text())
            found = self.browser.run_async("""
                const done = arguments[0];
                axe.run().then((result) => done(result.violations.map((each) =>
                    [each.impact, each.id, each.nodes.map((node) => node.target.join(" ") + ": " + node.failureSummary).slice(0, 3)])));""")
            self.assertEqual([each for each in found if each[0] in ("serious", "critical")], [])


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


if __name__ == "__main__":
    unittest.main()
