#!/usr/bin/env python3
"""Runs a command with a Redis server of its own, which ends with it.

    with_redis.py COMMAND [ARGUMENT...]

{redis} in an argument stands for the port at which it listens, on loopback.
"""
import shutil
import socket
import subprocess
import sys
import tempfile
import time


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def answers(port, process):
    """Whether it is that process which answers there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as server:
            server.sendall(b"INFO server\r\n")
            return f"process_id:{process}\r".encode() in server.recv(65536)
    except OSError:
        return False


def start(program, folder):
    """Another process may take the port before the server does, which then ends."""
    for _ in range(10):
        port = free_port()
        server = subprocess.Popen(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--logfile", f"{folder}/log"]
        )
        while server.poll() is None:
            if answers(port, server.pid):
                return server, port
            time.sleep(0.02)
    sys.exit("redis-server does not start")


def main():
    program = shutil.which("redis-server")
    if not program:
        sys.exit("Redis is not installed: its package is 'redis-server'")
    with tempfile.TemporaryDirectory(prefix="quartet-redis-") as folder:
        server, port = start(program, folder)
        try:
            code = subprocess.run([each.replace("{redis}", str(port)) for each in sys.argv[1:]]).returncode
        finally:
            server.terminate()
            server.wait()
    sys.exit(code)


main()
