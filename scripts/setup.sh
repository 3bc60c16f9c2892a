# Sourced by ./run and ./test: installs the packages that are missing, and configures and builds a preset.
# On a machine that has everything, it changes nothing and takes about a second.

build_packages=(g++ cmake ninja-build pkg-config libboost-dev libcurl4-openssl-dev libssl-dev zlib1g-dev liburing-dev
                libgmp-dev libfmt-dev libspdlog-dev libcli11-dev nlohmann-json3-dev libcereal-dev libeigen3-dev
                nodejs esbuild node-typescript node-d3-array node-d3-scale node-d3-selection node-d3-shape
                node-d3-zoom duktape-dev)

say() { printf '== %s\n' "$*" >&2; }

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# install_missing PACKAGE...
install_missing() {
    local package missing=()
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "installing ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "these packages are missing and only root may install them: ${missing[*]}"
        as_root=(sudo)
    fi
    local log
    log=$(mktemp)
    if ! { "${as_root[@]}" apt-get update && DEBIAN_FRONTEND=noninteractive \
           "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "apt-get could not install: ${missing[*]}"
    fi
    rm -f "$log"
}

# install_modules FOLDER: what its package-lock.json names, into build/npm.
install_modules() {
    local to=build/npm
    cmp -s "$1/package-lock.json" "$to/package-lock.json" && [ -d "$to/node_modules" ] && return
    say "installing the npm packages of $1"
    mkdir -p "$to"
    cp "$1/package.json" "$1/package-lock.json" "$1/.npmrc" "$to"
    (cd "$to" && npm ci --ignore-scripts) >build/npm.log 2>&1 || {
        rm -f "$to/package-lock.json"
        tail -n 20 build/npm.log >&2
        fail "npm could not install what $1/package-lock.json names"
    }
}

# build PRESET [TARGET...]
build() {
    local preset=$1
    shift
    local log=build/$preset.log
    mkdir -p build
    if [ ! -f "build/$preset/build.ninja" ]; then
        say "configuring $preset"
        cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; fail "cmake could not configure"; }
    fi
    # Sources are globbed, so a dry run always has CMake to run: what the build says is listened to instead.
    cmake --build "build/$preset" ${1:+--target "$@"} 2>&1 | tee "$log" | announce_build "$preset" ||
        { tail -n 60 "$log" >&2; fail "the build failed"; }
}

# announce_build PRESET < what ninja says: only real work is worth a line.
announce_build() {
    local line said=
    while IFS= read -r line; do
        case $line in
            *'Re-checking globbed directories'* | *'no work to do'* | *': Entering directory'*) ;;
            *) [ -n "$said" ] || say "building $1"; said=1 ;;
        esac
    done
}
