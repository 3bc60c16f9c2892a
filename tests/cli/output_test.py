"""What goes where: table and sentences on standard output, progress on a terminal's standard error, logs."""

import fcntl
import json
import os
import pty
import re
import resource
import select
import struct
import subprocess
import termios
import time
import unittest

from tool import LIMIT, QUARTET, ToolTest, settings

ESCAPE = "\x1b"


class AtATerminal(ToolTest):
    def at_terminal(self, *arguments, width=100, env=None, split=False):
        """What both streams show on a terminal; with `split` standard output is a pipe, and is returned too."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        started = self.start(*arguments, stdin=theirs, stdout=subprocess.PIPE if split else theirs, stderr=theirs, env=env)
        os.close(theirs)
        shown = self.read_all(ours)
        os.close(ours)
        output = started.stdout.read().decode() if split else None
        self.assertEqual(started.wait(timeout=LIMIT), 0)
        return (shown, output) if split else shown

    def read_all(self, terminal, limit=LIMIT):
        end = time.monotonic() + limit
        shown = b""
        while time.monotonic() < end:
            if select.select([terminal], [], [], 1)[0]:
                try:
                    shown += os.read(terminal, 65536)
                except OSError:  # the other side is closed: the end
                    return shown.decode()
        return self.fail("no end")

    def small(self, *more):
        return ["run", "sleep", *settings(["sleep"]), *more]

    def test_colours(self):
        self.assertIn(ESCAPE + "[1;32m", self.at_terminal(*self.small()))

    def test_no_colours_when_they_are_not_wanted(self):
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            shown = self.at_terminal(*self.small(), env=env)
            self.assertNotRegex(shown, ESCAPE + r"\[[0-9;]*m")
            self.assertIn("sleep", shown)

    def test_an_empty_no_color_does_not_count(self):
        self.assertIn(ESCAPE + "[1;32m", self.at_terminal(*self.small(), env={"NO_COLOR": ""}))

    def test_progress_with_the_time_left(self):
        shown, output = self.at_terminal("run", "sleep", "--set", "sleep.scale=0.005", "--models", "single,async", split=True)
        self.assertRegex(shown, r"warm-up  sleep (single|async:26)\r")
        self.assertRegex(shown, r"warm-up  sleep (single|async:26)  \d+ s left at the most")
        for model in ("single", "async:26"):
            self.assertEqual(len(re.findall(rf"round 1 of 1  sleep {model}", shown)), 1)
            self.assertEqual(len(re.findall(rf"warm-up  sleep {model}", shown)), 1)
        self.assertTrue(shown.endswith("\r" + ESCAPE + "[K"), "the line is taken away")
        self.assertNotIn(ESCAPE, output)
        self.assertNotIn("left", output)

    def test_progress_fits_the_terminal(self):
        shown = self.at_terminal(*self.small(), width=20)
        lines = re.findall(r"\x1b\[K((?:round|warm-up)[^\r\n]*)", shown)
        self.assertEqual(len(lines), 8)
        for line in lines:
            self.assertLess(len(line), 20)

    def test_logs_instead_of_progress(self):
        shown = self.at_terminal(*self.small("--log"))
        self.assertNotIn("round 1", shown)
        self.assertIn("Response A: starting", shown)

    def test_the_terminal_gives_the_width(self):
        for width in (45, 60, 80, 120, 200):
            shown = self.at_terminal(*self.small(), width=width, env={"NO_COLOR": "1"})
            table = shown.rsplit(ESCAPE + "[K", 1)[1]
            self.assertLessEqual(max(map(len, table.splitlines())), width)


class InAPipe(ToolTest):
    def small(self, *more, **options):
        done = self.quartet("run", "sleep", "power", *settings(["sleep", "power"]), *more, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_only_bars_and_sentences(self):
        done = self.small("--rounds", 2)
        self.assertEqual(done.stderr, "")
        self.assertNotIn(ESCAPE, done.stdout)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0].split(), ["time", "CPU", "heap", "memory"])
        self.assertEqual(lines[1], "sleep  26 tasks")
        self.assertRegex(lines[2], r"^[ *] single +\S+ (s|ms|µs) +±\S+ %  █+")
        self.assertRegex(done.stdout, r"\nsleep: .* leads?[ ,\n]")
        self.assertIn("after 2 rounds; it takes 8 to be sure.", " ".join(done.stdout.split()))
        self.assertIn("The Python study found: ", done.stdout)

    def test_plain_is_a_table_in_ascii(self):
        done = self.small("--plain")
        self.assertTrue(done.stdout.isascii())
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0].split(), ["time", "CPU", "heap", "memory"])
        self.assertEqual(lines[1], "sleep  26 tasks")
        self.assertRegex(lines[2], r"^[ *] single +\S+ (s|ms|us)( +\+-\S+ %)? +\S+ (s|ms|us) +\S+ +\S+M$")
        self.assertRegex(done.stdout, r"\nsleep: .* leads?[ ,\n]")

    def test_quiet_says_nothing_and_writes_the_reports(self):
        report = self.folder / "r.json"
        done = self.small("--quiet", "--json", report)
        self.assertEqual((done.stdout, done.stderr), ("", ""))
        self.assertEqual(len(json.loads(report.read_text())["results"]), 8)
        self.assertEqual(self.quartet("run", "sleep", "-q", "--plain").returncode, 2)

    def test_columns_gives_the_width(self):
        for width in (60, 80, 120, 200):
            with self.subTest(width=width):
                lines = self.small(env={"COLUMNS": str(width)}).stdout.splitlines()
                self.assertLessEqual(max(map(len, lines)), width)
                lines = self.small("--plain", env={"COLUMNS": str(width)}).stdout.splitlines()
                self.assertLessEqual(max(map(len, lines)), width)

    def test_ascii_where_the_locale_is(self):
        done = self.small("--rounds", 2, env={"LANG": None, "LC_ALL": "C"})
        self.assertTrue(done.stdout.isascii(), done.stdout)
        self.assertIn("+-", done.stdout)
        self.assertTrue(self.quartet("list", env={"LANG": None, "LC_ALL": "C"}).stdout.isascii())

    def test_a_report_on_standard_output(self):
        for name in ("-", "/dev/stdout"):
            done = self.small("--json", name)
            self.assertEqual(json.loads(done.stdout)["schema"], "quartet/results/2")
            self.assertIn("memory", done.stderr, "the table goes out of its way")

    def test_a_reader_that_goes_away(self):
        """No hang, no traceback, and the report is written all the same."""
        report = self.folder / "r.json"
        for reader in ("head -1", "true"):
            command = f"'{QUARTET}' run sleep --models single --set sleep.scale=0 --json '{report}' | {reader}"
            done = subprocess.run(["bash", "-o", "pipefail", "-c", command], env=self.environment(), capture_output=True,
                                  text=True, timeout=LIMIT, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(json.loads(report.read_text())["quartet"].count("."), 2)
            report.unlink()
            self.assert_nothing_left()

    def test_a_full_disk_under_standard_output(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = self.quartet("run", "sleep", "--models", "single", "--set", "sleep.scale=0", stdout=full)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left on device", done.stderr)
        self.assert_nothing_left()

    def test_a_full_disk_under_every_standard_output(self):
        for command in (["list"], ["--help"], ["completion", "bash"], ["generate", "csv", "--rows", "10"]):
            with self.subTest(command=command), open("/dev/full", "w", encoding="utf-8") as full:
                done = self.quartet(*command, stdout=full)
                self.assertEqual(done.returncode, 1)
                self.assertIn("No space left on device", done.stderr)

    def test_a_limit_on_file_sizes_is_an_error_and_no_signal(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (64, resource.RLIM_INFINITY))

        run = ["run", "sleep", "--models", "single,processes:2", "--set", "sleep.scale=0"]
        for command in ([*run, "--json", self.folder / "report.json"], run, ["list"], ["generate", "csv", "--rows", "100"]):
            with self.subTest(command=command), open(self.folder / "output", "w", encoding="utf-8") as output:
                done = self.quartet(*command, stdout=output, preexec_fn=limit)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("File too large", done.stderr)
                self.assert_nothing_left()


class Logs(ToolTest):
    LINE = re.compile(r"\d\d:\d\d:\d\d: Response [A-Z]: (starting|finishing)")

    def test_the_seeds_lines_under_every_model(self):
        for model in ("single", "processes:2", "threads:3", "threads:each", "processes:each", "async:5", "async:each"):
            with self.subTest(model=model):
                done = self.quartet("run", "sleep", "--log", "--models", model, *settings(["sleep"]))
                self.assertEqual(done.returncode, 0)
                lines = done.stderr.splitlines()
                for line in lines:
                    self.assertRegex(line, self.LINE)
                for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
                    starts = sum(f"Response {letter}: starting" in line for line in lines)
                    ends = sum(f"Response {letter}: finishing" in line for line in lines)
                    self.assertEqual((starts, ends), (2, 2), "a warm-up and a round")

    def test_none_without_the_flag(self):
        self.assertEqual(self.quartet("run", "sleep", *settings(["sleep"])).stderr, "")


if __name__ == "__main__":
    unittest.main()
