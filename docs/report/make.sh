#!/bin/sh
# Makes the sample report, its screenshots and the charts of the documents again, in this folder.
#
#     docs/report/make.sh [QUARTET]      # by itself, what `./run` has built
#
# Takes four minutes, in which the machine should do nothing else. Wants Chromium and its driver, as ./test does.
set -eu
cd "$(dirname "$0")"
quartet=${1:-../../build/release/cli/quartet}
shots=../../tests/report/screenshots.py
made=$(mktemp -d)
trap 'rm -r "$made"' EXIT

"$quartet" run --set files.count=1000 --html report.html --svg "$made/run" --quiet
"$quartet" sweep fetch --model async --workers 1..256 --html "$made/sweep.html" --svg "$made/sweep" --quiet
/usr/bin/python3 "$shots" report.html "$made/shots"
/usr/bin/python3 "$shots" "$made/sweep.html" "$made/shots-of-sweep"
cp "$made/shots/"*.png .
cp "$made/shots-of-sweep/light.png" sweep.png
cp "$made/run/sleep-timeline.svg" "$made/run/power-timeline.svg" "$made/run/fetch-latencies.svg" \
    "$made/run/power-usage.svg" "$made/sweep/fetch-async-scaling.svg" .
