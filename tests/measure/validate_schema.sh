#!/bin/bash
# validate_schema.sh SAMPLE SCHEMA FAULT: the document that SAMPLE prints with FAULT must be refused, and with the
# fault "none" accepted.
set -u
sample=$1 schema=$2 fault=$3
document=$(mktemp)
trap 'rm -f "$document"' EXIT
"$sample" "$fault" > "$document" || exit 2
/usr/bin/python3 "$(dirname "$0")/validate_schema.py" "$document" "$schema"
answer=$?
if [ "$fault" = none ]; then exit $answer; fi
# 3 is "refused"; anything else is a validator that did not run.
[ $answer -eq 3 ]
