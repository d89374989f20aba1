#!/bin/sh
# Two scenarios on adapters that misbehave: each gets its verdict, none is lost.
# usage: run_goes_on.sh TOUCHSTONE BAD_ADAPTER
set -eu
touchstone=$1
bad=$2
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0

# check WANTED COMMAND: the verdicts of both scenarios with this adapter.
check() {
    "$touchstone" run "$here/scenarios/first.json" "$here/scenarios/second.json" \
        --impl "adapter:$2" --format json --output "$folder/result.json" >"$folder/log" 2>&1 || :
    got=$(sed -n 's/.*"verdict": *"\([a-z-]*\)".*/\1/p' "$folder/result.json" | tr '\n' ' ')
    if [ "$got" = "$1 " ]; then
        echo "ok: $1: $2"
    else
        echo "WRONG: $got, not $1: $2"
        cat "$folder/log" "$folder/result.json"
        status=1
    fi
}

check 'pass pass' "$bad hello serve"
check 'fail pass' "$bad hello read 'line:{\"run\":1,\"observe\":[\"main\",\"other\"]}' serve"
check 'harness-error harness-error' "$bad exit:3"
check 'harness-error harness-error' "/nowhere/at-all"
check 'harness-error harness-error' "$bad line:garbage"
check 'harness-error harness-error' "$bad hello read line:garbage hang"
check 'harness-error harness-error' "$bad hello read 'line:{\"run\":7,\"stopped\":true}' hang"
check 'harness-error harness-error' "$bad hello read huge:40000000 hang"
check 'crash crash' "$bad hello read raise:11"
check 'crash crash' "$bad hello read 'text:{\"run\":1,\"obs' exit:0"
check 'timeout timeout' "$bad hello hang"
check 'timeout timeout' "$bad hello read read hang"

# One that dies the first time and is well the second: only the first scenario pays.
cat >"$folder/adapter" <<END
#!/bin/sh
if [ -e "$folder/died" ]; then exec "$bad" hello serve; fi
: >"$folder/died"
exec "$bad" hello read raise:6
END
chmod +x "$folder/adapter"
check 'crash pass' "$folder/adapter"

exit $status
