"""Ctrl-C at a hundred random moments of a run, from its very start to beyond its end.

Whenever it comes: the run ends with 130, leaves no process and no folder, and each report is whole or as it was
before. Two other ends are right at the edges. A program that has not yet come to hold back signals dies of SIGINT, as
any program does, and has done nothing; and one that was through with its work ends as if nothing had been.

The seed is in each message; QUARTET_SEED repeats the choices, and QUARTET_MOMENTS makes them more or fewer.
"""

import collections
import concurrent.futures
import csv
import io
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import unittest

import interrupt_test
from tool import ToolTest, settings, wait_until

SEED = int(os.environ.get("QUARTET_SEED", random.SystemRandom().randrange(10**9)))
MOMENTS = int(os.environ.get("QUARTET_MOMENTS", 100))
AT_THE_SAME_TIME = 8
LATEST = 1.5  # seconds
ENDED = 120.0  # seconds; generous, with so many at the same time

LONG = {**interrupt_test.LONG, "fetch": ["fetch", "--set", "fetch.count=1000000"]}  # with a server of its own
SHORT = ["sleep", "append", "power", "files", "fetch", *settings(["sleep", "append", "power", "files", "fetch"])]
MODELS = [*interrupt_test.MODELS, "processes:2+async:5", "threads:2+async:5"]


def some_work(choose):
    """The arguments of a run, and whether it ends by itself within the time of the test."""
    models = ["--models", ",".join(choose.sample(MODELS, choose.randint(1, 2)))]
    if choose.random() < 0.3:
        return [*SHORT, *models], True
    workload = choose.choice(sorted(LONG.keys() - {"command"}))
    return [*LONG[workload], *models], False


def is_whole(kind, text):
    if kind == "json":
        try:
            return "results" in json.loads(text)
        except ValueError:
            return False
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(text)))
        return text.endswith("\n") and len(rows) > 1 and len({len(row) for row in rows}) == 1
    return text.startswith("#") and text.endswith("\n")


def hears_interrupts(process):
    """Whether the program has begun: it blocks or catches SIGINT then (proc(5))."""
    status = pathlib.Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    masks = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigBlk:", "SigCgt:"))]
    return any(mask & 1 << (signal.SIGINT - 1) for mask in masks)


class Moment(interrupt_test.Interrupts):
    """One run and its interrupt: a test case of its own, for its folder and its cleaning up."""

    def __init__(self, number):
        super().__init__("strike")
        choose = random.Random(f"{SEED} {number}")
        # Some come while the program begins, which may take long on a busy machine; most are to come when it has begun.
        self.as_it_begins = choose.random() < 0.25
        self.after = choose.uniform(0, LATEST)
        self.arguments, self.short = some_work(choose)
        self.has_old = choose.random() < 0.5
        self.code = None

    def __str__(self):
        since = "its start" if self.as_it_begins else "it has begun"
        return f"QUARTET_SEED={SEED}, {self.after:.3f} s after {since}: run {' '.join(self.arguments)}"

    def strike(self):
        if not self.has_old:
            for file in self.reports.values():
                file.unlink()
        flags = [part for kind, file in self.reports.items() for part in (f"--{kind}", file)]
        started = self.start("run", *self.arguments, *flags)
        if not self.as_it_begins:
            self.assertTrue(wait_until(lambda: hears_interrupts(started.pid)))
        time.sleep(self.after)
        hears = hears_interrupts(started.pid)
        began = time.monotonic()
        os.killpg(started.pid, signal.SIGINT)  # as a terminal does
        output, errors = started.communicate(timeout=2 * ENDED)
        took = time.monotonic() - began
        if "QUARTET_REPORT_TIMES" in os.environ:
            print(f"{self}: {took * 1000:.0f} ms", flush=True)
        self.assertLess(took, ENDED)
        self.code = started.returncode
        self.assert_nothing_left()
        written = self.written()
        if self.code == 0:
            self.assertTrue(self.short, "it can't have come to its end")
            self.assertEqual(written, set(self.reports))
            return
        self.assertIn(self.code, (130, -signal.SIGINT), errors)
        if self.code == -signal.SIGINT:
            self.assertFalse(hears, "it has begun, and an interrupt is no death")
            self.assertEqual(written, set())
        if not written:
            self.assertEqual(output, b"")
            self.assertEqual(errors, b"")

    def written(self):
        """The kinds of the reports that are new, each of them whole; the others are as they were."""
        new = set()
        for kind, file in self.reports.items():
            text = file.read_text(encoding="utf-8") if file.exists() else None
            if text == ("old" if self.has_old else None):
                continue
            self.assertTrue(text is not None and is_whole(kind, text), f"the {kind} report is not whole: {text!r}")
            new.add(kind)
        self.assertLessEqual(set(os.listdir(self.folder)), {file.name for file in self.reports.values()} | {"tmp"},
                             "no partial file")
        return new


def outcome_of(moment):
    result = unittest.TestResult()
    moment.run(result)
    return [text for _, text in result.failures + result.errors]


class Moments(unittest.TestCase):
    def test_random_ones(self):
        moments = [Moment(number) for number in range(MOMENTS)]
        with concurrent.futures.ThreadPoolExecutor(AT_THE_SAME_TIME) as pool:
            mistakes = list(pool.map(outcome_of, moments))
        for moment, texts in zip(moments, mistakes):
            with self.subTest(str(moment)):
                self.assertEqual(texts, [])
        codes = collections.Counter(moment.code for moment in moments)
        print(f"QUARTET_SEED={SEED}: {dict(codes)}", file=sys.stderr)
        self.assertGreater(codes[130], MOMENTS / 4, "most moments are to be in the middle of a run")


class Checks(ToolTest):
    """They can go red."""

    def test_a_report_that_is_cut_is_not_whole(self):
        files = {kind: self.folder / f"report.{kind}" for kind in ("json", "csv", "markdown")}
        flags = [part for kind, file in files.items() for part in (f"--{kind}", file)]
        done = self.quartet("run", "power", *settings(["power"]), "--models", "single", *flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        for kind, file in files.items():
            text = file.read_text(encoding="utf-8")
            self.assertTrue(is_whole(kind, text), text)
            self.assertFalse(is_whole(kind, text[:-3]), text)
            self.assertFalse(is_whole(kind, ""))

    def test_what_is_left_is_seen(self):
        (self.tmp / "left").touch()
        with self.assertRaises(AssertionError):
            self.assert_nothing_left()
        (self.tmp / "left").unlink()
        self.assert_nothing_left()
        left = subprocess.Popen(["sleep", "60"], env=self.environment())
        self.addCleanup(self.end, left)
        self.assertTrue(wait_until(self.processes))
        with self.assertRaises(AssertionError):
            self.assert_nothing_left()
        self.end(left)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
