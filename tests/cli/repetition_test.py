"""Commands are not run again and again unasked: how often is said first; and what became of them is said, with the input."""

import json
import os
import pty
import signal
import subprocess
import time
import unittest

from tool import LIMIT, QUARTET, ToolTest, wait_until


class Commands(ToolTest):
    def setUp(self):
        super().setUp()
        self.log = self.folder / "log"
        self.inputs = self.folder / "inputs"
        self.inputs.write_text("a\nb\n")

    def command(self, what, *more, line=None, **settings):
        """The command line of a tool's command that runs `echo` into a log."""
        line = line or f"echo {{}} >> {self.log}"
        return [what, "command", "--set", f"command.line={line}", "--inputs", self.inputs, *more]

    def quartet_as_typed(self, *arguments):
        """Without the rounds that tests usually ask for."""
        return subprocess.run([QUARTET, *map(str, arguments)], env=self.environment(), cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT)

    def times(self):
        """How often the first command was run."""
        return self.log.read_text().count("a\n") if self.log.exists() else 0

    def at_a_terminal(self, answer, *arguments):
        """What is shown there, and the exit code."""
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(self.folder)
            os.execve(QUARTET, [QUARTET, *map(str, arguments)], self.environment())
        shown = b""
        answered = False
        with os.fdopen(terminal, "rb+", buffering=0) as screen:
            while True:
                try:
                    piece = screen.read(65536)
                except OSError:
                    break  # its other side is closed
                if not piece:
                    break
                shown += piece
                if not answered and b"[y/N] " in shown:
                    answered = True
                    screen.write(answer)
        _, status = os.waitpid(process, 0)
        return shown.decode(), os.waitstatus_to_exitcode(status)


class HowOften(Commands):
    def test_without_a_terminal_it_is_asked_for(self):
        for what, says in (("run", "each of the 2 commands runs 36 times: 4 models x (1 warm-up + 8 rounds)"),
                           ("sweep", "each of the 2 commands runs ")):
            done = self.quartet_as_typed(*self.command(what))
            self.assert_one_line(done)
            self.assertIn(says, done.stderr)
            self.assertIn("--rounds", done.stderr)
            self.assertIn("--yes", done.stderr)
        self.assertEqual(self.times(), 0)

    def test_who_says_how_often_is_told_what_comes_of_it(self):
        for more, times, says in ((["--rounds", 2], 12, "12 times: 4 models x (1 warm-up + 2 rounds)"),
                                  (["--rounds", 2, "--warmup", 0], 8, "8 times: 4 models x 2 rounds"),
                                  (["--rounds", 1, "--models", "single", "--html", "r.html"], 3,
                                   "3 times: 1 model x (1 warm-up + 1 round + 1 for pictures)"),
                                  (["--yes", "--models", "async:2"], 9, "9 times: 1 model x (1 warm-up + 8 rounds)")):
            with self.subTest(more=more):
                done = self.quartet_as_typed(*self.command("run", *more))
                self.assertEqual((done.returncode, done.stderr), (0, f"each of the 2 commands runs {says}\n"))
                self.assertGreaterEqual(self.times(), times)
                self.assertLessEqual(self.times(), times + 4, "one whose heap cost time to trace may run again")
                self.log.unlink()

    def test_a_budget_or_a_precision_says_up_to_how_often(self):
        for more in (["--budget", "1ms"], ["--precision", "50%"]):
            done = self.quartet_as_typed(*self.command("run", *more, "--models", "single"))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("runs up to ", done.stderr)

    def test_once_needs_no_word(self):
        once = ["--rounds", 1, "--warmup", 0, "--models", "single"]
        done = self.quartet_as_typed(*self.command("run", *once))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_quiet_is_quiet_but_not_unasked(self):
        done = self.quartet_as_typed(*self.command("run", "--rounds", 1, "--quiet"))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assert_one_line(self.quartet_as_typed(*self.command("run", "--quiet")))

    def test_other_workloads_are_not_commands(self):
        done = self.quartet_as_typed("run", "sleep", "--models", "single", "--set", "sleep.scale=0")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_single_input(self):
        self.inputs.write_text("\na\n")
        done = self.quartet_as_typed(*self.command("run", "--rounds", 1))
        self.assertEqual(done.stderr, "the command runs 8 times: 4 models x (1 warm-up + 1 round)\n")

    def test_check_and_advise_say_it(self):
        done = self.quartet_as_typed(*self.command("check", "--models", "threads:2", "--shuffles", 0, line="echo"))
        self.assertEqual((done.returncode, done.stderr),
                         (0, "each of the 2 commands runs 4 times: in several orders under each model\n"))
        done = self.quartet_as_typed(*self.command("check", "--quiet", "--models", "threads:2", "--shuffles", 0, line="echo"))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_at_a_terminal_it_asks(self):
        for what in ("run", "sweep", "check"):
            for answer in (b"\n", b"n\n", b"yess\n", b"\x04"):
                with self.subTest(what=what, answer=answer):
                    shown, code = self.at_a_terminal(answer, *self.command(what))
                    self.assertEqual(code, 2, shown)
                    self.assertIn("each of the 2 commands runs ", shown)
                    self.assertIn("nothing was run", shown)
        self.assertEqual(self.times(), 0)
        shown, code = self.at_a_terminal(b"y\n", *self.command("run", "--models", "single"))
        self.assertEqual(code, 0, shown)
        self.assertGreaterEqual(self.times(), 9)
        self.assert_nothing_left()

    def test_at_a_terminal_ctrl_c_is_no_yes(self):
        shown, code = self.at_a_terminal(b"\x03", *self.command("run"))
        self.assertEqual(code, 130, shown)
        self.assertEqual(self.times(), 0)
        self.assert_nothing_left()

    def test_at_a_terminal_who_said_it_is_not_asked(self):
        shown, code = self.at_a_terminal(b"", *self.command("run", "--rounds", 1, "--models", "single"))
        self.assertEqual(code, 0, shown)
        self.assertNotIn("[y/N]", shown)
        self.assertIn("each of the 2 commands runs 2 times", shown)


