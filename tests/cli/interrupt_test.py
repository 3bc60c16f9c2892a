"""Ctrl-C, SIGTERM, and the runner's sudden death: nothing is left, and reports are whole or untouched.

The bounds are generous; set QUARTET_REPORT_TIMES to see how long each end took.
"""

import json
import os
import pty
import signal
import time
import unittest

from tool import LIMIT, ToolTest, has_query, wait_until

MODELS = ["single", "processes:2", "threads:3", "threads:each", "processes:each", "async:5", "async:each"]

GENEROUS = 45.0  # seconds, half of what the work takes; the promise is one, where the machine is not busy

LONG = {
    "sleep": ["sleep", "--set", "sleep.scale=10"],
    "fetch": ["fetch", "--set", "fetch.count=50"],  # with the url of a slow server
    "append": ["append", "--set", "append.factor=1000000"],
    "power": ["power", "--set", "power.base=100000000"],
    "files": ["files", "--set", "files.count=10000000"],
    "csv": ["csv", "--set", "csv.rows=3000000"],
    "echo": ["echo", "--set", "echo.delay=60", "--set", "echo.timeout=3600"],
    "query": ["query", "--set", "query.delay=60", "--set", "query.timeout=3600"],
    "command": ["command", "--set", "command.line=sleep 100; echo {}"],
}

if not has_query():
    del LONG["query"]


class Interrupts(ToolTest):
    def setUp(self):
        super().setUp()
        self.reports = {flag: self.folder / f"report.{flag}" for flag in ("json", "csv", "markdown")}
        for file in self.reports.values():
            file.write_text("old")

    def start_long(self, workload, *more):
        arguments = list(LONG[workload])
        if workload == "fetch":
            arguments += ["--set", f"fetch.url={self.serve('--latency', 60000)}/page"]
        if workload == "query":  # its server's user gets to its files, which are then in TMPDIR
            for folder in (self.folder, self.tmp):
                folder.chmod(0o711)
        if workload == "command":
            (self.folder / "inputs").write_text("a\nb\nc\nd\n")
            arguments += ["--inputs", self.folder / "inputs"]
        for flag, file in self.reports.items():
            arguments += [f"--{flag}", file]
        return self.start("run", *arguments, *more)

    def in_the_middle(self):
        """A trial has its folder, and time to get going in it."""
        self.assertTrue(wait_until(lambda: list(self.tmp.glob("quartet-*/trial-*"))), "no trial has begun")
        time.sleep(0.25)

    def check_end(self, started, code, began, what, says=b""):
        output, errors = started.communicate(timeout=LIMIT)
        took = time.monotonic() - began
        if "QUARTET_REPORT_TIMES" in os.environ:
            print(f"{what}: {took * 1000:.0f} ms", flush=True)
        self.assertEqual(started.returncode, code, errors)
        self.assertLess(took, GENEROUS)
        self.assertEqual(output, b"")
        self.assertIn(says, errors)
        if not says:
            self.assertEqual(errors, b"")
        self.assert_nothing_left()
        self.check_reports()

    def check_reports(self):
        for file in self.reports.values():
            self.assertEqual(file.read_text(), "old")
        kept = {file.name for file in self.reports.values()} | {"tmp", "inputs"}
        self.assertLessEqual(set(os.listdir(self.folder)), kept, "no partial file")

    def interrupt(self, workload, *more, with_signal=signal.SIGINT):
        started = self.start_long(workload, *more)
        self.in_the_middle()
        self.assertIsNone(started.poll())
        began = time.monotonic()
        os.killpg(started.pid, with_signal)  # as a terminal does
        self.check_end(started, 128 + with_signal, began, f"{with_signal.name} {workload} {' '.join(more)}",
                       b"each of the 4 commands runs" if workload == "command" else b"")


