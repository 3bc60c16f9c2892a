#!/usr/bin/env python3
"""check_code_blocks.py ROOT: the code in README.md and docs/ is that of files which are compiled.

Every ```cpp block has a line before it: <!-- from examples/FILE.cpp --> or <!-- from examples/FILE.cpp#region -->.
A region is what stands between the lines `// [region]` and `// [/region]` of the file (`#` in place of `//` for
other languages). Blocks of other languages are compared if they are marked.
"""
import re
import sys
import textwrap

from markdown import blocks, documents, report, root_of

SOURCE = re.compile(r"^<!-- from ([^ #]+)(?:#([\w-]+))? -->$")
MARKER = re.compile(r"^\s*(?://|#) \[(/?)([\w-]+)\]\s*$")


def normal(lines):
    return textwrap.dedent("\n".join(lines)).strip("\n").splitlines()


def source_lines(path, region):
    """The lines of a file or of its region, without the markers; None if there is no such region."""
    inside = region is None
    found = region is None
    lines = []
    for line in path.read_text().splitlines():
        marker = MARKER.match(line)
        if marker and marker[2] == region:
            inside = not marker[1]
            found = True
        elif inside and not marker:
            lines.append(line)
    return normal(lines) if found else None


def problem_of(root, block):
    source = SOURCE.match(block.before)
    if not source:
        return "is not marked with its source" if block.language == "cpp" else None
    path = root / source[1]
    if not path.exists():
        return f"names {source[1]}, which does not exist"
    lines = source_lines(path, source[2])
    if lines is None:
        return f"names the region {source[2]}, which {source[1]} does not have"
    return None if lines == normal(block.text) else f"differs from {source[1]}"


def check(root):
    for document in documents(root):
        for block in blocks(document.read_text().splitlines()):
            if problem := problem_of(root, block):
                yield f"{document.relative_to(root)}:{block.line}: the block {problem}"


report(list(check(root_of(sys.argv))))
