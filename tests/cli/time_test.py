"""`quartet time` from outside: command lines as rows, what is wrong with them, and how it ends."""

import csv
import fcntl
import json
import os
import pty
import signal
import struct
import termios
import unittest

from tool import LIMIT, QUARTET, ToolTest, wait_until


class Timing(ToolTest):
    def time(self, *arguments, code=0, rounds=3, **more):
        """Runs with --json; the run and its rows."""
        file = self.folder / "times.json"
        done = self.quartet("time", "--rounds", rounds, "--json", file, *arguments, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.document = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        return done, self.document and self.document["results"]

    def names(self, rows):
        return [row["spec"] for row in rows]


class Rows(Timing):
    def test_lines_are_rows_with_all_their_figures(self):
        done, rows = self.time("true", "sleep 0.3", rounds=8)
        self.assertEqual(self.names(rows), ["true", "sleep 0.3"])
        for row in rows:
            self.assertEqual((row["workload"], row["model"], row["verification"]), ("time", "command", ""))
            self.assertEqual([trial["round"] for trial in row["trials"]], [0, *range(1, 9)])
            self.assertEqual({trial["exit_code"] for trial in row["trials"]}, {0})
        self.assertGreaterEqual(rows[1]["wall_seconds"]["median"], 0.3)
        self.assertRegex(done.stdout, r"\n\* true ")
        self.assertIn("time: 'true' won, ", done.stdout)
        self.assertEqual(done.stderr, "")
        self.assert_nothing_left()

    def test_parameters_are_filled_in_everywhere_and_combine(self):
        _, rows = self.time("--scan", "level=1..3:2", "--list", "word=a,b c", "--prepare", "echo {level} >> levels",
                            "echo -n {word} {level}", "true", rounds=1)
        self.assertEqual(self.names(rows), ["echo -n a 1", "echo -n b c 1", "echo -n a 3", "echo -n b c 3",
                                            "true (level=1)", "true (level=3)"])
        self.assertEqual(rows[1]["parameters"], {"level": "1", "word": "b c"})
        levels = (self.folder / "levels").read_text().split()
        self.assertEqual((levels.count("1"), levels.count("3")), (6, 6), "warm-ups included")

    def test_names(self):
        _, rows = self.time("--name", "nothing", "-n", "n{n}", "--scan", "n=1..2", "true", "sleep 0.00{n}", "false || true", rounds=1)
        self.assertEqual(self.names(rows), ["nothing", "n1", "n2", "false || true"])

    def test_what_goes_before_and_after(self):
        log = self.folder / "log"
        self.time("--setup", f"echo setup >> {log}", "--prepare", f"echo prepare >> {log}", "--conclude", f"echo conclude >> {log}",
                  "--cleanup", f"echo cleanup >> {log}", f"echo run >> {log}", "--warmup", 0, rounds=2)
        self.assertEqual(log.read_text().split(), ["setup", *["prepare", "run", "conclude"] * 2, "cleanup"])

    def test_one_prepare_a_line(self):
        self.time("--prepare", "touch a", "--prepare", "touch b", "test -e a", "test -e b", rounds=1)

    def test_a_shell_only_where_it_is_needed(self):
        _, rows = self.time("true", "true | true", "find . -name {}", rounds=1)
        self.assertEqual([row["shell_seconds"] is None for row in rows], [True, False, True])
        _, rows = self.time("--shell", "/bin/sh -e", "false; true", "-i", rounds=1)
        self.assertEqual(rows[0]["trials"][0]["exit_code"], 1, "the shell's own options are kept")
        done, _ = self.time("--shell", "none", "true | true", code=2)
        self.assertEqual(done.stderr, "quartet time: --shell none: 'true | true' needs one\n")

    def test_input_and_output(self):
        (self.folder / "in").write_text("hello\n")
        self.time("--input", "in", "--output", "out", "cat", rounds=2)
        self.assertEqual((self.folder / "out").read_text(), "hello\n")
        done, _ = self.time("--output", "inherit", "echo seen", rounds=2)
        self.assertEqual(done.stdout.count("seen\n"), 3)
        self.time("--output", "pipe", "test -p /dev/stdout", rounds=1)
        self.time("test -c /dev/stdout", rounds=1)
        self.time("sh -c '! read line'", rounds=1)

    def test_the_order_and_the_rounds(self):
        _, rows = self.time("true", "sleep 0", "--time", "0.2s", "--seed", 1, rounds="6..20")
        self.assertIn(len(rows[0]["trials"]) - 1, range(6, 21))
        done = self.quartet("time", "sh -c 'echo a >> log'", "sh -c 'echo b >> log'", "--in-turn", "--rounds", 2, "--warmup", 0)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.folder / "log").read_text().split(), ["a", "a", "b", "b"])

    def test_left_processes_are_told(self):
        done, rows = self.time("sh -c 'sleep 1000 & :'", rounds=2)
        self.assertIn("left processes behind (sleep)", done.stdout.replace("\n    ", " "))
        self.assertEqual(rows[0]["trials"][0]["left_processes"], 1)


