#!/bin/sh
# Makes the sample report, its screenshots and the charts of the documents again, in this folder.
#
#     docs/report/make.sh [QUARTET]      # by itself, what `./run` has built
#
# Takes four minutes, in which the machine should do nothing else. Wants Chromium and its driver, as ./test does.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
quartet=$(realpath "${1:-$here/../../build/release/cli/quartet}")
shots=$here/../../tests/report/screenshots.py
made=$(mktemp -d)
trap 'rm -r "$made"' EXIT
cd "$made"

"$quartet" run --set files.count=1000 --html report.html --svg pictures >run.txt
"$quartet" sweep fetch --model async --workers 1..256 --html sweep.html --svg sweep >sweep.txt
/usr/bin/python3 "$shots" report.html shots
/usr/bin/python3 "$shots" sweep.html shots-of-sweep
cp report.html shots/*.png pictures/sleep-timeline.svg pictures/power-timeline.svg pictures/fetch-latencies.svg \
    pictures/power-usage.svg sweep/fetch-async-scaling.svg "$here"
cp shots-of-sweep/light.png "$here/sweep.png"
