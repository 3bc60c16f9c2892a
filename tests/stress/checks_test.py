"""Shows that random_calls can go red: each thing that it looks for is broken once."""
import os
import subprocess
import unittest

PROGRAM = os.environ["RANDOM_CALLS"]

# What is broken, and what must be said about it.
BROKEN = {
    "lost-end": "it has a value, and did not come to its end",
    "doubled-task": "it was to run 1 times at the most",
    "wrong-value": "it has a value that is not its own",
    "strange-failure": "it did not throw this: nobody expects this",
    "left-descriptor": "1 descriptors of /dev/full are left, 0 before",
    "left-child": "a process is left:",
    "left-mapping": "shared mappings are left,",
    "left-thread": "threads are left,",
    "stray-child": "children that bodies forked began",
    "wrong-child-code": "a child that it forked did not end as its body did",
    "late-stop": "nobody cancelled it: ",
    "wrong-index": "its failure names task",
    "lost-exit-code": "a body saw what must not be: a command's exit code",
    "unbroken-start": "a task ran in a worker that can't begin",
    "crash": "the episode's process was killed by Segmentation fault",
}


def start(*options):
    return subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(*options):
    return subprocess.run([PROGRAM, *options], capture_output=True, text=True)


class Checks(unittest.TestCase):
    def test_tell_what_was_broken_and_how_to_see_it_again(self):
        # What is left is waited for, in case it is on its way out: so all at once.
        started = {broken: start("--seed", "7", "--seconds", "600", "--break", broken) for broken in BROKEN}
        for broken, program in started.items():
            with self.subTest(broken):
                told = program.communicate()[0]
                self.assertEqual(program.returncode, 1, told)
                self.assertIn(BROKEN[broken], told)
                self.assertRegex(told, r"again: random_calls --seed 7 --episode \d+\n")

    def test_tell_of_a_hang(self):
        ended = run("--seed", "7", "--episode", "0", "--limit", "5", "--break", "hang")
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertIn("the episode hangs: it still runs after 5 s", ended.stdout)
        self.assertIn("thread ", ended.stdout)

    def test_find_nothing_where_nothing_is_broken(self):
        ended = run("--seed", "7", "--episode", "0")
        self.assertEqual(ended.returncode, 0, ended.stdout)
        self.assertIn("all promises were kept", ended.stdout)


class Plans(unittest.TestCase):
    def test_follow_from_the_seed(self):
        def listed(seed, episode):
            return run("--list", "--seed", str(seed), "--episode", str(episode)).stdout

        self.assertEqual(listed(3, 4), listed(3, 4))
        self.assertNotEqual(listed(3, 4).split("\n")[1:], listed(3, 5).split("\n")[1:])
        self.assertNotEqual(listed(3, 4).split("\n")[1:], listed(4, 4).split("\n")[1:])


class Usage(unittest.TestCase):
    def test_is_told_for_bad_options(self):
        for options, words in [
            (["--seed"], "--seed is no option, or lacks its value"),
            (["--seed", "x"], "--seed takes a number, not 'x'"),
            (["--models", "fibres:3"], "--models: "),
            (["--sed", "3"], "there is no option --sed"),
        ]:
            ended = run(*options)
            self.assertEqual(ended.returncode, 2)
            self.assertIn(words, ended.stderr)
            self.assertIn("usage: random_calls", ended.stderr)


if __name__ == "__main__":
    unittest.main()
