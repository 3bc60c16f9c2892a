"""`quartet advise` on several machines: `machines with 3 -- python3 -m unittest advise_test`."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

QUARTET = os.environ["QUARTET"]
LIMIT = 240
POWER = ["--set", "power.count=8", "--set", "power.base=1000"]


def is_on_cluster(each):
    return each["spec"].startswith("cluster")


@unittest.skipUnless(shutil.which("mpirun.openmpi"), "Open MPI is not installed (openmpi-bin)")
class AdviseOnThreeMachines(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quartet-advise-test-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.cache = self.folder / "cache"

    def start(self, *words, hosts=None, before=(), cwd=None):
        """Words of a command line; the machines' programs get the test's own cache."""
        front = [QUARTET, "cluster", "--launcher", "mpirun.openmpi", "--hosts", hosts, "--"] if hosts else []
        command = [*front, *before, "env", f"XDG_CACHE_HOME={self.cache}", QUARTET, *words]
        return subprocess.run(command, cwd=cwd or self.folder, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=LIMIT, check=False)

    def advise(self, *words, hosts="qa,qb,qc", **how):
        """Text and document."""
        file = self.folder / "advice.json"
        done = self.start("advise", *words, "--plain", "--json", str(file), hosts=hosts, **how)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)
        return " ".join(done.stdout.split()), json.loads(file.read_text())

    def test_machines_that_are_one(self):
        """They have no processors of their own, so there is nothing to win; what they are is told."""
        text, document = self.advise("--tasks", "600", "--cpu", "1s")
        self.assertFalse(is_on_cluster(document["choice"]), document["choice"])
        self.assertTrue(any(map(is_on_cluster, document["considered"])))
        of_cluster = document["costs"]["cluster"]
        self.assertEqual([node["name"] for node in of_cluster["nodes"]], ["qa", "qb", "qc"])
        self.assertEqual([each["nodes"] for each in of_cluster["shared"]], [[0, 1, 2]])
        self.assertIn("qa, qb and qc are on one machine, whose", text)
        self.assertIn("those of a usual network (--measure measures this one)", text)

    @unittest.skipUnless(len(os.sched_getaffinity(0)) > 1, "there is one processor only")
    def test_machines_with_processors_of_their_own(self):
        numbers = " ".join(map(str, sorted(os.sched_getaffinity(0))))
        bound = ["sh", "-c", f'set -- {numbers} "$@"; shift $OMPI_COMM_WORLD_RANK; it=$1; while [ "$1" != quartet ]; do shift; done; shift; '
                 'exec taskset -c $it "$@"', "sh", "quartet"]
        text, document = self.advise("--tasks", "600", "--cpu", "1s", hosts="qa,qb", before=bound)
        self.assertEqual(document["costs"]["cluster"]["shared"], [])
        self.assertEqual(document["choice"]["spec"], "cluster+threads", text)
        self.assertEqual(document["choice"]["nodes"], 2)
        self.assertIn("cluster+threads on 2 nodes keeps 2 processors busy.", text)
        self.assertIn("single takes 2.00 times as long on one machine alone", text)
        self.assertIn("What sending takes here was not measured", text)
        _, tiny = self.advise("--tasks", "10", "--cpu", "10us", hosts="qa,qb", before=bound)
        self.assertEqual(tiny["choice"]["spec"], "single")
        text, large = self.advise("--tasks", "600", "--cpu", "10ms", "--output", "100MB", hosts="qa,qb", before=bound)
        self.assertEqual(large["choice"]["spec"], "single")
        self.assertIn("since sending tasks and taking results takes the root", text)

    def test_costs_are_measured_and_kept(self):
        _, first = self.advise("--tasks", "600", "--cpu", "1s", "--measure", hosts="qa,qb")
        of_cluster = first["costs"]["cluster"]
        self.assertTrue(of_cluster["measured"])
        self.assertGreater(of_cluster["latency_seconds"], 1e-6)
        self.assertLess(of_cluster["latency_seconds"], 0.1)
        self.assertGreater(of_cluster["node_bytes"], 1 << 20)
        self.assertGreater(of_cluster["result_byte_seconds"], 1e-11)
        text, second = self.advise("--tasks", "600", "--cpu", "1s", hosts="qa,qb")
        self.assertEqual(second["costs"]["cluster"], of_cluster)
        self.assertIn("and those of this cluster, measured on", text)
        _, other = self.advise("--tasks", "600", "--cpu", "1s", hosts="qa,qc")
        self.assertIsNone(other["costs"]["cluster"]["measured"], "of other machines")

    def test_a_workload_is_measured_on_the_cluster_too(self):
        text, document = self.advise("sleep", "--set", "sleep.scale=0.005", "--rounds", "1")
        measured = [each for each in document["considered"] if is_on_cluster(each)]
        self.assertTrue(measured, text)
        self.assertIn("measured: median of 1 rounds", document["ground"])
        self.assertRegex(text, r"by one on the cluster, each is given \d+B and gives \d+B\.")

    def test_a_description_is_verified_on_the_cluster_too(self):
        _, document = self.advise("--tasks", "12", "--wait", "50ms", "--wait-kind", "disk", "--input", "10kB", "--output", "10kB", "--verify", "--rounds", "1")
        self.assertTrue(any(map(is_on_cluster, document["considered"])), document["considered"])

    def test_a_cluster_that_can_not_be_used_is_left_out(self):
        os.environ["TMPDIR"] = "/dev/shm"
        self.addCleanup(os.environ.pop, "TMPDIR")
        text, document = self.advise("append", "--set", "append.factor=10", "--rounds", "1", cwd="/dev/shm")
        self.assertRegex(text, r"The cluster is left out: append needs files: .*qb and qc do not see /dev/shm")
        self.assertFalse(any(map(is_on_cluster, document["considered"])))
        self.assertIsNone(document["costs"]["cluster"])
        text, document = self.advise("--tasks", "600", "--cpu", "1s", hosts="qa")
        self.assertIn("The cluster is left out: the cluster of 'cluster' has one node only", text)

    def test_results_of_a_cluster(self):
        """Among what was measured it chooses there and elsewhere; what is not known elsewhere is not claimed."""
        done = self.start("run", "power", *POWER, "--models", "single,cluster", "--rounds", "2", "--quiet", "--json", "results.json", hosts="qa,qb,qc")
        self.assertEqual(done.returncode, 0, done.stderr)
        results = self.folder / "results.json"
        for hosts in ("qa,qb,qc", None):
            with self.subTest(hosts=hosts):
                text, document = self.advise(str(results), hosts=hosts)
                self.assertEqual({each["spec"] for each in document["considered"]}, {"single", "cluster"})
                self.assertEqual(hosts is None, document["costs"]["cluster"] is None)
        other = json.loads(results.read_text())
        for each in other["results"]:
            if each["spec"] == "single":  # as if one machine were much slower
                for of in (each["wall_seconds"], *each["trials"]):
                    of.update({name: 1e5 * of[name] for name in ("median", "low", "high", "wall_seconds") if name in of})
        results.write_text(json.dumps(other))
        text, document = self.advise(str(results), hosts=None)
        self.assertEqual(document["choice"]["spec"], "cluster")
        self.assertRegex(text, r"cluster on 3 nodes had \d+ tasks under way at the same time\. single takes \d+ times as long on one machine alone\.")
        self.assertIsNone(document["runner_up_wins"])

    def test_wrong_use(self):
        done = self.start("advise", "append", "--scratch", "/dev/shm", hosts="qa,qb,qc")
        said = [line for line in done.stderr.splitlines() if line.startswith("quartet")]
        self.assertEqual((done.returncode, said), (2, ["quartet advise: --scratch: qb and qc do not see /dev/shm; it has to be a folder that all nodes share"]))


if __name__ == "__main__":
    unittest.main()
