#!/usr/bin/env bash
# Usage: .clusterfuzzlite/build-test.sh [SANITIZER]
#
# Tests build.sh without its image: what the contract promises is set up with this machine's clang, and what is left in
# $OUT is checked as the other side uses it: the folder is moved, nothing but it is there, every target replays its
# seeds and then runs on its own for a moment with its dictionary. SANITIZER: address (default), undefined or coverage.
# `script/setup build fuzz` has been run.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
sanitizer=${1:-address}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Flags as the image sets them.
flags='-O1 -fno-omit-frame-pointer -gline-tables-only -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION'
case $sanitizer in
address) flags+=' -fsanitize=address -fsanitize-address-use-after-scope -fsanitize=fuzzer-no-link' ;;
undefined) flags+=' -fsanitize=undefined -fno-sanitize-recover=undefined -fsanitize=fuzzer-no-link' ;;
coverage) flags+=' -fprofile-instr-generate -fcoverage-mapping' ;;
*)
    echo "unknown sanitizer: $sanitizer" >&2
    exit 2
    ;;
esac
mkdir "$work/src" "$work/build" "$work/out"
env CC=clang CXX=clang++ CFLAGS="$flags" CXXFLAGS="$flags" LIB_FUZZING_ENGINE=-fsanitize=fuzzer \
    SANITIZER="$sanitizer" SRC="$work/src" WORK="$work/build" OUT="$work/out" .clusterfuzzlite/build.sh
mapfile -t targets <"$work/build/touchstone/fuzzers.txt"
mv "$work/out" "$work/moved"
rm -rf "$work/build"
cd "$work/moved"

failures=0
wrong() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$1"
}

# alone COMMAND...: as in the image that runs: with nothing of this environment.
alone() {
    env -i PATH=/usr/bin:/bin LLVM_PROFILE_FILE="$work/profile.profraw" "$@"
}

dictionaries=0
for target in "${targets[@]}"; do
    name=fuzz_$target
    seeds=$work/seeds/$target
    mkdir -p "$seeds" "$work/new/$target"
    if [ ! -x "$name" ]; then
        wrong "$name is missing"
        continue
    fi
    if ldd "$name" | grep -E 'libuv|libjansson|libllhttp|libnodehttp'; then
        wrong "$name needs libraries that the image of the runs lacks"
    fi
    if ! unzip -q -d "$seeds" "${name}_seed_corpus.zip"; then
        wrong "$name has no seeds"
        continue
    fi
    options=(-seed=1 -runs=1500 -timeout=25) # chance always begins alike
    dictionary=$(sed -n 's/^dict = //p' "$name.options")
    if [ -n "$dictionary" ]; then
        dictionaries=$((dictionaries + 1))
        options+=(-dict="$dictionary")
    fi
    if ! alone "./$name" "${options[@]}" "$work/new/$target" "$seeds" >"$work/log" 2>&1; then
        wrong "$name does not run"
        tail -n 20 "$work/log"
    elif ! grep -q '^Done ' "$work/log"; then
        wrong "$name ended early"
        tail -n 5 "$work/log"
    else
        printf 'ok  %s: %d seeds, %s\n' "$name" "$(find "$seeds" -type f | wc -l)" "$(grep '^Done ' "$work/log")"
    fi
    if [ "$sanitizer" = coverage ]; then
        [ -s "$work/profile.profraw" ] || wrong "$name leaves no profile"
        rm -f "$work/profile.profraw"
    elif grep -q 'no interesting inputs were found' "$work/log"; then
        wrong "$name is not instrumented"
    fi
done
[ ${#targets[@]} -gt 0 ] || wrong 'there are no targets'
[ "$dictionaries" -gt 0 ] || wrong 'there are no dictionaries'
[ "$failures" -eq 0 ]
