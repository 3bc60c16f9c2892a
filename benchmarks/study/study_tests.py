"""The seven tests of the Python study, as its scripts arrange them, to compare with.

usage: study_tests.py SERVER_URL [TEST ...]     prints a JSON object: test -> model -> seconds

The models are the study's: a plain loop; multiprocessing.Pool() with map; one threading.Thread an item, all
started and then all joined; asyncio.gather over all items. As in the study, the blocking fetches open a
connection each, and the asynchronous one has one client session with a time-out of 15 s. tracemalloc,
which the study has on, is left off: it makes Python slower still (its CSV test four times).
"""

import asyncio
import csv
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
import time

import aiofiles
import aiohttp
import requests

COUNTS = [8, 10, 7, 9, 8, 4, 7, 10, 8, 5, 9, 7, 7, 8, 2, 2, 2, 9, 10, 7, 3, 9, 4, 4, 10, 9]
MESSAGES = [(chr(ord("A") + i), n) for i, n in enumerate(COUNTS)]
URL = ""
FOLDER = ""


def in_a_loop(body, items):
    for item in items:
        body(item)


def in_a_pool(body, items):
    with multiprocessing.Pool() as pool:
        pool.map(body, items)


def on_threads(body, items):
    threads = [threading.Thread(target=body, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# 1 sleep
def sleep(message):
    time.sleep(message[1])


async def sleep_async(message):
    await asyncio.sleep(message[1])


# 2 fetch
def fetch(_):
    try:
        requests.get(URL + "/page").content
    except requests.RequestException as error:
        print(error, file=sys.stderr)


async def fetch_all_async(items):
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        async def one(_):
            try:
                async with session.get(URL + "/page") as response:
                    await response.read()
            except (aiohttp.ClientError, asyncio.TimeoutError) as error:
                print(repr(error), file=sys.stderr)
        await asyncio.gather(*(one(item) for item in items))


# 3 append
def append(message):
    letter, count = message
    with open(os.path.join(FOLDER, "append.txt"), "a") as file:
        for _ in range(count * 1000):
            file.write(letter)


async def append_async(message):
    letter, count = message
    async with aiofiles.open(os.path.join(FOLDER, "append.txt"), "a") as file:
        for _ in range(count * 1000):
            await file.write(letter)


# 4 power
def power(x):
    return (x**x).bit_length()


async def power_async(x):
    return power(x)


# 5 files
def file_round_trip(number):
    path = os.path.join(FOLDER, f"file_{number}.txt")
    with open(path, "w") as file:
        file.write("text")
    with open(path) as file:
        file.read()


async def file_round_trip_async(number):
    path = os.path.join(FOLDER, f"file_{number}.txt")
    async with aiofiles.open(path, "w") as file:
        await file.write("text")
    async with aiofiles.open(path) as file:
        await file.read()


# 6 api_to_file
def api_to_file(number):
    genre = requests.get(f"{URL}/genre?n={number}").json()
    with open(os.path.join(FOLDER, "genres.txt"), "a") as file:
        file.write(genre + "\n")


async def api_to_file_all_async(items):
    async with aiohttp.ClientSession() as session:
        async def one(number):
            async with session.get(f"{URL}/genre?n={number}") as response:
                genre = await response.json(content_type=None)
            async with aiofiles.open(os.path.join(FOLDER, "genres.txt"), "a") as file:
                await file.write(genre + "\n")
        await asyncio.gather(*(one(item) for item in items))


# 7 csv
def read_csv(path):
    with open(path, newline="") as file:
        return len([row for row in csv.DictReader(file)])


def gather(body):
    async def all_of(items):
        await asyncio.gather(*(body(item) for item in items))
    return all_of


def tests(csv_file):
    return {
        "sleep": (sleep, gather(sleep_async), MESSAGES),
        "fetch": (fetch, fetch_all_async, range(1000)),
        "append": (append, gather(append_async), MESSAGES),
        "power": (power, gather(power_async), range(1_000_000, 1_000_016)),
        "files": (file_round_trip, gather(file_round_trip_async), range(10_000)),
        "api_to_file": (api_to_file, api_to_file_all_async, range(100)),
        "csv": (read_csv, None, [csv_file]),
    }


def timed(run):
    global FOLDER
    FOLDER = tempfile.mkdtemp(prefix="study-")
    try:
        begin = time.perf_counter()
        run()
        return round(time.perf_counter() - begin, 4)
    finally:
        shutil.rmtree(FOLDER)


def measure(body, body_async, items):
    times = {
        "single": timed(lambda: in_a_loop(body, items)),
        "processes": timed(lambda: in_a_pool(body, items)),
        "threads": timed(lambda: on_threads(body, items)),
    }
    if body_async:
        times["async"] = timed(lambda: asyncio.run(body_async(items)))
    return times


def main():
    global URL
    URL = sys.argv[1]
    chosen = sys.argv[2:]
    available = tests(os.environ.get("STUDY_CSV", "data.csv"))
    results = {}
    for name in chosen or available:
        results[name] = measure(*available[name])
        print(name, results[name], file=sys.stderr, flush=True)
    json.dump(results, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
