#!/usr/bin/python3
"""Makes trouble of the kinds that an earlier version of quartet did not cope with, and prints what comes of it.

    benchmarks/run trouble [--record]            # a table: what, before, now
    benchmarks/trouble/trouble.py BUILD [CASE...]  # by itself; --before writes before.json, as BUILD behaves

before.json holds what the same cases gave in the version that had the faults. A full disk, a limit on the address space and the like
are made for the case alone; root is wanted for the full disk.
"""
import argparse
import contextlib
import gzip
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 15  # seconds, after which a case is said to hang


class Bench:
    def __init__(self, build):
        self.cases = build / "benchmarks/trouble/trouble_cases"
        self.tool = build / "cli/quartet"


def ended(command, patience=PATIENCE, **options):
    """Runs a command. Returns its standard output or how it failed, its standard error, and its exit code: None if it hangs."""
    options.setdefault("stderr", subprocess.PIPE)
    with subprocess.Popen([str(each) for each in command], stdout=subprocess.PIPE, text=True, start_new_session=True, **options) as child:
        try:
            said, errors = child.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return f"hangs (ended after {patience} s)", "", None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # what it left behind
        if child.returncode < 0:
            return f"is killed by {signal.Signals(-child.returncode).name}", errors or "", child.returncode
        return said.strip(), errors or "", child.returncode


def case(bench, name, *words, **options):
    said, errors, code = ended([bench.cases, name, *words], **options)
    said = re.sub(r"http://127.0.0.1:\d+/", "URL", said)
    return said or f"exit code {code}: {errors.strip().splitlines()[-1] if errors.strip() else ''}"


@contextlib.contextmanager
def full_disk(megabytes):
    with tempfile.TemporaryDirectory() as folder:
        image, mounted = pathlib.Path(folder, "image"), pathlib.Path(folder, "disk")
        mounted.mkdir()
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, mounted], check=True)
        try:
            yield mounted
        finally:
            subprocess.run(["umount", mounted], check=True)


@contextlib.contextmanager
def serving(answer):
    """A server that gives each client to `answer(socket)`; its URL."""
    with socket.create_server(("127.0.0.1", 0), backlog=600) as listener:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=with_client, args=(client,), daemon=True).start()

        def with_client(client):
            with client, contextlib.suppress(OSError):
                client.settimeout(PATIENCE)
                answer(client)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        listener.shutdown(socket.SHUT_RDWR)


def request_of(client):
    """Head and body of the next request; None at its end."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = client.recv(65536)
        if not piece:
            return None
        got += piece
    head, body = got.split(b"\r\n\r\n", 1)
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += client.recv(65536)
    return head, body


def replying(reply):
    def answer(client):
        if request_of(client):
            client.sendall(reply)
    return answer


def write_on_full_disk(bench):
    with full_disk(16) as disk:
        return case(bench, "write_large", disk / "file")


def put_redirected(bench):
    met = []

    def answer(client):
        while got := request_of(client):
            head, body = got
            if b" /new " in head.split(b"\r\n")[0]:
                met.append(f"{head.split(b' ')[0].decode()} with {len(body)} bytes")
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            else:
                client.sendall(b"HTTP/1.1 301 Moved\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n")

    with serving(answer) as url:
        said = case(bench, "fetch", url, "PUT", "0123456789")
    return f"a PUT of 10 bytes arrives at the new address as {met[0]}" if met else f"it is not followed: {said}"


def hostile_trailer(bench):
    reply = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: HTTP/x\r\n\r\n"
             b"a\r\n0123456789\r\n0\r\nHTTP/x: 1\r\n\r\n")
    with serving(replying(reply)) as url:
        return case(bench, "fetch", url)


def broken_gzip(bench):
    packed = gzip.compress(os.urandom(100_000))[:50_000]
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with serving(replying(head + packed)) as url:
        return case(bench, "fetch", url)


def two_gzip_members(bench):
    packed = gzip.compress(b"x" * 5) + gzip.compress(b"y" * 5)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with serving(replying(head + packed)) as url:
        return case(bench, "fetch", url)


def injected_header(bench):
    heads = []

    def answer(client):
        head, _ = request_of(client)
        heads.append(head)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with serving(answer) as url:
        said = case(bench, "fetch_with_header", url)
    return "the second header goes out" if heads and b"X-Two: 2" in heads[0] else said


def idle_connections(bench):
    def answer(client):
        if request_of(client):
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            time.sleep(random.random() * 0.002)  # sometimes when the next request is on its way

    with serving(answer) as url:
        return case(bench, "fetch_many", url)


def one_name(bench):
    """A name server that says nothing, so that each look-up takes a second."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 53))
        conf = pathlib.Path(folder, "resolv.conf")
        conf.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        said, errors, code = ended(["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', conf,
                                    bench.cases, "fetch_name", "http://trouble.test/"])
    return said or f"exit code {code}: {errors}"


