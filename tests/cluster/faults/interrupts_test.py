"""Ctrl-C once and twice: to `quartet cluster`, which has the program on rank 0 hear of it, and to what MPI and Slurm have."""

import os
import pathlib
import signal
import sys
import time

from hosts import ROOT
from under_launchers import UnderLauncher, for_each_launcher

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "cli"))
from tool import has_taken, wait_until  # noqa: E402


def press(run):
    """As a terminal does: the signal is all processes' of the foreground."""
    os.killpg(run.launched.pid, signal.SIGINT)


class Interrupts(UnderLauncher):
    def setUp(self):
        super().setUp()
        self.tool = self.launcher.is_tool

    def ended(self, run, code=None):
        run.end()
        self.assertFalse(run.lingered, run.told())
        if code is not None:
            self.assertEqual(run.launched.returncode, code, run.told())
        run.check_nothing_left()
        run.check_marks()

    def test_once_to_a_program_that_does_not_handle_it(self):
        run = self.start(tasks=5000)
        run.wait_for_work()
        press(run)
        if self.launcher.slurm and not self.tool:
            time.sleep(0.5)
            self.assertIsNone(run.launched.poll(), run.told())
            press(run)  # srun says that it wants a second one
        self.ended(run, 130 if self.tool else None)
        self.remark(f"code {run.launched.returncode}")

    def test_once_to_a_program_that_stops(self):
        if not self.tool:
            self.skipTest("the launcher ends the program")
        run = self.start(tasks=5000, interrupt="stops")
        run.wait_for_work()
        press(run)
        self.ended(run, 0)
        self.assertIn("interrupted\n", run.said())
        counts = run.check_outcomes()
        self.assertEqual(set(counts), {"value", "cancelled"}, f"{counts}: {run.told()[:1000]}")
        self.remark(f"{counts['value']} value, {counts['cancelled']} cancelled")

    def test_twice_to_a_program_that_goes_on(self):
        run = self.start(tasks=5000, interrupt="deaf")
        run.wait_for_work()
        press(run)
        self.assertTrue(wait_until(lambda: has_taken(run.launched.pid, signal.SIGINT)))
        time.sleep(0.5)
        if self.tool:
            self.assertIsNone(run.launched.poll(), run.told())
            self.assertTrue(run.ranks(ROOT))
        if run.launched.poll() is None:
            press(run)
        self.ended(run, 130 if self.tool else None)
        self.remark(f"code {run.launched.returncode}")


for_each_launcher(globals(), Interrupts)
