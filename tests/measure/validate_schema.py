#!/usr/bin/python3
"""validate_schema.py FILE SCHEMA: exit 0 if the JSON in FILE is as SCHEMA says; else say what is not, exit 3.

Not 1, which is also what Python exits with when this script itself is broken.
Debian's python3-jsonschema; therefore the interpreter above and no other.
"""

import json
import sys

from jsonschema import Draft202012Validator


def main(document_path, schema_path):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    with open(document_path, encoding="utf-8") as file:
        document = json.load(file)
    Draft202012Validator.check_schema(schema)
    errors = list(Draft202012Validator(schema).iter_errors(document))
    for error in errors:
        print(f"{document_path}: {error.json_path}: {error.message}", file=sys.stderr)
    return 3 if errors else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
