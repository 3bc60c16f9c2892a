"""`quartet doctor`, and what a quota and a restricted set of processors do to it and to a run.

The quota is a real one: a control group of the test's own, with half a processor.
"""

import json
import os
import pathlib
import resource
import subprocess
import time
import unittest

from tool import QUARTET, ToolTest, settings

V1 = pathlib.Path("/sys/fs/cgroup/cpu")
V2 = pathlib.Path("/sys/fs/cgroup")


class Quota:
    """A control group with half a processor, which it has before others, however busy the machine is."""

    def __init__(self):
        name = f"quartet-doctor-test-{os.getpid()}"
        if (V1 / "cpu.cfs_period_us").exists():
            self.folder, self.limits = V1 / name, {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "50000", "cpu.shares": "262144"}
        else:
            self.folder, self.limits = V2 / name, {"cpu.max": "50000 100000", "cpu.weight": "10000"}

    def __enter__(self):
        try:
            self.folder.mkdir()
            for file, value in self.limits.items():
                (self.folder / file).write_text(value)
        except OSError as refused:
            self.__exit__()
            raise unittest.SkipTest(f"no control group can be made here: {refused}") from refused
        return self

    def __exit__(self, *_):
        for _ in range(1000):
            try:
                self.folder.rmdir()
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.05)  # the processes in it have not quite ended

    def enter(self):
        """For a child, before it becomes the program."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))


class Doctor(ToolTest):
    def doctor(self, *arguments, **more):
        done = self.quartet("doctor", "--rounds", 6, *arguments, **more)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assert_nothing_left()
        return done.stdout

    def test_every_part(self):
        text = self.doctor("--plain")
        self.assertTrue(text.isascii())
        for subject in ("processors", "quota", "frequency", "other programs", "steal", "memory pressure", "clock", "timers",
                        "memory", "open files", "temporary folder", "files of async", "memory of processes", "a task's record",
                        "heap tracing", "memory sampling", "noise, single", "noise, threads:", "MPI"):
            self.assertRegex(text, rf"(?m)^(ok  |note|mend)  {subject}\b")
        self.assertRegex(text, r"\n(fit for measuring|\d+ to mend)\n$")
        self.assertRegex(text, r"a task's record +\d+ ns, less than 1 % of any trial\n")

    def test_a_quota_of_half_a_processor_in_a_narrow_terminal(self):
        with Quota() as quota:
            lines = self.doctor(env={"COLUMNS": "60"}, preexec_fn=quota.enter).splitlines()
            self.assertLessEqual(max(map(len, lines)), 60)
            text = " ".join(" ".join(lines).split())
            self.assertRegex(text, r"mend processors 1 usable of \d")
            self.assertIn("mend quota 0.5 processors a control group's quota stops the run", text)

    def test_one_processor_and_few_files_in_a_wide_terminal(self):
        def limit():
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

        text = self.doctor(env={"COLUMNS": "120"}, preexec_fn=limit)
        self.assertRegex(text, r"mend  processors +1 usable of \d")
        self.assertIn("noise, threads:1 ", text)
        self.assertRegex(text, r"mend  open files +256\n")
        self.assertLessEqual(max(map(len, text.splitlines())), 120)

    def test_a_plug_in_that_is_not_there(self):
        text = self.doctor("--plain", env={"QUARTET_MPI_PLUGIN": "/nowhere/x.so", "COLUMNS": "120"})
        self.assertRegex(text, r"mend  MPI +none that can be loaded\n +QUARTET_MPI_PLUGIN is '/nowhere/x.so', where no file is\n")
        self.assertNotIn("launchers", text)

    def test_bad_input(self):
        self.assert_one_line(self.quartet("doctor", "--rounds", 5))
        self.assert_one_line(self.quartet("doctor", "now"))


class RunUnderLimits(ToolTest):
    def machine(self, **more):
        report = self.folder / "r.json"
        done = self.quartet("run", "power", "--models", "threads,processes", "--set", "power.base=200000", "--json", report, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, json.loads(report.read_text())

    def test_defaults_follow_a_quota(self):
        with Quota() as quota:
            text, document = self.machine(preexec_fn=quota.enter)
        self.assertEqual(document["machine"]["usable_cpus"], 1)
        self.assertEqual(document["machine"]["cpu_quota"], 0.5)
        self.assertEqual([each["spec"] for each in document["results"]], ["threads:1", "processes:1"])
        self.assertGreater(document["conditions"]["throttled_seconds"], 0)
        self.assertIn("a quota kept the run from running for", " ".join(text.split()))

    def test_defaults_follow_taskset(self):
        report = self.folder / "r.json"
        subprocess.run(["taskset", "-c", str(min(os.sched_getaffinity(0))), QUARTET, "run", "power", "--models", "threads", "--rounds", "1",
                        *map(str, settings(["power"])), "--json", report, "--quiet"], check=True, env=self.environment())
        document = json.loads(report.read_text())
        self.assertEqual(document["machine"]["usable_cpus"], 1)
        self.assertEqual(document["results"][0]["spec"], "threads:1")


if __name__ == "__main__":
    unittest.main()
