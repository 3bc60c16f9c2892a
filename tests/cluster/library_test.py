"""Bodies in libraries on three machines: `machines with 3 -- python3 -m unittest library_test`."""

import os
import shutil
import subprocess
import unittest

QUARTET = os.environ["QUARTET"]
LIBRARY_PROGRAM = os.environ["LIBRARY_PROGRAM"]
LIBRARY = os.environ["LIBRARY"]
LIMIT = 120


@unittest.skipUnless(shutil.which("mpirun.openmpi"), "Open MPI is not installed (openmpi-bin)")
class Libraries(unittest.TestCase):
    def lines(self, when):
        line = [QUARTET, "cluster", "--launcher", "mpirun.openmpi", "--hosts", "qa,qb,qc", "--", LIBRARY_PROGRAM, LIBRARY, when]
        done = subprocess.run(line, cwd="/tmp", stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def test_one_that_all_have_loaded(self):
        self.assertEqual(self.lines("early"), ["sum 1305", "sum 870"])

    def test_one_that_the_root_has_loaded_alone(self):
        """The call is refused in one sentence, and others go on."""
        refused, others = self.lines("late")
        self.assertRegex(refused, r"^refused: quartet: the body thrice can't run on q[bc], which has not loaded \S+ \(build id [0-9a-f]+\); have it loaded on "
                                  r"all machines before cluster_main\(\) serves$")
        self.assertEqual(others, "sum 870")


if __name__ == "__main__":
    unittest.main()
