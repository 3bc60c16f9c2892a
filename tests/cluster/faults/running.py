"""A run of faults_program on the machines, what can be done to it, and what has to hold afterwards.

Each check raises AssertionError; checks_test.py shows that each can.
"""

import collections
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import slurm
from hosts import LAST, LIMIT, MACHINES, processes_on, wait_for

PROGRAM = pathlib.Path(os.environ["FAULTS_PROGRAM"])
HELD = 20  # tasks from this on
LINGER = 2  # seconds that a launcher may take when the program on rank 0 is over, before it is ended; `quartet cluster` does so itself


class Run:
    def __init__(self, launcher, silence=2, workers=None, program=PROGRAM, **settings):
        self.launcher = launcher
        self.program = program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quartet-faults-", dir="/tmp"))
        self.marks = self.folder / "marks"
        self.marks.mkdir()
        self.retries = int(settings.get("retries", 0))
        self.tasks = int(settings.setdefault("tasks", 60))
        self.before = {each.key() for name in MACHINES for each in processes_on(name)}
        words, variables = launcher.line([str(program), f"marks={self.marks}", *(f"{name}={value}" for name, value in settings.items())], silence, workers)
        self.out, self.errors = self.folder / "out", self.folder / "errors"
        with open(self.out, "wb") as out, open(self.errors, "wb") as errors:
            self.launched = subprocess.Popen(words, env=os.environ | variables, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, start_new_session=True)
        self.lingered = False

    def remove(self):
        """What is left of it in spite of all, and its folder."""
        self.end_launcher()
        for machine in MACHINES:
            for each in self.processes(machine):
                self.send(signal.SIGKILL, each)
        shutil.rmtree(self.folder)

    # ---- What goes on

    def said(self):
        return self.out.read_text(errors="replace")

    def told(self):
        return f"{self.said()}\n{self.errors.read_text(errors='replace')}"

    def counts(self, machine=""):
        """How often each task has begun, on a machine or on all, how often ended, and how many marks there are of each."""
        begun, ended, on = collections.Counter(), collections.Counter(), collections.Counter()
        for file in self.marks.glob(f"{machine}*"):
            for line in file.read_text().splitlines():
                kind, _, task = line.partition(" ")
                (begun if kind == "b" else ended)[int(task)] += 1
                on[file.name.partition("-")[0]] += 1
        return begun, ended, on

    def wait_for_work(self, marks=5):
        """Bodies have run on the last machine."""
        wait_for(lambda: self.counts()[2][LAST] >= marks or self.launched.poll() is not None, f"nothing runs on {LAST}: {self.told()}")
        self.must_go_on()

    def wait_for_held(self):
        """Bodies of the last machine wait for go(); others have ended."""
        def are_held():
            begun, ended, _ = self.counts(LAST)
            return len(begun) - len(ended) > 1 and max(begun) >= HELD
        wait_for(lambda: are_held() or self.launched.poll() is not None, f"nothing runs on {LAST}: {self.told()}")
        self.must_go_on()

    def go(self):
        (self.folder / "go").touch()

    def must_go_on(self):
        if self.launched.poll() is not None:
            raise AssertionError(f"it is over before the fault: {self.told()}")

    def processes(self, machine):
        """All that were not there before, also of the launcher."""
        return [each for each in processes_on(machine) if each.key() not in self.before]

    def ours(self, machine):
        """The program, its workers, and the process with MPI in it."""
        return [each for each in self.processes(machine) if each.runs(self.program)]

    def ranks(self, machine):
        """The program alone."""
        return [each for each in self.ours(machine) if each.name == self.program.name[:15]]

    def links(self, machine):
        """Those with MPI in them."""
        return [each for each in self.ours(machine) if each.name == "quartet-link"]

    @staticmethod
    def send(number, process):
        try:
            os.kill(process.number, number)
        except ProcessLookupError:
            pass

    def send_all(self, number, processes):
        for each in processes:
            self.send(number, each)

    # ---- How it ends

    def end_launcher(self):
        if self.launched.poll() is None:
            os.killpg(self.launched.pid, signal.SIGKILL)
            self.launched.wait()
        slurm.cancel_jobs()

    def is_over(self):
        return self.launched.poll() is not None or "\nover\n" in self.said()

    def end(self, limit=LIMIT):
        """Waits until the program or its launcher has ended. A launcher that lingers is ended. Gives whether the program
        came to its end."""
        wait_for(self.is_over, f"neither the program nor the launcher has ended: {self.told()}", limit)
        self.await_launcher()
        self.end_launcher()
        return "\nover\n" in self.said()

    def await_launcher(self):
        """Those that linger are ended; `quartet cluster` must not."""
        try:
            self.launched.wait(LIMIT if self.launcher.is_tool else LINGER)
        except subprocess.TimeoutExpired:
            if self.launcher.is_tool:
                raise AssertionError(f"quartet cluster hangs: {self.told()}") from None
            self.lingered = True

    # ---- What has to hold

    def check_outcomes(self):
        """The program says one outcome for each task, and they agree with what has run."""
        begun, ended, _ = self.counts()
        ends = collections.defaultdict(list)
        for number, what in re.findall(r"^task (\d+) (.*)$", self.said(), re.M):
            ends[int(number)].append(what)
        for task in range(self.tasks):
            if len(ends[task]) != 1:
                raise AssertionError(f"task {task} has {len(ends[task])} outcomes: {ends[task]}\n{self.told()}")
            what = ends[task][0]
            if what.startswith("value ") and ended[task] < 1:
                raise AssertionError(f"task {task} has a value, and has not run to its end")
            if what == "wrong":
                raise AssertionError(f"task {task} has a value that is not its own")
        self.check_marks()
        return collections.Counter(what.partition(":")[0].partition(" q")[0] for each in ends.values() for what in each)

    def check_marks(self):
        """No task has run more often than it may."""
        begun, ended, _ = self.counts()
        for task, times in (begun | ended).items():
            if times > 1 + self.retries or ended[task] > begun[task]:
                raise AssertionError(f"task {task} has begun {begun[task]} times and ended {ended[task]} times")

    def check_nothing_left(self, on=tuple(MACHINES), limit=30):
        """No process of the program or its launcher is on these machines."""
        left = []

        def none_is_left():
            left[:] = [f"{name}: {each.name} {each.number}" for name in on for each in self.processes(name)]
            return not left
        try:
            wait_for(none_is_left, "", limit)
        except AssertionError:
            raise AssertionError(f"left after {limit} s: {', '.join(left)}\n{self.told()}") from None

    def check_no_program_left(self, limit=30):
        """None of the program. A launcher may have left some of its own on a machine that is cut off."""
        wait_for(lambda: not any(self.ours(name) for name in MACHINES), f"the program is left: {[each.name for name in MACHINES for each in self.ours(name)]}",
                 limit)
