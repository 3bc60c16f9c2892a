"""The same command and the same memory, measured by quartet and by the tool that is known for it.

Every tool measures one and the same run: quartet that of /usr/bin/time, which measures that of hyperfine, which
measures the command's. Run one after the other, the same command differs from itself by more than the tools do.
"""

import json
import pathlib
import subprocess
import tempfile

from memory_group import MemoryGroup

# A shell line and its $1, how much to do: some seconds, so that what the tools themselves do counts little.
COMMANDS = {"one process": ("awk -v n=$1 'BEGIN { for (i = 0; i < n; ++i) s += i * i; print s }'", 60_000_000),
            "two processes": ("head -c $1 /dev/zero | sha256sum", 700_000_000)}
MEMORY = 256 << 20
# How many tasks share the memory. One for async: several would hold theirs one after another on its loop.
MODELS = {"single": 1, "threads:2": 2, "processes:2": 2, "async:1": 1, "processes:each": 4}


def run(*command, **more):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, **more)


def times_of(tool, what):
    """Seconds on the clock by quartet and by hyperfine, of processor time by quartet and by /usr/bin/time (to a hundredth)."""
    line, amount = COMMANDS[what]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "work.sh").write_text(line)
        command = (f"/usr/bin/time --format '%U %S' --output {folder}/time hyperfine --shell none --runs 1 --style none "
                   f"--export-json {folder}/hyperfine 'sh {folder}/work.sh {{}}'")
        run(tool, "run", "command", "--set", f"command.line={command}", "--inputs", "-", "--models", "single",
            "--rounds", 1, "--warmup", 0, "--json", folder / "quartet", input=f"{amount}\n")
        ours, = json.loads((folder / "quartet").read_text())["results"]
        theirs, = json.loads((folder / "hyperfine").read_text())["results"]
        return [ours["wall_seconds"]["median"], theirs["median"],
                ours["cpu_user_seconds"] + ours["cpu_system_seconds"],
                sum(map(float, (folder / "time").read_text().split()))]


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
