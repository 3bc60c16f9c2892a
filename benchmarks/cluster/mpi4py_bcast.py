"""mpi4py_bcast.py: 64 MiB from rank 0 to all (one line a row: its name and its seconds)."""
import time

from mpi4py import MPI

comm = MPI.COMM_WORLD
buffer = bytearray(64 << 20)


def measure(name, row):
    row()
    comm.Barrier()
    began = time.perf_counter()
    row()
    comm.Barrier()
    if comm.rank == 0:
        print(name, f"{time.perf_counter() - began:.6f}", flush=True)


measure("mpi4py_Bcast_64MiB", lambda: comm.Bcast([buffer, MPI.BYTE]))
measure("mpi4py_bcast_64MiB", lambda: comm.bcast(buffer if comm.rank == 0 else None))
