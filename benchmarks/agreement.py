"""The same command and the same memory, measured by quartet and by the tool that is known for it."""

import json
import pathlib
import subprocess
import tempfile

from memory_group import MemoryGroup

# What is done, with {} for how much.
COMMANDS = {"one process": ("awk -v n={} 'BEGIN {{ for (i = 0; i < n; ++i) s += i * i; print s }}'", 60_000_000),
            "two processes": ("head -c {} /dev/zero | sha256sum", 700_000_000)}
MEMORY = 256 << 20
# How many tasks share the memory; those of async would wait for each other on one loop.
MODELS = {"single": 1, "threads:2": 2, "processes:2": 2, "async:1": 1, "processes:each": 4}


def run(*command, **more):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, **more)


def by_quartet(tool, what):
    """Seconds on the clock, and of processor time."""
    line, amount = COMMANDS[what]
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "results.json"
        run(tool, "run", "command", "--set", "command.line=" + line.format("{}"), "--inputs", "-", "--models", "single",
            "--rounds", 1, "--warmup", 0, "--json", report, input=f"{amount}\n")
        result, = json.loads(report.read_text())["results"]
        return [result["wall_seconds"]["median"], result["cpu_user_seconds"] + result["cpu_system_seconds"]]


def by_hyperfine(what):
    """Seconds on the clock."""
    line, amount = COMMANDS[what]
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "results.json"
        run("hyperfine", "--runs", 1, "--style", "none", "--export-json", report, line.format(amount))
        return json.loads(report.read_text())["results"][0]["median"]


def by_time(what):
    """Seconds of processor time, to a hundredth."""
    line, amount = COMMANDS[what]
    done = run("/usr/bin/time", "--format", "%U %S", "sh", "-c", line.format(amount))
    return sum(map(float, done.stderr.split()))


def memory_of(program, model):
    """Bytes that quartet saw in the tree, and that the control group of the whole run saw."""
    tasks = MODELS[model]
    settings = {"bytes": MEMORY // tasks, "tasks": tasks, "hold_ms": 1000}
    with MemoryGroup() as group, tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "results.json"
        run(program, "run", "--models", model, "--rounds", 1, "--warmup", 0, "--json", report,
            *(part for name, value in settings.items() for part in ("--set", f"known_memory.{name}={value}")), preexec_fn=group.enter)
        result, = json.loads(report.read_text())["results"]
        return [result["tree_peak_bytes"], group.peak()]
