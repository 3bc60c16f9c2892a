#!/usr/bin/env python3
"""Runs an example and compares what it prints with what it should print.

    check_output.py [--server QUARTET] EXPECTED PROGRAM [ARGUMENT...]

With --server, `QUARTET serve` runs meanwhile, and {url} in an argument stands for its address. {file} stands
for a file in a temporary folder.
"""
import argparse
import difflib
import pathlib
import subprocess
import sys
import tempfile


def start_server(quartet):
    server = subprocess.Popen([quartet, "serve"], stdout=subprocess.PIPE, text=True)
    words = server.stdout.readline().split()  # "serving on URL (Ctrl-C ends it)"
    if len(words) < 3:
        sys.exit("the test server did not start")
    return server, words[2]


def run(arguments, url, folder):
    fill = {"url": url, "file": str(pathlib.Path(folder) / "file")}
    filled = [each.format(**fill) for each in arguments]
    return subprocess.run(filled, stdout=subprocess.PIPE, text=True, timeout=800)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server")
    parser.add_argument("expected", type=pathlib.Path)
    parser.add_argument("program", nargs=argparse.REMAINDER)
    options = parser.parse_args()

    server, url = start_server(options.server) if options.server else (None, "")
    try:
        with tempfile.TemporaryDirectory() as folder:
            ended = run(options.program, url, folder)
    finally:
        if server:
            server.terminate()
            server.wait()

    expected = options.expected.read_text()
    difference = difflib.unified_diff(expected.splitlines(), ended.stdout.splitlines(), "expected", "printed", lineterm="")
    print("\n".join(difference))
    if ended.returncode != 0:
        print(f"exit code {ended.returncode}")
    sys.exit(ended.returncode != 0 or ended.stdout != expected)


main()