class CtrlC(Interrupts):
    def test_sleeping_under_each_model(self):
        for model in MODELS:
            with self.subTest(model=model):
                self.interrupt("sleep", "--models", model)

    def test_each_workload(self):
        for workload in LONG:
            for model in ("processes:2", "async:5"):
                with self.subTest(workload=workload, model=model):
                    self.interrupt(workload, "--models", model)

    def test_a_blocking_fetch(self):
        self.interrupt("fetch", "--models", "threads:3")

    def test_commands_of_threads(self):
        self.interrupt("command", "--models", "threads:3")

    def test_commands_that_ignore_it_and_have_left_their_group(self):
        (self.folder / "inputs").write_text("a\n")
        for model in ("single", "processes:2", "async:5"):
            with self.subTest(model=model):
                line = "trap '' INT TERM; setsid sh -c \"trap '' INT TERM; echo > $TMPDIR/../begun; sleep 60; sleep 60\"; echo {}"
                started = self.start("run", "command", "--set", f"command.line={line}", "--inputs", self.folder / "inputs",
                                     "--models", model, "--quiet")
                self.assertTrue(wait_until((self.folder / "begun").exists))
                (self.folder / "begun").unlink()
                began = time.monotonic()
                os.killpg(started.pid, signal.SIGINT)
                self.check_end(started, 130, began, f"SIGINT stubborn {model}")

    def test_while_standard_input_is_read(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        started = self.start("run", "command", "--set", "command.line=echo", "--inputs", "-", stdin=reader)
        os.close(reader)
        self.assertTrue(wait_until(lambda: os.listdir(self.tmp)))
        began = time.monotonic()
        os.killpg(started.pid, signal.SIGINT)
        self.check_end(started, 130, began, "SIGINT standard input")

    def test_typed_at_a_terminal(self):
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(self.folder)
            program = os.environ["QUARTET"]
            os.execve(program, [program, "run", *LONG["sleep"]], self.environment())
        try:
            self.in_the_middle()
            began = time.monotonic()
            os.write(terminal, b"\x03")
            status = wait_until(lambda: self.status_of(process, terminal))
            self.assertIsNotNone(status, "it does not end")
            self.assertLess(time.monotonic() - began, GENEROUS)
            self.assertEqual(status, 130)
        finally:
            os.close(terminal)
        self.assert_nothing_left()

    @staticmethod
    def status_of(process, terminal):
        os.set_blocking(terminal, False)
        try:
            os.read(terminal, 65536)  # a full terminal would hold it up
        except OSError:
            pass
        ended, status = os.waitpid(process, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if ended else None


class CutShort(ToolTest):
    """A run that is stopped keeps what it has measured."""

    def start_rounds(self):
        self.report = self.folder / "r.json"
        started = self.start("run", "sleep", "--rounds", 10000, "--models", "single,threads", "--set", "sleep.scale=0.0001",
                             "--json", self.report)
        self.assertTrue(wait_until(self.report.exists), "nothing is written as it comes")
        return started

    def rounds(self):
        document = json.loads(self.report.read_text())
        return document["conditions"]["stopped_by"], [len(each["trials"]) - 1 for each in document["results"]]

    def test_by_ctrl_c(self):
        started = self.start_rounds()
        os.killpg(started.pid, signal.SIGINT)
        output, errors = started.communicate(timeout=LIMIT)
        self.assertEqual((started.returncode, errors), (130, b""))
        self.assertRegex(output.decode(), r"(?s)sleep  26 tasks\n.*\ncut short in round \d+ of 10000\n")
        stopped_by, rounds = self.rounds()
        self.assertEqual(stopped_by, "interrupt")
        self.assertGreater(min(rounds), 0)
        self.assert_nothing_left()

    def test_by_sudden_death(self):
        started = self.start_rounds()
        started.kill()
        started.communicate()
        stopped_by, rounds = self.rounds()
        self.assertEqual(stopped_by, "", "it was under way")
        self.assertGreater(max(rounds), 0)
        self.assertTrue(wait_until(lambda: not self.processes()))


class OtherSignals(Interrupts):
    def test_terminate(self):
        for model in ("processes:2", "async:5"):
            with self.subTest(model=model):
                self.interrupt("sleep", "--models", model, with_signal=signal.SIGTERM)

    def test_hang_up(self):
        self.interrupt("power", "--models", "threads:3", with_signal=signal.SIGHUP)

    def test_only_the_runner_is_told(self):
        started = self.start_long("power", "--models", "processes:each")
        self.in_the_middle()
        began = time.monotonic()
        started.terminate()
        self.check_end(started, 143, began, "SIGTERM to the runner only")


class SuddenDeath(Interrupts):
    """SIGKILL gives the runner no chance, but what it started notices."""

    def test_nothing_runs_on(self):
        for workload in LONG:
            for model in ("single", "processes:2", "processes:each", "async:5"):
                with self.subTest(workload=workload, model=model):
                    self.kill(workload, model)

    def kill(self, workload, model):
        started = self.start_long(workload, "--models", model)
        self.in_the_middle()
        self.assertTrue(self.processes())
        began = time.monotonic()
        started.kill()
        started.communicate()
        left = wait_until(lambda: not self.processes(), limit=GENEROUS)
        if "QUARTET_REPORT_TIMES" in os.environ:
            print(f"SIGKILL {workload} {model}: {(time.monotonic() - began) * 1000:.0f} ms", flush=True)
        self.assertTrue(left, f"still running: {self.processes()}")
        self.check_reports()
        cleaned = self.quartet("clean")
        self.assertEqual(cleaned.returncode, 0, cleaned.stderr)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
