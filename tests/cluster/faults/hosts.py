"""The three machines: what is asked of them, and what runs there."""

import os
import pathlib
import subprocess
import time

MACHINES = ["qa", "qb", "qc"]
ROOT, LAST = MACHINES[0], MACHINES[-1]
LIMIT = 120  # seconds, after which something hangs


def machines(*words):
    return subprocess.run(["machines", *words], check=True, capture_output=True, encoding="utf-8").stdout


def wait_for(condition, what, limit=LIMIT):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(0.03)


def mend(machine):
    """Gives a machine its network back, and waits until it is reached."""
    machines("mend", machine)
    reached = ["timeout", "1", "bash", "-c", f"exec 3<>/dev/tcp/{machine}/9"]  # nobody listens there, and it says so
    wait_for(lambda: b"refused" in subprocess.run(reached, capture_output=True, check=False).stderr, f"{machine} is not reached")


class Process:
    """One on a machine, as /proc has it."""

    def __init__(self, number):
        self.number = int(number)
        folder = pathlib.Path("/proc", str(number))
        self.name = (folder / "comm").read_text().strip()
        self.began = (folder / "stat").read_text().rpartition(")")[2].split()[19]
        try:
            self.file = os.readlink(folder / "exe")
        except OSError:
            self.file = ""

    def key(self):
        return self.number, self.began

    def runs(self, program):
        return self.file.removesuffix(" (deleted)") == str(program)


def processes_on(machine):
    found = []
    for number in machines("pids", machine).split():
        try:
            found.append(Process(number))
        except OSError:
            pass  # it has ended
    return found
