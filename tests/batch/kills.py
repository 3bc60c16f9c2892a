#!/usr/bin/env python3
"""Kills batches at random moments and resumes them: nothing is lost, nothing that was noted runs again.

    tests/batch/kills.py QUARTET [--kills 1000] [--seed 1]

Each batch has 40 jobs that write their number to a log as the last thing they do; it is killed (SIGKILL, the tool, or its whole
group) and resumed until it ends by itself. Then each job stands in the log and has one row `done`; and no job that had one at a
kill has run after it. That a job runs again that had ended, but had no row yet, can't be ruled out; it is counted.
"""

import argparse
import collections
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

JOBS = 40


def done_rows(journal):
    rows = collections.Counter()
    if not journal.exists():
        return rows
    for line in journal.read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        if len(fields) > 3 and fields[2] == "done":
            rows[fields[0]] += 1
    return rows


def jobs_in(log):
    return collections.Counter(log.read_text(encoding="utf-8").split()) if log.exists() else collections.Counter()


def start(quartet, folder, resumes):
    command = [quartet, "batch", "-q", "--jobs", "4"]
    if resumes:
        command += ["--resume", "journal"]
    else:
        command += ["--journal", "journal", "sleep 0.00{} 2>&1; echo {} >>log", ":::", *(str(n) for n in range(1, JOBS + 1))]
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            start_new_session=True)


def one_batch(quartet, choose, counts):
    with tempfile.TemporaryDirectory(prefix="quartet-kills-") as name:
        folder = pathlib.Path(name)
        journal, log = folder / "journal", folder / "log"
        while True:
            before, ran = done_rows(journal), jobs_in(log)
            began = start(quartet, folder, journal.exists())
            time.sleep(choose.uniform(0, 0.08))
            if began.poll() is None:
                if choose.random() < 0.5:
                    began.kill()
                else:
                    os.killpg(began.pid, signal.SIGKILL)
            errors = began.communicate()[1].decode()
            after = jobs_in(log)
            for job in before:
                if after[job] != ran[job]:
                    return f"job {job} had ended by the journal, and ran again"
            if began.returncode == 0:
                break
            if began.returncode != -signal.SIGKILL:
                # Killed before its journal had a whole header.
                if not journal.exists() or "no journal" not in errors:
                    return f"exit code {began.returncode}: {errors}"
                journal.unlink()
                counts["without a header"] += 1
                continue
            counts["kills"] += 1
        rows, ran = done_rows(journal), jobs_in(log)
        wrong = [job for job in map(str, range(1, JOBS + 1)) if rows[job] != 1 or ran[job] < 1]
        counts["ran again as they had no row"] += sum(ran.values()) - JOBS
        return f"jobs {wrong}: rows {rows}, ran {ran}" if wrong else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("quartet", type=os.path.abspath)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    choose = random.Random(given.seed)
    counts = collections.Counter()
    began = time.monotonic()
    while counts["kills"] < given.kills:
        counts["batches"] += 1
        if wrong := one_batch(given.quartet, choose, counts):
            sys.exit(f"batch {counts['batches']} after {counts['kills']} kills: {wrong}")
    print(", ".join(f"{number} {what}" for what, number in counts.items()), f"in {time.monotonic() - began:.0f} s: nothing lost")


if __name__ == "__main__":
    main()
