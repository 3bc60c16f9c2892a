"""Maps 1,000,000 integers with a warm multiprocessing.Pool of two and prints the seconds it took."""

import multiprocessing
import time

COUNT = 1_000_000


def add_one(number):
    return number + 1


if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        pool.map(add_one, range(1000))
        began = time.perf_counter()
        results = pool.map(add_one, range(COUNT))
        print(time.perf_counter() - began)
    assert results[-1] == COUNT
