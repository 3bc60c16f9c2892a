"""mpi4py_peer.py ROW...: rows of cluster_benchmark with mpi4py.futures, one line each: its name and a number."""

import sys
import time

from mpi4py.futures import MPICommExecutor


def busy_microsecond(value):
    end = time.perf_counter() + 1e-6
    while time.perf_counter() < end:
        pass
    return value


def give_back(value):
    return value


def large_result(size):
    return b"x" * size


def large_input(data):
    return len(data)


def tasks(executor, body, count, chunk):
    began = time.perf_counter()
    for _ in executor.map(body, range(count), chunksize=chunk):
        pass
    return count / (time.perf_counter() - began)


def submit(executor):
    took = []
    for call in range(1000):
        began = time.perf_counter()
        executor.submit(give_back, call).result()
        took.append(time.perf_counter() - began)
    return sorted(took)[500] * 1e6


def large(executor, body, values, mebibytes):
    began = time.perf_counter()
    kept = list(executor.map(body, values))
    return len(kept) * (mebibytes << 20) / (time.perf_counter() - began)


def number_of(executor, row):
    name, _, rest = row.partition("_")
    if name == "tasks":  # tasks_1us_1000: in chunks of so many
        what, chunk = rest.split("_")
        count = 1_000_000 if int(chunk) > 1 else 3000
        return tasks(executor, busy_microsecond if what == "1us" else give_back, count, int(chunk))
    if name == "submit":
        return submit(executor)
    mebibytes = int(rest)
    times = max(16, 768 // mebibytes)
    if name == "results":
        return large(executor, large_result, [mebibytes << 20] * times, mebibytes)
    return large(executor, large_input, [b"x" * (mebibytes << 20)] * times, mebibytes)


with MPICommExecutor() as executor:
    if executor is not None:
        list(executor.map(give_back, range(100_000), chunksize=1000))
        for row in sys.argv[1:]:
            print(row, f"{number_of(executor, row):.6g}", flush=True)
