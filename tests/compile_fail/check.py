"""check.py FILE COMPILER [FLAG ...]: compiles FILE and holds the outcome against its first line. A second line
"// flags: FLAG ..." adds to the command.

"// compiles" or "// says: SENTENCE". The sentence must be in the first error, and there may be few others:
the point of it is that nobody has to read a wall of template text.
"""

import subprocess
import sys

MOST_ERRORS = 3


def main():
    file, *command = sys.argv[1:]
    with open(file) as source:
        expected = source.readline().strip().removeprefix("// ")
        further = source.readline().strip()
    flags = further.removeprefix("// flags:").split() if further.startswith("// flags:") else []
    done = subprocess.run([*command, *flags, "-fsyntax-only", file], capture_output=True, text=True)
    errors = [line for line in done.stderr.splitlines() if "error:" in line]
    if expected == "compiles":
        print(done.stderr)
        return done.returncode
    sentence = expected.removeprefix("says: ")
    if done.returncode == 0:
        print("it compiles")
        return 1
    if sentence not in errors[0]:
        print("the first error is not the sentence:", *errors[:3], sep="\n")
        return 1
    if len(errors) > MOST_ERRORS:
        print(f"{len(errors)} errors:", *errors, sep="\n")
        return 1
    return 0


sys.exit(main())
