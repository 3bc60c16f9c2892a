"""What the world refuses: the tasks it hits are counted and named in the system's words, the rest runs, exit 1."""

import contextlib
import ctypes
import http.server
import itertools
import os
import resource
import threading
import unittest

from tool import ToolTest, settings

MODELS = ["single", "processes:2", "threads:3", "async:5"]
ALL = ["--models", ",".join(MODELS)]


class Failures(ToolTest):
    def failing(self, *arguments, **more):
        """A run that ends with 1 and leaves nothing; its output and its results by spec."""
        done, document = self.results(*arguments, code=1, **more)
        self.assert_nothing_left()
        self.assertEqual(done.stderr, "")
        return done.stdout, {(each["workload"], each["spec"]): each for each in document["results"]}

    def assert_all_tasks_failed(self, each, says):
        self.assertGreater(each["tasks"], 0)
        self.assertEqual(each["failed"], each["tasks"])
        self.assertEqual(len(each["failures"]), min(10, each["failed"]))
        for failure in each["failures"]:
            self.assertRegex(failure, r"^task \d+: ")
            for part in says:
                self.assertIn(part, failure)


class Servers(Failures):
    def test_a_server_that_cannot_be_reached(self):
        url = "http://127.0.0.1:1/"
        output, results = self.failing("fetch", "sleep", *ALL, *settings(["fetch", "sleep"], fetch__url=url))
        for spec in MODELS:
            self.assert_all_tasks_failed(results["fetch", spec], [url, "connect"])
            self.assertEqual(results["sleep", spec]["failed"], 0, "the rest of the workloads runs")
        self.assertIn("10 of 10 tasks failed", output)
        self.assertIn(url, output)
        self.assertIn("!", output)

    def test_a_host_that_does_not_exist(self):
        _, results = self.failing("fetch", "--models", "single,async:5",
                                  *settings(["fetch"], fetch__url="http://nowhere.invalid/", fetch__count=2))
        for each in results.values():
            self.assert_all_tasks_failed(each, ["nowhere.invalid", "can't be looked up"])

    def test_a_url_that_is_none(self):
        _, results = self.failing("fetch", "--models", "single,async:5", *settings(["fetch"], fetch__url="::"))
        for each in results.values():
            self.assert_all_tasks_failed(each, ["::"])

    def test_errors_are_counted_and_the_rest_goes_on(self):
        server = self.serve("--error-rate", 0.5, "--latency", 0)
        _, results = self.failing("fetch", *ALL, "--set", f"fetch.url={server}/page", "--set", "fetch.count=40")
        for each in results.values():
            self.assertTrue(0 < each["failed"] < 40, each["failed"])
            self.assertTrue(all("status 500" in failure for failure in each["failures"]))

    def test_replies_that_break_off(self):
        server = self.serve("--broken-rate", 1, "--latency", 0)
        _, results = self.failing("fetch", *ALL, "--set", f"fetch.url={server}/page", "--set", "fetch.count=5")
        for each in results.values():
            self.assert_all_tasks_failed(each, [server])

    def test_replies_that_come_too_late(self):
        server = self.serve("--latency", 60000)
        _, results = self.failing("fetch", *ALL, "--set", f"fetch.url={server}/page", "--set", "fetch.count=3",
                                  "--set", "fetch.timeout=0.05")
        for each in results.values():
            self.assert_all_tasks_failed(each, [server, "tim"])


class Answer(http.server.BaseHTTPRequestHandler):
    """Each answer is another one."""
    numbers = itertools.count()

    def do_GET(self):
        body = f'"genre {next(self.numbers)}"'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def server_of_other_answers():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class WrongEndStates(Failures):
    """The twins of "same answer, right end state" in results_test.py: these must not pass."""

    def test_answers_that_differ(self):
        with server_of_other_answers() as url:
            output, results = self.failing("api_to_file", *ALL, *settings(["api_to_file"], api_to_file__url=url + "{}"))
        for each in results.values():
            self.assertEqual(each["failed"], 0)
        differing = [each for each in results.values() if "its answer differs" in each["verification"]]
        self.assertTrue(differing)
        self.assertIn("its answer differs", output)

    def test_somebody_else_writes_to_the_file(self):
        file = self.folder / "shared.txt"
        stop = threading.Event()

        def intrude():
            while not stop.is_set():
                with open(file, "a", encoding="utf-8") as shared:
                    shared.write("A")

        intruder = threading.Thread(target=intrude)
        intruder.start()
        try:
            output, results = self.failing("append", "--models", "single", "--set", f"append.file={file}",
                                           "--set", "append.factor=1000")
        finally:
            stop.set()
            intruder.join()
        self.assertRegex(results["append", "single"]["verification"], r"\d+ times A, not 8000")
        self.assertIn(str(file), output)


