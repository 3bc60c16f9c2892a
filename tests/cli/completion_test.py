"""Manual pages and shell completions, asked for in the shells themselves."""

import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import time
import unittest

from tool import LIMIT, QUARTET, ToolTest

COMMANDS = ["run", "batch", "advise", "profile", "sweep", "time", "check", "report", "compare", "list", "doctor", "serve", "cluster", "generate", "clean", "completion"]

# What is typed, and what the last word may become.
CASES = [
    ("quartet swe", ["sweep"]),
    ("quartet run --mod", ["--models"]),
    ("quartet run sle", ["sleep"]),
    ("quartet run --models thr", ["threads"]),
    ("quartet run --models threads,asy", ["threads,async"]),
    ("quartet run --preset st", ["study"]),
    ("quartet run --set sleep.", ["sleep.scale="]),
    ("quartet sweep --model processes+", ["processes+async"]),
    ("quartet generate csv --ro", ["--rows"]),
    ("quartet completion z", ["zsh"]),
    ("quartet list mod", ["models"]),
    ("quartet compare ./old-resu", ["./old-results.json"]),
    ("quartet run --json ./old-resu", ["./old-results.json"]),
    ("quartet run --models threads:8,pro", ["threads:8,processes"]),
    ("quartet run --models threads:8,processes:2,asy", ["threads:8,processes:2,async"]),
    ("quartet compare ./at:12=x/old-resu", ["./at:12=x/old-results.json"]),
    ("quartet run --models=thr", ["--models=threads"]),
    ("quartet run --models=threads:8,pro", ["--models=threads:8,processes"]),
    ("quartet run --json=./old-resu", ["--json=./old-results.json"]),
    ("quartet run --json ./at:12=x/old-resu", ["./at:12=x/old-results.json"]),
    ("quartet report ./old-resu", ["./old-results.json"]),
    ("quartet advise --wait-kind d", ["disk"]),
    ("quartet advise --runtime py", ["python"]),
]