def printed_by_workers(bench):
    said = case(bench, "print_in_workers")
    lines = [line for line in said.splitlines() if line.startswith("line ")]
    return f"{len(set(lines))} of 100 lines come, {said.splitlines().count('before')} times what was printed before"


def forked_child(bench):
    with tempfile.TemporaryDirectory() as folder:
        return case(bench, "fork_in_a_body", f"{folder}/file")


def descriptors(bench):
    with tempfile.TemporaryDirectory() as folder:
        return case(bench, "descriptors_of_executors", f"{folder}/file")


def fifos(bench):
    with tempfile.TemporaryDirectory() as folder:
        return case(bench, "fifos", folder)


def space(megabytes):
    def way(bench):
        return case(bench, "little_address_space", megabytes)
    return way


def plain(name, *words):
    return lambda bench: case(bench, name, *words)


def profile_of_stubborn(bench):
    began = time.monotonic()
    said, _, code = ended([bench.tool, "profile", "--for", "1s", "--", "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"])
    return said if code is None else f"ends after {time.monotonic() - began:.0f} s"


def profile_exit_code(bench):
    return f"exit code {ended([bench.tool, 'profile', '--', 'sh', '-c', 'exit 3'])[2]}"


def advise_from_description(bench):
    with tempfile.TemporaryDirectory() as cache:
        began = time.monotonic()
        busy = subprocess.Popen(["sh", "-c", "while :; do :; done"])
        try:
            said, errors, code = ended([bench.tool, "advise", "--tasks", "100", "--cpu", "1ms", "--wait", "10ms"], patience=60,
                                       env=os.environ | {"XDG_CACHE_HOME": cache})
        finally:
            busy.kill()
            busy.wait()
    return said if code is None else f"{time.monotonic() - began:.1f} s beside one busy loop" + ("" if code == 0 else f", exit code {code}: {errors[-80:]}")


def announced_runs(bench):
    with tempfile.TemporaryDirectory() as folder:
        inputs, count = pathlib.Path(folder, "inputs"), pathlib.Path(folder, "count")
        inputs.write_text("1\n2\n3\n4\n5\n")
        said, errors, code = ended([bench.tool, "run", "command", "--inputs", inputs, "--set", f"command.line=echo {{}} >> {count}"],
                                   patience=60, stdin=subprocess.DEVNULL)
        lines = len(count.read_text().splitlines()) if count.exists() else 0
    return f"each of 5 lines ran {lines // 5} times, exit code {code}" + (f": {errors.strip().splitlines()[0]}" if lines == 0 and errors else "")


def unresolved_compare(bench):
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder, name) for name in ("a.json", "b.json")]
        for file in files:
            ended([bench.tool, "run", "sleep", "--models", "single", "--set", "sleep.scale=0.0001", "--rounds", "2", "--json", file])
        said, errors, code = ended([bench.tool, "compare", *files, "--fail-above", "5%"])
    return f"exit code {code}: " + " ".join((said or errors).splitlines()[-1:])


def completed_spec(bench):
    # As readline cuts it: a colon is a word.
    script = ("source <(\"$0\" completion bash); COMP_WORDS=(quartet run --models threads : 8,pro); COMP_CWORD=5; COMP_LINE='quartet run --models threads:8,pro'; "
              "COMP_POINT=${#COMP_LINE}; _quartet; echo \"${COMPREPLY[*]}\"")
    said, _, _ = ended(["bash", "-c", script, bench.tool])
    return f"behind 'threads:' the word '8,pro' may become '{said}'"


def flag_with_value(bench):
    said, errors, code = ended([bench.tool, "run", "append", "--rounds", "1", "--quiet=7"])
    return f"exit code {code}" + (f": {errors.strip().splitlines()[0]}" if code and errors.strip() else "")


