"""`quartet run`, `sweep`, `check` and `batch` on three machines: `machines with 3 -- python3 -m unittest tool_test`."""

import copy
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
from tool import node_faults  # noqa: E402  # pylint: disable=wrong-import-position

QUARTET = os.environ["QUARTET"]
LIMIT = 240
SMALL = ["sleep.scale=0.01", "fetch.count=20", "append.factor=10", "power.count=4", "power.base=1000", "files.count=100", "api_to_file.count=20", "csv.rows=1000"]
TESTS = ["sleep", "fetch", "append", "power", "files", "api_to_file", "csv"]


def faults(document):
    """What is wrong with the answers of a run under `processes` and `cluster`."""
    found = []
    answers = {}
    for each in document["results"]:
        where = f"{each['workload']} {each['spec']}"
        if each["failed"] or each["failures"] or each["verification"] or not each["checksum"]:
            found.append(f"{where}: {each['failures']} {each['verification']}")
        answers.setdefault(each["workload"], set()).add(each["checksum"])
    found += [f"{name}: {len(sums)} answers" for name, sums in answers.items() if len(sums) != 1]
    for each in document["results"]:
        found += [f"{each['workload']} {each['spec']}: {fault}" for fault in node_faults(each)]
        if each["model"] == "cluster" and [node["name"] for node in each["nodes"]] != ["qa", "qb", "qc"]:
            found.append(f"{each['workload']}: nodes {[node['name'] for node in each['nodes']]}")
    models = {(each["workload"], each["model"]) for each in document["results"]}
    return found + [f"{name} under {model} is missing" for name in TESTS for model in ("processes", "cluster") if (name, model) not in models]


@unittest.skipUnless(shutil.which("mpirun.openmpi"), "Open MPI is not installed (openmpi-bin)")
class OnThreeMachines(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quartet-tool-test-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder)

    def on_cluster(self, *arguments, hosts="qa,qb,qc", temporary=None):
        environment = dict(os.environ)
        environment.pop("TMPDIR", None)
        if temporary:
            environment["TMPDIR"] = temporary
        command = [QUARTET, "cluster", "--launcher", "mpirun.openmpi", "--hosts", hosts, "--", QUARTET, *arguments]
        return subprocess.run(command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=LIMIT,
                              check=False)

    def run_tests(self, *words, **how):
        sets = [word for each in SMALL for word in ("--set", each)]
        done = self.on_cluster("run", "--models", "processes:2,cluster", "--warmup", "0", "--plain", "--json", "results.json", *sets, *words, **how)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout, json.loads((self.folder / "results.json").read_text())

    def assert_refused(self, done, sentence):
        """As other bad input: one sentence, exit code 2."""
        said = [line for line in done.stderr.splitlines() if line.startswith("quartet")]
        self.assertEqual((done.returncode, said), (2, [sentence]), done.stdout + done.stderr)

    def test_a_batch(self):
        line = "sleep 0.05; hostname; test -e go || test {} != 7"
        done = self.on_cluster("batch", "-k", "--model", "cluster", "--journal", "j", line, ":::", *map(str, range(1, 25)))
        self.assertEqual(done.returncode, 1, done.stderr)
        names = done.stdout.split()
        self.assertEqual((len(names), set(names)), (24, {"qa", "qb", "qc"}))
        self.assertIn("failed: job 7, ", done.stderr)
        (self.folder / "go").touch()
        done = self.on_cluster("batch", "--resume", "j")
        self.assertEqual((done.returncode, len(done.stdout.split())), (0, 1), done.stderr)

    def test_the_seven_tests(self):
        _, document = self.run_tests("--rounds", "2")
        self.assertEqual(faults(document), [])
        other_answer = copy.deepcopy(document)
        other_answer["results"][1]["checksum"] = "0123456789abcdef"
        self.assertEqual(len(faults(other_answer)), 1)
        missing = copy.deepcopy(document)
        del missing["results"][-1]
        self.assertEqual(faults(missing), ["csv under cluster is missing"])
        self.assertEqual(list(self.folder.iterdir()), [self.folder / "results.json"])

    def test_figures_of_nodes(self):
        """Each computes, has memory, talks MPI apart and has a clock that is known; the table names them."""
        shown, document = self.run_tests("--rounds", "2")
        power = next(each for each in document["results"] if each["workload"] == "power" and each["model"] == "cluster")
        for node in power["nodes"]:
            self.assertGreater(node["cpu_user_seconds"] + node["cpu_system_seconds"], 0, node)
            self.assertGreater(node["mpi_cpu_seconds"], 0, node)
            self.assertGreater(node["tree_peak_bytes"], 1 << 20, node)
            self.assertGreater(node["mpi_bytes"], 1 << 20, node)
            self.assertIsNotNone(node["input_bytes"], node)
            self.assertLess(node["clock_error_seconds"] or 0, 0.5, node)
            self.assertRegex(shown, rf"(?m)^    {node['name']} ")
        self.assertGreater(sum(node["result_bytes"] for node in power["nodes"]), 0)
        self.assertEqual([node["clock_error_seconds"] is None for node in power["nodes"]], [True, False, False])
        elsewhere = copy.deepcopy(document)
        elsewhere["results"][1]["trials"][0]["nodes"][2]["cpu_user_seconds"] += 0.5
        self.assertEqual(faults(elsewhere), ["sleep cluster: the nodes' cpu_user_seconds are not those of the trial"])

    def test_where_nodes_do_not_see_temporary_files(self):
        """Then the current folder serves; and where that is none they all see either, a run that needs files is refused."""
        _, document = self.run_tests("--rounds", "1", temporary="/dev/shm")
        self.assertEqual(faults(document), [])
        self.assertEqual(list(self.folder.iterdir()), [self.folder / "results.json"])
        self.assert_refused(self.on_cluster("run", "append", "--models", "cluster", "--scratch", "/dev/shm"),
                            "quartet run: --scratch: qb and qc do not see /dev/shm; it has to be a folder that all nodes share")

    def test_sweep_of_nodes(self):
        done = self.on_cluster("sweep", "power", "--model", "cluster", "--nodes", "1,2,3", "--rounds", "1", "--set", "power.count=4", "--set", "power.base=1000",
                               "--json", "sweep.json", "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads((self.folder / "sweep.json").read_text())
        self.assertEqual([each["spec"] for each in document["results"]], ["cluster:1", "cluster:2", "cluster:3"])
        self.assertEqual([(each["axis"], len(each["counts"])) for each in document["scaling"]], [("nodes", 3)])

    def test_check(self):
        done = self.on_cluster("check", "append", "--models", "cluster:3", "--plain", "--set", "append.factor=10")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("every task gives the same", done.stdout)

    def test_more_nodes_than_there_are(self):
        self.assert_refused(self.on_cluster("run", "sleep", "--models", "single,cluster:5"),
                            "quartet run: --models: 'cluster:5' needs 5 nodes, and the cluster has 3")

    def test_one_node(self):
        self.assert_refused(self.on_cluster("run", "sleep", "--models", "cluster", hosts="qa"),
                            "quartet run: --models: the cluster of 'cluster' has one node only, this machine; start the program on more (docs/cluster.md), or "
                            "ask for 'cluster:1'")


if __name__ == "__main__":
    unittest.main()
