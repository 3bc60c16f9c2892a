#!/usr/bin/python3
"""Files on the command line that are pipes: read once, to their end, and used by every trial."""

import os
import pathlib
import signal
import subprocess
import threading
import unittest

from tool import LIMIT, QUARTET, ToolTest, wait_until

COMMAND = ("command", "--set", "command.line=echo", "--models", "single,threads:2")


class Pipes(ToolTest):
    def setUp(self):
        super().setUp()
        self.inputs = "".join(f"input {n}\n" for n in range(20))
        self.file = self.folder / "inputs"
        self.file.write_text(self.inputs)

    def fifo(self, text=None):
        """One with a writer, if there is something to write."""
        path = self.folder / f"fifo-{len(os.listdir(self.folder))}"
        os.mkfifo(path)
        if text is not None:
            writer = threading.Thread(target=lambda: path.write_text(text))
            writer.start()
            self.addCleanup(writer.join)
        return path

    def pipe(self, text):
        """What <(…) of a shell gives."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)

        def write():
            with os.fdopen(writer, "w") as file:
                file.write(text)

        thread = threading.Thread(target=write)
        thread.start()
        self.addCleanup(thread.join)
        return reader

    def answers(self, *arguments, **more):
        _, document = self.results(*arguments, **more)
        return {each["checksum"] for each in document["results"]}

    def test_inputs_come_from_any_pipe(self):
        expected = self.answers(*COMMAND, "--inputs", self.file)
        self.assertEqual(len(expected), 1)
        reader = self.pipe(self.inputs)
        self.assertEqual(self.answers(*COMMAND, "--inputs", f"/dev/fd/{reader}", pass_fds=[reader]), expected)
        self.assertEqual(self.answers(*COMMAND, "--inputs", "/dev/stdin", stdin=self.pipe(self.inputs)), expected)
        self.assertEqual(self.answers(*COMMAND, "--inputs", "-", stdin=self.pipe(self.inputs)), expected)
        self.assertEqual(self.answers(*COMMAND, "--inputs", self.fifo(self.inputs)), expected)
        self.assertEqual(self.answers(*COMMAND, "--set", f"command.inputs={self.fifo(self.inputs)}"), expected)
        with open(self.file) as stdin:
            self.assertEqual(self.answers(*COMMAND, "--inputs", "/dev/stdin", stdin=stdin), expected)

    def test_a_pipe_that_holds_nothing_is_said_to(self):
        done = self.quartet("run", *COMMAND, "--inputs", self.fifo(""))
        self.assertEqual(done.returncode, 2)
        self.assertIn("holds no input", done.stderr)

    def test_a_table_comes_from_any_pipe(self):
        table = "a,b\n" + "".join(f"{n},\"x, {n}\"\n" for n in range(1000))
        (self.folder / "table").write_text(table)
        csv = ("csv", "--models", "single,threads:2,async")
        expected = self.answers(*csv, "--set", f"csv.file={self.folder / 'table'}")
        self.assertEqual(len(expected), 1)
        reader = self.pipe(table)
        self.assertEqual(self.answers(*csv, "--set", f"csv.file=/dev/fd/{reader}", pass_fds=[reader]), expected)
        self.assertEqual(self.answers(*csv, "--set", f"csv.file={self.fifo(table)}"), expected)

    def test_sweep_check_and_advise_read_pipes_too(self):
        for command, more in (("sweep", ("--workers", "1,2", "--rounds", 1)), ("check", ()), ("advise", ())):
            with self.subTest(command=command):
                done = self.quartet(command, *COMMAND[:3], *more, "--inputs", self.fifo(self.inputs))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_waiting_for_a_writer_is_ended_by_signals(self):
        fifo = self.fifo()
        csv = ("csv", "--set", f"csv.file={fifo}")
        for arguments in (("run", *COMMAND, "--inputs", fifo), ("run", *csv), ("run", "sleep", "--baseline", fifo),
                          ("sweep", *COMMAND[:3], "--inputs", fifo), ("check", *COMMAND[:3], "--inputs", fifo),
                          ("advise", *COMMAND[:3], "--inputs", fifo)):
            for number in (signal.SIGINT, signal.SIGTERM):
                with self.subTest(arguments=arguments, signal=number.name):
                    started = self.start(*arguments)
                    self.assertTrue(wait_until(lambda: self.waits_for(started, fifo)))
                    os.killpg(started.pid, number)
                    self.assertEqual(started.wait(timeout=LIMIT), 128 + number)
                    self.assert_nothing_left()

    @staticmethod
    def waits_for(started, file):
        try:
            return any(os.readlink(each) == str(file)
                       for each in pathlib.Path("/proc", str(started.pid), "fd").iterdir())
        except OSError:
            return False

    def test_the_file_size_limit_is_an_error_and_no_death(self):
        limited = f"ulimit -f 2000; exec {QUARTET} run csv --models single --rounds 1"
        done = subprocess.run(["sh", "-c", limited], env=self.environment(), cwd=self.folder, capture_output=True,
                              encoding="utf-8", timeout=LIMIT)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("File too large", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