class Completion(ToolTest):
    def setUp(self):
        super().setUp()
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        (self.bin / "quartet").symlink_to(QUARTET)
        (self.folder / "old-results.json").touch()
        (self.folder / "at:12=x").mkdir()
        (self.folder / "at:12=x" / "old-results.json").touch()

    def of_shell(self, shell):
        done = self.quartet("completion", shell)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def with_path(self):
        return self.environment(PATH=f"{self.bin}:{os.environ['PATH']}")

    def run_shell(self, *command):
        return subprocess.run(command, env=self.with_path(), cwd=self.folder, capture_output=True, text=True, timeout=LIMIT, check=True).stdout

    def test_bash(self):
        # As the shell cuts a line: at colons and equal signs too, which are words of their own.
        script = 'source <(quartet completion bash)\ncomplete_line() { COMP_LINE=$1; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()\n' \
                 '_quartet 2> /dev/null; printf "%s\\n" "${COMPREPLY[@]}"; }\ncomplete_line "$@"'

        def completed(line):
            words = [piece for word in line.split(" ") for piece in re.findall(r"[:=]+|[^:=]+", word) or [""]]
            return self.run_shell("bash", "-c", script, "bash", line, *words).split()

        for line, expected in CASES:
            with self.subTest(line):
                behind_the_cut = [re.split("[:=]", line.split()[-1])[-1]]
                common = line.split()[-1].removesuffix(behind_the_cut[0])
                self.assertEqual(completed(line), [each.removeprefix(common) for each in expected])
        self.assertEqual(completed("quartet "), COMMANDS)
        self.assertEqual(completed("quartet run --budget "), [])
        self.assertIn("bin", completed("quartet run --scratch "))
        self.assertNotIn("old-results.json", completed("quartet run --scratch "), "a file is no folder")

    def test_bash_at_a_terminal(self):
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(self.folder)
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], self.with_path() | {"TERM": "dumb", "PS1": "", "INPUTRC": "/dev/null"})
        try:
            self.converse(terminal, "bind 'set enable-bracketed-paste off'; source <(quartet completion bash); echo rea''dy\n", "ready")
            for line, (expected,) in CASES:
                with self.subTest(line):
                    # The completed line is run as the argument of echo.
                    said = self.converse(terminal, f"{line}\t\x01echo \x05 do''ne\n", r"quartet .*? done\r?\n", replace="do''ne")
                    self.assertIn(expected + " ", said[said.rindex("quartet "):] + " ")
        finally:
            os.close(terminal)
            os.waitpid(process, 0)

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish(self):
        for line, expected in CASES:
            with self.subTest(line):
                text = self.run_shell("fish", "-c", f"quartet completion fish | source; complete -C '{line}'")
                self.assertEqual([each.split("\t")[0] for each in text.splitlines()], expected)
        self.assertEqual(sorted(each.split("\t")[0] for each in self.run_shell(
            "fish", "-c", "quartet completion fish | source; complete -C 'quartet '").splitlines()), sorted(COMMANDS))

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh(self):
        functions = self.folder / "functions"
        functions.mkdir()
        (functions / "_quartet").write_text(self.of_shell("zsh"))
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(self.folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"], self.with_path() | {"TERM": "dumb", "PS1": ""})
        try:
            self.converse(terminal, f"PS1= fpath=({functions} $fpath); autoload -Uz compinit; compinit -u -D; unsetopt zle_bracketed_paste "
                                    "prompt_sp; bindkey '^I' complete-word; echo rea''dy\n", "ready")
            for line, (expected,) in CASES:
                with self.subTest(line):
                    # The completed line is run as the argument of echo.
                    said = self.converse(terminal, f"{line}\t\x01echo \x05 do''ne\n", r"quartet .*? done\r?\n", replace="do''ne")
                    self.assertIn(expected, said)
        finally:
            os.close(terminal)
            os.waitpid(process, 0)

    def converse(self, terminal, line, until, replace=None):
        """Types a line, and reads until what it prints."""
        os.write(terminal, line.encode())
        said = ""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            if select.select([terminal], [], [], 0.2)[0]:
                said += os.read(terminal, 65536).decode(errors="replace")
            if re.search(until, said.replace(replace or "\0", "")):
                return said
        return self.fail(f"{until!r} did not come: {said!r}")

    def test_an_unknown_shell(self):
        for arguments in (["completion"], ["completion", "csh"]):
            self.assert_one_line(self.quartet(*arguments))


class ManualPages(ToolTest):
    def pages(self):
        done = self.quartet("man", self.folder)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        return {page.name: page for page in self.folder.glob("*.1")}

    def test_one_for_the_program_and_each_command(self):
        self.assertEqual(sorted(self.pages()), sorted(["quartet.1", *(f"quartet-{each}.1" for each in COMMANDS)]))

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_are_well_formed(self):
        for name, page in self.pages().items():
            done = subprocess.run(["groff", "-man", "-ww", "-Tascii", "-P-c", "-P-b", "-P-u", page], capture_output=True, text=True, check=True)
            self.assertEqual(done.stderr, "", name)
            for section in ("NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS", "SEE ALSO"):
                self.assertIn(section, done.stdout)

    def test_say_what_the_help_says(self):
        for name, page in self.pages().items():
            command = name.removesuffix(".1").split("-")[1:]
            text = page.read_text().replace("\\-", "-")
            said = self.quartet(*command, "--help").stdout
            for option in re.findall(r"(?m)^  (?:-\w,)?(--[\w-]+)", said):
                self.assertIn(f"\\fB{option}\\fR", text, name)
            description = " ".join(said.split("\n\n")[0].split())
            self.assertIn(description[1:].rstrip("."), " ".join(text.split()), name)

    def test_a_folder_that_is_none(self):
        done = self.quartet("man", "/nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