class Reports(Timing):
    def test_tables(self):
        self.time("--csv", "t.csv", "--markdown", "t.md", "true", "sleep 0.01", rounds=2)
        with open(self.folder / "t.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([(row["spec"], row["command"], row["model"]) for row in rows],
                         [("true", "true", "command"), ("sleep 0.01", "sleep 0.01", "command")])
        text = (self.folder / "t.md").read_text()
        self.assertRegex(text, r"\n\| command \| time \| .*\n\| --- \|.*\n\| true \| .* \| 1.00 \|.*\n\| sleep 0.01 \| ")

    def test_reports_to_standard_output(self):
        done = self.quartet("time", "true", "--rounds", 2, "--json", "-")
        self.assertEqual(json.loads(done.stdout)["results"][0]["spec"], "true")
        self.assertIn("true", done.stderr)

    def test_the_page(self):
        done = self.quartet("time", "true", "sleep 0.01", "--rounds", 2, "--html", "t.html")
        if "built without its report page" in done.stderr:
            self.skipTest(done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("sleep 0.01", (self.folder / "t.html").read_text(encoding="utf-8"))

    def test_a_baseline(self):
        self.time("sleep 0.02", "--name", "it", rounds=12)
        done = self.quartet("time", "sleep 0.4", "--name", "it", "--rounds", 12, "--baseline", "times.json", "--fail-above", "20%")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("slower", done.stdout)
        done = self.quartet("time", "sleep 0.02", "--name", "it", "--rounds", 12, "--baseline", "times.json", "--fail-above", "60%")
        self.assertIn(done.returncode, (0, 3), done.stdout + done.stderr)  # 3: the machine is too busy to tell

    def test_a_reference(self):
        done = self.quartet("time", "sleep 0.02", "sleep 0.1", "--rounds", 6, "--reference", "sleep 0.1", "--plain", env={"COLUMNS": "100"})
        self.assertRegex(done.stdout, r"\n. sleep 0.02 .* 0\.\d\d ")
        self.assertRegex(done.stdout, r"\n. sleep 0.1 .* 1\.00 ")

    def test_narrow_terminals_and_long_names(self):
        for width in (20, 40, 60, 80, 200):
            done = self.quartet("time", "true", "sleep 0.00" + 60 * "0", "--rounds", 6, env={"COLUMNS": str(width)})
            self.assertEqual(done.returncode, 0, done.stderr)
            table = done.stdout.split("\ntime:")[0]
            if width >= 40:
                self.assertLessEqual(max(map(len, table.splitlines())), width, table)
            self.assertIn("true", table)

    def test_no_colours_or_rewritten_lines_in_a_pipe(self):
        done = self.quartet("time", "true", "sleep 0.3", "--rounds", 2)
        self.assertNotIn("\033", done.stdout + done.stderr)
        self.assertNotIn("\r", done.stdout + done.stderr)

    def test_plain_is_ascii(self):
        self.assertTrue(self.quartet("time", "true", "sleep 0.001", "--rounds", 8, "--plain").stdout.isascii())

    def test_a_terminal_shows_the_progress_and_removes_it(self):
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(self.folder)
            os.execve(QUARTET, [QUARTET, "time", "sleep 0.3", "--rounds", "3"], self.environment())
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        shown = b""
        try:
            while piece := os.read(terminal, 4096):
                shown += piece
        except OSError:
            pass  # the other end is closed
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), 0)
        text = shown.decode()
        self.assertIn("round 2 of 3  sleep 0.3", text)
        self.assertRegex(text.split("\r\033[K")[-1], r"(?s)^.*time: median of 3 rounds")


