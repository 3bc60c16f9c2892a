"""quartet batch: inputs, outputs, failures, limits, and how a batch ends before its inputs do."""

import json
import os
import pty
import signal
import subprocess
import time
import unittest

from tool import LIMIT, QUARTET, ToolTest, wait_until


class BatchTest(ToolTest):
    def batch(self, *arguments, code=0, **more):
        ended = self.quartet("batch", *arguments, **more)
        self.assertEqual(ended.returncode, code, ended.stderr)
        return ended

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8", newline="")
        return name

    def lines(self, name):
        path = self.folder / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


class Inputs(BatchTest):
    def test_words(self):
        ended = self.batch("-k", "echo {} {#}", ":::", "a b", "c")
        self.assertEqual(ended.stdout, "a b 1\nc 2\n")

    def test_the_options_of_a_command_are_its_own(self):
        ended = self.batch("-k", "-j2", "printf", "%s\\n", "--jobs", "-n", ":::", "a b", "--help")
        self.assertEqual(ended.stdout, "--jobs\n-n\na b\n--jobs\n-n\n--help\n")

    def test_standard_input(self):
        ended = self.quartet_with_input("1\r\n2\n\n3", "batch", "-k", "echo x{}")
        self.assertEqual(ended.stdout, "x1\nx2\nx3\n")

    def test_names_that_end_in_nul(self):
        ended = self.quartet_with_input("a\nb\0c\0", "batch", "-k", "-0", "printf '%s;' {}")
        self.assertEqual(ended.stdout, "a\nb;c;")

    def test_a_table(self):
        self.write("cities.csv", 'city,country\nLviv,UA\n"New York",US\n')
        ended = self.batch("--csv", "-k", "--inputs", "cities.csv", "echo {country}: {city}")
        self.assertEqual(ended.stdout, "UA: Lviv\nUS: New York\n")

    def test_several_sources(self):
        self.write("sizes", "1\n2\n")
        ended = self.batch("-k", "echo {1}-{2}", ":::", "a", "b", "::::", "sizes")
        self.assertEqual(ended.stdout, "a-1\na-2\nb-1\nb-2\n")

    def test_none(self):
        ended = self.batch("echo {}", ":::")
        self.assertEqual(ended.stdout, "")
        self.assertIn("0 jobs", ended.stderr)

    def test_a_file_that_is_not_there(self):
        ended = self.batch("echo {}", "::::", "nowhere", code=1)
        self.assertIn("cannot read 'nowhere': No such file or directory", ended.stderr)

    def test_a_file_that_breaks_in_the_middle(self):
        self.write("t.csv", 'a,b\n1,2\n3\n')
        ended = self.batch("--csv", "echo {a}", "::::", "t.csv", code=1)
        self.assertEqual(ended.stdout, "1\n")
        self.assertIn("ended early: cannot read 't.csv', line 3", ended.stderr)

    def test_more_than_are_read_ahead(self):
        self.write("many", "".join(f"{n}\n" for n in range(3000)))
        ended = self.batch("-k", "--jobs", "4", "echo {}", "::::", "many")
        self.assertEqual(ended.stdout, (self.folder / "many").read_text())

    def quartet_with_input(self, text, *arguments):
        return subprocess.run([QUARTET, *arguments], input=text, env=self.environment(), cwd=self.folder, capture_output=True,
                              encoding="utf-8", timeout=LIMIT, check=True)


