"""A Slurm of the machines, which stays up from one test to the next."""

import atexit
import subprocess
import time
import unittest

from hosts import LIMIT, MACHINES, machines, processes_on

_is_up = False


def up():
    global _is_up
    if _is_up:
        return
    done = subprocess.run(["machines", "slurm", "up"], capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise unittest.SkipTest(done.stderr.strip())
    _is_up = True
    atexit.register(machines, "slurm", "down")


def said_by(*words):
    return subprocess.run(words, capture_output=True, encoding="utf-8", check=False).stdout.splitlines()


def again():
    """Its part on machines that were killed, and all machines as if nothing had been."""
    for name in MACHINES:
        if not any(each.name == "slurmd" for each in processes_on(name)):
            machines("on", name, "slurmd", "-N", name)
    end = time.monotonic() + LIMIT
    while True:
        states = dict(line.split() for line in said_by("sinfo", "--noheader", "--Node", "--format=%N %T"))
        if all(state == "idle" for state in states.values()):
            return
        if time.monotonic() > end:
            raise AssertionError(f"Slurm's nodes do not become idle: {states}")
        for name, state in states.items():
            if state.rstrip("*") in ("down", "drained", "unknown"):
                said_by("scontrol", "update", f"NodeName={name}", "State=RESUME")
        time.sleep(0.1)


def cancel_jobs():
    """What it holds of a launcher that was ended."""
    if not _is_up:
        return
    for job in said_by("squeue", "--noheader", "--format=%A"):
        said_by("scancel", "--signal=KILL", job.strip())
        said_by("scancel", job.strip())
