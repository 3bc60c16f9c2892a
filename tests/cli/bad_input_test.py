"""Bad input: exit 2, and one line that says what is wrong, what is allowed and which name is nearest."""

import unittest

from tool import NAMED, WORKLOADS, ToolTest


class BadInput(ToolTest):
    def refused(self, *arguments, says):
        """`says`: parts that the line must hold, in any order."""
        with self.subTest(arguments=arguments):
            done = self.quartet(*arguments)
            self.assert_one_line(done)
            self.assertTrue(done.stderr.startswith("quartet"), done.stderr)
            for part in says:
                self.assertIn(part, done.stderr)

    def test_commands(self):
        self.refused("runs", says=["'runs'", "run, batch, advise, profile, sweep, time, check, report, compare, list, doctor, serve, cluster, generate, clean, completion", "did you mean 'run'"])
        self.refused("generate", "msgs", says=["'msgs'", "messages, csv"])

    def test_clusters(self):
        for model in ("cluster", "cluster:3", "cluster+threads:2"):
            self.refused("run", "sleep", "--models", "single," + model, says=["--models", f"'{model}'", "quartet cluster --hosts", "'cluster:1'"])
        self.refused("check", "sleep", "--models", "cluster:2", says=["--models", "'cluster:2'", "quartet cluster --hosts"])
        self.refused("sweep", "sleep", "--model", "cluster", "--nodes", "1,2", says=["--model", "'cluster:2'", "quartet cluster --hosts"])
        self.refused("sweep", "sleep", "--model", "threads", "--nodes", "1,2", says=["--nodes", "'threads'"])
        self.refused("sweep", "sleep", "--model", "cluster:2", "--nodes", "1,2", says=["--nodes", "'cluster:2'"])
        self.refused("run", "sleep", "--scratch", "not/there", says=["--scratch", "'not/there'", "no folder"])

    def test_no_command_shows_the_help(self):
        for arguments in ([], ["generate"]):
            done = self.quartet(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("Usage: quartet", done.stderr)

    def test_options(self):
        self.refused("run", "--modles", "single", says=["'--modles'", "--models, --preset", "did you mean '--models'"])
        self.refused("serve", "--prot", "1", says=["'--prot'", "did you mean '--port'"])
        for front in (["cluster", "--hosst", "a"], ["cluster", "--hosst=a"], ["cluster", "--hosst", "a", "--dry-run"]):
            self.refused(*front, "--", "true", "--x", says=["unknown option '--hosst", "did you mean '--hosts'"])
        self.refused("profile", "--fro", "3", "--", "true", says=["unknown option '--fro'", "did you mean '--for'"])
        self.refused("run", "--foo", "--", "true", says=["unknown option '--foo'", "--models, --preset"])
        self.refused("list", "models", "--", "x", says=["'x'", "too many"])
        self.refused("run", "--models", says=["--models", "needs a value"])
        self.refused("run", "--json", "a", "--json", "b", says=["--json", "only once"])
        self.refused("list", "models", "workloads", says=["'workloads'", "too many"])

    def test_flags_take_no_value_and_options_none_that_is_empty(self):
        for command in (["run", "--live=0.0.0.0"], ["run", "--quiet=7"], ["run", "--plain=no"], ["run", "--log=file"],
                        ["sweep", "sleep", "--quiet=1"], ["check", "sleep", "--plain=x"], ["compare", "a", "b", "--anyway=0"],
                        ["advise", "--verify=2"], ["doctor", "--plain=7"], ["clean", "--dry-run=no"], ["cluster", "--dry-run=no"], ["--help=run"]):
            self.refused(*command, says=[command[-1].split("=")[0], "takes no value"])
        for command in (["run", "--json", ""], ["run", "--inputs", ""], ["run", "--budget", ""], ["advise", "--cpu", "", "--tasks", "1"],
                        ["run", "--baseline", ""]):
            self.refused(*command, says=[next(word for word in command if word.startswith("--")), "needs a value"])

    def test_one_parameter_has_one_value(self):
        self.refused("run", "sleep", "--set", "sleep.scale=0.1", "--set", "sleep.scale=0.2",
                     says=["--set: sleep.scale is given twice, '0.1' and '0.2'"])
        self.refused("check", "sleep", "--set", "sleep.scale=1", "--set", "sleep.scale=1", says=["given twice"])
        self.refused("sweep", "sleep", "--set", "sleep.scale=1", "--set", "sleep.scale=2", says=["given twice"])
        (self.folder / "list").write_text("a\n")
        self.refused("run", "command", "--inputs", "list", "--set", "command.inputs=list", "--set", "command.line=true",
                     says=["command.inputs is given twice", "--inputs sets it too"])

    def test_options_have_one_value(self):
        for command in (["run", "--rounds", "1", "--rounds", "2"], ["run", "--inputs", "a", "--inputs", "b"], ["sweep", "sleep", "--margin", "1%", "--margin", "2%"],
                        ["advise", "--cpu", "1ms", "--cpu", "2ms"], ["serve", "--port", "1", "--port", "2"], ["compare", "a", "b", "--margin", "1%", "--margin", "2%"]):
            self.refused(*command, says=["only once"])

    def test_workloads(self):
        self.refused("run", "slep", says=["unknown workload 'slep'", ", ".join(WORKLOADS + NAMED), "did you mean 'sleep'"])
        self.refused("run", "", says=["unknown workload ''"])
        self.refused("list", "model", says=["'model'", "workloads and models", "did you mean 'models'"])

    def test_models(self):
        self.refused("run", "--models", "thread", says=["--models", "'thread'", "single, processes, threads, async",
                                                        "did you mean 'threads'"])
        self.refused("run", "--models", "single,,async", says=["--models", "unknown model ''"])
        for spec in ("threads:0", "threads:x", "threads:-1", "threads:", "async:99999999999999999999"):
            self.refused("run", "--models", spec, says=["--models", f"'{spec}'", "a number from 1 to", "each"])
        self.refused("run", "--models", "single:2", says=["'single:2'", "takes no number"])

    def test_parameters(self):
        self.refused("run", "--set", "sleep.scael=1", says=["'sleep.scael'", "did you mean 'scale'"])
        self.refused("run", "--set", "slep.scale=1", says=["'slep'", "did you mean 'sleep'"])
        self.refused("run", "sleep", "--set", "fetch.count=1", says=["'fetch'", "not among the workloads of this run"])
        for malformed in ("sleep", "sleep.scale", "scale=1", "=", ""):
            self.refused("run", "--set", malformed, says=["--set", "WORKLOAD.PARAMETER=VALUE"])

    def test_values(self):
        for value in ("x", "", "-1", "1001", "1e999", "nan", "1 "):
            self.refused("run", "--set", f"sleep.scale={value}", says=[f"'{value}'", "a number from 0 to 1000"])
        for value in ("0", "1.5", "ten", "99999999999999999999"):
            self.refused("run", "--set", f"fetch.count={value}", says=[f"'{value}'", "an integer from 1 to 10000000"])
        self.refused("run", "--set", "fetch.reuse=maybe", says=["'maybe'", "yes or no"])

    def test_preset_and_rounds(self):
        self.refused("run", "--preset", "stdy", says=["--preset", "'stdy'", "quick and study", "did you mean 'study'"])
        for rounds in ("0", "-2", "x", "10001"):
            self.refused("run", "--rounds", rounds, says=["--rounds", f"'{rounds}'", "an integer from 1 to 10000"])
        for warmup in ("-1", "x", "101"):
            self.refused("run", "--warmup", warmup, says=["--warmup", f"'{warmup}'", "an integer from 0 to 100"])
        for share in ("0", "1", "-2%", "2 %", "x"):
            self.refused("run", "--precision", share, says=["--precision", f"'{share}'", "a share such as 2%"])
            self.refused("run", "--margin", share, says=["--margin", f"'{share}'", "a share such as 2%"])
        for time in ("0", "-1s", "2 m", "soon"):
            self.refused("run", "--budget", time, says=["--budget", f"'{time}'", "a time such as 90s, 2m"])
        self.refused("run", "--quiet", "--plain", says=["--quiet", "--plain"])
        for seed in ("-1", "x", "1.5", str(2**54)):
            self.refused("run", "--seed", seed, says=["--seed", f"'{seed}'", f"an integer from 0 to {2**53}"])

    def test_inputs_belong_to_the_command_workload(self):
        self.refused("run", "sleep", "--inputs", "/dev/null", says=["--inputs", "command"])

    def test_server(self):
        self.refused("serve", "--port", "65536", says=["--port", "'65536'", "from 0 to 65535"])
        self.refused("serve", "--error-rate", "1.5", says=["--error-rate", "'1.5'", "from 0 to 1"])
        self.refused("serve", "--latency", "soon", says=["--latency", "'soon'", "from 0 to 3600000"])
        self.refused("serve", "--page-bytes", "-1", says=["--page-bytes", "'-1'"])
        self.refused("serve", "--address", "localhost", says=["--address", "'localhost'", "127.0.0.1"])

    def test_generate_and_clean(self):
        self.refused("generate", "csv", "--rows", "-1", says=["--rows", "'-1'", "from 0 to"])
        self.refused("generate", "messages", "--seed", "x", says=["--seed", "'x'"])
        self.refused("clean", "/nowhere", says=["'/nowhere'", "not a folder"])


class UnwritableFiles(ToolTest):
    """They are refused before anything is run, not after minutes of it."""

    def refused(self, *arguments, says):
        done = self.quartet(*arguments)
        self.assert_one_line(done)
        for part in says:
            self.assertIn(part, done.stderr)

    def test_reports(self):
        for flag in ("--json", "--csv", "--markdown"):
            with self.subTest(flag):
                self.refused("run", flag, "/nowhere/r", says=[flag, "'/nowhere/r'", "No such file or directory"])
                self.refused("run", flag, str(self.folder), says=[flag, "Is a directory"])
                self.refused("run", flag, "/dev/null/r", says=[flag, "'/dev/null/r'"])

    def test_generated_files(self):
        self.refused("generate", "csv", "--output", "/nowhere/r", says=["--output", "'/nowhere/r'", "No such file"])

    def test_a_file_without_permission(self):
        file = self.folder / "r.json"
        file.touch(mode=0o444)
        done = self.quartet("run", "--json", file, **self.without_privileges())
        self.assert_one_line(done)
        self.assertIn(f"--json: cannot write '{file}': Permission denied", done.stderr)


if __name__ == "__main__":
    unittest.main()