class Outputs(BatchTest):
    def test_of_a_job_stand_together(self):
        ended = self.batch("--jobs", "3", "for i in 1 2 3; do echo {}$i; sleep 0.01; done", ":::", "a", "b", "c")
        found = ended.stdout.splitlines()
        self.assertEqual(sorted(found), [a + b for a in "abc" for b in "123"])
        for at in range(0, 9, 3):
            self.assertEqual([line[0] for line in found[at:at + 3]], [found[at][0]] * 3)

    def test_in_order(self):
        ended = self.batch("-k", "--jobs", "4", "sleep 0.{}; echo {}", ":::", "4", "3", "2", "1")
        self.assertEqual(ended.stdout, "4\n3\n2\n1\n")

    def test_with_tags(self):
        ended = self.batch("-k", "--tag", "printf 'x\\ny'; echo z >&2", ":::", "a", "b")
        self.assertEqual(ended.stdout, "a\tx\na\ty\nb\tx\nb\ty\n")
        self.assertIn("a\tz a\n", ended.stderr)

    def test_larger_than_memory_holds(self):
        ended = self.batch("-k", "--jobs", "2", "head -c {} /dev/zero | tr '\\0' x", ":::", "3000000", "2000000")
        self.assertEqual(ended.stdout, "x" * 5000000)
        self.assertEqual(os.listdir(self.tmp), [])

    def test_in_files(self):
        ended = self.batch("--output", "out/{}.txt", "echo {}; test {} != b", ":::", "a", "b", code=1)
        self.assertEqual(ended.stdout, "")
        self.assertEqual(os.listdir(self.folder / "out"), ["a.txt"])
        self.assertEqual(self.lines("out/a.txt"), ["a"])

    def test_in_a_folder(self):
        self.batch("--output", "out", "echo {}", ":::", "a", "b")
        self.assertEqual(sorted(os.listdir(self.folder / "out")), ["1", "2"])

    def test_that_commands_write_themselves(self):
        ended = self.batch("--output", "out/{}.txt", "echo {} >{out}; echo told; test {} != b", ":::", "a", "b", code=1)
        self.assertEqual(ended.stdout, "told\ntold\n")
        self.assertEqual(os.listdir(self.folder / "out"), ["a.txt"])

    def test_that_commands_did_not_write(self):
        ended = self.batch("--output", "out/{}.txt", "true {out} {}", ":::", "a", code=1)
        self.assertIn("did not write its output", ended.stderr)

    def test_of_the_same_name(self):
        ended = self.batch("--jobs", "1", "--output", "out/{/}", "echo {}", ":::", "x/a", "y/a", code=1)
        self.assertIn("is that of job 1 as well", ended.stderr)
        self.assertEqual(self.lines("out/a"), ["x/a"])

    def test_without_a_place(self):
        ended = self.batch("cp {} {out}", ":::", "a", code=1)
        self.assertIn("--output", ended.stderr)

    def test_nobody_reads(self):
        line = f"{QUARTET} batch --jobs 2 'echo {{}}; echo {{}} >>ran; sleep 0.02' ::: $(seq 1000) | head -n 1"
        ended = subprocess.run(["sh", "-c", line], env=self.environment(), cwd=self.folder, capture_output=True, encoding="utf-8",
                               timeout=LIMIT, check=True)
        self.assertEqual(len(ended.stdout.splitlines()), 1)
        self.assertIn("nobody reads the output any more", ended.stderr)
        self.assertLess(len(self.lines("ran")), 1000)

    def test_dry_run(self):
        ended = self.batch("--dry-run", "rm", "-f", ":::", "a b", "c")
        self.assertEqual(ended.stdout, "rm -f 'a b'\nrm -f c\n")

    def test_quiet(self):
        ended = self.batch("-q", "true", ":::", "1", "2")
        self.assertEqual((ended.stdout, ended.stderr), ("", ""))

    def test_as_json(self):
        self.batch("--json", "sum.json", "test {} -lt 3", ":::", "1", "2", "3", code=1)
        summary = json.loads((self.folder / "sum.json").read_text())
        self.assertEqual(summary["jobs"], {"done": 2, "failed": 1, "cancelled": 0, "left_out": 0})
        self.assertEqual(summary["failures"][0]["reason"], "exited with code 1")
        self.assertEqual(summary["end"], "all run")

    def test_on_a_narrow_terminal(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        ended = self.quartet("batch", "--jobs", "1", "sleep 0.3; true {}", ":::", "1", "2", stderr=theirs, env={"COLUMNS": "40"})
        os.close(theirs)
        self.assertEqual(ended.returncode, 0)
        shown = os.read(ours, 1 << 16).decode()
        self.assertIn("of 2 done", shown)
        for line in shown.replace("\r\n", "\n").split("\n"):
            for part in line.split("\r"):
                plain = part.replace("\x1b[K", "").replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\x1b[2m", "")
                self.assertLessEqual(len(plain), 41, shown)


class Failures(BatchTest):
    def test_are_told_with_their_last_words(self):
        ended = self.batch("echo a {} >&2; exit 3", ":::", "x", code=1)
        self.assertIn("failed: job 1, echo a 'x' >&2; exit 3: exited with code 3\n      a x\n", ended.stderr)

    def test_signals(self):
        ended = self.batch("kill -SEGV $$; : {}", ":::", "x", code=1)
        self.assertIn("SIGSEGV", ended.stderr)

    def test_a_program_that_does_not_exist(self):
        ended = self.batch("--retries", "5", "no-such-program", ":::", "x", code=1)
        self.assertIn("cannot start 'no-such-program'", ended.stderr)
        self.assertNotIn("tries", ended.stderr)

    def test_further_tries(self):
        ended = self.batch("--retries", "3", "--retry-pause", "1ms", "echo t >>tries; test $(wc -l <tries) = {}", ":::", "3")
        self.assertEqual(len(self.lines("tries")), 3)
        self.assertIn("1 job ", ended.stderr)

    def test_no_further_tries_after_other_codes(self):
        self.batch("--retries", "3", "--retry-codes", "4,7..9", "--retry-pause", "1ms", "echo t >>tries; exit {}", ":::", "5", code=1)
        self.assertEqual(len(self.lines("tries")), 1)

    def test_slow_down(self):
        self.batch("--slow-down", "75", "--retry-pause", "1ms", "--retries", "1", "echo t >>tries; test $(wc -l <tries) = {} || exit 75",
                   ":::", "5")
        self.assertEqual(len(self.lines("tries")), 5)

    def test_a_limit_of_time(self):
        ended = self.batch("--timeout", "200ms", "sleep 60; : {}", ":::", "x", code=1)
        self.assertIn("took too long and was ended", ended.stderr)

    def test_a_limit_by_the_median(self):
        ended = self.batch("--jobs", "1", "--timeout", "1000%", "sleep {}", ":::", *["0.05"] * 6, "60", code=1)
        self.assertIn("sleep 60: took too long and was ended", ended.stderr)
        self.assertIn("6 done, 1 failed", ended.stderr)

    def test_halt_soon(self):
        ended = self.batch("--jobs", "2", "--halt", "soon,fail=1", "case {} in 1) until test -e two; do sleep 0.01; done; exit 1;; 2) touch two; sleep 0.5;; esac; echo {} >>ended", ":::",
                           *map(str, range(1, 50)), code=1)
        self.assertEqual(self.lines("ended"), ["2"])
        self.assertIn("1 job has failed", ended.stderr)

    def test_halt_now(self):
        self.batch("--jobs", "2", "--halt", "now,fail=1", "test {} = 2 || exit 1; sleep 60; echo {} >>ended", ":::", "1", "2", "3", code=1)
        self.assertEqual(self.lines("ended"), [])

    def test_halt_after_a_success(self):
        ended = self.batch("--jobs", "1", "--halt", "now,success=2", "echo {}", ":::", "1", "2", "3")
        self.assertEqual(ended.stdout, "1\n2\n")

    def test_few_descriptors(self):
        ended = self.sh("ulimit -Sn 60; ulimit -Hn 60; exec \"$QUARTET\" batch -q -k --jobs 50 'sleep 0.05; echo {}' ::: $(seq 100)")
        self.assertEqual(ended.stderr, "")
        self.assertEqual(ended.stdout.split(), [str(n) for n in range(1, 101)])

    def test_no_room_for_what_is_kept(self):
        ended = self.sh("ulimit -f 2000; exec \"$QUARTET\" batch 'head -c 4000000 /dev/zero; : {}' ::: 1", code=1)
        self.assertIn("cannot keep the output of a job", ended.stderr)

    def sh(self, line, code=0):
        ended = subprocess.run(["sh", "-c", line], env=self.environment(QUARTET=QUARTET), cwd=self.folder, capture_output=True,
                               encoding="utf-8", timeout=LIMIT, check=False)
        self.assertEqual(ended.returncode, code, ended.stderr)
        return ended


class BadUsage(BatchTest):
    def check(self, words, *arguments):
        ended = self.batch(*arguments, code=2)
        self.assertEqual(ended.stdout, "")
        self.assertIn(words, ended.stderr)
        self.assertEqual(len(ended.stderr.splitlines()), 1, ended.stderr)

    def test_sentences(self):
        self.check("did you mean '--jobs'", "--jbs", "3", "ls", ":::", "a")
        self.check("neither 'auto' nor a number", "--jobs", "0", "ls", ":::", "a")
        self.check("'10/day' is no rate", "--rate", "10/day", "ls", ":::", "a")
        self.check("is not above 100 %", "--timeout", "50%", "ls", ":::", "a")
        self.check("says not when to end", "--halt", "later", "ls", ":::", "a")
        self.check("no exit codes", "--retries", "1", "--retry-codes", "300", "ls", ":::", "a")
        self.check("say how often by --retries", "--retry-codes", "3", "ls", ":::", "a")
        self.check("give one of them", "--csv", "--tsv", "ls", ":::", "a")
        self.check("leave one out", "-k", "--output", "o", "ls", ":::", "a")
        self.check("cannot write", "--json", "nowhere/x", "ls", ":::", "a")
        self.check("needs", "ls", "::::")

    def test_lines(self):
        self.assertIn("asks for {5}", self.batch("ls {5}", ":::", "a", code=1).stderr)
        self.assertIn("no command to run", self.batch(":::", "a", code=1).stderr)


class Pace(BatchTest):
    def test_a_rate(self):
        began = time.monotonic()
        self.batch("--rate", "20/s", "--jobs", "10", "true", ":::", *map(str, range(11)))
        self.assertGreater(time.monotonic() - began, 0.49)

    def test_few_at_a_host(self):
        line = "echo >>running; n=$(wc -l <running); sleep 0.05; echo $n {} >>seen; sed -i 1d running"
        self.batch("--jobs", "8", "--per-host", "1", f"flock lock sh -c {json.dumps('true')}; {line}", ":::",
                   *[f"http://a/{n}" for n in range(6)])
        self.assertEqual({text.split()[0] for text in self.lines("seen")}, {"1"})


class Journals(BatchTest):
    def rows(self, name="j"):
        lines = self.lines(name)
        head = next(at for at, line in enumerate(lines) if line.startswith("job\t"))
        names = lines[head].split("\t")
        return [dict(zip(names, line.split("\t"))) for line in lines[head + 1:]]

    def test_the_rest_runs(self):
        self.batch("--journal", "j", "echo {} >>ran; test {} != b || test -e ok", ":::", "a", "b", "c", code=1)
        (self.folder / "ok").touch()
        ended = self.batch("--resume", "j")
        self.assertEqual(sorted(self.lines("ran")), ["a", "b", "b", "c"])
        self.assertIn("2 left out", ended.stderr)
        ended = self.batch("--resume", "j")
        self.assertEqual(len(self.lines("ran")), 4)
        self.assertEqual([(row["job"], row["try"], row["state"]) for row in self.rows() if row["job"] == "2"],
                         [("2", "1", "failed"), ("2", "2", "done")])

    def test_only_those_that_failed(self):
        self.batch("--jobs", "1", "--halt", "soon,fail=1", "--journal", "j", "echo {} >>ran; exit {}", ":::", "1", "0", "0", code=1)
        self.assertEqual(self.lines("ran"), ["1"])
        self.batch("--resume-failed", "j", "--halt", "soon,fail=5", code=1)
        self.assertEqual(self.lines("ran"), ["1", "1"])

    def test_from_another_folder(self):
        self.batch("--journal", "j", "--jobs", "1", "--halt", "now,success=1", "echo {} >>ran", ":::", "a", "b")
        other = self.folder / "other"
        other.mkdir()
        ended = subprocess.run([QUARTET, "batch", "--resume", "../j", "--halt", "now,success=9"], cwd=other, env=self.environment(),
                               capture_output=True, encoding="utf-8", timeout=LIMIT, check=False)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual(self.lines("ran"), ["a", "b"])
        self.assertIn("goes on in", ended.stderr)

    def test_inputs_that_have_changed(self):
        self.write("in", "a\nb\n")
        self.batch("--journal", "j", "echo {} >>ran", "::::", "in")
        self.write("in", "x\na\nb\n")
        ended = self.batch("--resume", "j", code=1)
        self.assertIn("the inputs have changed", " ".join(ended.stderr.split()))
        self.assertEqual(sorted(self.lines("ran")), ["a", "b"])

    def test_in_order_with_some_left_out(self):
        self.batch("--journal", "j", "-k", "--jobs", "4", "test -e ok -o {} -ne 2; echo {}; test -e ok -o {} -ne 2", ":::", "1", "2", "3",
                   code=1)
        (self.folder / "ok").touch()
        self.assertEqual(self.batch("--resume", "j").stdout, "2\n")

    def test_what_it_has(self):
        self.batch("--journal", "j", "--output", "o/{#}", "echo {}; sleep 0.1", ":::", "a\tb")
        row, = self.rows()
        self.assertEqual((row["state"], row["exit"], row["output"], row["input"]), ("done", "0", "o/1", "a\\tb"))
        self.assertGreaterEqual(float(row["seconds"]), 0.1)

    def test_one_that_is_there(self):
        self.batch("--journal", "j", "true", ":::", "a")
        self.assertIn("--resume", self.batch("--journal", "j", "true", ":::", "a", code=1).stderr)

    def test_of_two_at_a_time(self):
        first = self.start("batch", "--journal", "j", "touch begun; sleep 60; true", ":::", "a")
        self.assertTrue(wait_until((self.folder / "begun").exists))
        self.assertIn("in use by another batch", self.batch("--resume", "j", code=1).stderr)
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=LIMIT)

    def test_a_command_with_it(self):
        self.batch("--journal", "j", "true", ":::", "a")
        self.assertIn("stand in the journal", self.batch("--resume", "j", "ls", code=2).stderr)
        self.assertIn("is no journal", self.batch("--resume", self.write("x", "hello\n"), code=1).stderr)
        self.assertIn("No such file", self.batch("--resume", "nowhere", code=1).stderr)


class Interrupts(BatchTest):
    def start_two(self, *arguments):
        line = "echo {} >>begun; until test -e go; do sleep 0.02; done; echo {} >>ended"
        started = self.start("batch", "--jobs", "2", "--journal", "j", *arguments, line, ":::", "1", "2", "3", "4")
        self.assertTrue(wait_until(lambda: len(self.lines("begun")) == 2))
        return started

    def test_once_lets_the_running_ones_end(self):
        started = self.start_two()
        started.send_signal(signal.SIGINT)
        time.sleep(0.2)
        self.assertIsNone(started.poll())
        (self.folder / "go").touch()
        _, errors = started.communicate(timeout=LIMIT)
        self.assertEqual(started.returncode, 130)
        self.assertEqual(sorted(self.lines("ended")), ["1", "2"])
        self.assertIn(b"no new jobs begin; 2 still run. Ctrl-C again ends them", errors)
        self.assertIn(b"to go on: quartet batch --resume j", errors)
        self.batch("--resume", "j")
        self.assertEqual(sorted(self.lines("ended")), ["1", "2", "3", "4"])

    def test_twice_ends_them(self):
        started = self.start_two()
        started.send_signal(signal.SIGINT)
        time.sleep(0.2)
        started.send_signal(signal.SIGINT)
        _, errors = started.communicate(timeout=LIMIT)
        self.assertEqual(started.returncode, 130)
        self.assertEqual(self.lines("ended"), [])
        self.assertIn(b"2 ended before their end", errors)
        self.assert_nothing_left()
        (self.folder / "go").touch()
        self.batch("--resume", "j")
        self.assertEqual(sorted(self.lines("ended")), ["1", "2", "3", "4"])

    def test_term_ends_them(self):
        started = self.start_two()
        started.send_signal(signal.SIGTERM)
        started.communicate(timeout=LIMIT)
        self.assertEqual(started.returncode, 143)
        self.assertEqual(self.lines("ended"), [])
        self.assert_nothing_left()

    def test_while_a_pipe_gives_nothing(self):
        ours, theirs = os.pipe()
        self.addCleanup(os.close, theirs)
        started = self.start("batch", "echo {}", stdin=ours)
        os.close(ours)
        os.write(theirs, b"a\n")
        self.assertEqual(started.stdout.readline(), b"a\n")
        started.send_signal(signal.SIGINT)
        started.communicate(timeout=LIMIT)
        self.assertEqual(started.returncode, 130)

    def test_a_terminal_reaches_the_tool_alone(self):
        """Jobs have sessions of their own, so the terminal's Ctrl-C does not end them."""
        started = self.start_two()
        os.killpg(started.pid, signal.SIGINT)
        time.sleep(0.2)
        (self.folder / "go").touch()
        started.communicate(timeout=LIMIT)
        self.assertEqual(sorted(self.lines("ended")), ["1", "2"])

    def test_sudden_death_ends_its_jobs(self):
        started = self.start_two()
        started.kill()
        started.communicate(timeout=LIMIT)
        self.assertTrue(wait_until(lambda: not self.processes()))
        (self.folder / "go").touch()
        self.batch("--resume", "j")
        self.assertEqual(sorted(self.lines("ended")), ["1", "2", "3", "4"])


if __name__ == "__main__":
    unittest.main()
