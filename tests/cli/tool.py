"""What the tests of the command line share: the real program, run in a folder of its own.

Every test has its own TMPDIR. That shows what a run leaves behind, and whom: each process of a run has this
TMPDIR in its environment, in whatever session or group it is, whoever its parent is now.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

QUARTET = os.environ["QUARTET"]
SOURCES = pathlib.Path(__file__).resolve().parent.parent.parent

# Those of a run without names, and the others.
WORKLOADS = ["sleep", "fetch", "append", "power", "files", "api_to_file", "csv"]
NAMED = ["echo", "query", "command"]

# Every workload in milliseconds.
SMALL = {
    "sleep.scale": 0.0001,
    "fetch.count": 10,
    "append.factor": 1,
    "power.base": 1000,
    "files.count": 50,
    "api_to_file.count": 10,
    "csv.rows": 300,
}

SMALL_NAMED = {
    "echo": {"echo.connections": 10, "echo.round_trips": 3, "echo.delay": 0},
    "query": {"query.count": 6, "query.statements": 2, "query.rows": 10, "query.delay": 0},
}


def has_query():
    """Whether there is all that the workload query needs."""
    listed = subprocess.run([QUARTET, "list", "workloads"], env={"COLUMNS": "1000"}, capture_output=True, encoding="utf-8", check=True)
    return "; not here: " not in listed.stdout


def node_faults(measurement):
    """What is wrong with the nodes of a measurement and of its trials: in a trial their figures add up to its own."""
    names = [node["name"] for node in measurement["nodes"]]
    found = []
    if bool(names) != (measurement["model"] == "cluster"):
        found.append(f"nodes {names} under {measurement['model']}")
    for trial in measurement["trials"]:
        if [node["name"] for node in trial["nodes"]] != names:
            found.append("a trial has other nodes")
        for figure in ("cpu_user_seconds", "cpu_system_seconds", "tree_peak_bytes"):
            values = [node[figure] for node in trial["nodes"]]
            if names and (None in values or abs(sum(values) - trial[figure]) > 1e-6):
                found.append(f"the nodes' {figure} are not those of the trial")
    return found


# Seconds, after which a command hangs. Generous: machines are busy, and what is asked is that it ends.
LIMIT = 300


def settings(workloads=None, **changes):
    """The --set options of SMALL for some workloads."""
    chosen = dict(SMALL)
    for name in workloads or []:
        chosen.update(SMALL_NAMED.get(name, {}))
    chosen.update({name.replace("__", "."): value for name, value in changes.items()})
    options = []
    for name, value in chosen.items():
        if workloads is None or name.split(".")[0] in workloads:
            options += ["--set", f"{name}={value}"]
    return options


def with_few_rounds(arguments):
    """A run takes one round after the warm-up, unless it says otherwise."""
    words = [str(argument) for argument in arguments]
    of_rounds = {"--rounds", "--precision", "--budget", "--help"}
    if words[:1] == ["run"] and not of_rounds & set(words):
        words[1:1] = ["--rounds", "1"]
    return words


def wait_until(condition, limit=LIMIT):
    """Polls; the last value of the condition."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.01)


def has_taken(process, number):
    """A signal that has been sent to a process is no longer pending there, so a second one is not lost in it."""
    with open(f"/proc/{process}/status", encoding="ascii") as status:
        pending = next(line for line in status if line.startswith("ShdPnd:"))
    return not int(pending.split()[1], 16) >> (number - 1) & 1


class ToolTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quartet-cli-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.tmp = self.folder / "tmp"
        self.tmp.mkdir()
        self.addCleanup(self.kill_processes)

    def environment(self, **changes):
        """Changes with the value None are taken out."""
        of_run = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", "TERM": "xterm",
                  "TMPDIR": str(self.tmp)}
        for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                of_run[name] = os.environ[name]
        of_run.update(changes)
        return {name: value for name, value in of_run.items() if value is not None}

    def quartet(self, *arguments, env=None, limit=LIMIT, program=QUARTET, **more):
        """Runs to the end; text is decoded."""
        return subprocess.run([program or QUARTET, *with_few_rounds(arguments)], env=self.environment(**(env or {})), cwd=self.folder,
                              stdin=more.pop("stdin", subprocess.DEVNULL), stdout=more.pop("stdout", subprocess.PIPE),
                              stderr=more.pop("stderr", subprocess.PIPE), encoding="utf-8", timeout=limit, **more)

    def start(self, *arguments, env=None, **more):
        """Starts in a session of its own, as a terminal's foreground job would be."""
        started = subprocess.Popen([QUARTET, *with_few_rounds(arguments)], env=self.environment(**(env or {})), cwd=self.folder,
                                   stdin=more.pop("stdin", subprocess.DEVNULL),
                                   stdout=more.pop("stdout", subprocess.PIPE),
                                   stderr=more.pop("stderr", subprocess.PIPE), start_new_session=True, **more)
        self.addCleanup(self.end, started)
        return started

    @staticmethod
    def end(started):
        if started.poll() is None:
            started.kill()
        started.wait()
        for stream in (started.stdout, started.stderr):
            if stream:
                stream.close()

    def results(self, *arguments, code=0, **more):
        """Runs with --json; the run and its document."""
        file = self.folder / "results.json"
        done = self.quartet("run", *arguments, "--json", file, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done, json.loads(file.read_text(encoding="utf-8"))

    def processes(self):
        """Ids of the living processes of this test's runs."""
        mark = b"TMPDIR=" + os.fsencode(self.tmp)
        found = []
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and mark in pathlib.Path("/proc", entry, "environ").read_bytes().split(b"\0"):
                    found.append(int(entry))
            except OSError:
                pass  # it has ended, or is not ours
        return found

    def kill_processes(self):
        for process in self.processes():
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def assert_nothing_left(self):
        self.assertEqual(os.listdir(self.tmp), [], "files are left in TMPDIR")
        self.assertEqual(self.processes(), [], "processes are left")

    def assert_one_line(self, done, code=2):
        """Bad input: one line on standard error, nothing else anywhere."""
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.endswith("\n"))
        self.assert_nothing_left()

    def without_privileges(self):
        """Arguments for subprocess that make the program run as somebody whom permissions bind."""
        if os.geteuid() != 0:
            return {}
        nobody = 65534
        for folder in (self.folder, self.tmp):
            folder.chmod(0o777)
        reachable = shutil.copy(QUARTET, self.folder)  # the build folder may be closed to others
        return {"user": nobody, "group": nobody, "executable": reachable}

    def serve(self, *options):
        """A `quartet serve` that ends with the test; its url."""
        server = self.start("serve", *options, env={"TMPDIR": "/tmp"})
        line = server.stdout.readline().decode()
        self.assertIn("serving on http://", line)
        return line.split()[2]
