#!/usr/bin/env bash
# Usage: replay_test.sh PROGRAM [address]
#
# Tests the replay program by the target touchy: what it runs, what it says, how it ends. With `address`, a finding of
# AddressSanitizer too.
set -uo pipefail

program=$1
sanitizer=${2:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
export ASAN_OPTIONS=${ASAN_OPTIONS:-}

# run EXPECTED_STATUS ARGUMENT...: the status may be `finding`, any other than 0 and 2. Output: $work/out.
run() {
    local expected=$1 status=0
    shift
    "$program" "$@" >"$work/out" 2>&1 || status=$?
    case $expected in
    finding) [ "$status" -ne 0 ] && [ "$status" -ne 2 ] ;;
    *) [ "$status" -eq "$expected" ] ;;
    esac || wrong "status $status instead of $expected: $*"
}

says() {
    grep -qF -- "$1" "$work/out" || wrong "does not say '$1'"
}

wrong() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$1"
    sed 's/^/    /' "$work/out"
}

input() {
    mkdir -p "$(dirname "$work/$1")"
    printf '%s' "$2" >"$work/$1"
}

input corpus/seeds/one harmless
input corpus/seeds/empty ''
input corpus/regressions/deep/two harmless
input corpus/corpus.dict property
input corpus/.hidden property
run 0 "$work/corpus"
says '3 inputs replayed'
run 0 "$work/corpus/seeds/one" "$work/corpus/seeds/empty"
says '2 inputs replayed'

run finding "$work/corpus" "$work/corpus/corpus.dict"
says "input: $work/corpus/corpus.dict"
says 'property violated: the input asks for it'
input bad/abort abort
run finding "$work/corpus" "$work/bad"
says "input: $work/bad/abort"
if [ "$sanitizer" = address ]; then
    input bad/abort overrun
    run finding "$work/bad"
    says "input: $work/bad/abort"
    says 'AddressSanitizer: heap-buffer-overflow'
fi

run 0 --print "$work/corpus/seeds/one"
says "# $work/corpus/seeds/one"
says '8 bytes, the first is 104'
run 0 --print "$work/bad"
says '# '

run 0 --help
says 'Usage:'
run 2
says 'Usage:'
run 2 --nonsense
says 'unknown option: --nonsense'
run 2 "$work/nowhere"
says "$work/nowhere: No such file"
run 2 "$work/corpus/seeds/one" "$work/nowhere"
says '1 inputs replayed'
mkdir "$work/nothing"
run 2 "$work/nothing"
says 'there is no input to run'

if [ "$failures" -gt 0 ]; then
    exit 1
fi
echo 'the replay program does what it should'
