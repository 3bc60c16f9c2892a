"""Pictures, traces and timelines that the tool writes, against the rules of their formats."""

import json
import os
import subprocess
import unittest
import xml.etree.ElementTree as xml

from samples import HOSTILE, save, with_hostile_texts, with_many_tasks, with_nested_calls
from tool import ToolTest, settings

NODE = "/usr/bin/node"
SVG = "{http://www.w3.org/2000/svg}"


class Pictures(ToolTest):
    def results(self, *options):
        file = self.folder / "results.json"
        done = self.quartet("run", "sleep", *settings(["sleep"], sleep__scale=0.001), "--models", "single,threads:2,async:26",
                            "--json", file, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(file.read_text()), done

    def draw(self, document, *options):
        done = self.quartet("report", save(document, self.folder / "made.json"), *options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def charts(self, document):
        self.draw(document, "--svg", self.folder / "svg")
        return {file.name: xml.parse(file).getroot() for file in (self.folder / "svg").iterdir()}

    def test_a_chart_a_file(self):
        document, _ = self.results("--svg", self.folder / "of_run")
        names = {"sleep-times.svg", "sleep-timeline.svg", "sleep-workers.svg", "sleep-latencies.svg", "sleep-usage.svg"}
        self.assertEqual({file.name for file in (self.folder / "of_run").iterdir()}, names)
        charts = self.charts(document)
        self.assertEqual(set(charts), names)
        marks = charts["sleep-times.svg"].findall(f".//{SVG}g[@data-spec]")
        self.assertEqual({each.get("data-spec"): float(each.get("data-value")) for each in marks},
                         {each["spec"]: each["wall_seconds"]["median"] for each in document["results"]})

    def test_waiting_is_told_from_running(self):
        document, _ = self.results("--trace", self.folder / "trace.json")
        for each in document["results"]:
            self.assertTrue(each["records"]["waits_known"])
            self.assertEqual(len(each["records"]["wait_task"]), 26)
        bars = self.charts(document)["sleep-timeline.svg"].findall(f".//{SVG}rect[@class='waiting']")
        self.assertGreater(len(bars), 20)

    def test_hostile_texts_are_texts(self):
        document, _ = self.results()
        for name, root in self.charts(with_hostile_texts(document)).items():
            self.assertRegex(name, r"^[a-z0-9_-]+\.svg$")
            self.assertEqual({each.tag for each in root.iter() if each.tag == f"{SVG}script" or each.tag == f"{SVG}img"}, set())
            self.assertIn("</script><img", "".join(root.itertext()))

    def test_many_tasks(self):
        document, _ = self.results()
        self.draw(with_many_tasks(document), "--svg", self.folder / "svg")
        self.assertLess((self.folder / "svg" / "sleep-timeline.svg").stat().st_size, 1_000_000)

    def test_nothing_to_draw(self):
        document, _ = self.results()
        file = save(document, self.folder / "made.json")
        self.assert_one_line(self.quartet("report", file))
        self.assert_one_line(self.quartet("report", file, "-o", self.folder / "no" / "where.html"))
        self.assert_one_line(self.quartet("report", self.folder / "missing.json", "-o", self.folder / "page.html"))


class Traces(ToolTest):
    """By the rules of the Trace Event Format."""

    def events(self, document):
        file = self.folder / "trace.json"
        done = self.quartet("report", save(document, self.folder / "made.json"), "--trace", file)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(file.read_text())["traceEvents"]

    def document(self):
        file = self.folder / "results.json"
        self.quartet("run", "sleep", *settings(["sleep"], sleep__scale=0.001), "--models", "single,threads:2,async:26,threads:2+async:8",
                     "--json", file, "--trace", self.folder / "of_run.json")
        return json.loads(file.read_text())

    def check_slices(self, events):
        """Of one track they nest or lie apart."""
        tracks = {}
        for each in events:
            if each["ph"] == "X":
                tracks.setdefault((each["pid"], each["tid"]), []).append((round(1000 * each["ts"]), round(1000 * each["dur"])))
        for slices in tracks.values():
            open_until = []
            for begin, length in sorted(slices, key=lambda each: (each[0], -each[1])):
                while open_until and open_until[-1] <= begin:
                    open_until.pop()
                self.assertTrue(not open_until or begin + length <= open_until[-1], "slices overlap")
                open_until.append(begin + length)
        return tracks

    def check_asynchronous(self, events):
        """Each begins once and ends once, later."""
        begun, ended = {}, {}
        for each in events:
            if each["ph"] in "be":
                place = (each["cat"], each["id"])
                of = begun if each["ph"] == "b" else ended
                self.assertNotIn(place, of)
                of[place] = (each["pid"], each["name"], each["ts"])
        self.assertEqual(set(begun), set(ended))
        for place, (process, name, time) in begun.items():
            self.assertEqual(ended[place][:2], (process, name))
            self.assertLessEqual(time, ended[place][2])
        return [process for process, _, _ in begun.values()]

    def viewed(self, file):
        """What the importer of chrome://tracing makes of it."""
        done = subprocess.run([NODE, "trace_viewer.js", os.environ["TRACEVIEWER"], file], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def test_of_a_run(self):
        document = self.document()
        events = self.events(document)
        for each in events:
            self.assertLessEqual({"ph", "pid", "tid", "name"}, set(each))
        names = {each["pid"]: each["args"]["name"] for each in events if each["name"] == "process_name"}
        self.assertEqual(list(names.values()), [f"sleep {each['spec']}" for each in document["results"]])
        tracks = self.check_slices(events)
        self.assertEqual(sum(1 for pid, _ in tracks if names[pid] == "sleep threads:2"), 2, "a track a worker")
        begun = self.check_asynchronous(events)
        self.assertEqual(sum(1 for pid in begun if names[pid] == "sleep async:26"), 26)
        counters = {each["name"] for each in events if each["ph"] == "C"}
        self.assertEqual(counters, {"tasks under way", "memory in bytes"})
        running = [each["args"]["value"] for each in events if each["name"] == "tasks under way" and names[each["pid"]] == "sleep async:26"]
        self.assertEqual((max(running), running[-1]), (26, 0))

    def test_of_many_tasks(self):
        events = self.events(with_many_tasks(self.document()))
        self.check_slices(events)
        self.assertGreaterEqual(len(self.check_asynchronous(events)), 10_000)

    def check_arrows(self, events):
        """Each leads from a slice of what made a call to the beginning of one of the call, not before. How many there are."""
        def slices(of):
            return [each for each in events if each["ph"] == "X" and (each["pid"], each["tid"]) == (of["pid"], of["tid"])
                    and each["ts"] <= of["ts"] <= each["ts"] + each["dur"]]

        begun = {(each["cat"], each["id"]): each for each in events if each["ph"] == "s"}
        ended = {(each["cat"], each["id"]): each for each in events if each["ph"] == "f"}
        self.assertEqual(set(begun), set(ended))
        made_by = {(each["pid"], each["name"]): each["args"]["made_by"] for each in events if "made_by" in each.get("args", {})}
        for place, begin in begun.items():
            end = ended[place]
            self.assertLessEqual(begin["ts"], end["ts"])
            call = next(each["name"] for each in slices(end) if each["ts"] == end["ts"] and each["name"].startswith("call "))
            self.assertIn(made_by[end["pid"], call], [each["name"] for each in slices(begin)])
        return len(begun)

    def test_of_calls_that_bodies_made(self):
        document = with_nested_calls(self.document())
        events = self.events(document)
        self.check_slices(events)
        self.check_asynchronous(events)
        for number, each in enumerate(document["results"], 1):
            calls = len(each["records"]["nested_task"])
            of_it = [event for event in events if event["pid"] == number]
            self.assertEqual(self.check_arrows(of_it), calls)
            shown = {event["name"] for event in of_it if event["ph"] == "X"}
            self.assertLessEqual({f"call {i} of task 0" for i in range(calls)}, shown)

    def test_the_check_of_arrows_can_fail(self):
        events = self.events(with_nested_calls(self.document()))
        wrong = [{**each, "ts": each["ts"] + 1} if each["ph"] == "f" else each for each in events if each["pid"] == 1]
        with self.assertRaises((AssertionError, StopIteration)):
            self.check_arrows(wrong)

    def test_in_the_viewer_of_chromium(self):
        document = self.document()
        events = self.events(document)
        viewed = self.viewed(self.folder / "trace.json")
        self.assertEqual(viewed["warnings"], [])
        self.assertEqual([each["name"] for each in viewed["processes"]], [f"sleep {each['spec']}" for each in document["results"]])
        for each in viewed["processes"]:
            of_it = [event for event in events if event["pid"] == each["pid"]]
            self.assertEqual(sum(each["slices"].values()), sum(1 for event in of_it if event["ph"] == "X"))
            self.assertEqual(each["asynchronous"], sum(1 for event in of_it if event["ph"] == "b"))
            self.assertEqual(set(each["counters"]), {"tasks under way", "memory in bytes"})

    def test_the_viewer_of_chromium_can_object(self):
        file = self.folder / "wrong.json"
        file.write_text(json.dumps({"traceEvents": [{"ph": "b", "pid": 1, "tid": 1, "ts": 0, "name": "without an id", "cat": "task"}]}))
        self.assertTrue(self.viewed(file)["warnings"])

    def test_the_check_can_fail(self):
        overlapping = [{"ph": "X", "pid": 1, "tid": 1, "ts": 0, "dur": 2}, {"ph": "X", "pid": 1, "tid": 1, "ts": 1, "dur": 2}]
        with self.assertRaises(AssertionError):
            self.check_slices(overlapping)

    def test_hostile_texts(self):
        events = self.events(with_hostile_texts(self.document()))
        names = {each["args"]["name"] for each in events if each["name"] == "process_name"}
        shown = HOSTILE.split("\u202e")[0] + "\u2039U+202E\u203agnp.exe"
        self.assertTrue(all(each.startswith(shown) for each in names), names)


class Timelines(ToolTest):
    def test_in_the_terminal(self):
        done = self.quartet("run", "sleep", *settings(["sleep"], sleep__scale=0.002), "--models", "single,async:26", "--timeline",
                            env={"COLUMNS": "80"})
        self.assertEqual(done.returncode, 0, done.stderr)
        text = done.stdout[done.stdout.index("\nsleep\n"):] if "\nsleep\n" in done.stdout else done.stdout
        self.assertIn("\u2591", text, "tasks that wait")
        self.assertIn("a row for each task", text)
        rows = [line for line in text.splitlines() if "\u2591" in line]
        self.assertGreaterEqual(len(rows), 52)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_in_ascii(self):
        done = self.quartet("run", "sleep", *settings(["sleep"], sleep__scale=0.002), "--models", "async:26", "--timeline", "--plain")
        self.assertTrue(done.stdout.isascii())
        self.assertIn("---", done.stdout)


if __name__ == "__main__":
    unittest.main()
