"""mpi4py_peer.py: the rows of cluster_benchmark with mpi4py.futures (one line a row: its name and its seconds)."""
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


def measure(name, row):
    began = time.perf_counter()
    row()
    print(name, f"{time.perf_counter() - began:.6f}", flush=True)


with MPICommExecutor() as executor:
    if executor is not None:
        list(executor.map(give_back, range(100_000), chunksize=1000))
        measure("million_of_1us", lambda: list(executor.map(busy_microsecond, range(1_000_000), chunksize=1000)))
        measure("thousand_submits", lambda: [executor.submit(give_back, call).result() for call in range(1000)])
        measure("results_of_64MiB", lambda: list(executor.map(large_result, [64 << 20] * 12)))
        inputs = [b"x" * (64 << 20)] * 6
        measure("inputs_of_64MiB", lambda: list(executor.map(large_input, inputs)))
