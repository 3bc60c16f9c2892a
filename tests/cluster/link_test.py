"""The link of a rank, over a real MPI: several ranks on this machine, started by that MPI's own launcher.

Each run has a word of its own in its environment, so that a process which is left behind is seen, whoever its
parent is now.
"""

import os
import pathlib
import subprocess
import time
import unittest
import uuid

PROBE = os.environ["LINK_PROBE"]
FLAVOUR = os.environ["LINK_FLAVOUR"]
LAUNCHER = os.environ["LINK_LAUNCHER"]
OTHER_LAUNCHER = os.environ.get("LINK_OTHER_LAUNCHER")

OPEN_MPI = FLAVOUR == "openmpi"
ENDS_ALL = "the launcher of MPICH ends all ranks of a machine on which one was killed"
LIMIT = 120  # seconds, after which a run hangs


def launch_line(launcher, ranks, lasting):
    """The launcher's words for so many ranks on this machine; `lasting`: the death of one is no end of all."""
    if pathlib.Path(launcher).name in ("mpirun.openmpi", "orterun"):
        words = ["--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
        return [launcher, *words, *(["--enable-recovery"] if lasting else []), "-n", str(ranks)]
    return [launcher, *(["-disable-auto-cleanup"] if lasting else []), "-n", str(ranks)]


def processes_with(word):
    """Those that live and have the word in their environment."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            if state not in "ZX" and word.encode() in (process / "environ").read_bytes():
                found.append((process / "comm").read_text().strip())
        except OSError:
            continue
    return found


class LinkTest(unittest.TestCase):
    def run_probe(self, *words, ranks=3, lasting=False, launcher=LAUNCHER, **environment):
        """What a run says, and its exit code. No process of it is left."""
        word = "QUARTET_LINK_TEST=" + uuid.uuid4().hex
        variables = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", **environment)
        variables.update([word.split("=")])
        line = ["timeout", "-k", "1", str(LIMIT), *launch_line(launcher, ranks, lasting), PROBE, *words]
        done = subprocess.run(line, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 124, f"{line} hangs: {done.stdout}{done.stderr}")
        self.none_is_left(word)
        return done.stdout, done.stderr, done.returncode

    def none_is_left(self, word):
        until = time.monotonic() + 30
        while processes_with(word) and time.monotonic() < until:
            time.sleep(0.05)
        self.assertEqual(processes_with(word), [])

    def passes(self, *words, **options):
        said, errors, code = self.run_probe(*words, **options)
        self.assertEqual(code, 0, said + errors)
        self.assertNotIn("link_probe:", errors)
        return said

    def test_all_ranks_start_and_end(self):
        said = self.passes("hello")
        self.assertEqual(said.count("3 ranks"), 3, said)
        self.assertIn("Open MPI v" if OPEN_MPI else "MPICH Version", said)

    def test_one_rank_alone(self):
        self.assertIn("1 ranks", self.passes("hello", ranks=1))

    def test_messages_come_in_order_and_as_they_were(self):
        self.assertEqual(self.passes("flood", "400").count("came in order"), 3)

    def test_a_large_message_comes_in_parts(self):
        self.assertIn("200 MiB came as they were", self.passes("large", "200", ranks=2))

    def test_processes_of_the_root_take_turns(self):
        self.assertIn("all had their turn", self.passes("turns"))

    def test_nobody_burns_a_processor(self):
        self.assertEqual(self.passes("idle", "2").count("idle:"), 3)  # each has looked at what it took

    def test_a_message_wakes_who_sleeps(self):
        self.assertEqual(self.passes("prompt", ranks=2).count("were found late"), 2)

    @unittest.skipUnless(OPEN_MPI, ENDS_ALL)
    def test_the_others_hear_of_the_roots_death(self):
        said, errors, _ = self.run_probe("orphans", lasting=True)
        self.assertEqual(said.count("was told that the root is gone"), 2, said + errors)

    @unittest.skipUnless(OPEN_MPI, ENDS_ALL)
    def test_the_others_go_on_when_one_was_killed(self):
        for whole in ("0", "1"):  # its program, and its link process too
            said, errors, _ = self.run_probe("death", whole, lasting=True)
            self.assertEqual(said.count("went on"), 2, said + errors)

    @unittest.skipUnless(OPEN_MPI, ENDS_ALL)
    def test_a_program_hears_that_its_link_process_has_died(self):
        said, errors, _ = self.run_probe("broken", lasting=True)
        self.assertIn("rank 2: the process that has MPI in it has died", said, said + errors)

    def test_a_rank_that_does_not_come_is_not_waited_for_longer_than_the_limit(self):
        _, errors, code = self.run_probe("late", LINK_PROBE_LIMIT="2")
        self.assertIn("link_probe: quartet: MPI has not started within 2 s", errors)
        self.assertNotEqual(code, 0)

    def test_a_missing_plugin_is_refused(self):
        _, errors, code = self.run_probe("hello", QUARTET_MPI_PLUGIN="/nowhere/plugin.so")
        # Perhaps by one rank only: the launcher ends the others when the first has failed.
        self.assertIn("link_probe: quartet: QUARTET_MPI_PLUGIN is '/nowhere/plugin.so', where no file is", errors)
        self.assertNotEqual(code, 0)

    def test_what_is_no_plugin_is_refused(self):
        _, errors, _ = self.run_probe("hello", QUARTET_MPI_PLUGIN="/etc/passwd")
        self.assertIn(f"link_probe: quartet: the plug-in of {FLAVOUR} can't be loaded", errors)

    @unittest.skipUnless(OTHER_LAUNCHER, "there is one MPI here")
    def test_the_launcher_of_another_mpi_is_refused(self):
        _, errors, code = self.run_probe("hello", launcher=OTHER_LAUNCHER, QUARTET_MPI=FLAVOUR)
        self.assertIn("it is of another MPI; start the program by the launcher of that one", errors)
        self.assertNotEqual(code, 0)

    def test_without_a_launcher_it_is_no_rank(self):
        done = subprocess.run([PROBE, "hello"], capture_output=True, text=True)
        self.assertEqual(done.stderr, "link_probe: was not started as a rank\n")


if __name__ == "__main__":
    unittest.main()
