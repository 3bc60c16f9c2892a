#!/usr/bin/env python3
"""check_layers.py ROOT: files include no layer that theirs may not, by the table in docs/design.md."""
import pathlib
import re
import sys

from markdown import report, root_of

FOLDERS = ("include", "src", "measure", "batch", "report", "cli", "server", "workloads")
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$")
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<(quartet/[^>]+)>)')


class Layer:
    def __init__(self, name, places, below):
        self.name, self.places, self.below = name, places, below


def layers_of(design):
    """The table below the heading, from the bottom up."""
    text = design.read_text().split("\n## Layers\n", 1)[1].split("\n## ", 1)[0]
    rows = [match.groups() for line in text.splitlines() if (match := ROW.match(line))]
    return [
        Layer(name, re.findall("`([^`]+)`", places), [] if below == "nothing" else below.split(", "))
        for name, places, below in rows
        if name != "layer"
    ]


def layer_of(path, layers):
    """The one with the longest place that the path is in; None if there is none."""
    fitting = [
        (len(place), layer)
        for layer in layers
        for place in layer.places
        if path == place or (place.endswith("/") and path.startswith(place))
    ]
    return max(fitting, key=lambda each: each[0])[1] if fitting else None


def includes_of(root, path):
    """What a file includes of the project, with the lines' numbers."""
    for number, line in enumerate((root / path).read_text().splitlines(), 1):
        if match := INCLUDE.match(line):
            included = match[1] or f"include/{match[2]}"
            if (root / included).exists():
                yield number, included


def sources(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp"):
                yield str(path.relative_to(root))


def problems_of_table(layers):
    names = [layer.name for layer in layers]
    for place, layer in enumerate(layers):
        for below in layer.below:
            if below not in names[:place]:
                yield f"docs/design.md: '{layer.name}' may include '{below}', which is not above it in the table"


def problems_of_files(root, layers):
    unused = {(layer.name, below) for layer in layers for below in layer.below}
    for path in sources(root):
        layer = layer_of(path, layers)
        if not layer:
            yield f"{path}: docs/design.md has no layer for it"
            continue
        for number, included in includes_of(root, path):
            other = layer_of(included, layers)
            if not other or other is layer:
                continue
            unused.discard((layer.name, other.name))
            if other.name not in layer.below:
                yield f"{path}:{number}: '{layer.name}' may not include {included} of '{other.name}'"
    for name, below in sorted(unused):
        yield f"docs/design.md: '{name}' may include '{below}', and does not"


def problems_of_examples(root):
    for path in sorted((root / "examples").rglob("*.cpp")):
        for number, included in includes_of(root, path.relative_to(root)):
            if not included.startswith("include/quartet/") or "/detail/" in included:
                yield f"{path.relative_to(root)}:{number}: an example includes {included}, which no program should"


def check(root):
    layers = layers_of(root / "docs/design.md")
    yield from problems_of_table(layers)
    yield from problems_of_files(root, layers)
    yield from problems_of_examples(root)


report(list(check(root_of(sys.argv))))