class Files(Failures):
    def test_broken_csv_names_the_line(self):
        file = self.folder / "broken.csv"
        file.write_text('name,age\nAda,36\n"Bob\nby",1,2\n')
        output, results = self.failing("csv", *ALL, "--set", f"csv.file={file}", "--set", "csv.parts=1")
        for each in results.values():
            self.assert_all_tasks_failed(each, [str(file), "line 3", "3 fields", "2"])
        self.assertIn("line 3", output)

    def test_one_broken_line_is_reported_once_however_many_parts_there_are(self):
        file = self.folder / "broken.csv"
        rows = ["name,age"] + [f'"person {n}, the",{n}' for n in range(400)]
        for wrong in ('"never ended,7', 'a "quote,7', '"ended"twice",7', "one,two,three"):
            with self.subTest(wrong):
                file.write_text("\n".join(rows[:30] + [wrong] + rows[30:]) + "\n")
                output, results = self.failing("csv", "--models", "single,threads,processes", "--set", f"csv.file={file}",
                                               "--set", "csv.parts=40")
                for each in results.values():
                    self.assertEqual(each["failed"], 1)
                    self.assertEqual(len(each["failures"]), 1)
                    self.assertRegex(each["failures"][0], "^task [0-9]+: .*broken.csv: line 3[12]: ")
                self.assertEqual(output.count("broken.csv: line"), 1, output)

    def memory_of_csv(self, file, parts):
        _, document = self.results("csv", "--models", "single", "--set", f"csv.file={file}", "--set", f"csv.parts={parts}")
        return document["results"][0]["tree_peak_bytes"]

    def test_a_large_header_is_held_once(self):
        file = self.folder / "wide.csv"
        columns = 250_000
        with file.open("w") as text:
            text.write(",".join(f"c{n}" for n in range(columns)) + "\n")
            text.write(("," * (columns - 1) + "\n") * 4)
        four = self.memory_of_csv(file, 4)
        file.write_bytes(b",".join(b"c%d" % n for n in range(columns)) + b"\n" + (b"," * (columns - 1) + b"\n") * 120)
        many = self.memory_of_csv(file, 120)
        # The text itself is 29 MB larger; a header of 1.7 MB for each of 120 parts would be 200 MB and more.
        self.assertLess(many - four, 120e6)

    def test_missing_csv(self):
        output, results = self.failing("csv", "sleep", *ALL, "--set", "csv.file=/nowhere/data.csv", *settings(["sleep"]))
        for spec in MODELS:
            self.assertEqual(results["csv", spec]["verification"], "cannot read '/nowhere/data.csv': No such file or directory")
            self.assertEqual(results["sleep", spec]["failed"], 0)
        self.assertIn("failed", output)
        self.assertEqual(output.count("No such file"), 1, "models with the same trouble share a line")

    def test_append_to_a_file_in_a_missing_folder(self):
        _, results = self.failing("append", *ALL, "--set", "append.file=/nowhere/x", "--set", "append.factor=1")
        for each in results.values():
            self.assert_all_tasks_failed(each, ["'/nowhere/x'", "No such file or directory"])

    def test_a_folder_without_permission(self):
        closed = self.folder / "closed"
        closed.mkdir(mode=0o555)
        nobody = self.without_privileges()
        done = self.quartet("run", "files", "--models", "single,async:5", "--set", f"files.dir={closed}",
                            "--set", "files.count=5", **nobody)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{closed}/quartet-files", done.stdout)
        self.assertIn("Permission denied", done.stdout)
        self.assert_nothing_left()

    def test_a_folder_that_is_not_quartets(self):
        theirs = self.folder / "quartet-files"
        theirs.mkdir()
        (theirs / "precious").touch()
        output, _ = self.failing("files", "--models", "single", "--set", f"files.dir={self.folder}", "--set", "files.count=5")
        self.assertIn("not empty", output)
        self.assertIn(str(theirs), output)
        self.assertEqual(os.listdir(theirs), ["precious"])

    def test_a_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"none", bytes(disk), b"tmpfs", 0, b"size=4k") != 0:
            self.skipTest("no tmpfs can be mounted: " + os.strerror(ctypes.get_errno()))
        self.addCleanup(libc.umount2, bytes(disk), 2)
        (disk / "full").write_bytes(b"x" * 4096)
        target = disk / "genres.txt"
        _, results = self.failing("api_to_file", *ALL, "--set", f"api_to_file.file={target}", "--set", "api_to_file.count=3")
        for each in results.values():
            self.assert_all_tasks_failed(each, [str(target), "No space left on device"])


class TooManyOpenFiles(Failures):
    """Wherever the limit strikes, the run ends by itself, with the system's words."""

    def under_limit(self, files, *arguments):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        return self.quartet("run", *arguments, preexec_fn=limit)

    def test_every_limit(self):
        for files in (8, 10, 16):
            for workload in ("files", "append", "fetch"):
                with self.subTest(files=files, workload=workload):
                    self.check(workload, self.under_limit(files, workload, "--models", "single,processes:2,async:each",
                                                          *settings([workload])))

    def check(self, workload, done):
        self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        if done.returncode == 1 and workload != "fetch":  # libcurl says only that it could not connect
            self.assertIn("Too many open files", done.stdout + done.stderr)
        self.assert_nothing_left()

    def test_a_run_that_cannot_even_start(self):
        done = self.under_limit(4, "sleep")
        self.assert_one_line(done, code=1)
        self.assertIn("Too many open files", done.stderr)

    def test_files_in_flight_are_named(self):
        done = self.under_limit(32, "files", "--models", "async:each", "--set", "files.count=200")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"file_\d+\.txt'?: Too many open files")


if __name__ == "__main__":
    unittest.main()
