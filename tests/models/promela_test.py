"""Every order of steps of the structures by which threads and processes share calls, by SPIN; and that it finds the faults of twins."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

MODELS = pathlib.Path(__file__).resolve().parent / "promela"


def errors_of(model, *flags, optimized="-O1"):
    """How many SPIN finds, at most one; and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        def run(*command):
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
            if done.returncode != 0:
                raise AssertionError(f"{command[0]}: {done.stdout}{done.stderr}")
            return done.stdout

        run("spin", "-a", *flags, MODELS / model)
        run("gcc", optimized, "-w", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c")
        may_block = ["-E"] if model == "offered_call.pml" else []  # its processes are killed; the model looks for those that wait
        said = run("./pan", "-m100000", *may_block)
    if "max search depth too small" in said or "pan: out of memory" in said:
        raise AssertionError(said)
    return int(said.split("errors: ")[1].split()[0]), said


@unittest.skipUnless(shutil.which("spin"), "SPIN is not installed (package spin)")
class Promela(unittest.TestCase):
    def test_no_order_of_steps_is_wrong(self):
        for model, *of in (("work_deque.pml",), ("parking.pml",), ("helping.pml",), ("offered_call.pml",), ("inbox.pml",),
                           ("task_ring.pml", "-DWORKERS=1", "-DCALLS=2"), ("task_ring.pml", "-DWORKERS=1", "-DCALLS=1", "-DTASKS=2"),
                           ("task_ring.pml", "-DWORKERS=1", "-DDEATHS=0"), ("task_ring.pml", "-DREFUSED", "-DCALLS=1"),
                           ("task_ring.pml", "-DDEATHS=0", "-DCALLS=1", "-DTASKS=2")):
            with self.subTest(model=model, of=of):
                errors, said = errors_of(model, *of)
                self.assertEqual(errors, 0, said)

    def test_the_faults_of_twins_are_found(self):
        filled_anew = ("-DAWAKE", "-DCAPACITY=1", "-DDEATHS=0", "-DCALLS=2")
        one_worker = ("-DWORKERS=1", "-DCALLS=1")
        one_calm_worker = ("-DWORKERS=1", "-DDEATHS=0")
        for model, *fault in (("work_deque.pml", "-DTORN_TAKE"), ("parking.pml", "-DNO_SECOND_LOOK"), ("parking.pml", "-DNO_RESET"),
                              ("parking.pml", "-DNO_LOCK", "-DIDLE=1"), ("helping.pml", "-DNO_NEWS"), ("helping.pml", "-DLATE_KEY"),
                              ("helping.pml", "-DNO_LOCK"), ("offered_call.pml", "-DNO_TELL"), ("offered_call.pml", "-DLATE_KEY"),
                              ("offered_call.pml", "-DFREE_FIRST"), ("offered_call.pml", "-DEND_BY_STORE"),
                              ("offered_call.pml", "-DNO_NUMBER"),
                              ("inbox.pml", "-DSLEEP_BY_STORE"), ("inbox.pml", "-DADD_TO_SLEEPER"), ("inbox.pml", "-DTORN_TAKE"),
                              ("inbox.pml", "-DTORN_ADD"),
                              ("task_ring.pml", "-DNO_NUMBER", *filled_anew), ("task_ring.pml", "-DNO_CLOSE", *filled_anew, "-DTASKS=2"),
                              ("task_ring.pml", "-DLATE_NAME", *one_worker), ("task_ring.pml", "-DNO_WORD", "-DCALLS=1"),
                              ("task_ring.pml", "-DNO_SECOND_LOOK", *one_calm_worker), ("task_ring.pml", "-DLATE_KEY", *one_calm_worker),
                              ("task_ring.pml", "-DNO_CALL_AT_DEATH", "-DREFUSED", "-DCALLS=1"),
                              ("task_ring.pml", "-DNO_RESCAN", *one_worker), ("task_ring.pml", "-DHALF=1", *one_calm_worker),
                              ("task_ring.pml", "-DNO_LOOK_FOR_ROOM", *one_calm_worker),
                              ("task_ring.pml", "-DFREE_NAMED", *one_worker)):
            with self.subTest(fault=fault):
                errors, said = errors_of(model, *fault, optimized="-O0")  # found soon
                self.assertEqual(errors, 1, said)


if __name__ == "__main__":
    unittest.main()
