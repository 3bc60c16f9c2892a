#!/usr/bin/env bash
# check_installed.sh BUILD SOURCE COMPILER: builds a program with the installed library and runs it.
set -euo pipefail
build=$1 source=$2 compiler=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cmake --install "$build" --prefix "$folder/prefix" >"$folder/log" || { cat "$folder/log"; exit 1; }
test -x "$folder/prefix/bin/quartet"
test -f "$folder/prefix/share/quartet/results.schema.json"
for file in man/man1/quartet.1 man/man1/quartet-run.1 bash-completion/completions/quartet zsh/site-functions/_quartet \
            fish/vendor_completions.d/quartet.fish; do
    test -s "$folder/prefix/share/$file"
done

# A shared library that is linked with it does not export what is inside quartet.
archive=$(find "$folder/prefix" -name libquartet.a)
symbols=$(readelf -Ws "$archive" 2>/dev/null |
          awk '$5 == "GLOBAL" && $7 != "UND" && $8 ~ /7quartet.*6detail/ {print $6}')
[ -n "$symbols" ] || { echo "the archive has no symbol of quartet's details: this test can't fail"; exit 1; }
if grep -vq HIDDEN <<<"$symbols"; then
    echo "the archive exports symbols of quartet's details"
    exit 1
fi

# Nothing of this source tree may be found by the program: only the installed files.
cp -r "$source/examples/own_workload" "$folder/program"
cmake -S "$folder/program" -B "$folder/build" -G Ninja -DCMAKE_PREFIX_PATH="$folder/prefix" \
      -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Debug >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
cmake --build "$folder/build" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
if grep -rq "$source" "$folder/prefix/lib/cmake" "$folder/prefix/include"; then
    echo "the installed package names the source tree"
    exit 1
fi

program=$(find "$folder/build" -maxdepth 1 -type f -executable | head -n 1)
"$program" list workloads
"$program" run --rounds 1 --json "$folder/results.json"
grep -q '"schema": "quartet/results/2"' "$folder/results.json"

# The twin: without the installed package the same program does not configure.
if cmake -S "$folder/program" -B "$folder/without" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" >/dev/null 2>&1; then
    echo "the program configured without quartet: this test can't fail"
    exit 1
fi
