#!/usr/bin/env python3
"""`quartet batch` against xargs, GNU parallel and itself.

    benchmarks/batch/figures.py QUARTET [speed] [memory] [server] [automatic] [--record]

speed      10,000 x /bin/true, by xargs -P, quartet batch with as many, with its own number, and GNU parallel (1,000) if it is there
memory     the tool's resident set while it runs 100,000 jobs, and after 10,000 of them
server     a server that allows 20 requests a second: how many it refused after the first five seconds
automatic  the automatic number of real jobs against fixed ones, whole batches

Rounds alternate; figures are medians, ratios are of medians.
"""

import argparse
import http.server
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

CPUS = len(os.sched_getaffinity(0))
LINES = []


def say(text):
    print(text, flush=True)
    LINES.append(text)


def timed(command, **more):
    began = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, **more)
    return time.monotonic() - began


def speed(quartet, rounds=5):
    numbers = "".join(f"{n}\n" for n in range(10000)).encode()
    ways = {"xargs": lambda: timed(["xargs", "-P", str(CPUS), "-n", "1", "/bin/true"], input=numbers)}
    for jobs in (CPUS, 2 * CPUS):
        ways[f"quartet batch --jobs {jobs}"] = lambda jobs=jobs: timed([quartet, "batch", "-q", "--jobs", str(jobs), "/bin/true"], input=numbers)
    ways["quartet batch"] = lambda: timed([quartet, "batch", "-q", "/bin/true"], input=numbers)
    ways["xargs, twice as many"] = lambda: timed(["xargs", "-P", str(2 * CPUS), "-n", "1", "/bin/true"], input=numbers)
    found = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(way())
    base = statistics.median(found["xargs"])
    for name, times in found.items():
        median = statistics.median(times)
        say(f"speed: 10,000 x /bin/true, {name}: {median:.2f} s, {median / base:.2f} of xargs")
    if shutil.which("parallel"):
        times = [timed(["parallel", "-j", str(CPUS), "/bin/true"], input=numbers[:3890]) for _ in range(3)]  # 1,000 of them
        say(f"speed: 1,000 x /bin/true, GNU parallel: {statistics.median(times):.2f} s, {statistics.median(times) * 10 / base:.1f} of xargs")


def resident(process):
    with open(f"/proc/{process}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def memory(quartet, jobs=100000):
    with tempfile.TemporaryDirectory() as folder:
        numbers = pathlib.Path(folder, "numbers")
        numbers.write_text("".join(f"{n}\n" for n in range(jobs)), encoding="ascii")
        log = pathlib.Path(folder, "journal")
        running = subprocess.Popen([quartet, "batch", "-q", "--jobs", "4", "--journal", log, "/bin/true", "::::", numbers])
        seen = []
        while running.poll() is None:
            rows = log.read_bytes().count(b"\n") if log.exists() else 0
            try:
                seen.append((rows, resident(running.pid)))
            except (StopIteration, FileNotFoundError, ProcessLookupError):
                pass
            time.sleep(0.5)
        early = next(size for rows, size in seen if rows > jobs / 10)
        say(f"memory: {early} KiB after {jobs // 10} jobs, {seen[-1][1]} KiB after {seen[-1][0]}")


class Limited(http.server.BaseHTTPRequestHandler):
    """A token bucket of 20 a second, at most 2 at once; it answers in 5 ms."""
    lock = threading.Lock()
    tokens = 2.0
    last = time.monotonic()
    log = []

    def do_GET(self):
        with self.lock:
            now = time.monotonic()
            Limited.tokens = min(2.0, self.tokens + (now - self.last) * 20)
            Limited.last = now
            allowed = self.tokens >= 1
            Limited.tokens -= allowed
            self.log.append((now, allowed))
        time.sleep(0.005)
        self.send_response(200 if allowed else 429)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def server(quartet):
    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Limited)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{serving.server_port}/"
    subprocess.run([quartet, "batch", "-q", "--slow-down", "22", f"curl -sf -o /dev/null {url}{{}}", ":::", *(str(n) for n in range(600))], check=True)
    serving.shutdown()
    begin = Limited.log[0][0]
    late = [(when, allowed) for when, allowed in Limited.log if when > begin + 5]
    refused = sum(not allowed for _, allowed in late)
    rate = (len(late) - refused) / (late[-1][0] - begin - 5)
    say(f"server: of {len(late)} requests after 5 s it refused {refused}, {100 * refused / len(late):.1f} %; {rate:.1f} done a second of 20")


KINDS = {
    "wait 0.2 s": (200, "sleep 0.2; : {}"),
    "wait 20 ms": (600, "sleep 0.02; : {}"),
    "compute 0.15 s": (40, "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; : {}"),
    "compute, then wait": (60, "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.15; : {}"),
    "short": (3000, "true {}"),
    "first waits, then computes": (120, "test {} -gt 80 && { i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; } || sleep 0.15"),
}


def automatic(quartet, rounds=3):
    for name, (jobs, line) in KINDS.items():
        numbers = "".join(f"{n}\n" for n in range(jobs)).encode()
        found = {}
        for _ in range(rounds):
            for at_once in ("auto", 1, 2, 4, 8, 16, 32, 64, 128):
                if at_once == 1 and name.startswith("wait 0.2"):
                    continue  # half a minute
                found.setdefault(at_once, []).append(timed([quartet, "batch", "-q", "--jobs", str(at_once), line], input=numbers))
        medians = {at_once: statistics.median(times) for at_once, times in found.items()}
        best = min((median, at_once) for at_once, median in medians.items() if at_once != "auto")
        say(f"automatic: {name}: {medians['auto']:.2f} s, the best fixed one {best[0]:.2f} s with {best[1]}: {medians['auto'] / best[0]:.2f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("quartet", type=os.path.abspath)
    parser.add_argument("what", nargs="*", default=["speed", "memory", "server", "automatic"])
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    for each in given.what:
        {"speed": speed, "memory": memory, "server": server, "automatic": automatic}[each](given.quartet)
    if given.record:
        (pathlib.Path(__file__).parent / "recorded.txt").write_text("\n".join(LINES) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
