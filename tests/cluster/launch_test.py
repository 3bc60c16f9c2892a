"""`quartet cluster` with the launchers of this system over three machines: `machines with 3 -- python3 -m unittest launch_test`."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
from tool import has_taken  # noqa: E402

QUARTET = os.environ["QUARTET"]
CLUSTER_PROGRAM = os.environ["CLUSTER_PROGRAM"]
LIMIT = 120
MACHINES = ["qa", "qb", "qc"]


def machines(*words):
    return subprocess.run(["machines", *words], check=True, capture_output=True, encoding="utf-8").stdout


def has_slurm():
    return subprocess.run(["machines", "slurm", "up"], capture_output=True, check=False).returncode == 0


class Launching:
    """For each launcher. Programs are scripts in a folder that all machines see."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quartet-launch-test-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder)

    def script(self, text):
        file = self.folder / "program"
        file.write_text("#!/bin/bash\n" + text)
        file.chmod(0o755)

    def command(self, hosts, *arguments):
        return [QUARTET, "cluster", "--launcher", self.launcher, "--hosts", hosts, "--", "./program", *arguments]

    def cluster(self, hosts, *arguments):
        return subprocess.run(self.command(hosts, *arguments), cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=LIMIT,
                              check=False)

    def start(self, hosts):
        started = subprocess.Popen(self.command(hosts), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   encoding="utf-8")
        self.addCleanup(self.end, started)
        return started

    @staticmethod
    def end(started):
        if started.poll() is None:
            started.kill()
            started.communicate()

    def programs(self, name):
        """Ids of what runs the script on a machine, but for the shells around it."""
        found = []
        for each in machines("pids", name).split():
            try:
                words = pathlib.Path("/proc", each, "cmdline").read_bytes().split(b"\0")
                if words[0] == b"/bin/bash" and words[1].endswith(b"/program"):
                    found.append(int(each))
            except OSError:
                pass
        return found

    def wait_for(self, condition):
        end = time.monotonic() + LIMIT
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def assert_nothing_runs(self):
        self.wait_for(lambda: not any(self.programs(name) for name in MACHINES))

    def test_one_rank_a_machine(self):
        self.script('echo "$(hostname) $QUARTET_WORKERS $QUARTET_TEST"; [ "$(hostname)" != qa ] || exit 5; exit 0')
        os.environ["QUARTET_TEST"] = "along"
        done = self.cluster("qa,qb:4,qc")
        self.assertEqual((done.returncode, sorted(done.stdout.splitlines())), (5, ["qa  along", "qb 4 along", "qc  along"]), done.stderr)
        self.assert_nothing_runs()

    def test_a_program_of_quartets(self):
        shutil.copy(CLUSTER_PROGRAM, self.folder / "program")
        done = self.cluster("qa:1,qb:3", "cluster", "6")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("workers: 4\n", done.stdout)
        self.assertIn("outcomes: 6\n", done.stdout)

    def test_a_machine_without_the_program(self):
        self.script("while :; do sleep 0.05; done")
        machines("on", "qb", "env", "-C", "/", "mount", "-t", "tmpfs", "none", str(self.folder))
        self.addCleanup(machines, "on", "qb", "env", "-C", "/", "umount", "-l", str(self.folder))
        done = self.cluster("qa,qb,qc")
        self.assertEqual(done.returncode, 127)
        self.assertEqual(done.stderr.splitlines()[-1], "quartet cluster: ./program is not there on qb (rank 1)")
        self.assert_nothing_runs()

    def test_ctrl_c(self):
        self.script("trap 'touch over; exit 7' INT\nuntil [ -e over ]; do sleep 0.05; done")
        started = self.start("qa,qb,qc")
        self.wait_for(lambda: all(self.programs(name) for name in MACHINES))
        time.sleep(0.2)
        started.send_signal(signal.SIGINT)
        _, errors = started.communicate(timeout=LIMIT)
        self.assertEqual(started.returncode, 7, errors)
        self.assert_nothing_runs()

    def test_ctrl_c_twice(self):
        self.script("trap '' INT\nwhile :; do sleep 0.05; done")
        started = self.start("qa,qb,qc")
        self.wait_for(lambda: all(self.programs(name) for name in MACHINES))
        started.send_signal(signal.SIGINT)
        self.wait_for(lambda: has_taken(started.pid, signal.SIGINT))
        time.sleep(0.5)
        self.assertIsNone(started.poll())
        started.send_signal(signal.SIGINT)
        _, errors = started.communicate(timeout=LIMIT)
        self.assertEqual(started.returncode, 130, errors)
        self.assert_nothing_runs()

    def test_a_rank_that_is_killed(self):
        """Rank 0 goes on; and it is over when that is."""
        self.script('until [ -e over ]; do sleep 0.05; done; [ "$(hostname)" = qa ] || exit 0; echo the end; exit 9')
        started = self.start("qa,qb,qc")
        self.wait_for(lambda: all(self.programs(name) for name in MACHINES))
        for each in self.programs("qc"):
            os.kill(each, signal.SIGKILL)
        time.sleep(1)
        self.assertTrue(self.programs("qa"))
        (self.folder / "over").touch()
        out, errors = started.communicate(timeout=LIMIT)
        self.assertEqual((started.returncode, out.splitlines()[:1]), (9, ["the end"]), errors)  # Hydra adds a page
        self.assert_nothing_runs()


class WithRemoteShell(Launching):
    def test_a_host_that_is_not_there(self):
        self.script("exit 0")
        done = self.cluster("qa,qb,qz")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr.splitlines()[-1], "quartet cluster: qz can't be reached: ssh: Could not resolve hostname qz: Name or service not known")
        self.assertLess(len(done.stderr.splitlines()), 5, done.stderr)
        self.assert_nothing_runs()


@unittest.skipUnless(shutil.which("mpirun.openmpi"), "Open MPI is not installed (openmpi-bin)")
class OpenMPI(WithRemoteShell, unittest.TestCase):
    launcher = "mpirun.openmpi"


@unittest.skipUnless(shutil.which("mpirun.mpich"), "MPICH is not installed (mpich)")
class MPICH(WithRemoteShell, unittest.TestCase):
    launcher = "mpirun.mpich"


class Slurm(Launching, unittest.TestCase):
    launcher = "srun"

    @classmethod
    def setUpClass(cls):
        if not has_slurm():
            raise unittest.SkipTest("there is no Slurm (slurm-wlm, munge), or we are not root")

    @classmethod
    def tearDownClass(cls):
        machines("slurm", "down")


if __name__ == "__main__":
    unittest.main()
