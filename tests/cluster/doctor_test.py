"""`quartet doctor` on three machines: `machines with 3 -- python3 -m unittest doctor_test`."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

QUARTET = os.environ["QUARTET"]
LIMIT = 240


class Doctor(unittest.TestCase):
    def doctor(self, program=QUARTET):
        """Of each subject what is said of it, with its verdict before."""
        line = [QUARTET, "cluster", "--hosts", "qa,qb,qc:3", "--", program, "doctor", "--rounds", "6", "--plain"]
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=LIMIT, check=False,
                              env={**os.environ, "COLUMNS": "400"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.isascii())
        lines = re.findall(r"(?m)^(ok  |note|mend)  (\S+(?: \S+)*)  +(.*(?:\n {8}.*)*)$", done.stdout)
        return {subject: verdict.strip() + " " + " ".join(said.split()) for verdict, subject, said in lines}

    def test_three_nodes_and_the_ways_between_them(self):
        said = self.doctor()
        self.assertRegex(said["MPI"], r"^ok .*(Open MPI v|MPICH Version: )\d")
        self.assertRegex(said["launchers"], r"^ok mpirun\S* \d+\.\d+")
        self.assertNotIn("looks at those machines", said["launchers"])
        self.assertRegex(said["cluster"], r"^ok 3 nodes, (Open MPI|MPICH) .*; messages wake who waits for them$")
        here = os.cpu_count()
        usable = rf"{here} of {here} processors?, \d+\.\d GiB"
        self.assertRegex(said["node qa"], rf"^ok {here} workers?, {usable}; the root$")
        way = r"clock \d\S* \ws (ahead|behind), give or take \d\S* \ws; half a round trip \d\S* \ws, \d+ MB/s there and \d+ MB/s back$"
        self.assertRegex(said["node qb"], rf"^ok {here} workers?, {usable}; same program; {way}")
        self.assertRegex(said["node qc"], rf"^ok 3 workers, {usable}; same program; {way}")
        self.assertRegex(said["costs of a cluster"], r"^(ok|note) to start \d\S* \ws; a task \d\S* \ws, and \d\S* \ws of processor time on all machines")
        # They are one machine, whose clock is one.
        for node in ("node qb", "node qc"):
            away, error = (self.seconds(each) for each in re.search(r"clock (\S+ \ws) \w+, give or take (\S+ \ws)", said[node]).groups())
            self.assertLessEqual(away, error)

    @staticmethod
    def seconds(text):
        number, unit = text.split()
        return float(number) * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3}[unit]

    @unittest.skipIf(os.cpu_count() == 1, "there is one processor here")
    def test_ranks_that_are_bound_and_another_program(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="quartet-doctor-test-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, folder)
        other = folder / "other"
        self.copy_with_another_id(other)
        program = folder / "program"
        program.write_text(f'#!/bin/sh\ncase $(hostname) in\nqb) exec taskset -c 0 {QUARTET} "$@" ;;\n'
                           f'qc) exec {other} "$@" ;;\n*) exec {QUARTET} "$@" ;;\nesac\n')
        program.chmod(0o755)
        said = self.doctor(program=program)
        self.assertRegex(said["node qb"], rf"^mend 1 worker, 1 of {os.cpu_count()} processors, .*--bind-to none")
        self.assertRegex(said["node qc"], r"^mend 3 workers, .*; another program; .* the one with the build id [0-9a-f]{16,}$")

    @staticmethod
    def copy_with_another_id(to):
        """A copy of the program whose build id is another."""
        notes = subprocess.run(["readelf", "-n", QUARTET], check=True, capture_output=True, encoding="utf-8").stdout
        identity = bytes.fromhex(re.search(r"Build ID: ([0-9a-f]+)", notes).group(1))
        content = pathlib.Path(QUARTET).read_bytes()
        assert content.count(identity) == 1
        to.write_bytes(content.replace(identity, bytes(each ^ 0xff for each in identity)))
        to.chmod(0o755)


if __name__ == "__main__":
    unittest.main()
