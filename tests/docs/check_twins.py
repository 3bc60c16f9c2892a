#!/usr/bin/env python3
"""Shows that the checks of the documents can fail: each fault that they look for is made once."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
README = (ROOT / "README.md").read_text()
FETCHES = re.search(r"single +([\d.]+ s) ", README[README.index("fetch  100 tasks"):])[1]
SOURCE = "// [part]\nint right = 1;\n// [/part]\nint other = 2;\n"
RIGHT_BLOCK = "<!-- from code.cpp#part -->\n```cpp\nint right = 1;\n```\n"

# Checker, README.md, and what is said about it; None where nothing is wrong.
CASES = [
    ("check_code_blocks.py", RIGHT_BLOCK, None),
    ("check_code_blocks.py", RIGHT_BLOCK.replace("1;", "2;"), "README.md:2: the block differs"),
    ("check_code_blocks.py", "text\n```cpp\nint right = 1;\n```\n", "is not marked"),
    ("check_code_blocks.py", RIGHT_BLOCK.replace("#part", "#whole"), "does not have"),
    ("check_code_blocks.py", RIGHT_BLOCK.replace("code.cpp", "gone.cpp"), "does not exist"),
    ("check_code_blocks.py", RIGHT_BLOCK.replace("#part", ""), "differs from code.cpp"),
    ("check_links.py", "# A heading: here\n[a](code.cpp) [b](#a-heading-here) [c](https://example.org/x)\n", None),
    ("check_links.py", "`[a](gone.md)`\n```text\n[b](gone.md)\n```\n", None),
    ("check_links.py", "[a](gone.md)\n", "README.md:1: gone.md does not exist"),
    ("check_links.py", "# One\n[a](#two)\n", "no such heading"),
    ("check_figures.py", README, None),
    ("check_figures.py", README.replace(f"single        {FETCHES} ", "single        77.7 s "), "as in README.md"),
    ("check_figures.py", README.replace(f"need {FETCHES} one", "need 77.7 s one"), "read aloud lacks"),
]


def make_figures(root):
    (root / "docs").mkdir()
    for name in ("figures.py", "concepts.md"):
        shutil.copy(ROOT / "docs" / name, root / "docs")


def run(checker, readme):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        if checker == "check_figures.py":
            make_figures(root)
        (root / "README.md").write_text(readme)
        (root / "code.cpp").write_text(SOURCE)
        return subprocess.run([sys.executable, HERE / checker, root], capture_output=True, text=True)


def as_it_should(ended, said):
    if said is None:
        return ended.returncode == 0
    return ended.returncode == 1 and said in ended.stdout


failures = 0
for checker, readme, said in CASES:
    ended = run(checker, readme)
    if not as_it_should(ended, said):
        failures += 1
        print(f"{checker} on\n{readme}\nshould say {said}, but: {ended.returncode}\n{ended.stdout}{ended.stderr}")
sys.exit(failures > 0)