class Failures(Timing):
    def refused(self, *arguments, says):
        with self.subTest(arguments=arguments):
            done = self.quartet("time", *arguments)
            self.assert_one_line(done)
            self.assertIn(says, done.stderr)

    def test_wrong_usage(self):
        self.refused(says="nothing to measure")
        self.refused("", says="it is empty")
        self.refused("echo 'a", says="is not closed")
        self.refused("true", "--scan", "level=1..3", says="no line has {level}")
        self.refused("true {n}", "--scan", "n=1", says="--scan: '1' is no range")
        self.refused("true {n}", "--scan", "n=1..2", "--list", "n=a", says="--list: 'n' is there twice")
        self.refused("true {n}", "--scan", "n=1..1001", says="more than 1000 values")
        self.refused("true {n}{m}", "--scan", "n=1..100", "--scan", "m=1..100", says="more than 1000 combinations")
        self.refused("true", "--prepare", "a", "--prepare", "b", says="--prepare: there are 2 for 1 lines")
        self.refused("true", "-n", "a", "-n", "b", says="--name: there are 2 for 1 line")
        self.refused("true", "--rounds", "0", says="--rounds: '0'")
        self.refused("true", "--rounds", "9..3", says="--rounds: '9..3'")
        self.refused("true", "--ignore-failure=x", says="--ignore-failure: 'x'")
        self.refused("true", "--limit", "x", says="--limit: 'x'")
        self.refused("true", "--input", "none", says="--input: cannot read 'none'")
        self.refused("true", "--input", ".", says="is a folder")
        self.refused("true", "--reference", "false", says="--reference: there is no row 'false'; there are 'true'")
        self.refused("true", "--json", "none/x", says="--json")
        self.refused("true", "--fail-above", "3%", says="no --baseline")
        self.refused("no-such-program-here", says="'no-such-program-here' can't be started: No such file or directory")
        self.refused("true", "--setup", "echo 'x", says="--setup: ")

    def test_a_failing_line(self):
        for line, how in [("false", "exited with code 1"), ("sh -c 'kill -SEGV $$'", "was killed by SIGSEGV"),
                          ("ls none", "exited with code 2: ls: cannot access 'none'"), ("nosuch | cat; exit 127", "exited with code 127")]:
            with self.subTest(line=line):
                done = self.quartet("time", "true", line)
                self.assert_one_line(done, code=1)
                self.assertIn(f"'{line}' {how}", done.stderr)

    def test_failures_that_are_ignored(self):
        done, rows = self.time("sh -c 'exit 3'", "--ignore-failure=2-3", rounds=2)
        self.assertIn("in every run it exited with code 3", done.stdout)
        self.time("sh -c 'exit 4'", "--ignore-failure=2-3", code=1)
        self.time("-i", "sh -c 'kill -KILL $$'", rounds=2)

    def test_what_was_measured_before_a_failure_is_kept(self):
        done, rows = self.time("true", "[ $QUARTET_ROUND -lt 3 ]; exit $?", code=1, rounds=10)
        self.assertIn("exited with code 1", done.stderr)
        self.assertIn("true", done.stdout)
        self.assertEqual(len(rows[1]["trials"]), 3)
        self.assertEqual(self.document["conditions"]["stopped_by"], "failure")

    def test_a_limit(self):
        for limit in (0.2, 2, 20):  # which the other one meets, too, on a busy machine
            done, rows = self.time("sleep 1000", "true", "--limit", f"{limit}s", code=1, rounds=2)
            self.assertIn(f"took longer than {limit} s", rows[0]["verification"])
            if len(rows[1]["trials"]) == 3:
                break
        self.assertEqual(len(rows[1]["trials"]), 3)
        self.assert_nothing_left()

    def test_a_line_that_wants_the_terminal_does_not_hang(self):
        process, terminal = pty.fork()
        if process == 0:
            os.execve(QUARTET, [QUARTET, "time", "cat /dev/tty"], self.environment())
        shown = b""
        try:
            while piece := os.read(terminal, 4096):
                shown += piece
        except OSError:
            pass
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), 1)
        self.assertIn(b"wanted the terminal", shown)


class Endings(Timing):
    def start_time(self, *arguments):
        return self.start("time", *arguments, "--cleanup", "touch cleaned")

    def test_ctrl_c_shows_what_has_been_measured(self):
        mark = self.folder / "mark"
        started = self.start_time(f"sh -c 'echo $QUARTET_ROUND > {mark}; sleep 0.01'", "--rounds", 10000, "--json", "t.json")
        self.assertTrue(wait_until(lambda: mark.exists() and mark.read_text().strip() not in ("", "0", "1", "2")))
        os.killpg(started.pid, signal.SIGINT)
        output, errors = started.communicate(timeout=LIMIT)
        self.assertEqual((started.returncode, errors), (130, b""))
        self.assertRegex(output.decode(), r"\ncut short in round \d+ of 10000\n")
        document = json.loads((self.folder / "t.json").read_text())
        self.assertEqual(document["conditions"]["stopped_by"], "interrupt")
        self.assertTrue((self.folder / "cleaned").exists())
        self.assert_nothing_left()

    def test_ctrl_c_before_anything_was_measured(self):
        mark = self.folder / "mark"
        started = self.start_time(f"touch {mark}; trap '' INT TERM; sleep 1000; sleep 1000")
        self.assertTrue(wait_until(mark.exists))
        os.killpg(started.pid, signal.SIGINT)
        output, errors = started.communicate(timeout=LIMIT)
        self.assertEqual((started.returncode, output), (130, b""))
        self.assertEqual(errors, b"quartet time: cut short before anything was measured\n")
        self.assertTrue(wait_until(lambda: not self.processes()))

    def test_terminate(self):
        mark = self.folder / "mark"
        started = self.start_time(f"touch {mark}; sleep 1000")
        self.assertTrue(wait_until(mark.exists))
        started.terminate()
        started.communicate(timeout=LIMIT)
        self.assertEqual(started.returncode, 143)
        self.assert_nothing_left()

    def test_sudden_death_takes_the_command_along(self):
        mark = self.folder / "mark"
        started = self.start_time(f"touch {mark}; sleep 1000; sleep 1000")
        self.assertTrue(wait_until(mark.exists))
        started.kill()
        started.communicate(timeout=LIMIT)
        self.assertTrue(wait_until(lambda: not self.processes()))

    def test_a_reader_that_goes_away(self):
        reader, writer = os.pipe()
        os.close(reader)
        done = self.quartet("time", "true", "--rounds", 2, "--csv", "t.csv", stdout=writer)
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue((self.folder / "t.csv").exists())


if __name__ == "__main__":
    unittest.main()
