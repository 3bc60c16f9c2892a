"""locks.py threads|asyncio|processes: locks and unlocks one of Python's locks 20,000 times; prints the seconds of one."""

import asyncio
import multiprocessing
import sys
import threading
import time

COUNT = 20_000


def lock_often(lock):
    began = time.perf_counter()
    for _ in range(COUNT):
        with lock:
            pass
    return time.perf_counter() - began


async def one_task():
    lock = asyncio.Lock()
    began = time.perf_counter()
    for _ in range(COUNT):
        async with lock:
            pass
    return time.perf_counter() - began


if __name__ == "__main__":
    kinds = {"threads": lambda: lock_often(threading.Lock()), "processes": lambda: lock_often(multiprocessing.Lock()),
             "asyncio": lambda: asyncio.run(one_task())}
    print(kinds[sys.argv[1]]() / COUNT)
