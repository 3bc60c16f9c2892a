"""`quartet sweep`: curves over the number of workers, their law, and what is refused."""

import json
import unittest

from jsonschema import Draft202012Validator

from tool import SOURCES, ToolTest, settings


class Sweep(ToolTest):
    def sweep(self, *options, rounds=1, code=0, says=""):
        report = self.folder / "sweep.json"
        done = self.quartet("sweep", *options, "--rounds", rounds, "--json", report)
        self.assertEqual((done.returncode, done.stderr), (code, says), done.stdout)
        self.assert_nothing_left()
        return done.stdout, json.loads(report.read_text())

    def test_threads(self):
        text, document = self.sweep("sleep", "--set", "sleep.scale=0.001", "--workers", "1..16")
        specs = [each["spec"] for each in document["results"]]
        self.assertEqual(specs, ["threads:1", "threads:2", "threads:4", "threads:8", "threads:16"])
        curve, = document["scaling"]
        self.assertEqual((curve["workload"], curve["model"], curve["axis"]), ("sleep", "threads", "workers"))
        self.assertEqual([each["count"] for each in curve["counts"]], [1, 2, 4, 8, 16])
        rates = [each["tasks_per_second"] for each in curve["counts"]]
        self.assertGreater(max(rates), 2 * rates[0], "sleeps overlap")
        self.assertGreater(curve["best"], 1)
        self.assertGreater(curve["lambda"], 0)
        self.assertEqual(curve["no_law"], "")
        for each in curve["counts"]:
            self.assertTrue(each["band_low"] <= each["fitted"] <= each["band_high"])
        self.assertIn("sleep  threads\n", text)
        self.assertIn("The scaling law is off by ", " ".join(text.split()))
        self.assertIn("after 1 round; it takes 9 to be sure", " ".join(text.split()))

    def test_the_document_is_as_the_schema_says(self):
        _, document = self.sweep("sleep", *settings(["sleep"]), "--workers", "1..16")
        schema = json.loads((SOURCES / "measure/results/results.schema.json").read_text())
        self.assertEqual([error.message for error in Draft202012Validator(schema).iter_errors(document)], [])

    def test_few_counts_have_no_law(self):
        text, document = self.sweep("power", *settings(["power"]), "--model", "processes", "--workers", "1,2")
        self.assertEqual(document["scaling"][0]["no_law"], "a law takes 5 counts that ran well, not 2")
        self.assertIn("No scaling law: a law takes 5 counts that ran well, not 2.", " ".join(text.split()))

    def test_async_counts_what_is_in_flight(self):
        for option in ("--workers", "--in-flight"):
            _, document = self.sweep("sleep", *settings(["sleep"]), "--model", "async", option, "1,26")
            self.assertEqual([each["spec"] for each in document["results"]], ["async:1", "async:26"])
            self.assertEqual(document["scaling"][0]["axis"], "in flight")

    def test_both_numbers_of_a_composition(self):
        text, document = self.sweep("sleep", *settings(["sleep"]), "--model", "processes+async", "--workers", "1,2",
                                    "--in-flight", "1,4")
        self.assertEqual([each["spec"] for each in document["results"]],
                         ["processes:1+async:1", "processes:1+async:4", "processes:2+async:1", "processes:2+async:4"])
        self.assertEqual([(each["model"], len(each["counts"])) for each in document["scaling"]],
                         [("processes:1+async", 2), ("processes:2+async", 2)])
        self.assertIn("Of all combinations processes:", text)
        _, document = self.sweep("sleep", *settings(["sleep"]), "--model", "threads+async", "--workers", "1,2",
                                 "--in-flight", "3")
        curve, = document["scaling"]
        self.assertEqual((curve["model"], curve["axis"]), ("threads+async:3", "workers"))

    def test_what_fails_is_shown(self):
        inputs = self.folder / "inputs"
        inputs.write_text("a\nb\n")
        text, document = self.sweep("command", "--set", "command.line=false", "--inputs", inputs, "--workers", "1,2", code=1,
                                    says="each of the 2 commands runs 4 times: 2 models x (1 warm-up + 1 round)\n")
        self.assertEqual([each["tasks_per_second"] for each in document["scaling"][0]["counts"]], [0, 0])
        self.assertIsNone(document["scaling"][0]["best"])
        self.assertRegex(text, r"! +1  failed\n! +2  failed\nNothing ran well.")
        self.assertIn("command threads:1, threads:2: 2 of 2 tasks failed\n  task 0: 'a': exited with code 1\n", text)

    def test_fits_the_terminal(self):
        for width in (40, 60, 80, 120):
            done = self.quartet("sweep", "sleep", *settings(["sleep"]), "--workers", "1..16", "--rounds", 1,
                                env={"COLUMNS": str(width)})
            self.assertLessEqual(max(map(len, done.stdout.splitlines())), width)
        done = self.quartet("sweep", "sleep", *settings(["sleep"]), "--workers", "1..16", "--rounds", 1, "--plain")
        self.assertTrue(done.stdout.isascii())

    def test_takes_rounds_enough_by_itself(self):
        report = self.folder / "r.json"
        done = self.quartet("sweep", "sleep", "--set", "sleep.scale=0", "--workers", "1..16", "--json", report, "--quiet")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertEqual(json.loads(report.read_text())["settings"]["rounds"], 9)

    def refused(self, *options, says):
        with self.subTest(options):
            done = self.quartet("sweep", *options)
            self.assert_one_line(done)
            self.assertIn(says, done.stderr)

    def test_bad_input(self):
        self.refused(says="WORKLOAD is required")
        self.refused("slep", says="did you mean 'sleep'")
        self.refused("sleep", "power", says="'power' is one argument too many")
        self.refused("sleep", "--model", "single", says="'single' has no number of workers")
        self.refused("sleep", "--model", "threads:4", says="'threads:4' has a number; counts are given by --workers")
        self.refused("sleep", "--model", "threads:each", says="--workers")
        self.refused("sleep", "--model", "processes+async:3", says="--workers and --in-flight")
        self.refused("sleep", "--model", "threads,async", says="one at a time")
        self.refused("sleep", "--model", "thread", says="did you mean 'threads'")
        for counts in ("0", "4..2", "x", "1-4"):
            self.refused("sleep", "--workers", counts, says=f"--workers: '{counts}' is no list of counts")
        self.refused("sleep", "--in-flight", "3", says="--in-flight: threads has no tasks in flight")
        self.refused("sleep", "--model", "async", "--workers", "1", "--in-flight", "1", says="give one")
        self.refused("sleep", "--json", "/nowhere/r", says="No such file")


if __name__ == "__main__":
    unittest.main()
