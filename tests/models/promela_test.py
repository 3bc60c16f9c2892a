"""Every order of steps of the structures by which threads and processes share calls, by SPIN; and that it finds the faults of twins."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

MODELS = pathlib.Path(__file__).resolve().parent / "promela"


def errors_of(model, *flags):
    """How many SPIN finds, at most one; and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        def run(*command):
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
            if done.returncode != 0:
                raise AssertionError(f"{command[0]}: {done.stdout}{done.stderr}")
            return done.stdout

        run("spin", "-a", *flags, MODELS / model)
        run("gcc", "-O1", "-w", "-DSAFETY", "-o", "pan", "pan.c")
        may_block = ["-E"] if model == "offered_call.pml" else []  # its processes are killed; the model looks for those that wait
        said = run("./pan", "-m100000", *may_block)
    if "max search depth too small" in said or "pan: out of memory" in said:
        raise AssertionError(said)
    return int(said.split("errors: ")[1].split()[0]), said


@unittest.skipUnless(shutil.which("spin"), "SPIN is not installed (package spin)")
class Promela(unittest.TestCase):
    def test_no_order_of_steps_is_wrong(self):
        for model in ("work_deque.pml", "parking.pml", "helping.pml", "offered_call.pml"):
            with self.subTest(model=model):
                errors, said = errors_of(model)
                self.assertEqual(errors, 0, said)

    def test_the_faults_of_twins_are_found(self):
        for model, *fault in (("work_deque.pml", "-DTORN_TAKE"), ("parking.pml", "-DNO_SECOND_LOOK"), ("parking.pml", "-DNO_RESET"),
                              ("parking.pml", "-DNO_LOCK", "-DIDLE=1"), ("helping.pml", "-DNO_NEWS"), ("helping.pml", "-DLATE_KEY"),
                              ("helping.pml", "-DNO_LOCK"), ("offered_call.pml", "-DNO_TELL"), ("offered_call.pml", "-DLATE_KEY"),
                              ("offered_call.pml", "-DFREE_FIRST"), ("offered_call.pml", "-DEND_BY_STORE"),
                              ("offered_call.pml", "-DNO_NUMBER")):
            with self.subTest(fault=fault):
                errors, said = errors_of(model, *fault)
                self.assertEqual(errors, 1, said)


if __name__ == "__main__":
    unittest.main()
