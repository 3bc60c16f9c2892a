"""The commands beside run: list, serve, generate, clean."""

import os
import signal
import socket
import time
import unittest
import urllib.error
import urllib.request

from tool import LIMIT, NAMED, WORKLOADS, ToolTest, wait_until


class List(ToolTest):
    def test_parts(self):
        whole = self.quartet("list").stdout
        workloads = self.quartet("list", "workloads").stdout
        models = self.quartet("list", "models").stdout
        self.assertEqual(whole, f"workloads\n{workloads}\nmodels\n{models}")
        for name in WORKLOADS + NAMED:
            self.assertRegex(workloads, rf"(?m)^{name} ")
        self.assertEqual([line.split(":")[0].split()[0] for line in models.splitlines() if not line.startswith(" ")],
                         ["single", "processes", "threads", "async"])


class Serve(ToolTest):
    def get(self, url):
        try:
            with urllib.request.urlopen(url, timeout=LIMIT) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            error.close()
            return error.code, b""

    def test_page_and_genre(self):
        url = self.serve("--latency", 0)
        status, page = self.get(url + "/page")
        self.assertEqual((status, len(page)), (200, 15000))
        self.assertEqual(self.get(url + "/genre?n=7"), self.get(url + "/genre?n=7"))
        self.assertNotEqual(self.get(url + "/genre?n=7"), self.get(url + "/genre?n=8"))
        self.assertEqual(self.get(url + "/nowhere")[0], 404)

    def test_page_bytes_and_address(self):
        url = self.serve("--latency", 0, "--page-bytes", 7, "--address", "127.0.0.2")
        self.assertTrue(url.startswith("http://127.0.0.2:"))
        self.assertEqual(len(self.get(url + "/page")[1]), 7)

    def test_latency(self):
        url = self.serve("--latency", 100, "--jitter", 20)
        began = time.monotonic()
        self.get(url + "/page")
        self.assertGreaterEqual(time.monotonic() - began, 0.08)

    def test_faults(self):
        url = self.serve("--latency", 0, "--error-rate", 1)
        self.assertEqual(self.get(url + "/page")[0], 500)
        url = self.serve("--latency", 0, "--broken-rate", 1)
        with self.assertRaises(Exception):
            self.get(url + "/page")
        url = self.serve("--latency", 0, "--slow-rate", 1, "--slow-by", 100)
        began = time.monotonic()
        self.get(url + "/page")
        self.assertGreaterEqual(time.monotonic() - began, 0.1)

    def test_the_seed_decides(self):
        def statuses(seed):
            url = self.serve("--latency", 0, "--error-rate", 0.5, "--seed", seed)
            return [self.get(url + "/page")[0] for _ in range(20)]

        self.assertEqual(statuses(3), statuses(3))
        self.assertNotEqual(statuses(3), statuses(4))

    def test_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = self.quartet("serve", "--port", port)
            self.assert_one_line(done, code=1)
            self.assertIn(f"127.0.0.1:{port}", done.stderr)
            self.assertIn("Address already in use", done.stderr)
        self.assertTrue(self.serve("--port", port).endswith(f":{port}"))

    def test_ctrl_c_says_what_was_served(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            started = self.start("serve", "--latency", 0)
            url = started.stdout.readline().decode().split()[2]
            self.get(url + "/page")
            os.killpg(started.pid, number)
            output, errors = started.communicate(timeout=LIMIT)
            self.assertEqual(output, b"1 requests, 0 errors, 0 slow, 0 broken\n")
            self.assertEqual((started.returncode, errors), (0, b""))


class Generate(ToolTest):
    def test_the_same_seed_gives_the_same(self):
        for what in (["messages"], ["csv", "--rows", 20]):
            one, again, other = (self.quartet("generate", *what, "--seed", seed).stdout for seed in (5, 5, 6))
            self.assertEqual(one, again)
            self.assertNotEqual(one, other)

    def test_messages(self):
        lines = self.quartet("generate", "messages").stdout.splitlines()
        self.assertEqual(len(lines), 26)
        for letter, line in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", lines):
            self.assertIn(letter, line)

    def test_rows_and_output(self):
        file = self.folder / "data.csv"
        done = self.quartet("generate", "csv", "--rows", 0, "--output", file)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        header = file.read_text()
        self.assertEqual(header.count("\n"), 1)
        self.assertTrue(self.quartet("generate", "csv", "--rows", 3).stdout.startswith(header))

    def test_what_it_generates_can_be_run(self):
        file = self.folder / "data.csv"
        self.quartet("generate", "csv", "--rows", 100, "--output", file)
        done = self.quartet("run", "csv", "--set", f"csv.file={file}")
        self.assertEqual(done.returncode, 0, done.stdout)


class Clean(ToolTest):
    def killed_run(self):
        """What a run leaves behind that is killed: its folder."""
        known = set(self.tmp.iterdir())
        started = self.start("run", "sleep", "--set", "sleep.scale=1")
        self.assertTrue(wait_until(lambda: any(self.tmp.glob("quartet-*/trial-*"))))
        started.kill()
        started.wait()
        self.assertTrue(wait_until(lambda: not self.processes()))
        return (set(self.tmp.iterdir()) - known).pop()

    def clean(self, *arguments):
        done = self.quartet("clean", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_nothing_to_do(self):
        self.assertEqual(self.clean(), "nothing to remove\n")

    def test_what_a_killed_run_left(self):
        left = self.killed_run()
        self.assertEqual(self.clean("--dry-run"), f"would remove {left}\n")
        self.assertTrue(left.exists())
        self.assertEqual(self.clean(), f"removed {left}\n")
        self.assertFalse(left.exists())

    def test_only_what_is_marked(self):
        left = self.killed_run()
        theirs = self.tmp / "quartet-abcdef"
        theirs.mkdir()
        (theirs / "precious").touch()
        (self.tmp / "link").symlink_to(theirs)
        (self.tmp / "file").touch()
        self.assertEqual(self.clean(), f"removed {left}\n")
        self.assertEqual(sorted(os.listdir(self.tmp)), ["file", "link", "quartet-abcdef"])
        self.assertEqual(os.listdir(theirs), ["precious"])

    def test_not_what_is_in_use(self):
        started = self.start("run", "sleep", "--set", "sleep.scale=1")
        self.assertTrue(wait_until(lambda: any(self.tmp.glob("quartet-*/trial-*"))))
        self.assertEqual(self.clean(), "nothing to remove\n")
        self.assertEqual(len(os.listdir(self.tmp)), 1)
        self.assertIsNone(started.poll())

    def test_a_link_to_a_marked_folder_is_not_followed(self):
        left = self.killed_run()
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "link").symlink_to(left)
        self.assertEqual(self.clean(elsewhere), "nothing to remove\n")
        self.assertTrue(left.exists())

    def test_a_folder_of_files(self):
        self.quartet("run", "files", "--models", "single", "--set", "files.count=3", "--set", f"files.dir={self.folder}")
        kept = self.folder / "quartet-files"
        self.assertEqual(len(os.listdir(kept)), 3 + 1, "the files and the mark")
        self.assertEqual(self.clean(self.folder), f"removed {kept}\n")
        self.assertFalse(kept.exists())


if __name__ == "__main__":
    unittest.main()
