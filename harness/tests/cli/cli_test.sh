#!/bin/sh
# The program from outside: arguments, exit statuses, output, files.
# Usage: cli_test.sh TOUCHSTONE BAD_ADAPTER SCHEMA
set -u
touchstone=$1 bad=$2 schema=$3
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
suite=$work/scenarios
mkdir -p "$suite/schema" "$suite/requirements" "$suite/a" "$suite/b"
cp "$schema" "$suite/schema/"
cd "$work" || exit 2
good="adapter:$bad hello serve" # observes "started", whatever the scenario
failures=0 checks=0

# status STATUS ARGUMENT...: runs touchstone, keeps what it prints in out and err
status() {
    expected=$1
    shift
    checks=$((checks + 1))
    "$touchstone" "$@" >out 2>err
    actual=$?
    if [ "$actual" != "$expected" ]; then
        failures=$((failures + 1))
        echo "touchstone $*: exit status $actual, not $expected"
        sed 's/^/  | /' out err
    fi
}

# says FILE TEXT: a line of FILE holds TEXT
says() {
    checks=$((checks + 1))
    if ! grep -qF -e "$2" "$1"; then
        failures=$((failures + 1))
        echo "$1 does not say: $2"
        sed 's/^/  | /' "$1"
    fi
}

# same FILE FILE: equal content
same() {
    checks=$((checks + 1))
    if ! cmp -s "$1" "$2"; then
        failures=$((failures + 1))
        echo "$1 and $2 differ"
        diff "$1" "$2" | sed 's/^/  | /'
    fi
}

cat >"$suite/requirements/x.json" <<'END'
{"requirements": [{"id": "x.one", "says": "One."}, {"id": "x.two", "says": "Two."},
                  {"id": "x.three", "says": "Three.", "node23": "untestable"}]}
END
scenario() { # PATH EXPECTED
    printf '{"title": "It starts", "covers": ["x.one"], "script": [{"call": "http.get"}], "limit_ms": 600, "expect": %s}\n' \
        "$2" >"$suite/$1.json"
}
scenario a/good '{"main": ["started"]}'
scenario a/wrong '{"main": ["stopped"]}'
cat >"$suite/b/table.json" <<'END'
{"title": "It starts ${how}", "script": [{"mark": "${how}"}], "limit_ms": 600,
 "expect": {"main": ["started"]},
 "cases": [{"id": "one", "values": {"how": "well"}}, {"id": "two", "values": {"how": "${how2}", "how2": "badly"}}]}
END

# --- words and options
status 2
says err "usage: touchstone COMMAND"
status 0 --help
says out "coverage"
status 0 --version
status 2 frobnicate
says err 'unknown command "frobnicate"'
for command in run list show record compare coverage lint new; do
    status 0 $command --help
    says out "touchstone $command"
done
status 2 run --frmat tap
says err "unknown option --frmat"
status 2 run --format yaml
says err 'unknown format "yaml"'
status 2 run --jobs 0
says err '--jobs wants a number from 1 on'
status 2 run --impl
says err '--impl wants A,B'
status 2 run --shard 3/2
says err '--shard wants I/N'
status 2 run nowhere/x
says err 'nowhere/x: no such scenario'
status 2 run --suite /nonexistent
says err 'no suite here'
status 2 run --output /nonexistent/x a/good
says err 'no such folder'

# --- verdicts and exit statuses
status 0 run a/good --impl "$good"
says out "1 passed, 0 failed"
status 1 run a --impl "$good"
says out "✗ a/wrong  fail"
says out "main, observation 1: expected stopped; observed started"
says out "▶ stopped"
says out "1 passed, 1 failed"
status 0 run b --impl "$good" --repeat 3
says out "2 passed, 0 failed"
status 0 run b/table:two --impl "$good"
says out "1 passed, 0 failed"
status 0 run "$suite/b/table.json:one" --impl "$good"
status 2 run b/table:three --impl "$good"
says err "b/table:three: no such scenario"

# --- implementations that are not there
status 2 run a/good --impl node@0.0.1
says err "script/runtimes node@0.0.1"
says out "not installed"
status 2 run a/good --impl "nonsense,$good"
says err 'unknown implementation'
says out "1 passed, 1 failed (1 harness-error)"

# --- a malformed scenario costs itself only
printf '{"title": "t", "script": [{"cal": "http.get"}]}' >"$suite/a/broken.json"
status 1 run a --impl "$good"
says out 'script[0]: unknown step "cal"; did you mean "call"?'
says out "1 passed, 2 failed (1 fail, 1 harness-error)"
printf '{"title": "t", "script"' >"$suite/a/broken.json"
status 1 run a/broken --impl "$good"
says out "broken.json:1:"
rm "$suite/a/broken.json"

