#!/usr/bin/env python3
"""check_links.py ROOT: what README.md and docs/ link to within the project exists, headings included."""
import re
import sys

from markdown import documents, outside_blocks, report, root_of

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`[^`]*`")
HEADING = re.compile(r"^#+ +(.*)$")


def anchor(heading):
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors(path):
    lines = path.read_text().splitlines()
    return {anchor(match[1]) for _, line in outside_blocks(lines) if (match := HEADING.match(line))}


def problem_of(document, target):
    if re.match(r"^\w+:", target):
        return None  # another site
    name, _, heading = target.partition("#")
    path = document.parent / name if name else document
    if not path.exists():
        return f"{target} does not exist"
    if heading and heading not in anchors(path):
        return f"{target}: no such heading"
    return None


def check(root):
    for document in documents(root):
        for number, line in outside_blocks(document.read_text().splitlines()):
            for target in LINK.findall(CODE.sub("", line)):
                if problem := problem_of(document, target):
                    yield f"{document.relative_to(root)}:{number}: {problem}"


report(list(check(root_of(sys.argv))))
