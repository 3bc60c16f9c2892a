"""`quartet check` on workloads whose tasks share what they should not, each in another way."""

import os
import re
import signal
import unittest

from tool import LIMIT, ToolTest, settings, wait_until

SHARING_TASKS = os.environ.get("SHARING_TASKS")


class Check(ToolTest):
    def check(self, *arguments, code=0, program=SHARING_TASKS, **more):
        done = self.quartet("check", *arguments, program=program, **more)
        self.assertEqual((done.returncode, done.stderr), (code, ""), done.stdout)
        self.assert_nothing_left()
        return done.stdout, " ".join(done.stdout.split())

    def test_independent_tasks(self):
        text, _ = self.check("honest", env={"COLUMNS": "200"})
        self.assertEqual(text, "honest: 8 tasks, 37 runs under 12 models\n"
                               "honest: every task gives the same, whatever the model, the number of workers and the order.\n")
        self.assertEqual(self.check("honest", "--quiet")[0], "")

    def test_a_variable_that_is_carried_from_task_to_task(self):
        text, said = self.check("carried_over", code=1)
        self.assertIn("single, backwards: 8 of 8 tasks differ\n  task 0 gave 8, in single it gave 1\n", text)
        self.assertIn("also tasks 3, 4, 5, 6", said)
        self.assertIn("also: single shuffled (", said)
        self.assertIn("; async:1 backwards (8), shuffled (", said)
        self.assertLess(text.count("\n"), 20)
        self.assertIn("depends on those that ran before it", said)

    def test_a_race(self):
        text, said = self.check("racing", code=1)
        self.assertNotIn("single, ", text)
        self.assertNotIn("async:1,", text)
        self.assertNotIn("processes:2,", text)
        self.assertRegex(text, r"async:64, in the given order: 7 of 8 tasks differ\n  task 0 gave 7, in single it gave 0\n")
        self.assertIn("depends on others that run at the same time", said)

    def test_something_that_each_worker_has_for_itself(self):
        text, said = self.check("of_the_worker", code=1)
        self.assertIn("processes:1, in the given order: 8 of 8 tasks differ\n"
                      "  task 0 gave abroad, in single it gave at home 0\n", text)
        self.assertNotIn("threads:2,", text)
        self.assertIn("depends on the worker that runs it", said)

    def test_chance_is_told_from_sharing(self):
        _, said = self.check("by_chance", code=1)
        self.assertIn("4 of 8 tasks give something else each time, even in single", said)
        self.assertIn("They are left out below: 1, 3, 5, 7", said)
        self.assertIn("every task gives the same", said)

    def test_failures_are_compared_too(self):
        text, _ = self.check("failing_after_others", code=1)
        self.assertIn("single, backwards: ", text)
        self.assertIn("  task 0 failed: too many calls, in single it gave 0\n", text)
        text, _ = self.check("dying_in_a_worker", code=1)
        self.assertRegex(text, r"(?s)processes:1, in the given order: 1 of 8 tasks differ\n  task 3 failed: .*SIGKILL.*, in single it gave 3\n")

    def test_what_does_not_run_is_said(self):
        self.assertEqual(self.check("broken", code=1)[0], "broken single: no input\n")

    def test_models_and_shuffles(self):
        text, _ = self.check("honest", "--models", "threads:3,async", "--shuffles", 0)
        self.assertIn("honest: 8 tasks, 6 runs under 2 models\n", text)
        first = self.check("carried_over", "--models", "single", "--seed", 5, "--shuffles", 3, code=1)
        self.assertEqual(first, self.check("carried_over", "--models", "single", "--seed", 5, "--shuffles", 3, code=1))

    def test_the_tools_own_workloads(self):
        text, _ = self.check("append", *settings(["append"]), program=None)
        self.assertIn("append: 26 tasks, 37 runs under 12 models\n", text)

    def test_ctrl_c(self):
        started = self.start("check", "sleep", "--set", "sleep.scale=1")
        self.assertTrue(wait_until(lambda: list(self.tmp.glob("quartet-*/trial-*"))))
        os.killpg(started.pid, signal.SIGINT)
        self.assertEqual(started.communicate(timeout=LIMIT), (b"", b""))
        self.assertEqual(started.returncode, 130)
        self.assert_nothing_left()

    def test_bad_input(self):
        for arguments, says in (([], "WORKLOAD is required"), (["slep"], "did you mean 'sleep'"),
                                (["sleep", "--models", "thread"], "did you mean 'threads'"),
                                (["sleep", "--shuffles", "x"], "an integer from 0 to 1000")):
            done = self.quartet("check", *arguments)
            self.assert_one_line(done)
            self.assertIn(says, done.stderr)


class Loud(ToolTest):
    """Tasks whose errors have 10 MB, with what terminals and browsers obey."""

    OBEYED = ["\0", "\a", "\x1b", "\u202e"]

    def assert_short_and_plain(self, text, longest):
        self.assertLess(len(text), longest)
        for each in self.OBEYED:
            self.assertNotIn(each, text)

    def test_reports_are_short_and_plain(self):
        names = ("loud.json", "loud.csv", "loud.md", "loud.html", "trace.json")
        files = {name: self.folder / name for name in names}
        done = self.quartet("run", "loud", "--models", "single,threads:2,processes:2", "--json", files["loud.json"], "--csv", files["loud.csv"],
                            "--markdown", files["loud.md"], "--html", files["loud.html"], "--trace", files["trace.json"], program=SHARING_TASKS)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assert_short_and_plain(done.stdout + done.stderr, 10_000)
        self.assertIn("bytes in all]", done.stdout)
        document = files["loud.json"].read_text()
        self.assertLess(len(document), 500_000)
        self.assertIn("bytes in all]", document)
        self.assert_short_and_plain(files["loud.csv"].read_text(), 500_000)
        markdown = files["loud.md"].read_text()
        self.assert_short_and_plain(markdown, 100_000)
        self.assertNotIn("<b>", markdown.replace("\\<b", ""))
        for row in (line for line in markdown.splitlines() if line.startswith("| failures")):
            self.assertEqual(len(re.findall(r"(?<!\\)\|", row)), 5, "three columns and their head")
        without = self.folder / "without.html"
        self.quartet("run", "honest", "--models", "single", "--html", without, program=SHARING_TASKS)
        self.assert_short_and_plain(files["loud.html"].read_text(), len(without.read_text()) + 500_000)
        self.assert_short_and_plain(files["trace.json"].read_text(), 500_000)

    def test_what_commands_say_is_short_and_plain(self):
        for command in (["check", "loud"], ["advise", "loud"]):
            with self.subTest(command):
                done = self.quartet(*command, program=SHARING_TASKS)
                self.assertIn(done.returncode, (0, 1))
                self.assert_short_and_plain(done.stdout + done.stderr, 10_000)

    def test_names_that_are_typed_are_plain(self):
        for command in (["run", "\x1b[31m\a"], ["compare", "\x1b]0;title\a", "x"], ["run", "--\x1b[2J"], ["clean", "\u202egpj"],
                        ["run", "sleep", "--set", "sleep.\x1b=1"], ["advise", "\x1b[5m"], ["report", "\x1b[5m"]):
            with self.subTest(command):
                done = self.quartet(*command)
                self.assertNotEqual(done.returncode, 0)
                self.assert_short_and_plain(done.stdout + done.stderr, 3000)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    unittest.main()
