"""`quartet advise`: from a description, a workload and results; limits, and wrong use."""

import json
import os
import re
import subprocess
import unittest

from tool import LIMIT, QUARTET, ToolTest, settings


class Advise(ToolTest):
    def setUp(self):
        super().setUp()
        # As if they had been measured, on a quiet machine.
        self.cache = self.folder / "cache"
        (self.cache / "quartet").mkdir(parents=True)
        self.kept = self.cache / "quartet" / "costs"
        self.kept.write_text(subprocess.run([os.environ["USUAL_COSTS"]], check=True, capture_output=True, text=True).stdout)

    def advise(self, *options, code=0):
        """Text and document."""
        file = self.folder / "advice.json"
        done = self.quartet("advise", *options, "--json", file, env={"XDG_CACHE_HOME": str(self.cache)})
        self.assertEqual((done.returncode, done.stderr), (code, ""), done.stdout)
        self.assert_nothing_left()
        return " ".join(done.stdout.split()), json.loads(file.read_text())

    def assert_refused(self, *options, because):
        done = self.quartet("advise", *options, env={"XDG_CACHE_HOME": str(self.cache)})
        self.assert_one_line(done)
        self.assertIn(because, done.stderr)

    def test_waiting_takes_many_at_a_time(self):
        text, document = self.advise("--tasks", 1000, "--wait", "50ms")
        self.assertIn("async", document["choice"]["spec"])
        self.assertLess(document["choice"]["seconds"], 5)
        self.assertIn("The tasks only wait, 50 ms each.", text)
        specs = [each["spec"].split(":")[0] for each in document["considered"]]
        self.assertLessEqual({"single", "threads", "processes", "async"}, set(specs))
        single, = (each for each in document["considered"] if each["spec"] == "single")
        self.assertAlmostEqual(single["seconds"], 50, delta=5)

    def test_more_machines_are_named_where_they_would_help(self):
        text, document = self.advise("--tasks", 10_000, "--cpu", "1s")
        self.assertIn("More machines would share that: quartet cluster --hosts A,B", text)
        self.assertIsNone(document["costs"]["cluster"])
        for other in (["--cpu", "1ms"], ["--wait", "1s"]):
            self.assertNotIn("More machines", self.advise("--tasks", 10_000, *other)[0])

    def test_tiny_work_is_done_by_single(self):
        text, document = self.advise("--tasks", 5, "--cpu", "1us")
        self.assertEqual(document["choice"]["spec"], "single")
        self.assertIn("it would win", text)

    def test_an_answer_does_not_wait_for_costs_to_be_measured(self):
        self.kept.unlink()
        text, document = self.advise("--tasks", 10_000, "--wait", "500ms")
        self.assertIn("async", document["choice"]["spec"])
        self.assertIn("predicted by the costs of a usual machine (`quartet doctor` measures those of this one)", text)
        self.assertIsNone(document["costs"]["measured"])
        self.assertFalse(self.kept.exists(), "usual costs are nothing to keep")

    def test_costs_are_used_however_good_and_it_is_said(self):
        text, document = self.advise("--tasks", 10, "--cpu", "1ms")
        self.assertRegex(text, r"predicted by the costs of this machine, measured on \d{4}-\d\d-\d\d; --verify")
        self.assertEqual(document["costs"]["disturbed_share"], 0)
        self.kept.write_text(self.kept.read_text().replace("\ndisturbed 0\n", "\ndisturbed 0.43\n"))
        text, document = self.advise("--tasks", 10, "--cpu", "1ms")
        self.assertIn("while others used 43 % of the processors, so that they are too high", text)
        self.assertEqual(document["costs"]["disturbed_share"], 0.43)
        text, _ = self.advise("--tasks", 10, "--cpu", "1ms", "--runtime", "python")
        self.assertIn("predicted by the costs of Python on a usual machine", text)
        self.assertNotIn("--verify", text)

    def test_costs_are_measured_where_it_is_asked_for_and_kept_with_how_good_they_are(self):
        self.kept.unlink()
        _, document = self.advise("--tasks", 10, "--cpu", "1ms", "--measure")
        kept = re.search(r"\ndisturbed (\S+)\n", self.kept.read_text())
        self.assertEqual(float(kept[1]), document["costs"]["disturbed_share"])
        self.assertTrue(document["costs"]["measured"])

    def test_waiting_for_a_processor_is_not_waiting(self):
        processor = str(min(os.sched_getaffinity(0)))
        loops = [subprocess.Popen(["taskset", "-c", processor, "sh", "-c", "while :; do :; done"]) for _ in range(3)]
        try:
            (self.folder / "inputs").write_text("1\n2\n3\n")
            line = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo"
            file = self.folder / "results.json"
            done = subprocess.run(["taskset", "-c", processor, QUARTET, "run", "command", "--inputs", "inputs", "--models", "single",
                                   "--set", f"command.line={line}", "--rounds", "2", "--warmup", "0", "--json", file],
                                  env=self.environment(), cwd=self.folder, capture_output=True, text=True, timeout=LIMIT)
        finally:
            for each in loops:
                each.kill()
                each.wait()
        self.assertEqual(done.returncode, 0, done.stderr)
        results = file.read_text()
        text, document = self.advise(file)
        self.assertNotIn("no processor", text)
        # And its twin: the figure is what tells it.
        file.write_text(re.sub(r'"processor_wait_seconds": [0-9.e-]+', '"processor_wait_seconds": 0', results))
        self.assertIn("no processor", self.advise(file)[0])
        self.assertIn("disturbed: other programs used", text)
        self.assertIn("other programs used", document["disturbances"][0])

    def test_what_is_measured_is_said_beside_what_was_predicted(self):
        text, document = self.advise("--tasks", 40, "--wait", "20ms", "--verify", "--rounds", 2)
        self.assertIn("predicted", text)
        self.assertIn("measured: median of 2 rounds", document["ground"])
        self.assertNotEqual(document["choice"]["spec"], "single", "they overlap")

    def test_a_workload_is_measured(self):
        text, document = self.advise("sleep", *settings(["sleep"], sleep__scale=0.002), "--rounds", 2)
        self.assertNotEqual(document["choice"]["spec"], "single", "the waits overlap")
        self.assertIn("each of the 26 tasks computes for", text)

    def test_a_batch_of_commands_ends_in_the_line_that_does_it(self):
        (self.folder / "my inputs").write_text("a b\nc\n")
        advised = self.quartet("advise", "command", "--inputs", "my inputs", "--set", "command.line=sleep 0.05; echo {}", "--rounds", 2,
                               "--yes", env={"XDG_CACHE_HOME": str(self.cache)})
        line = re.search(r"^To do the work: quartet( batch .*)$", advised.stdout, re.MULTILINE)
        self.assertIsNotNone(line, advised)
        done = subprocess.run(["sh", "-c", QUARTET + line[1]], env=self.environment(), cwd=self.folder, capture_output=True, text=True,
                              timeout=LIMIT, check=True)
        self.assertEqual(sorted(done.stdout.splitlines()), ["a b", "c"])

    def test_results_that_there_are(self):
        file = self.folder / "results.json"
        self.quartet("run", "sleep", *settings(["sleep"], sleep__scale=0.002), "--rounds", 3, "--models",
                     "single,threads:2", "--json", file)
        text, document = self.advise(file)
        self.assertEqual(document["choice"]["spec"], "threads:2")
        self.assertIn("Not measured, but expected to take only", text)
        self.quartet("run", "sleep", *settings(["sleep"]), "--models", "threads", "--json", file)
        self.assert_refused(file, because="has no good run of sleep with single")

    def test_results_of_several_workloads(self):
        file = self.folder / "results.json"
        self.quartet("run", "sleep", "power", *settings(["sleep", "power"], sleep__scale=0.002), "--rounds", 3,
                     "--models", "single,threads:2", "--json", file)
        text, documents = self.advise(file)
        self.assertEqual([each["workload"] for each in documents], ["sleep", "power"])
        self.assertEqual(documents[0]["choice"]["spec"], "threads:2")
        for each in documents:
            self.assertIn(f"{each['workload']} {each['choice']['spec']}: ", text)

    def test_limits(self):
        _, document = self.advise("--tasks", 1000, "--wait", "50ms", "--max-workers", 10)
        self.assertIn(":", document["choice"]["spec"])
        text, document = self.advise("--tasks", 100, "--cpu", "10ms", "--crashy")
        self.assertTrue(document["choice"]["spec"].startswith("processes:"))
        self.assertIn("Only processes isolate", text)
        text, document = self.advise("--tasks", 100, "--cpu", "10ms", "--deadline", "1ms")
        self.assertFalse(document["meets_deadline"])
        self.assertIn("No model meets the deadline", text)

    def test_python_computes_in_processes(self):
        _, document = self.advise("--tasks", 16, "--cpu", "4s", "--runtime", "python", "--max-workers", 2)
        # With one processor nothing computes faster than one after another.
        of = {each["spec"]: each["seconds"] for each in document["considered"]}
        self.assertAlmostEqual(of["single"], 64, delta=1)

    def test_wrong_use(self):
        self.assert_refused(because="nothing to advise on")
        self.assert_refused("--cpu", "1ms", because="--tasks: missing")
        self.assert_refused("--tasks", 5, because="--cpu, --wait: one of them is needed")
        self.assert_refused("--tasks", 5, "--cpu", "fast", because="--cpu: 'fast' is not a time such as")
        self.assert_refused("--tasks", 5, "--cpu", "1ms", "--memory", "much", because="--memory: 'much' is not a size")
        self.assert_refused("--tasks", 5, "--cpu", "1ms", "--input", "much", because="--input: 'much' is not a size")
        self.assert_refused("sleep", "--input", "1MB", because="describe tasks, so there is no WORKLOAD")
        self.assert_refused("sleep", "--cpu", "1ms", because="describe tasks, so there is no WORKLOAD")
        self.assert_refused("sleep", "--verify", because="--verify: only for a description")
        self.assert_refused("sleep", "--runtime", "python", because="from a description only")
        self.assert_refused("--tasks", 5, "--cpu", "1s", "--runtime", "python", "--measure", because="--measure: quartet can't measure Python")
        self.assert_refused("slep", because="'sleep'")
        self.assert_refused("--tasks", 5, "--cpu", "1ms", "--max-memory", "1kB", because="the least that one needs is")
        self.assert_refused("--tasks", 0, "--cpu", "1ms", because="--tasks")

    def test_a_file_that_is_no_result(self):
        file = self.folder / "broken.json"
        file.write_text("{")
        self.assert_refused(file, because="broken.json")


if __name__ == "__main__":
    unittest.main()