# --- implementations that misbehave
status 1 run b --impl "adapter:$bad hello read raise:11"
says out "2 failed (2 crash)"
status 1 run b --impl "adapter:$bad hello errors:frightened read exit:3"
says out "✗ b/table:two  crash"
says out "frightened"
status 1 run b --impl "adapter:$bad hello read line:garbage serve"
says out "2 failed (2 harness-error)"
status 1 run b --impl "adapter:$bad hello read huge:80000000"
says out "harness-error"
status 2 run b --impl "adapter:$bad line:good-day"
says out "2 failed (2 harness-error)"
status 2 run b --impl "adapter:/nonexistent/adapter"
says out "2 failed (2 harness-error)"
status 1 run b/table:one --impl "adapter:$bad hello hang"
says out "✗ b/table:one  timeout"
says out "the implementation does not answer"
# one that misbehaves does not spoil the next
status 1 run b --impl "adapter:$bad hello read raise:11" --impl "$good"
says out "2 passed, 2 failed (2 crash)"

# --- reports
status 1 run --impl "$good" --format json --output report.json
says out "3 passed, 1 failed"
says report.json '"summary": {"total": 4, "pass": 3, "fail": 1'
status 1 run --impl "$good" --format json --jobs 4 --output parallel.json
sed 's/"duration_ms": [0-9.]*//' report.json >one
sed 's/"duration_ms": [0-9.]*//' parallel.json >two
same one two
status 1 run --impl "$good" --format tap
says out "1..4"
says out "not ok 2 - $good: a/wrong"
status 1 run --impl "$good" --format junit
says out '<testsuites name="touchstone" tests="4" failures="1" errors="0" skipped="0"'
status 1 run --impl "$good" --format html
says out '<td class="pass">pass</td>'
ls -A >files
if grep -q tmp files; then
    failures=$((failures + 1))
    echo "a temporary file was left: $(cat files)"
fi
status 0 run --impl "$good" --shard 1/2 a --format tap
says out "ok 1 - $good: a/good"
status 1 run --impl "$good" --shard 2/2 a --format tap
says out "not ok 1 - $good: a/wrong"

# --- list, show, lint, coverage
status 0 list b
says out "b/table:one	It starts well"
says out "b/table:two	It starts badly"
status 0 list --format json a/good
says out '"covers": ["x.one"]'
status 0 show b/table:two
says out '"script": [{"mark": "badly"}]'
status 0 lint
says out "3 files, 0 findings"
cat >"$suite/b/bad.json" <<'END'
{"title": "It should start.", "covers": ["x.four"], "values": {"unused": 1},
 "peers": {"origin": {"accepts": []}}, "script": []}
END
status 1 lint b/bad
says out 'title: a title states the fact shown, without "should"'
says out 'covers: there is no requirement "x.four"'
says out 'values: nothing uses the value "unused"'
says out 'expect: nothing is expected'
says out 'peers: nothing connects to "origin"'
says out "1 files, 5 findings"
status 0 coverage
says out "requirements: 1 of 3 covered, 1 more can't be tested"
says out "  x.two"
says out "expectations that say nothing: 1"
says out "covered ids that are no requirements: 1"
status 0 coverage --format json
says out '"unknown": ["x.four"]'
rm "$suite/b/bad.json"

# --- record, compare, new
status 0 new c/mine
says out "next: touchstone record"
status 2 new c/mine
says err "exists"
status 2 new ../c
status 1 run c/mine --impl "$good"
says out "nothing is expected yet: touchstone record fills it in"
status 0 record c/mine --impl "$good"
says out "c/mine: recorded"
says "$suite/c/mine.json" '"expect": {"main": ["started"]}'
status 0 run c/mine --impl "$good"
cp "$suite/c/mine.json" before
status 0 record c/mine --impl "$good"
says out "c/mine: agrees with what is expected"
same before "$suite/c/mine.json"
cp "$suite/a/wrong.json" before
status 1 record a/wrong --impl "$good"
says out "something else is expected; --force overwrites it"
says out "▶ stopped"
same before "$suite/a/wrong.json"
status 0 record a/wrong --impl "$good" --force
status 0 run a/wrong --impl "$good"
status 2 record a --impl "reference,$good"
status 0 compare a/good --impl "$good" --impl "$good"
says out "the traces agree"
status 1 compare a/good --impl "$good" --impl "adapter:$bad hello read raise:11"
says out "crash"
status 2 compare a/good --impl "$good"

# --- interruption: what was done is kept
"$touchstone" run a/good b/table:one --impl "$good" --impl "adapter:$bad hello hang" \
    --format json --output interrupted.json >out 2>err &
process=$!
sleep 1
kill -INT $process
wait $process
actual=$?
checks=$((checks + 1))
if [ "$actual" != 130 ]; then
    failures=$((failures + 1))
    echo "interrupted: exit status $actual, not 130"
fi
says interrupted.json '"interrupted": true'
says interrupted.json '"scenario": "a/good"'

echo "$((checks - failures)) checks passed, $failures failed"
[ "$failures" = 0 ]