def long_csv_header(bench):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "file.csv")
        file.write_text(",".join(f"column{n}" for n in range(100_000)) + "\n" + ("," * 99_999 + "\n") * 500)
        said, errors, code = ended(["/usr/bin/env", "time", "-f", "%M", bench.tool, "run", "csv", "--models", "single", "--rounds", "1", "--set",
                                    f"csv.file={file}", "--set", "csv.parts=500"], patience=120)
    return f"{int(errors.split()[-1]) // 1024} MB of memory at 500 parts, exit code {code}" if code is not None else said


CASES = {
    "1 40 MB written onto a full 16 MB ext4, async": write_on_full_disk,
    "2 a PUT redirected by 301": put_redirected,
    "3 a trailer named HTTP/x behind 10 bytes": hostile_trailer,
    "3 a gzip body broken off": broken_gzip,
    "3 two gzip members": two_gzip_members,
    "4 CR LF in a header's value": injected_header,
    "5 a failure in a stream": plain("stream_index"),
    "6 500 fetches where the server closes idle connections": idle_connections,
    "7 300 fetches of a name that nobody looks up": one_name,
    "8 processes:2 where files may have 1 MB": plain("limited_file_size"),
    "9 a command where SIGCHLD is ignored": plain("ignored_ends_of_children"),
    "10 offloaded functions that wait for each other": plain("offload_in_circles"),
    "11 profile --for 1s of a command that ignores SIGTERM": profile_of_stubborn,
    "11 profile of a command that exits with 3": profile_exit_code,
    "12 a command that writes 1.5 GB": plain("endless_output"),
    "13 2000 calls with a time limit": plain("calls_with_limits"),
    "14 two threads take blocks of the shared heap": plain("crossing_blocks"),
    "15 200 executors that read files": descriptors,
    "16 calls made after executor::stop()": plain("calls_after_a_stop"),
    "18 processes:2 under ulimit -v 410 MB": space(410),
    "18 processes:2 under ulimit -v 300 MB": space(300),
    "19 a child forked in a body returns": forked_child,
    "20 a stop, while with_timeout cleans up beyond its limit": plain("blame"),
    "21 100 lines printed by workers, into a pipe": printed_by_workers,
    "22 exit code 256": plain("exit_code"),
    "22 an empty future": plain("empty_future"),
    "22 a throwing initialize, threads:2": plain("throwing_initialize", "threads:2"),
    "22 a throwing initialize, processes:2": plain("throwing_initialize", "processes:2"),
    "24 a body that blocks its loop for long": plain("held_loop"),
    "25 a body that swallows its stop": plain("swallowed_stop"),
    "27 FIFOs that nobody writes to": fifos,
    "28 recycle_after under threads": plain("option_of_another_model"),
    "29 an exception with a text of 10 MB": plain("long_text"),
    "30 advise from a description, nothing kept": advise_from_description,
    "31 run command without --rounds, no terminal": announced_runs,
    "32 compare of what two rounds can't tell apart": unresolved_compare,
    "33 bash completes a spec": completed_spec,
    "33 --quiet=7": flag_with_value,
    "34 a CSV header of 1 MB": long_csv_header,
}


def results(build, chosen=None):
    """{case: what came of it}"""
    bench = Bench(build)
    found = {}
    for name, way in CASES.items():
        if chosen and not any(name.startswith(each) for each in chosen):
            continue
        try:
            found[name] = " ".join(way(bench).split())[:200]
        except Exception as why:  # the next cases are of interest all the same
            found[name] = f"could not be tried: {why}"
        print(f"{name}: {found[name]}", file=sys.stderr)
    return found


def table(now):
    """Of what, before and now, in lines of 140 columns."""
    before = json.loads((HERE / "before.json").read_text())
    widths, lines = (40, 48, 48), []
    for row in [("what", "before", "now"), *((name, before.get(name, ""), text) for name, text in now.items())]:
        columns = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths)]
        for place in range(max(map(len, columns))):
            parts = [column[place] if place < len(column) else "" for column in columns]
            lines.append("  ".join(part.ljust(width) for part, width in zip(parts, widths)).rstrip())
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="how the names of the cases to make begin; all if left out")
    parser.add_argument("--before", action="store_true", help="this is how it was before")
    options = parser.parse_args()
    found = results(options.build.resolve(), options.cases)
    if options.before:
        file = HERE / "before.json"
        kept = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps({name: (kept | found)[name] for name in CASES if name in kept | found}, indent=1) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
