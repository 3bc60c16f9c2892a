#!/usr/bin/env python3
"""Shows that check_layers.py can fail: each fault that it looks for is made once."""
import pathlib
import subprocess
import sys
import tempfile

CHECKER = pathlib.Path(__file__).resolve().parent / "check_layers.py"
TABLE = """# Design

## Layers

| layer | what stands in it | may include |
|---|---|---|
| base | `src/base/` `include/quartet/cpus.hpp` | nothing |
| io | `src/io/` | base |
| top | `src/` | base, io |

## More
"""
TREE = {
    "docs/design.md": TABLE,
    "include/quartet/cpus.hpp": "#pragma once\n",
    "src/base/a.hpp": "#include <vector>\n",
    "src/io/b.hpp": '#include "src/base/a.hpp"\n',
    "src/c.cpp": '#include "src/io/b.hpp"\n#include <quartet/cpus.hpp>\n',
    "examples/e.cpp": "#include <quartet/cpus.hpp>\n",
}

# What is changed in the tree, and what is said about it; None where nothing is wrong.
CASES = [
    ({}, None),
    ({"src/base/a.hpp": '#include "src/io/b.hpp"\n'}, "src/base/a.hpp:1: 'base' may not include src/io/b.hpp of 'io'"),
    ({"src/base/a.hpp": '\n#include "src/c.hpp"\n', "src/c.hpp": ""}, "src/base/a.hpp:2: 'base' may not include"),
    ({"include/quartet/cpus.hpp": '# include "src/io/b.hpp"\n'}, "include/quartet/cpus.hpp:1: 'base' may not include"),
    ({"src/io/b.hpp": ""}, "'io' may include 'base', and does not"),
    ({"cli/d.cpp": ""}, "cli/d.cpp: docs/design.md has no layer for it"),
    ({"docs/design.md": TABLE.replace("| nothing |", "| io |")}, "'base' may include 'io', which is not above it"),
    ({"examples/e.cpp": '#include "src/io/b.hpp"\n'}, "examples/e.cpp:1: an example includes src/io/b.hpp"),
    (
        {
            "examples/e.cpp": "#include <quartet/detail/d.hpp>\n",
            "include/quartet/detail/d.hpp": "",
            "docs/design.md": TABLE.replace("`src/base/`", "`src/base/` `include/quartet/detail/`"),
        },
        "an example includes include/quartet/detail/d.hpp",
    ),
]


def run(changes):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {**TREE, **changes}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return subprocess.run([sys.executable, CHECKER, root], capture_output=True, text=True)


failures = 0
for changes, said in CASES:
    ended = run(changes)
    if (ended.returncode, said is None) == (0, True) or (ended.returncode == 1 and said and said in ended.stdout):
        continue
    failures += 1
    print(f"{changes}\nshould give: {said}, but: {ended.returncode}\n{ended.stdout}{ended.stderr}")
sys.exit(failures > 0)
