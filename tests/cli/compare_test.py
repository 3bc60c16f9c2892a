"""`quartet compare` and `run --baseline`: changes, regressions, and files that are none."""

import copy
import json
import subprocess
import unittest

from tool import ToolTest, settings


class Compared(ToolTest):
    def setUp(self):
        super().setUp()
        self.old = self.folder / "old.json"
        self.new = self.folder / "new.json"

    def measure(self):
        """Results of a short run, with seven even rounds in place of those that it measured."""
        _, document = self.results("sleep", "--models", "single,threads", *settings(["sleep"]))
        for each in document["results"]:
            trial = each["trials"][1]
            each["trials"] = [dict(trial, round=n, wall_seconds=0.1 + n / 10000) for n in range(1, 8)]
        return document

    def write(self, file, document, factor=1.0, row=0):
        changed = copy.deepcopy(document)
        for trial in changed["results"][row]["trials"]:
            trial["wall_seconds"] *= factor
        file.write_text(json.dumps(changed))
        return changed

    def compare(self, *options, code=0):
        done = self.quartet("compare", self.old, self.new, *options)
        self.assertEqual((done.returncode, done.stderr), (code, ""))
        return done.stdout


class Changes(Compared):
    def test_faster_slower_equal(self):
        document = self.measure()
        self.write(self.old, document)
        self.write(self.new, document, 1.2)
        text = self.compare()
        self.assertRegex(text, r"sleep  single +\S+ ms +\S+ ms +\+20.0 % .* slower\n")
        self.assertRegex(text, r"sleep  threads:26 .* equal\n")
        self.assertIn("1 slower, 1 equal\n", text)
        self.write(self.new, document, 0.5)
        self.assertRegex(self.compare(), r"sleep  single .* -50.0 % .* faster\n")

    def test_regressions_fail(self):
        document = self.measure()
        self.write(self.old, document)
        self.write(self.new, document, 1.2)
        self.assertIn("beyond 5 %: sleep single (+20.0 %)\n", self.compare("--fail-above", "5%", code=1))
        self.assertIn("no regression beyond 30 %\n", self.compare("--fail-above", "30%"))
        self.write(self.new, document, 0.5)
        self.assertIn("no regression", self.compare("--fail-above", "5%"))

    def test_what_is_broken_fails(self):
        document = self.measure()
        self.write(self.old, document)
        document["results"][1]["failed"] = 3
        self.write(self.new, document)
        text = self.compare("--fail-above", "5%", code=1)
        self.assertIn("1 broken, 1 equal", text)
        self.assertIn("beyond 5 %: sleep threads:26\n", text)
        self.compare()

    def test_too_few_rounds_are_said(self):
        document = self.measure()
        for each in document["results"]:
            del each["trials"][2:]
        self.write(self.old, document)
        self.write(self.new, document, 9)
        text = " ".join(self.compare().split())
        self.assertIn("2 not resolved; with 2 rounds nothing can be sure, it takes 5 in both files", text)
        self.assertIn("can't tell: sleep single (", text)
        self.assertRegex(text, r"some \d+ rounds in both files would tell, in place of 2")

    def scattered(self, document, times):
        for row in document["results"]:
            for trial, wall in zip(row["trials"], times):
                trial["wall_seconds"] = wall
            row["wall_seconds"]["median"] = sorted(times)[len(times) // 2]
        return document

    def test_nothing_resolved_is_no_verdict(self):
        document = self.scattered(self.measure(), [0.8, 1.0, 1.2, 0.7, 1.3, 0.9, 1.1])
        self.write(self.old, document)
        self.write(self.new, document)
        text = " ".join(self.compare("--fail-above", "5%", code=3).split())
        self.assertNotIn("no regression", text)
        self.assertIn("can't tell whether rows are slower by more than 5 %: sleep single (", text)
        rounds = int(text.split("; some ")[1].split()[0])
        self.assertGreater(rounds, 50, "a spread of 20 % and a margin of 3 %")
        self.assertLess(rounds, 5000)
        # Without a question after regressions it is said, and fails where that is asked for.
        self.assertIn("can't tell: ", self.compare())
        self.compare("--fail-unresolved", code=3)

    def test_one_row_that_can_not_be_told_fails_where_it_is_asked_for(self):
        document = self.measure()
        self.write(self.old, document)
        for trial, wall in zip(document["results"][0]["trials"], [0.08, 0.1, 0.12, 0.07, 0.13, 0.09, 0.11]):
            trial["wall_seconds"] = wall
        self.write(self.new, document)
        text = self.compare("--fail-above", "5%")
        self.assertIn("can't tell whether a row is slower by more than 5 %: sleep single (", " ".join(text.split()))
        self.compare("--fail-above", "5%", "--fail-unresolved", code=3)
        # A regression that is certain comes first.
        for trial in document["results"][1]["trials"]:
            trial["wall_seconds"] *= 2
        self.write(self.new, document)
        self.assertIn("beyond 5 %: sleep threads", self.compare("--fail-above", "5%", "--fail-unresolved", code=1))

    def test_medians_that_tell_the_other_way_get_a_word(self):
        document = self.scattered(self.measure(), [0.5, 0.9, 1.0, 1.0, 1.01, 1.02, 1.03])
        self.write(self.old, document)
        self.write(self.new, self.scattered(document, [0.98, 0.985, 0.99, 0.99, 1.3, 1.4, 1.5]))
        text = " ".join(self.compare().split())
        self.assertIn("sleep single: the medians fell, and yet the change is +", text)
        self.write(self.new, self.scattered(document, [2.0] * 7))
        self.assertNotIn("and yet", self.compare())

    def test_fits_the_terminal(self):
        document = self.measure()
        self.write(self.old, document)
        self.write(self.new, document, 1.2)
        for width in (50, 80):
            done = self.quartet("compare", self.old, self.new, "--plain", env={"COLUMNS": str(width)})
            self.assertLessEqual(max(map(len, done.stdout.splitlines())), width)
            self.assertTrue(done.stdout.isascii())

    def test_others_machines_and_settings_are_refused(self):
        document = self.measure()
        self.write(self.old, document)
        document["machine"]["cpu_model"] = "Another\x1b[31m"
        document["settings"]["parameters"]["sleep.scale"] = "9"
        self.write(self.new, document)
        done = self.quartet("compare", self.old, self.new)
        self.assert_one_line(done)
        self.assertIn("not comparable: cpu_model: '", done.stderr)
        self.assertIn("and 'Another?[31m'; parameter sleep.scale: '0.0001' and '9'; --anyway", done.stderr)
        self.assertIn("2 equal", self.compare("--anyway"))


class Baseline(Compared):
    def test_a_run_compares_itself(self):
        document = self.measure()
        self.write(self.old, document)
        done = self.quartet("run", "sleep", "--models", "single,threads", *settings(["sleep"]), "--baseline", self.old)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"sleep  single .*not resolved\n")

    def test_a_regression_fails_the_run(self):
        document = self.measure()
        self.write(self.old, document, 1e-6)
        more = ["--models", "single,threads", "--baseline", self.old, "--fail-above", "5%", "--rounds", 7, *settings(["sleep"])]
        done = self.quartet("run", "sleep", *more)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("beyond 5 %: sleep single (", done.stdout)
        self.assertEqual(self.quartet("run", "sleep", "--quiet", *more).stdout, "")

    def test_what_can_not_be_compared_is_refused_before_the_run(self):
        document = self.measure()
        self.write(self.old, document)
        done = self.quartet("run", "sleep", "--set", "sleep.scale=1000", "--baseline", self.old)
        self.assert_one_line(done)
        self.assertIn("parameter sleep.scale: '0.0001' and '1000'", done.stderr)
        self.assert_one_line(self.quartet("run", "--baseline", self.folder / "nothing"))
        done = self.quartet("run", "--fail-above", "5%")
        self.assert_one_line(done)
        self.assertIn("--baseline", done.stderr)


