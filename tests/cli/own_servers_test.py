"""Workloads that have a server of their own, or ask somebody else's: the same answer under every model, failures in the
system's words, and no server left behind."""

import contextlib
import os
import pathlib
import signal
import socket
import struct
import threading
import unittest

from tool import LIMIT, ToolTest, settings, wait_until

MODELS = ["single", "processes:2", "threads:3", "threads:each", "processes:each", "async:5", "async:each", "processes:2+async:3"]
ALL = ["--models", ",".join(MODELS)]


class OwnServers(ToolTest):
    def check_all(self, workload, tasks, *more):
        done, document = self.results(workload, *ALL, *settings([workload]), *more)
        self.assertEqual(done.stderr, "")
        self.assert_nothing_left()
        results = document["results"]
        self.assertEqual([each["spec"] for each in results], MODELS)
        self.assertEqual({(each["tasks"], each["failed"], each["verification"]) for each in results}, {(tasks, 0, "")})
        self.assertEqual(len({each["checksum"] for each in results}), 1)

    def failing(self, *arguments):
        """A run that ends with 1; its results."""
        done, document = self.results(*arguments, code=1)
        self.assertEqual(done.stderr, "")
        self.assert_nothing_left()
        return document["results"]

    def assert_all_tasks_failed(self, each, says):
        self.assertGreater(each["tasks"], 0)
        self.assertEqual(each["failed"], each["tasks"])
        for failure in each["failures"]:
            self.assertRegex(failure, says)

    def server_of(self, started):
        """The process of the run's own server, once a trial has begun; it is the run's child."""
        self.assertTrue(wait_until(lambda: list(self.tmp.glob("quartet-*/trial-*"))), "no trial has begun")
        children = pathlib.Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()
        for child in children:
            line = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if b"run" in line:  # a fork of the tool; a trial has other arguments
                return int(child)
        return self.fail(f"no server among {children}")


@contextlib.contextmanager
def echo_server(fate):
    """Gives back what comes; `fate` is asked with the connection and each piece, and gives what is sent."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=500)

    def serve(connection):
        with connection, contextlib.suppress(OSError):
            for number in range(1_000_000):
                piece = connection.recv(65536)
                answer = fate(connection, number, piece) if piece else None
                if answer is None:
                    return
                connection.sendall(answer)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


class Echo(OwnServers):
    def test_every_model(self):
        self.check_all("echo", 10)

    def test_somebody_elses_server(self):
        with echo_server(lambda connection, number, piece: piece) as server:
            self.check_all("echo", 10, "--set", f"echo.server={server}")

    def under_fate(self, fate, says):
        with echo_server(fate) as server:
            for each in self.failing("echo", *ALL, *settings(["echo"]), "--set", f"echo.server={server}"):
                self.assert_all_tasks_failed(each, f"^task \\d+: .*{server}.*{says}")

    def test_a_wrong_byte(self):
        self.under_fate(lambda connection, number, piece: piece[:5] + b"#" + piece[6:] if number == 2 else piece,
                        "answer 3 is not what was sent: byte 6 of 64 differs")

    def test_an_end_in_the_middle(self):
        def half(connection, number, piece):
            if number == 0:
                return piece
            connection.sendall(piece[:10])
            return None

        self.under_fate(half, "ended the connection after 10 of 64 bytes")

    def test_a_reset(self):
        def reset(connection, number, piece):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return None

        self.under_fate(reset, "Connection reset by peer")

    def test_nobody_listens(self):
        for each in self.failing("echo", *ALL, *settings(["echo"]), "--set", "echo.server=127.0.0.1:1"):
            self.assert_all_tasks_failed(each, "cannot connect to 127.0.0.1:1: Connection refused")

    def test_values(self):
        for value, says in (("server=localhost", "'localhost' is not of the form HOST:PORT"), ("bytes=0", "from 1 to 65536"),
                            ("bytes=65537", "from 1 to 65536"), ("delay=-1", "from 0 to 60"), ("round_trips=x", "an integer from 1")):
            done = self.quartet("run", "echo", "--set", f"echo.{value}")
            self.assert_one_line(done)
            self.assertIn(f"echo.{value.split('=')[0]}", done.stderr)
            self.assertIn(says, done.stderr)

    def test_its_own_server_dies(self):
        report = self.folder / "r.json"
        started = self.start("run", "echo", "--models", "single", "--set", "echo.connections=3", "--set", "echo.delay=60",
                             "--set", "echo.timeout=3600", "--json", report, "--warmup", 0)
        os.kill(self.server_of(started), signal.SIGKILL)
        output, errors = started.communicate(timeout=LIMIT)
        self.assertEqual((started.returncode, errors), (1, b""))
        self.assertIn(b"3 of 3 tasks failed", output)
        self.assertRegex(output.decode(), "ended the connection|Connection reset|cannot connect")
        self.assert_nothing_left()

    def test_other_commands(self):
        small = settings(["echo"])
        checked = self.quartet("check", "echo", *small)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        swept = self.quartet("sweep", "echo", *small, "--model", "async", "--workers", "1,2", "--rounds", 1)
        self.assertEqual(swept.returncode, 0, swept.stdout + swept.stderr)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
