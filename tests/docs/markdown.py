"""What the checks of the documents share: which files they are, and where their code blocks lie."""
import dataclasses
import pathlib
import re

FENCE = re.compile(r"^ *(`{3,})(\w*)")


@dataclasses.dataclass
class Block:
    line: int  # of its fence, from 1
    language: str
    text: list
    before: str  # the last line before it that is not blank


def documents(root):
    return [each for each in [root / "README.md", *sorted((root / "docs").glob("*.md"))] if each.exists()]


def blocks(lines):
    found = []
    fence = ""
    before = ""
    for number, line in enumerate(lines, 1):
        match = FENCE.match(line)
        if fence:
            if match and match[1] == fence:
                fence = ""
            else:
                found[-1].text.append(line)
        elif match:
            fence = match[1]
            found.append(Block(number, match[2], [], before))
            before = ""
        elif line.strip():
            before = line.strip()
    return found


def outside_blocks(lines):
    """The lines with their numbers; those of code blocks are left out."""
    fence = ""
    for number, line in enumerate(lines, 1):
        match = FENCE.match(line)
        if match and not fence:
            fence = match[1]
        elif match and match[1] == fence:
            fence = ""
        elif not fence:
            yield number, line


def report(problems):
    for each in problems:
        print(each)
    print(f"{len(problems)} problems" if problems else "all in order")
    raise SystemExit(1 if problems else 0)


def root_of(arguments):
    return pathlib.Path(arguments[1]).resolve()
