"""Records of tasks on three machines, whose clocks tell other times: `machines with 3 -- python3 -m unittest records_test`."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

QUARTET = os.environ["QUARTET"]
RECORDS_PROGRAM = os.environ["RECORDS_PROGRAM"]
LIMIT = 120
ROUNDING = 3  # microseconds: times are printed as whole ones

# Clocks of processes begin elsewhere: qb's is far ahead of qa's, and qc's by less than a task takes.
PROGRAM = """#!/bin/bash
case $(hostname) in
    qb) exec unshare --time --monotonic 100000 --fork --kill-child {0} "$@" ;;
    qc) exec unshare --time --monotonic 3600 --fork --kill-child {0} "$@" ;;
esac
exec {0} "$@"
"""


class Task:
    def __init__(self, words):
        self.call, self.node, self.worker, self.own_name = int(words[0]), int(words[1]), words[2], words[3]
        self.queued, self.started, self.finished, self.began, self.ended, self.waits = (int(each) for each in words[4:])


@unittest.skipUnless(shutil.which("mpirun.openmpi"), "Open MPI is not installed (openmpi-bin)")
@unittest.skipIf(subprocess.run(["unshare", "--time", "--monotonic", "1", "--fork", "true"], check=False).returncode, "there are no clocks of one's own")
class Records(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quartet-records-test-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder)
        program = self.folder / "program"
        program.write_text(PROGRAM.format(RECORDS_PROGRAM))
        program.chmod(0o755)

    def run_under(self, spec):
        line = [QUARTET, "cluster", "--launcher", "mpirun.openmpi", "--hosts", "qa,qb,qc", "--", "./program", spec]
        done = subprocess.run(line, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line.split() for line in done.stdout.splitlines()]
        self.nodes = [(words[1], int(words[2]) / 1000) for words in lines if words[0] == "node"]
        self.tasks = [Task(words[1:]) for words in lines if words[0] == "task"]
        self.end = next(int(words[1]) for words in lines if words[0] == "ended")
        self.assertIn(["records", "36"], lines)

    def check(self, spec):
        self.run_under(spec)
        self.assertEqual([name for name, _ in self.nodes], ["qa", "qb", "qc"])
        self.assertEqual({each.node for each in self.tasks}, {0, 1, 2}, "all three have run some")
        self.assertEqual(self.nodes[0][1], 0, "the clock of the root is its own")
        for _, error in self.nodes[1:]:
            self.assertGreater(error, 0)
        for each in self.tasks:
            self.assertEqual(each.worker, each.own_name)
            self.assertTrue(each.worker.startswith(self.nodes[each.node][0] + "/"), each.worker)
            self.assertEqual(each.waits, 1)
            error = self.nodes[each.node][1] + ROUNDING
            self.assertLessEqual(each.started, each.began + error)
            self.assertGreaterEqual(each.finished, each.ended - error)
            self.assertGreaterEqual(each.started, each.queued - ROUNDING)
            self.assertLessEqual(each.finished, self.end + ROUNDING)
        self.check_order()

    def check_order(self):
        """What ended before another thing began, wherever that was, did so by the records, too."""
        error = max(error for _, error in self.nodes) + ROUNDING
        for one in self.tasks:
            for other in self.tasks:
                if one.call < other.call:
                    self.assertLessEqual(one.finished, other.started + 2 * error)
                if one.finished + 2 * error < other.started:
                    self.assertLess(one.began, other.ended)

    def test_processes(self):
        self.check("cluster:3+processes:2")

    def test_loops_in_processes(self):
        self.check("cluster:3+processes:2+async:2")

    def test_threads(self):
        self.check("cluster:3+threads:2")

    def test_a_loop(self):
        self.check("cluster:3+async:4")


if __name__ == "__main__":
    unittest.main()
