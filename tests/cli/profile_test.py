"""`quartet profile`: programs of known nature are named, and wrong use is said."""

import os
import signal
import subprocess
import time
import unittest

from tool import LIMIT, QUARTET, ToolTest, wait_until

PYTHON = "/usr/bin/python3"
BUSY = "import time\nend = time.monotonic() + 2\nwhile time.monotonic() < end: pass"


class Profile(ToolTest):
    def kind(self, *command, options=(), code=0):
        """The kind that is named, and the whole text."""
        done = self.quartet("profile", *options, "--", *command)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assert_nothing_left()
        return done.stderr.splitlines()[0].split(":")[0], " ".join(done.stderr.split())

    def test_a_busy_loop(self):
        kind, text = self.kind(PYTHON, "-c", BUSY)
        self.assertEqual(kind, "CPU-bound", text)
        self.assertIn("computing", text)

    def test_sleep(self):
        kind, text = self.kind("sleep", "3")
        self.assertEqual(kind, "sleeping", text)

    def test_a_slow_server(self):
        url = self.serve("--latency", "300")
        script = f"import urllib.request\nfor _ in range(5): urllib.request.urlopen('{url}/page').read()"
        kind, text = self.kind(PYTHON, "-c", script)
        self.assertEqual(kind, "slow I/O", text)

    def test_threads_that_fight_for_a_lock(self):
        kind, text = self.kind(os.environ["LOCK_FIGHT"])
        self.assertEqual(kind, "lock-bound", text)

    def test_children_are_watched_too(self):
        kind, text = self.kind("sh", "-c", f"{PYTHON} -c '{BUSY}'; true")
        self.assertEqual(kind, "CPU-bound", text)
        self.assertIn("python3", text)

    def test_a_program_that_runs(self):
        busy = subprocess.Popen([PYTHON, "-c", BUSY.replace("2", "30")])
        self.addCleanup(busy.wait)
        self.addCleanup(busy.kill)
        done = self.quartet("profile", "--pid", busy.pid, "--for", "1s")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertTrue(done.stdout.startswith("CPU-bound"), done.stdout)
        self.assertIsNone(busy.poll(), "it goes on")

    def test_it_costs_little(self):
        _, text = self.kind("sleep", "2")
        self.assertRegex(text, r"Watching took [01]\.\d % of a processor")

    def test_the_end_of_a_program_is_said(self):
        _, text = self.kind("sh", "-c", "sleep 1; exit 3", code=3)
        self.assertIn("Its exit code was 3.", text)

    def test_the_exit_code_is_the_programs(self):
        for line, code in (("sleep 2", 0), ("sleep 0.5; exit 3", 3), ("sleep 0.5; kill -SEGV $$", 128 + signal.SIGSEGV),
                           ("exit 3", 3), ("kill -KILL $$", 128 + signal.SIGKILL)):
            with self.subTest(line=line):
                done = self.quartet("profile", "--", "sh", "-c", line)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assert_nothing_left()

    def test_the_exit_code_is_known_though_children_are_not_waited_for(self):
        done = subprocess.run(["env", "--ignore-signal=CHLD", QUARTET, "profile", "--", "sh", "-c", "sleep 2; exit 3"],
                              env=self.environment(), capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("Its exit code was 3.", " ".join(done.stderr.split()))

    STUBBORN = ("trap '' TERM; sleep 100 & (trap '' TERM; setsid sh -c \"trap '' TERM; echo > begun; sleep 100; sleep 100\" &) ;"
                " sleep 100; sleep 100")

    def test_at_its_limit_a_program_is_ended_with_all_it_started(self):
        for line in ("sleep 100 & wait", self.STUBBORN):
            with self.subTest(line=line):
                began = time.monotonic()
                done = self.quartet("profile", "--for", "1s", "--", "sh", "-c", line)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertLess(time.monotonic() - began, 90)
                self.assert_nothing_left()

    def test_interrupted_it_ends_the_program_with_all_it_started(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                (self.folder / "begun").unlink(missing_ok=True)
                started = self.start("profile", "--", "sh", "-c", self.STUBBORN)
                self.assertTrue(wait_until((self.folder / "begun").exists))
                os.kill(started.pid, number)
                started.communicate(timeout=LIMIT)
                self.assertEqual(started.returncode, 128 + number)
                self.assert_nothing_left()

    def test_what_a_program_leaves_behind_by_itself_stays(self):
        done = self.quartet("profile", "--", "sh", "-c", "sleep 100 >/dev/null 2>&1 & sleep 2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.processes()), 1)

    def test_a_program_time_to_clean_up(self):
        # A busy machine may have it begin late, or not end in the second that it has for that.
        for limit in ("0.5s", "5s", "50s"):
            self.quartet("profile", "--for", limit, "--", "sh", "-c", "trap 'sleep 0.2; echo > cleaned; exit' TERM; sleep 100 & wait")
            if (self.folder / "cleaned").exists():
                return
        self.fail("it was not cleaned")

    def test_an_ignored_hangup_stays_so(self):
        done = subprocess.run(["nohup", QUARTET, "profile", "--", "sh", "-c", "kill -HUP $PPID; kill -HUP $$; sleep 0.5; exit 4"],
                              env=self.environment(), capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(done.returncode, 4, done.stderr)

    def test_ended_at_once(self):
        done = self.quartet("profile", "--", "true")
        self.assert_one_line(done, code=1)
        self.assertIn("give it more to do", done.stderr)

    def test_wrong_use(self):
        for arguments, because in ((["--", "no-such-program"], "No such file"), ([], "nothing to watch"),
                                   (["--pid", "1", "--", "true"], "leave out either"),
                                   (["--pid", "4194303"], "No such process"), (["--for", "x", "--", "true"], "--for")):
            with self.subTest(arguments=arguments):
                done = self.quartet("profile", *arguments)
                self.assert_one_line(done)
                self.assertIn(because, done.stderr)

    @unittest.skipIf(os.geteuid() != 0, "only root can become somebody else")
    def test_without_permission_only_computing_is_known(self):
        for command, code, said in ((["sleep", "30"], 1, "what for is not to be seen"),
                                    ([PYTHON, "-c", BUSY.replace("2", "30")], 0, "")):
            program = subprocess.Popen(command)
            self.addCleanup(program.wait)
            self.addCleanup(program.kill)
            done = self.quartet("profile", "--pid", program.pid, "--for", "1s", **self.without_privileges())
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(said, done.stderr)
            if code == 0:
                self.assertTrue(done.stdout.startswith("CPU-bound"), done.stdout)


if __name__ == "__main__":
    unittest.main()
