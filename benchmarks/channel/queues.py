"""queues.py threads|asyncio|processes: sends 20,000 integers through one of Python's queues; prints the seconds a value took."""

import asyncio
import multiprocessing
import queue
import sys
import threading
import time

COUNT = 20_000
ROOM = 1024


def send_all(to):
    for value in range(COUNT):
        to.put(value)


def receive_all(source):
    return sum(source.get() for _ in range(COUNT))


def with_worker(values, ready, worker):
    worker.start()
    ready.get()
    began = time.perf_counter()
    total = receive_all(values)
    taken = time.perf_counter() - began
    worker.join()
    return taken, total


def produce(ready, values):
    ready.put(0)
    send_all(values)


def threads():
    values, ready = queue.Queue(ROOM), queue.Queue()
    return with_worker(values, ready, threading.Thread(target=produce, args=(ready, values)))


def processes():
    values, ready = multiprocessing.Queue(ROOM), multiprocessing.Queue()
    return with_worker(values, ready, multiprocessing.Process(target=produce, args=(ready, values)))


async def two_tasks():
    values = asyncio.Queue(ROOM)

    async def send():
        for value in range(COUNT):
            await values.put(value)

    async def receive():
        return sum([await values.get() for _ in range(COUNT)])

    began = time.perf_counter()
    _, total = await asyncio.gather(send(), receive())
    return time.perf_counter() - began, total


if __name__ == "__main__":
    kinds = {"threads": threads, "processes": processes, "asyncio": lambda: asyncio.run(two_tasks())}
    seconds, total = kinds[sys.argv[1]]()
    assert total == COUNT * (COUNT - 1) // 2
    print(seconds / COUNT)
