# shellcheck shell=bash
# Shared by every script: where the project is, how to talk, how to run a long command quietly.
# A script sources it first: . "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
set -euo pipefail

# shellcheck disable=SC2034 # used by the scripts that source this file
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
    colour_step=$'\033[1;34m' colour_bad=$'\033[1;31m' colour_off=$'\033[0m'
else
    colour_step='' colour_bad='' colour_off=''
fi

# Progress and errors go to standard error: standard output belongs to what the caller asked for.
step() {
    printf '%s==>%s %s\n' "$colour_step" "$colour_off" "$*" >&2
}

note() {
    printf '    %s\n' "$*" >&2
}

# die MESSAGE [WAY_OUT...]: status 2 means "could not be set up", as for touchstone itself.
die() {
    printf '%serror:%s %s\n' "$colour_bad" "$colour_off" "$1" >&2
    shift
    local line
    for line in "$@"; do
        printf '       %s\n' "$line" >&2
    done
    exit 2
}

# usage prints the comment block at the top of the running script, without the leading '# '.
usage() {
    awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$0"
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# run_logged LOG COMMAND...: the output goes to LOG; when the command fails its last lines are shown.
run_logged() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if "$@" >"$log" 2>&1 </dev/null; then
        return 0
    fi
    printf '%sfailed:%s %s\n' "$colour_bad" "$colour_off" "$*" >&2
    tail -n 40 "$log" | sed 's/^/    /' >&2
    note "the whole output: $log"
    return 1
}

# build_preset PRESET [TARGET...]: configures once (ninja re-configures when a CMake file changes) and builds.
build_preset() {
    local preset=$1
    shift
    local dir=$root/build/$preset log=$root/build/$preset.log targets=()
    [ $# -eq 0 ] || targets=(--target "$@")
    if [ ! -f "$dir/build.ninja" ]; then
        (cd "$root" && run_logged "$log" cmake --preset "$preset") || return 1
    fi
    run_logged "$log" cmake --build "$dir" "${targets[@]}"
}

# architecture as Debian names it: amd64, arm64, ...
architecture() {
    if have dpkg; then
        dpkg --print-architecture
    else
        case $(uname -m) in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
        *) uname -m ;;
        esac
    fi
}
