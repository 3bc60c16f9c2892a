#!/usr/bin/env python3
"""check_figures.py ROOT: the times in docs/concepts.md, and those that README.md reads aloud, are those of README.md's table."""
import importlib.util
import re
import sys

from markdown import report, root_of


def load(path):
    spec = importlib.util.spec_from_file_location("figures", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check(root):
    figures_py = load(root / "docs/figures.py")
    readme = figures_py.block_of((root / "README.md").read_text(), "table")
    table, words = re.match(r"```text\n(.*?)```\n(.*)", readme, re.S).groups()
    figures = figures_py.figures_of(table)
    if len(figures) != 7:
        yield f"README.md: the table has {len(figures)} tests in place of 7"
        return
    now = figures_py.block_of((root / "docs/concepts.md").read_text(), "figures")
    for is_line, should in zip(now.splitlines(), figures_py.concepts_rows(now, figures).splitlines()):
        if is_line != should:
            yield f"docs/concepts.md: '{is_line}' should be '{should}', as in README.md (docs/figures.py writes both)"
    for model, (spec, time, _, _) in figures["fetch"].items():
        if time not in " ".join(words.split()):
            yield f"README.md: what is read aloud lacks {time} of fetch under {spec}"


report(list(check(root_of(sys.argv))))