class BadFiles(Compared):
    """Files that are none get one line and exit 2, whatever is in them."""

    def refused(self, content, says):
        with self.subTest(says):
            self.new.write_bytes(content if isinstance(content, bytes) else content.encode())
            done = self.quartet("compare", self.old, self.new)
            self.assert_one_line(done)
            self.assertTrue(done.stderr.startswith(f"quartet compare: {self.new}: "), done.stderr)
            self.assertIn(says, done.stderr)
            self.assertLess(len(done.stderr), 500)
            self.assertTrue(all(letter == "\n" or letter >= " " for letter in done.stderr))

    def test_all_kinds(self):
        document = self.measure()
        self.write(self.old, document)
        text = self.old.read_text()
        self.refused("", "not a results document")
        self.refused(text[:len(text) // 2], "not a results document")
        self.refused(text + "}", "not a results document")
        self.refused(b"\x00\xff\xfe\x1b[2J" * 1000, "not a results document")
        self.refused("\x1b]0;title\x07", "not a results document")
        self.refused("workload,model\nsleep,single\n", "not a results document")
        self.refused("[1, 2, 3]", "it is not an object")
        self.refused('{"benchmarks": []}', 'it has no "schema"')
        self.refused('{"schema": "quartet/results/99"}', 'its schema is "quartet/results/99", and this quartet reads')
        self.refused('{"schema": "quartet/results/1"}', 'its schema is "quartet/results/1"')
        self.refused('{"schema": "' + "x" * 1_000_000 + '"}', "its schema is")
        self.refused("[" * 20_000_000, "it nests too deeply")
        self.refused('{"a":' * 5_000_000, "it nests too deeply")
        self.refused('{"schema": 1e999}', "number overflow")

    def test_values_that_are_none(self):
        document = self.measure()
        self.write(self.old, document)

        def with_value(change):
            changed = copy.deepcopy(document)
            change(changed)
            return json.dumps(changed)

        self.refused(with_value(lambda d: d.pop("machine")), "/machine is missing")
        self.refused(with_value(lambda d: d["results"][0].update(tasks=-1)), "/results/0/tasks: ")
        self.refused(with_value(lambda d: d["results"][1].update(spec=None)), "/results/1/spec: ")
        self.refused(with_value(lambda d: d["results"][0]["trials"][0].update(wall_seconds="fast")), "/results/0/trials/0/wall_seconds: ")
        self.refused(with_value(lambda d: d.update(results={"a": 1})), "/results: object where an array should be")

    def test_times_of_zero_are_compared_with_nothing(self):
        document = self.measure()
        self.write(self.old, document, 0.0)
        self.write(self.new, document)
        self.assertIn("mended", self.compare())

    def test_a_huge_file(self):
        self.write(self.old, self.measure())
        with open(self.new, "wb") as file:
            file.truncate(10 << 30)  # sparse
        done = self.quartet("compare", self.old, self.new)
        self.assert_one_line(done)
        self.assertIn("larger than the 256 MiB that a file of results may have", done.stderr)

    def test_a_pipe_without_an_end(self):
        self.write(self.old, self.measure())
        with subprocess.Popen(["cat", "/dev/zero"], stdout=subprocess.PIPE) as endless:
            done = self.quartet("compare", self.old, "/dev/stdin", stdin=endless.stdout)
            endless.stdout.close()
        self.assert_one_line(done)
        self.assertIn("larger than the 256 MiB that a file of results may have", done.stderr)

    def test_no_file(self):
        self.write(self.old, self.measure())
        for path, why in (("/nowhere/r.json", "No such file or directory"), (self.folder, "Is a directory")):
            done = self.quartet("compare", self.old, path)
            self.assert_one_line(done)
            self.assertIn(f"{path}: {why}", done.stderr)
        self.assert_one_line(self.quartet("compare", self.old))
        self.assert_one_line(self.quartet("compare"))


if __name__ == "__main__":
    unittest.main()
