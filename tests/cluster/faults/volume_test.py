"""Large results, many tasks, and machines of unequal speed."""

import re

from hosts import LAST
from under_launchers import UnderLauncher, for_each_launcher

GIBIBYTE = 1 << 30


class Volume(UnderLauncher):
    def all_have_values(self, run):
        self.assertTrue(run.end(600), run.told())
        self.assertEqual(run.check_outcomes(), {"value": run.tasks}, run.told()[-2000:])
        run.check_nothing_left()
        return float(re.search(r"^took (.*)$", run.said(), re.M)[1])

    def check_efficient(self, tasks_of_a_millisecond, **settings):
        """
        Against the time that all workers would take if none ever waited, had tasks a length of a millisecond. On a busy machine
        what they wait is longer but not more: longer tasks are tried, and the share comes near to one unless tasks are badly shared.
        """
        for length in (50, 200, 800):
            run = self.start(silence=30, length=length, **settings)
            took = self.all_have_values(run)
            share = tasks_of_a_millisecond * length / 1000 / took
            if share > 0.4:
                break
        self.remark(f"{share:.0%} of the workers' time was tasks")
        self.assertGreater(share, 0.4, run.told()[-2000:])
        return run

    def test_a_result_of_three_gibibytes(self):
        took = self.all_have_values(self.start(silence=60, spec="cluster:3+processes:1", tasks=3, length=1000, large_on=LAST, bytes=3 * GIBIBYTE))
        self.remark(f"{took:.1f} s")

    def test_a_million_tiny_tasks(self):
        took = self.all_have_values(self.start(silence=60, tasks=1_000_000, body="quick"))
        self.remark(f"{took:.1f} s")

    def test_a_machine_with_fewer_workers(self):
        if not self.launcher.is_tool:
            self.skipTest("only `quartet cluster` tells machines their numbers of workers")
        run = self.check_efficient(180 / 9, workers={"qa": 1, "qb": 4, "qc": 4}, spec="cluster:3+processes", tasks=180)
        self.assertIn("workers 9\n", run.said())

    def test_a_machine_on_which_tasks_take_longer(self):
        self.check_efficient(135 / (2 + 2 + 2 / 4), tasks=135, slow=LAST)


for_each_launcher(globals(), Volume)
