"""compare.py QUARTET.json PYTHON.json: a line per test and model; exits 1 if quartet is slower where it computes."""

import json
import sys


def main():
    with open(sys.argv[1]) as file:
        results = json.load(file)
    with open(sys.argv[2]) as file:
        python = json.load(file)
    machine = results["machine"]
    print(f"{machine['cpu_model']}, {machine['usable_cpus']} CPUs, {machine['kernel']}; seconds")
    print(f"{'test':<12} {'model':<10} {'quartet':>10} {'Python':>10} {'ratio':>8}")
    slower = []
    for each in results["results"]:
        test, model = each["workload"], each["model"]
        theirs = python.get(test, {}).get(model)
        if theirs is None:
            continue
        ours = each["wall_seconds"]["median"]
        print(f"{test:<12} {model:<10} {ours:>10.4f} {theirs:>10.4f} {theirs / ours:>7.1f}x")
        if ours > theirs and test != "sleep":
            slower.append(f"{test} {model}")
    if slower:
        print("slower than Python:", ", ".join(slower))
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
