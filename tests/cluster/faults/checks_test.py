"""The twins of the checks: runs that break what is checked, on purpose, and are seen to."""

import os

from under_launchers import UnderLauncher, for_each_launcher


class Checks(UnderLauncher):
    def over(self, **settings):
        run = self.start(tasks=30, length=10, **settings)
        self.assertTrue(run.end(), run.told())
        return run

    def test_a_good_run_passes(self):
        run = self.over()
        self.assertEqual(run.check_outcomes(), {"value": 30})
        run.check_nothing_left()

    def test_a_task_that_runs_twice(self):
        self.assertRaisesRegex(AssertionError, "task 7 has begun 2 times", self.over(broken="twice").check_outcomes)

    def test_a_task_without_an_outcome(self):
        self.assertRaisesRegex(AssertionError, "task 7 has 0 outcomes", self.over(broken="untold").check_outcomes)

    def test_a_task_with_two_outcomes(self):
        self.assertRaisesRegex(AssertionError, "task 7 has 2 outcomes", self.over(broken="told_twice").check_outcomes)

    def test_a_value_of_a_task_that_has_not_run(self):
        run = self.over()
        for file in run.marks.iterdir():
            os.unlink(file)
        self.assertRaisesRegex(AssertionError, "task 0 has a value, and has not run to its end", run.check_outcomes)

    def test_a_process_that_is_left_behind(self):
        run = self.over(broken="behind")
        self.assertRaisesRegex(AssertionError, "left after 1 s: .*q.: sleep", run.check_nothing_left, limit=1)

    def test_a_program_that_goes_on(self):
        run = self.start(tasks=100_000)
        run.wait_for_work()
        self.assertRaisesRegex(AssertionError, "has ended", run.end, 1)
        self.assertRaisesRegex(AssertionError, "the program is left", run.check_no_program_left, limit=1)
        self.assertRaisesRegex(AssertionError, "left after 1 s: qa: ", run.check_nothing_left, limit=1)


for_each_launcher(globals(), Checks)
