"""Workloads that have a server of their own, or ask somebody else's: the same answer under every model, failures in the
system's words, and no server left behind."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import threading
import unittest

from tool import LIMIT, QUARTET, ToolTest, has_query, settings, wait_until, with_few_rounds

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


class Query(OwnServers):
    """With a server of the run's own. Its user gets to the test's folder, so that it has its files there."""

    def setUp(self):
        super().setUp()
        if not has_query():
            self.skipTest("PostgreSQL is not installed (postgresql), or quartet was built without libpq (libpq-dev)")
        for folder in (self.folder, self.tmp):
            folder.chmod(0o711)

    def test_every_model(self):
        self.check_all("query", 6)

    def test_another_statement(self):
        self.check_all("query", 6, "--set", "query.sql=select 'a', null; select 2")

    def test_it_runs_when_it_is_named_only(self):
        done = self.quartet("run", "--models", "single", *settings())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotRegex(done.stdout, "(?m)^(query|echo) ")

    def test_beside_others(self):
        _, document = self.results("echo", "query", "fetch", "--models", "single,async", *settings(["echo", "query", "fetch"]))
        self.assertEqual([(each["workload"], each["failed"]) for each in document["results"]],
                         [(workload, 0) for workload in ("echo", "query", "fetch") for _ in range(2)])
        self.assert_nothing_left()

    def test_a_wrong_statement(self):
        for each in self.failing("query", *ALL, *settings(["query"]), "--set", "query.sql=select 1/0"):
            self.assert_all_tasks_failed(each, r"^task \d+: ERROR: division by zero$")

    def test_answers_that_differ(self):
        results = self.failing("query", "--models", "single,async", *settings(["query"]), "--set", "query.sql=select clock_timestamp()")
        self.assertTrue([each for each in results if each["verification"]])

    def test_its_own_server_dies(self):
        started = self.start("run", "query", "--models", "single,async", "--set", "query.count=3", "--set", "query.delay=60",
                             "--set", "query.timeout=3600", "--warmup", 0)
        os.kill(self.postgres_of(started), signal.SIGQUIT)
        output, errors = started.communicate(timeout=LIMIT)
        self.assertEqual((started.returncode, errors), (1, b""))
        self.assertIn(b"3 of 3 tasks failed", output)
        self.assertRegex(" ".join(output.decode().split()), "terminating connection|closed the connection|No such file|Connection refused")
        self.assert_nothing_left()

    def postgres_of(self, started):
        self.assertTrue(wait_until(lambda: list(self.tmp.glob("quartet-*/trial-*"))), "no trial has begun")
        for child in pathlib.Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split():
            if pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[0].endswith(b"/postgres"):
                return int(child)
        return self.fail("no server")

    def test_ctrl_c_while_the_server_is_made(self):
        started = self.start("run", "query")
        made = wait_until(lambda: started.poll() is not None or list(self.tmp.glob("quartet-*/postgres")))
        self.assertTrue(made)
        os.killpg(started.pid, signal.SIGINT)
        output, errors = started.communicate(timeout=LIMIT)
        self.assertEqual((started.returncode, output, errors), (130, b"", b""))
        self.assertTrue(wait_until(lambda: not self.processes()))
        self.assert_nothing_left()

    def test_sudden_death_while_the_server_is_made(self):
        started = self.start("run", "query")
        self.assertTrue(wait_until(lambda: list(self.tmp.glob("quartet-*/postgres"))))
        started.kill()
        started.communicate()
        self.assertTrue(wait_until(lambda: not self.processes()), self.processes())
        self.assertEqual(self.quartet("clean").returncode, 0)
        self.assert_nothing_left()

    def test_a_folder_that_its_user_does_not_get_to(self):
        if os.geteuid() != 0:
            self.skipTest("who is not root starts the server as himself")
        self.folder.chmod(0o700)
        done = self.quartet("run", "query", "--models", "single", *settings(["query"]))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assert_nothing_left()

    def test_somebody_elses_server(self):
        """It is one that a run has started, for the time that this run takes."""
        started = self.start("run", "query", "--models", "single", "--set", "query.delay=60", "--set", "query.timeout=3600",
                             "--set", "query.count=20", "--warmup", 0)
        self.postgres_of(started)
        socket_folder = next(self.tmp.glob("quartet-*/postgres"))
        url = f"postgresql://quartet:secret@/postgres?host={socket_folder}"
        done, document = self.results("query", "--models", "single,async", *settings(["query"]), "--set", f"query.url={url}")
        self.assertEqual({each["failed"] for each in document["results"]}, {0})
        self.assertNotIn("secret", json.dumps(document) + done.stdout + done.stderr)
        self.assertIn("postgresql://", document["settings"]["parameters"]["query.url"])
        tail = ["--set", "query.count=200", "--set", "query.delay=1", "--set", f"query.url={url}"]
        full = self.quartet("run", "query", "--models", "async:each", "--warmup", 0, *tail)
        self.assertEqual(full.returncode, 1)
        self.assertIn("sorry, too many clients already", " ".join(full.stdout.split()))
        self.assertNotIn("secret", full.stdout + full.stderr)
        started.kill()


class QueryWithoutPostgres(ToolTest):
    """Its programs are hidden, in a namespace of mounts."""

    def hidden(self, *arguments):
        if not hasattr(self, "empty"):
            self.empty = self.folder / "empty"
            self.empty.mkdir()
        if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
            self.skipTest("no namespace of mounts can be made")
        words = [QUARTET, *with_few_rounds(arguments)]
        hide = "[ ! -d /usr/lib/postgresql ] || mount --bind \"$0\" /usr/lib/postgresql; exec \"$@\""
        return subprocess.run(["unshare", "-m", "sh", "-c", hide, self.empty, *words], env=self.environment(), cwd=self.folder,
                              stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=LIMIT, check=False)

    def lacking(self, text):
        words = " ".join(text.split())
        for package in ("postgresql", "libpq-dev"):
            if f"its package is {package}" in words or f"its package, {package}" in words:
                return True
        return False

    def test_the_others_run(self):
        done = self.hidden("run", "query", "sleep", "--models", "single", *settings(["sleep"]), "--json", "r.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("query is skipped: "), done.stderr)
        self.assertTrue(self.lacking(done.stderr), done.stderr)
        document = json.loads((self.folder / "r.json").read_text())
        self.assertEqual([each["workload"] for each in document["results"]], ["sleep"])
        self.assert_nothing_left()

    def test_alone_it_is_refused(self):
        for command in (["run", "query"], ["sweep", "query"], ["check", "query"], ["advise", "query"]):
            done = self.hidden(*command)
            self.assert_one_line(done)
            self.assertIn("query can't be run here: ", done.stderr)
            self.assertTrue(self.lacking(done.stderr), done.stderr)

    def test_the_list_says_so(self):
        self.assertTrue(self.lacking(self.hidden("list").stdout))
        self.assertFalse(self.lacking(self.hidden("list", "models").stdout))

    def test_somebody_elses_server_needs_none(self):
        done = self.hidden("run", "query", "--models", "single", *settings(["query"]), "--set", "query.url=postgresql://me@127.0.0.1:1/x")
        self.assertIn(done.returncode, (1, 2))
        if done.returncode == 1:
            self.assertIn("Connection refused", " ".join(done.stdout.split()))


class QueryValues(ToolTest):
    def test_values(self):
        for value, says in (("url=mysql://u:secret@h/d", "no URI of PostgreSQL"), ("url=postgresql://u:secret@h/d?nonsense", "query.url"),
                            ("url=postgresql://u@h/d?password=secret", "query.url"), ("count=0", "from 1 to 10000"),
                            ("rows=0", "from 1 to 1000000"), ("delay=-1", "from 0 to 60"), ("statements=x", "an integer from 1"),
                            ("timeout=0", "from 0.001")):
            done = self.quartet("run", "query", "--set", f"query.{value}")
            self.assert_one_line(done)
            self.assertNotIn("secret", done.stderr)
            if "built without libpq" in done.stderr:
                continue  # who is without knows less of URIs
            self.assertIn(f"query.{value.split('=')[0]}", done.stderr)
            self.assertIn(says, done.stderr)

    def test_a_password_that_is_given_twice(self):
        url = "query.url=postgresql://u:secret@h/d"
        done = self.quartet("run", "query", "--set", url, "--set", url)
        self.assert_one_line(done)
        self.assertIn("is given twice", done.stderr)
        self.assertNotIn("secret", done.stderr)


if __name__ == "__main__":
    unittest.main()
