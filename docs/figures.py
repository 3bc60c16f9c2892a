#!/usr/bin/env python3
"""Runs the seven tests and writes what they give into README.md and docs/concepts.md.

    docs/figures.py [QUARTET]      # by itself, what `./run` has built

Takes three minutes, in which the machine should do nothing else. What a reader meets in two places comes from one run so;
tests/docs/check_figures.py holds them together.
"""
import datetime
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ("single", "processes", "threads", "async")
ROW = re.compile(r"^[* ] ([\w:]+) +([\d.]+ (?:s|ms|µs|ns)) ")
TEST = re.compile(r"^(\w+)  \d+ tasks$")


def figures_of(text):
    """Of what `quartet run` prints: {test: {model: [spec, time, heap, memory]}}."""
    found, test = {}, None
    for line in text.splitlines():
        if match := TEST.match(line):
            test = found.setdefault(match[1], {})
        elif test is not None and (match := ROW.match(line)):
            heap, memory = line.split()[-2:]
            test[match[1].split(":")[0]] = [match[1], match[2], heap, memory]
    return found


def machine_of(quartet):
    """A line of words on the machine."""
    model = next(line.split(": ")[1] for line in open("/proc/cpuinfo") if line.startswith("model name"))
    release = dict(line.rstrip().split("=", 1) for line in open("/etc/os-release") if "=" in line)
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    kernel = ".".join(os.uname().release.split(".")[:2])
    return (f"{len(os.sched_getaffinity(0))} processors ({model}), {memory} GiB, Linux {kernel}, "
            f"Debian {release['VERSION_ID'].strip(chr(34))}, g++ {compiler}, release build; {datetime.date.today()}.")


def words_on(figures, machine, seconds):
    fetch = figures["fetch"]
    threads, many = fetch["threads"], fetch["async"]
    return f"""{machine} The whole
took {seconds // 60} min {seconds % 60} s. The row `files` depends on the disk and its file system more than on anything else.

Read aloud, `fetch`: 100 pages from a server that takes 20 ms for each need {fetch['single'][1]} one after another and {fetch['processes'][1]} in two
processes; {threads[0].split(':')[1]} threads need {threads[1]}, and {many[0].split(':')[1]} tasks in flight on one thread {many[1]}, with {many[2]} bytes on the heap and {many[3]}
bytes in all at the most. Of each time's interval the farther end stands beside it; which of them is best, and which can't be told apart,
is said below each test."""


def replaced(text, mark, by):
    begin, end = f"<!-- {mark}:begin -->\n", f"<!-- {mark}:end -->"
    return text[:text.index(begin) + len(begin)] + by + text[text.index(end):]


def concepts_rows(old, figures):
    """The rows of the table in docs/concepts.md with the times of these figures; a row's test is that of its command."""
    def row(line):
        cells = [each.strip() for each in line.strip("|\n").split("|")]
        test = re.search(r"`quartet run (\w+)`", cells[-1])
        if not test:
            return line
        times = [figures[test[1]][model][1] for model in MODELS]
        return "| " + " | ".join([cells[0], *times, cells[-1]]) + " |"
    return "\n".join(map(row, old.splitlines())) + "\n"


def block_of(text, mark):
    return text.split(f"<!-- {mark}:begin -->\n")[1].split(f"<!-- {mark}:end -->")[0]


def main():
    quartet = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/cli/quartet"
    began = time.monotonic()
    done = subprocess.run([quartet, "run"], capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "80", "LANG": "C.UTF-8"})
    table = done.stdout.strip("\n")
    figures, machine = figures_of(table), machine_of(quartet)
    readme, concepts = ROOT / "README.md", ROOT / "docs/concepts.md"
    words = words_on(figures, machine, round(time.monotonic() - began))
    readme.write_text(replaced(readme.read_text(), "table", f"```text\n{table}\n```\n\n{words}\n"))
    text = replaced(concepts.read_text(), "figures", concepts_rows(block_of(concepts.read_text(), "figures"), figures))
    concepts.write_text(replaced(text, "figures-machine", machine + "\n"))


if __name__ == "__main__":
    main()
