"""Help texts and `quartet list`, word by word.

QUARTET_ACCEPT=1 makes what the program says now the expected text.
"""

import os
import pathlib
import re
import unittest

from tool import ToolTest

GOLDEN = pathlib.Path(__file__).parent / "golden"


class Golden(ToolTest):
    def same_as(self, name, text):
        file = GOLDEN / name
        if os.environ.get("QUARTET_ACCEPT"):
            file.write_text(text, encoding="utf-8")
        self.maxDiff = None
        self.assertEqual(file.read_text(encoding="utf-8"), text, f"{file} (QUARTET_ACCEPT=1 accepts the change)")

    def said(self, *arguments):
        done = self.quartet(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)
        return done.stdout

    def test_help(self):
        commands = [[], ["run"], ["advise"], ["profile"], ["sweep"], ["time"], ["check"], ["report"], ["compare"], ["list"], ["doctor"], ["serve"], ["cluster"], ["generate"], ["generate", "messages"], ["generate", "csv"], ["clean"],
                    ["completion"]]
        for command in commands:
            with self.subTest(command=command):
                text = self.said(*command, "--help")
                self.assertIn("Usage: " + " ".join(["quartet", *command]), text)
                self.same_as("-".join(["help", *command]) + ".txt", text)

    def test_list_workloads(self):
        self.same_as("list-workloads.txt", self.said("list", "workloads"))

    def test_list_models(self):
        text = re.sub(r"or \d+;|default \d+,", lambda cpus: re.sub(r"\d+", "CPUS", cpus[0]), self.said("list", "models"))
        text = re.sub(r"(?s)files by .*", "files by ...\n", text)  # as the system has it
        self.same_as("list-models.txt", re.sub(r"\s+", " ", text).strip() + "\n")

    def test_version(self):
        self.assertRegex(self.said("--version"), r"^quartet \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main()
