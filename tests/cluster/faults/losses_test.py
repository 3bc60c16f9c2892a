"""Ranks, machines and ways between them that are lost, or away for a while."""

import signal
import time

from hosts import LAST, MACHINES, ROOT, machines, mend
from running import HELD
from under_launchers import UnderLauncher, for_each_launcher

OTHERS = MACHINES[:-1]


def spoken(counts):
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


class Losses(UnderLauncher):
    def start_held(self, **settings):
        """Whose nodes all have a task that waits for the fault."""
        run = self.start(held=HELD, **settings)
        run.wait_for_held()
        return run

    def went_on(self, run, *, lost, nothing_left=True):
        """The program came to its end; so many of its tasks were lost, at the least and at the most."""
        self.assertTrue(run.end(), run.told())
        counts = run.check_outcomes()
        self.assertTrue(lost[0] <= counts["node lost"] <= lost[1], f"{counts}: {run.told()}")
        self.assertEqual(set(counts) - {"value", "node lost"}, set(), run.told())
        if nothing_left:
            run.check_nothing_left()
        self.remark(spoken(counts) + (", the launcher lingered" if run.lingered else ""))

    def was_ended_or_went_on(self, run, fault):
        """As the launcher likes, unless it is known to let the others go on."""
        if run.end():
            counts = run.check_outcomes()
            self.remark(spoken(counts) + (", the launcher lingered" if run.lingered else ""))
            return
        self.assertNotIn(fault, self.launcher.goes_on, run.told())
        run.check_marks()
        self.remark("the launcher ended all")

    def all_have_left(self, run):
        """After the end of the root."""
        run.check_no_program_left()
        run.end_launcher()
        run.check_nothing_left()
        run.check_marks()
        self.remark("all others have left")

    def test_a_program_is_killed(self):
        """Its rank's link process lives and tells."""
        run = self.start_held(silence=60)
        run.send_all(signal.SIGKILL, run.ranks(LAST))
        run.go()
        self.went_on(run, lost=(1, 12))

    def test_all_of_a_rank_is_killed(self):
        run = self.start_held(silence=2)
        run.send_all(signal.SIGKILL, run.ours(LAST))
        run.go()
        self.went_on(run, lost=(1, 12))

    def test_a_process_with_mpi_in_it_is_killed(self):
        run = self.start_held(silence=2)
        run.send_all(signal.SIGKILL, run.links(LAST))
        run.go()
        self.went_on(run, lost=(1, 12))

    def test_the_process_with_mpi_in_it_of_the_root_is_killed(self):
        run = self.start_held(silence=2)
        run.send_all(signal.SIGKILL, run.links(ROOT))
        run.go()
        self.was_ended_or_went_on(run, "nothing")
        run.check_nothing_left()

    def test_what_was_lost_is_tried_again(self):
        run = self.start_held(silence=60, retries=2)
        run.send_all(signal.SIGKILL, run.ranks(LAST))
        run.go()
        self.went_on(run, lost=(0, 0))

    def test_commands_of_the_others_go_on(self):
        """MPICH's launcher signals all processes when one rank was killed."""
        run = self.start(silence=60, body="command", length=200)
        run.wait_for_work(marks=2)
        run.send_all(signal.SIGKILL, run.ranks(LAST))
        self.went_on(run, lost=(1, 12))

    def test_a_machine_is_killed(self):
        run = self.start_held(silence=2)
        machines("kill", LAST)
        run.go()
        self.was_ended_or_went_on(run, "kill")
        run.check_nothing_left()

    def test_a_machine_crashes(self):
        run = self.start_held(silence=2)
        self.addCleanup(mend, LAST)
        machines("crash", LAST)
        run.go()
        self.was_ended_or_went_on(run, "crash")
        mend(LAST)
        run.check_nothing_left()

    def test_a_machine_is_cut_off(self):
        run = self.start_held(silence=2)
        self.addCleanup(mend, LAST)
        machines("cut", LAST)
        run.go()
        self.was_ended_or_went_on(run, "cut")
        run.check_no_program_left()
        run.check_nothing_left(OTHERS)
        mend(LAST)

    def test_a_machine_is_cut_off_for_less_than_the_silence(self):
        run = self.start_held(silence=30)
        self.addCleanup(mend, LAST)
        machines("cut", LAST)
        time.sleep(1)
        mend(LAST)
        run.go()
        self.went_on(run, lost=(0, 0))

    def test_a_rank_is_stopped_for_longer_than_the_silence(self):
        run = self.start_held(silence=2)
        stopped = run.ours(LAST)
        run.send_all(signal.SIGSTOP, stopped)
        self.addCleanup(run.send_all, signal.SIGCONT, stopped)
        run.go()
        self.went_on(run, lost=(1, 12), nothing_left=False)
        run.send_all(signal.SIGCONT, stopped)
        run.check_nothing_left()
        run.check_marks()

    def test_a_rank_is_stopped_for_less_than_the_silence(self):
        run = self.start_held(silence=30)
        stopped = run.ours(LAST)
        run.send_all(signal.SIGSTOP, stopped)
        time.sleep(1.5)
        run.send_all(signal.SIGCONT, stopped)
        run.go()
        self.went_on(run, lost=(0, 0))

    def test_the_root_is_killed(self):
        run = self.start(silence=2, tasks=5000)
        run.wait_for_work()
        run.send_all(signal.SIGKILL, run.ranks(ROOT))
        self.all_have_left(run)

    def test_all_of_the_root_is_killed_while_bodies_hear_nothing(self):
        run = self.start(silence=2, tasks=500, body="deaf", length=60_000)
        run.wait_for_work(marks=2)
        run.send_all(signal.SIGKILL, run.ours(ROOT))
        self.all_have_left(run)

    def test_the_root_is_killed_while_threads_of_nodes_hear_nothing(self):
        """Bodies in the very process that has to end."""
        run = self.start(silence=2, spec="cluster:3+threads:2", tasks=500, body="deaf", length=60_000)
        run.wait_for_work(marks=2)
        run.send_all(signal.SIGKILL, run.ranks(ROOT))
        self.all_have_left(run)


for_each_launcher(globals(), Losses)