class Failing(Commands):
    LINE = "echo first of {} >&2; echo more >&2; exit 3"

    def assert_says_why(self, text):
        said = " ".join(text.split())
        for each in ("a", "b"):
            self.assertIn(f"'{each}': exited with code 3: first of {each}", said)

    def test_run_sweep_and_check_say_the_same(self):
        report, page = self.folder / "r.json", self.folder / "r.html"
        for what, more in (("run", ["--models", "single,async:2"]), ("sweep", ["--workers", "1,2"])):
            done = self.quartet_as_typed(*self.command(what, "--rounds", 1, "--json", report, "--html", page, *more, line=self.LINE))
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assert_says_why(done.stdout)
            self.assertIn("2 of 2 tasks failed", done.stdout)
            for each in json.loads(report.read_text())["results"]:
                self.assertEqual(sorted(each["failures"]), [f"task {i}: '{name}': exited with code 3: first of {name}"
                                                            for i, name in enumerate("ab")])
            self.assertIn("exited with code 3: first of a", page.read_text())
        done = self.quartet_as_typed(*self.command("check", "--models", "threads:2", line=self.LINE))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assert_says_why(done.stdout)
        self.assertIn("command single: 2 of 2 tasks failed", done.stdout)

    def test_check_says_what_fails_in_some_runs_only(self):
        line = f"mkdir {self.folder}/only-once-{{}} 2> /dev/null || {{ echo late {{}} >&2; exit 5; }}"
        done = self.quartet_as_typed(*self.command("check", "--models", "threads:2", line=line))
        self.assertEqual(done.returncode, 1, done.stderr)
        for each in ("a", "b"):
            self.assertIn(f"'{each}': exited with code 5: late {each}", done.stdout)

    def test_one_that_writes_too_much_or_takes_too_long(self):
        for setting, line, why in (("most_bytes=1000", "yes {}", "wrote more than 1000 bytes and was ended"),
                                   ("timeout=0.2", "sleep 60; echo {}", "took too long and was ended")):
            done = self.quartet_as_typed(*self.command("run", "--set", f"command.{setting}", "--rounds", 1, "--models",
                                                       "single,async:2", line=line))
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(f"'a': {why}", done.stdout)
            self.assert_nothing_left()


class Inherited(Commands):
    def test_children_are_waited_for_whatever_is_inherited(self):
        """Or no trial's processor time would be known, and it would be taken for that of others."""
        started = subprocess.Popen(["env", "--ignore-signal=CHLD", QUARTET, "run", "sleep", "--models", "single", "--set",
                                    "sleep.scale=1"], env=self.environment(), cwd=self.folder)
        self.addCleanup(self.kill_processes)
        try:
            self.assertTrue(wait_until(lambda: list(self.tmp.glob("quartet-*/trial-*"))))
            for process in [started.pid, *self.processes()]:
                with open(f"/proc/{process}/status", encoding="utf-8") as status:
                    ignored = next(int(line.split()[1], 16) for line in status if line.startswith("SigIgn"))
                self.assertFalse(ignored & 1 << (signal.SIGCHLD - 1))
        finally:
            started.terminate()
            started.wait()
        self.assert_nothing_left()

    def test_commands_end_as_usual(self):
        done = subprocess.run(["env", "--ignore-signal=CHLD", QUARTET, *map(str, self.command("run", "--rounds", 1, line="exit 3 # {}"))],
                              env=self.environment(), cwd=self.folder, capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("'a': exited with code 3", done.stdout)

    def test_what_a_trial_leaves_behind_in_another_group_is_ended(self):
        line = "setsid sleep 100 > /dev/null 2>&1 & echo {}"
        for model in ("single", "processes:2", "async:2"):
            done = self.quartet_as_typed(*self.command("run", "--rounds", 1, "--models", model, line=line))
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assert_nothing_left()

    def test_nohup(self):
        started = subprocess.Popen(["nohup", QUARTET, "run", "sleep", "--models", "single", "--rounds", "1", "--set", "sleep.scale=0.01"],
                                   env=self.environment(), cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(started.wait)
        self.addCleanup(started.kill)
        self.assertTrue(wait_until(lambda: list(self.tmp.glob("quartet-*/trial-*"))))
        started.send_signal(signal.SIGHUP)
        self.assertEqual(started.wait(timeout=LIMIT), 0)


if __name__ == "__main__":
    unittest.main()
