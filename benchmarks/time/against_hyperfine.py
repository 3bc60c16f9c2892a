#!/usr/bin/python3
"""The same commands by `quartet time` and by hyperfine, in balanced order; /bin/true also with nothing around it.

    benchmarks/time/against_hyperfine.py QUARTET [--record]

In a batch each tool runs a command so many times and gives its median; which of them begins changes from batch to batch. A figure is
the median over the batches, a difference the median of the batches' differences, with its interval. Needs hyperfine
and a C compiler.
"""

import argparse
import json
import pathlib
import platform
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CASES = [("/bin/true", 20, 300), ("sh -c :", 12, 200), ("gzip -kc input", 12, 40), ("xz -kc0 input", 8, 12), ("python3 -c 1", 8, 20), ("sleep 0.1", 6, 10)]


def median_interval(samples):
    """From order statistics, 95 % or what so few allow."""
    ordered = sorted(samples)
    ends = {6: 0, 8: 0, 12: 2, 20: 5}[len(ordered)]
    return ordered[ends], ordered[-1 - ends]


def by_quartet(program, command, runs, folder):
    file = folder / "quartet.json"
    subprocess.run([program, "time", command, "--rounds", str(runs), "--warmup", "5", "--json", file, "--quiet"], check=True, cwd=folder)
    return json.loads(file.read_text())["results"][0]["wall_seconds"]["median"]


def by_hyperfine(command, runs, folder):
    file = folder / "hyperfine.json"
    subprocess.run(["hyperfine", "-N", "-w", "5", "-r", str(runs), "--export-json", file, "--style", "none", command],
                   check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return json.loads(file.read_text())["results"][0]["median"]


def in_batches(contenders, batches):
    given = {name: [] for name in contenders}
    names = list(contenders)
    for batch in range(batches):
        for place in range(len(names)):
            name = names[(batch + place) % len(names)]
            given[name].append(contenders[name]())
    return given


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("quartet", type=pathlib.Path)
    parser.add_argument("--record", action="store_true", help="write recorded.txt")
    asked = parser.parse_args()
    lines = [f"{platform.system()} {platform.release()}, {subprocess.check_output(['hyperfine', '--version'], text=True).strip()}; microseconds",
             f"{'command':18}{'quartet time':>14}{'hyperfine -N':>14}{'difference':>12}{'its interval':>22}{'bare':>9}"]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "input").write_bytes(bytes((i * i * 2654435761 >> 13) & 255 for i in range(1_000_000)))
        bare = folder / "bare_start"
        subprocess.run(["cc", "-O2", "-static", HERE / "bare_start.c", "-o", bare], check=True)
        for command, batches, runs in CASES:
            contenders = {"quartet": lambda: by_quartet(asked.quartet.resolve(), command, runs, folder),
                          "hyperfine": lambda: by_hyperfine(command, runs, folder)}
            if command == "/bin/true":
                contenders["bare"] = lambda: 1e-6 * float(subprocess.check_output([bare, str(runs), command]))
            given = in_batches(contenders, batches)
            middle = {each: 1e6 * statistics.median(times) for each, times in given.items()}
            differences = [1e6 * (ours - theirs) for ours, theirs in zip(given["quartet"], given["hyperfine"])]
            low, high = median_interval(differences)
            lines.append(f"{command:18}{middle['quartet']:14.1f}{middle['hyperfine']:14.1f}{statistics.median(differences):+12.1f}"
                         f"{f'{low:+.1f} to {high:+.1f}':>22}{middle.get('bare', float('nan')):9.1f}".replace("      nan", ""))
            print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    if asked.record:
        (HERE / "recorded.txt").write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
