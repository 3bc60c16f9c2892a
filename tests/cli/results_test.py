"""Every workload under every model: the same answer, the right end state, and reports that agree."""

import copy
import csv
import json
import unittest

from jsonschema import Draft202012Validator

from tool import SOURCES, WORKLOADS, ToolTest, node_faults, settings

MODELS = ["single", "processes:2", "threads:3", "threads:each", "processes:each", "async:5", "async:each", "cluster:1"]


ONLY_JSON = {"nodes", "workers", "trials", "records", "usage"}


def flatten(of, prefix=""):
    """Names of fields as the CSV has them: wall_seconds.median."""
    names = []
    for name, value in of.items():
        if prefix or name not in ONLY_JSON:
            names += flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return names + ([] if prefix else ["wall_seconds.samples"])


class EveryWorkloadUnderEveryModel(ToolTest):
    def run_all(self):
        files = [self.folder / name for name in ("r.csv", "r.md")]
        done, document = self.results(*settings(), "--models", ",".join(MODELS), "--csv", files[0], "--markdown", files[1])
        return done, document, [file.read_text(encoding="utf-8") for file in files]

    def test_everything(self):
        done, document, (table, markdown) = self.run_all()
        self.assertEqual(done.stderr, "")
        self.assert_nothing_left()
        self.check_order(document["results"])
        self.check_answers(document["results"])
        self.check_figures(document["results"])
        self.check_nodes(document["results"])
        self.check_schema(document)
        self.check_csv(document["results"], table)
        self.check_markdown(document["results"], markdown)
        self.check_settings(document["settings"])

    def check_order(self, results):
        self.assertEqual([(each["workload"], each["spec"]) for each in results],
                         [(workload, model) for workload in WORKLOADS for model in MODELS])

    def check_answers(self, results):
        answers = {}
        for each in results:
            with self.subTest(workload=each["workload"], spec=each["spec"]):
                self.assertEqual(each["failed"], 0)
                self.assertEqual(each["failures"], [])
                self.assertEqual(each["verification"], "")
                self.assertEqual(each["checksum"], answers.setdefault(each["workload"], each["checksum"]))
        self.assertEqual(len(set(answers.values())), len(WORKLOADS), "two workloads have the same checksum")

    def check_nodes(self, results):
        """Without MPI a cluster is this machine, whose figures are those of all."""
        for each in results:
            nodes = each["nodes"]
            with self.subTest(workload=each["workload"], spec=each["spec"]):
                self.assertEqual(node_faults(each), [])
                self.assertEqual([node["mpi_cpu_seconds"] for node in nodes], [None] if each["model"] == "cluster" else [])
        other = copy.deepcopy(results[MODELS.index("cluster:1")])
        other["trials"][-1]["cpu_user_seconds"] += 0.1
        self.assertEqual(node_faults(other), ["the nodes' cpu_user_seconds are not those of the trial"])

    def check_figures(self, results):
        tasks = {"sleep": 26, "fetch": 10, "append": 26, "power": 16, "files": 50, "api_to_file": 10, "csv": 16}
        for each in results:
            with self.subTest(workload=each["workload"], spec=each["spec"]):
                self.assertEqual(each["tasks"], tasks[each["workload"]])
                self.assertEqual(each["model"], each["spec"].split(":")[0])
                warmup, counted = each["trials"]
                self.assertEqual((warmup["round"], counted["round"]), (0, 1))
                self.assertEqual(each["wall_seconds"]["median"], counted["wall_seconds"])
                self.assertGreater(counted["wall_seconds"], 0)
                self.assertEqual(each["records"]["tasks_seen"], each["tasks"])
                self.assertGreater(len(each["records"]["started"]), 0)
                self.assertGreater(each["service_seconds"]["max"], 0)
                self.assertGreaterEqual(each["heap_peak_bytes"], each["heap_current_bytes"])
                self.assertGreater(each["heap_peak_bytes"], 0)
                self.assertGreater(each["tree_peak_bytes"], 1 << 20)

    def check_schema(self, document):
        schema = json.loads((SOURCES / "measure/results/results.schema.json").read_text())
        self.assertEqual([error.message for error in Draft202012Validator(schema).iter_errors(document)], [])

    def check_csv(self, results, table):
        rows = list(csv.DictReader(table.splitlines()))
        self.assertEqual(sorted(rows[0]), sorted([*flatten(results[0]), "parameters"]), "those of a command line are none here")
        self.assertEqual([(row["workload"], row["spec"], row["checksum"]) for row in rows],
                         [(each["workload"], each["spec"], each["checksum"]) for each in results])
        self.assertEqual([float(row["wall_seconds.median"]) for row in rows],
                         [each["wall_seconds"]["median"] for each in results])

    def check_markdown(self, results, markdown):
        markdown = markdown.replace("\\_", "_")
        lines = markdown.splitlines()
        for each in results:
            self.assertTrue(any(each["spec"] in line and line.startswith("|") for line in lines), each["spec"])
            self.assertIn(each["checksum"], markdown)
        of_command_lines = ("command", "shell_seconds", "counters.")  # which are left out where there are none
        for field in flatten(results[0]):
            if field.startswith(of_command_lines):
                continue
            self.assertEqual(sum(line.startswith(f"| {field} |") for line in lines), len(WORKLOADS), field)

    def check_settings(self, used):
        self.assertEqual(used["preset"], "quick")
        self.assertEqual((used["warmup"], used["rounds"]), (1, 1))
        self.assertTrue(used["command"].startswith("quartet run --rounds 1 --set "))
        self.assertEqual(used["parameters"]["files.count"], "50")
        self.assertEqual(used["parameters"]["sleep.scale"], "0.0001")


