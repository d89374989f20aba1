#!/usr/bin/env bash
# Usage: seen_test.sh PROGRAM libfuzzer|afl
#
# That the fuzzer sees llhttp's state machine: nothing else is in PROGRAM (fuzz_bare_llhttp), so a request must reach
# many more edges than an input that is too short to be parsed.
set -euo pipefail

program=$1
engine=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0

# edges INPUT: how many edges it reaches.
edges() {
    mkdir -p "$work/in"
    printf '%b' "$1" >"$work/in/input"
    case $engine in
    libfuzzer) "$program" -runs=0 "$work/in" 2>&1 | sed -n 's/.*INITED cov: \([0-9]*\) .*/\1/p' ;;
    afl)
        AFL_QUIET=1 AFL_MAP_SIZE=65536 afl-showmap -q -t 10000 -C -i "$work/in" -o "$work/map" -- "$program" >"$work/log" 2>&1
        wc -l <"$work/map"
        ;;
    esac
}

short=$(edges 'abc')
request=$(edges '\0\0\0\0POST /a HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n')
printf 'edges: %d of a short input, %d of a request\n' "$short" "$request"
[ "$short" -gt 0 ] && [ "$request" -gt $((short + 80)) ]
