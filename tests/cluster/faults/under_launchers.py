"""A class of tests for each launcher, and what they share."""

import os
import time
import unittest

import slurm
from launchers import LAUNCHERS
from running import Run


class UnderLauncher:
    launcher = None

    @classmethod
    def setUpClass(cls):
        missing = cls.launcher.missing()
        if missing:
            raise unittest.SkipTest(missing)
        if cls.launcher.slurm:
            slurm.up()

    def setUp(self):
        self.began = time.monotonic()
        if self.launcher.slurm:
            slurm.again()

    def start(self, **settings):
        run = Run(self.launcher, **settings)
        self.addCleanup(run.remove)
        return run

    def remark(self, text):
        """For the record of the long ones."""
        if "FAULTS_RECORD" in os.environ:
            with open(os.environ["FAULTS_RECORD"], "a", encoding="utf-8") as record:
                print(f"{self.launcher.name:16}{self._testMethodName.removeprefix('test_').replace('_', ' '):52}{time.monotonic() - self.began:6.1f} s  {text}",
                      file=record)


def for_each_launcher(names, tests):
    """Puts a class for each launcher into a module's names."""
    for each in LAUNCHERS:
        name = f"{tests.__name__}_{each.name}"
        names[name] = type(name, (tests, unittest.TestCase), {"launcher": each, "__module__": tests.__module__})