class WhatIsRun(ToolTest):
    def specs(self, *arguments):
        _, document = self.results(*arguments)
        return [(each["workload"], each["spec"]) for each in document["results"]]

    def test_a_spec_without_a_number_is_written_with_the_number_that_it_got(self):
        specs = dict((spec.split(":")[0], spec) for _, spec in self.specs("sleep", *settings(["sleep"])))
        self.assertEqual(specs["threads"], "threads:26")
        self.assertEqual(specs["async"], "async:26")
        self.assertRegex(specs["processes"], r"^processes:\d+$")
        self.assertEqual(specs["single"], "single")

    def test_the_preset_study_has_a_thread_per_task(self):
        found = self.specs("sleep", "--preset", "study", *settings(["sleep"]), "--models", "threads,async")
        self.assertEqual(found, [("sleep", "threads:each"), ("sleep", "async:each")])

    def test_seed_is_the_old_name_of_the_preset_study(self):
        _, document = self.results("sleep", "--preset", "study", *settings(["sleep"]), "--models", "single")
        self.assertEqual(document["settings"]["preset"], "study")

    def test_what_is_named_twice_is_run_once(self):
        found = self.specs("sleep", "sleep", "--models", "single,single", *settings(["sleep"]))
        self.assertEqual(found, [("sleep", "single")])

    def test_each_round_gives_a_sample(self):
        _, document = self.results("sleep", "--rounds", 3, "--models", "single", *settings(["sleep"]))
        rounds = [trial["round"] for trial in document["results"][0]["trials"]]
        self.assertEqual(rounds, [0, 1, 2, 3])

    def test_laps_of_the_fetch_series(self):
        _, document = self.results("fetch", "--models", "async", "--set", "fetch.series=yes", "--set", "fetch.count=20")
        laps = [(lap["name"], lap["tasks"]) for lap in document["results"][0]["laps"]]
        self.assertEqual(laps, [("1 fetches", 1), ("10 fetches", 10)])

    def test_a_file_to_append_to_keeps_what_it_held(self):
        file = self.folder / "kept.txt"
        file.write_text("mine\n")
        self.specs("append", "--models", "threads:3", "--set", f"append.file={file}", "--set", "append.factor=1")
        content = file.read_text()
        self.assertTrue(content.startswith("mine\n"))
        self.assertEqual(divmod(len(content) - len("mine\n"), 178), (2, 0), "a warm-up and a round")


class HowMuchIsMeasured(ToolTest):
    def rounds(self, *arguments, models="single,threads"):
        _, document = self.results("sleep", "--models", models, *arguments)
        return document["conditions"]["stopped_by"], [len(each["trials"]) for each in document["results"]]

    def test_rounds_and_warmup(self):
        small = settings(["sleep"])
        self.assertEqual(self.rounds("--rounds", 2, *small), ("rounds", [3, 3]))
        self.assertEqual(self.rounds("--rounds", 2, "--warmup", 0, *small), ("rounds", [2, 2]))
        self.assertEqual(self.rounds("--rounds", 1, "--warmup", 3, *small), ("rounds", [4, 4]))

    def test_a_budget(self):
        stopped_by, trials = self.rounds("--budget", "500ms", "--set", "sleep.scale=0.0005")
        self.assertEqual(stopped_by, "budget")
        self.assertGreaterEqual(trials[0], 2)
        self.assertLess(trials[0], 100)

    def test_a_precision(self):
        # The same times, so that only a machine that is slow by half needs more than 6 rounds, and none all of them.
        stopped_by, trials = self.rounds("--precision", "90%", "--rounds", 100, "--set", "sleep.scale=0.0005", models="single,threads:1")
        self.assertEqual(stopped_by, "precision")
        self.assertEqual(trials[0], trials[1])
        self.assertGreaterEqual(trials[0], 7, "6 rounds can tell two models apart")

    def test_without_a_warmup_the_heap_is_traced_all_the_same(self):
        _, document = self.results("power", "--models", "single", "--warmup", 0, *settings(["power"]))
        self.assertGreater(document["results"][0]["heap_peak_bytes"], 0)


class APasswordInAUrl(ToolTest):
    def test_is_in_no_report(self):
        files = [self.folder / name for name in ("r.json", "r.csv", "r.md", "r.html")]
        options = [word for file in files for word in (f"--{file.suffix[1:]}", file) if file.suffix != ".md"]
        done = self.quartet("run", "fetch", "--set", "fetch.url=http://me:hunter2@127.0.0.1:1/x", "--set", "fetch.count=1",
                            "--models", "single", *options, "--markdown", files[2])
        self.assertNotEqual(done.returncode, 0)
        texts = [done.stdout, done.stderr, *(file.read_text(encoding="utf-8") for file in files if file.exists())]
        self.assertIn("http://127.0.0.1:1/x", "".join(texts))
        for text in texts:
            self.assertNotIn("hunter2", text)


if __name__ == "__main__":
    unittest.main()
