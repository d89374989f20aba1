#!/usr/bin/env bash
# Usage: script/lib/fuzz/self-test.sh
#
# Tries script/fuzz with targets made for that, one that fails and one that does not: findings, telling them apart,
# reports, exit statuses, interruption, merging; and the list of lines that are not reached. Takes half a minute. Needs
# clang; AFL++ is tried where it is installed. Exit status 1 when something is not as it has to be.

# shellcheck disable=SC2031 # the functions that are tried below in a shell of their own have variables of the same names
# shellcheck source=script/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

here=$root/script/lib/fuzz/self-test
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# expect WHAT COMMAND...: COMMAND has to succeed.
expect() {
    local what=$1
    shift
    if "$@" >/dev/null 2>&1; then
        printf 'ok      %s\n' "$what"
    else
        printf 'FAILED  %s\n        %s\n' "$what" "$*"
        failed=$((failed + 1))
    fi
}

# expect_equal WHAT SEEN EXPECTED
expect_equal() {
    if [ "$2" = "$3" ]; then
        printf 'ok      %s\n' "$1"
    else
        printf 'FAILED  %s: %s, not %s\n' "$1" "$2" "$3"
        failed=$((failed + 1))
    fi
}

# fuzz ARGUMENT...: script/fuzz in the scratch folder; its status goes to $status, its output to the log.
fuzz() {
    status=0
    "$root/script/fuzz" --build "$work/build" --corpus "$work/corpus" --reports "$work/reports" \
        --output "$work/reports/latest" --jobs 2 "$@" >"$work/log" 2>&1 </dev/null || status=$?
}

count() {
    find "$@" 2>/dev/null | wc -l
}

rows() {
    grep -c '"engine": ' "$work/reports/latest.json"
}

# fuzz_for_both ARGUMENT...: the target that fails, until both bugs are found; a busy machine may take more than one run.
fuzz_for_both() {
    local tries
    for ((tries = 0; tries < 5; tries++)); do
        fuzz failing "$@"
        [ "$(count "$findings" -mindepth 1 -maxdepth 1)" -lt 2 ] || return 0
    done
}

# build COMPILER... PRESET
build() {
    local bin=$work/build/${*: -1}/bin options=("${@:1:$#-1}")
    mkdir -p "$bin"
    "${options[@]}" -g -O1 -DFAILING "$here/target.c" -o "$bin/fuzz_failing" &&
        "${options[@]}" -g -O1 "$here/target.c" -o "$bin/fuzz_clean"
}

have clang || die "clang is needed" "script/setup fuzz"
run_logged "$work/build.log" build clang -fsanitize=address,fuzzer fuzz || exit 2
mkdir -p "$work"/corpus/{failing,clean}/seeds
printf 'GEA' | tee "$work/corpus/failing/seeds/one" >"$work/corpus/clean/seeds/one"
findings=$work/build/fuzzing/findings

step "usage"
for wrong in "--engine other" "--minutes 0" "--jobs x" "--nothing" "nosuch" "--minutes" "--coverage --speed"; do
    # shellcheck disable=SC2086 # words
    fuzz $wrong
    expect_equal "$wrong: status" $status 2
done

step "libFuzzer"
fuzz clean --minutes 0.04
expect_equal "no findings: status" $status 0
fuzz_for_both --minutes 0.08
expect_equal "findings: status" $status 1
expect_equal "one folder a bug" "$(count "$findings" -mindepth 1 -maxdepth 1)" 2
expect "the property is named" grep -q -r 'property violated: .* bytes are too many (target.c:' "$findings" --include=title.txt
expect "the stack is named" grep -q -r 'heap-use-after-free in pass_on < LLVMFuzzerTestOneInput' "$findings" --include=title.txt
for folder in "$findings"/*; do
    expect_equal "$(cat "$folder/title.txt"): minimised" "$(stat -c %s "$folder/input")" 3
    expect_equal "... its command replays it" "$(sed -n '/^[^#]/{p;q}' "$folder/command.txt" | sh >/dev/null 2>&1 || echo fails)" fails
done
expect_equal "no raw findings are left" "$(count "$work/build/fuzzing/libfuzzer/failing/artifacts" -type f)" 0
expect_equal "rows of the report" "$(rows)" 2
fuzz_for_both --minutes 0.04
expect_equal "known bugs are findings again" "$status $(count "$findings" -mindepth 1 -maxdepth 1)" "1 2"
expect_equal "a row is replaced" "$(rows)" 2

step "interruption"
"$root/script/fuzz" --build "$work/build" --corpus "$work/corpus" --reports "$work/reports" clean --minutes 5 \
    >"$work/log" 2>&1 </dev/null &
pid=$!
sleep 3
kill -TERM $pid
status=0
wait $pid || status=$?
expect_equal "interrupted: status" $status 143
expect "the corpus is kept" [ "$(count "$work/build/fuzzing/libfuzzer/clean/corpus" -type f)" -gt 0 ]
expect "the report says so" grep -q '"target": "clean".*"interrupted": true' "$work/reports/latest.json"
expect_equal "no process is left" "$(pgrep -f "^$work/build/" | wc -l)" 0

step "merging"
fuzz clean --minutes 0.04 --merge
merged=$(count "$work/corpus/clean/seeds" -type f)
expect "the committed corpus grew" [ "$merged" -gt 1 ]
fuzz clean --minutes 0.04 --merge
expect_equal "... once" "$(count "$work/corpus/clean/seeds" -type f)" "$merged"

if have afl-fuzz && have afl-clang-fast; then
    step "AFL++"
    run_logged "$work/build.log" env AFL_QUIET=1 AFL_USE_ASAN=1 bash -c "$(declare -f build)
        work=$work here=$here; build afl-clang-fast -fsanitize=fuzzer afl" || exit 2
    rm -rf "$findings"
    fuzz_for_both --engine afl --minutes 0.1
    expect_equal "findings: status" $status 1
    expect_equal "one folder a bug" "$(count "$findings" -mindepth 1 -maxdepth 1)" 2
    fuzz clean --engine afl --minutes 0.05
    expect_equal "no findings: status" $status 0
    expect_equal "rows of the report" "$(rows)" 4
    fuzz clean --engine afl --minutes 0.05
    expect_equal "it goes on where it was: status" $status 0
    expect "... with executions of its own" grep -q '"engine": "afl", "target": "clean".*"runs": [1-9]' "$work/reports/latest.json"
else
    note "left out: AFL++ is not installed"
fi

step "lines that are not reached"
mkdir -p "$work/tree/lib/src/http"
cat >"$work/tree/lib/src/http/x.c" <<'END'
int f(int a) {
    if (a) {
        return 1;
    }

    return 2;
}
int g(void) {
    return 3;
}
END
cat >"$work/lcov" <<END
SF:$work/tree/lib/src/http/x.c
FN:1,f
FN:8,x.c:g
DA:1,4
DA:2,4
DA:3,0
DA:4,0
DA:6,4
DA:7,4
DA:8,0
DA:9,0
DA:10,0
LF:9
LH:4
end_of_record
END
cat >"$work/unreached.txt" <<'END'
# a comment
lib/src/http/x.c f: return 1;
    Nobody asks
    for it.
lib/src/http/x.c f: return 2;
    It is reached.
lib/src/http/x.c f: return 9;
    It went away.
END
explained=$(
    # shellcheck source=script/lib/fuzz/coverage.sh
    . "$root/script/lib/fuzz/coverage.sh"
    root=$work/tree coverage_reasons=$work/unreached.txt
    coverage_ranges "$work/lcov" >"$work/ranges"
    coverage_explain "$work/ranges" 2>"$work/stale"
)
expect_equal "ranges with their reasons" "$explained" "lib/src/http/x.c	3	4	f	return 1;	Nobody asks for it.
lib/src/http/x.c	8	10	g	int g(void) {	"
expect_equal "reasons that explain nothing" "$(<"$work/stale")" \
    "stale: line 5: lib/src/http/x.c f: is reached: return 2;
stale: line 7: lib/src/http/x.c f: is not in the source any more: return 9;"

note "$SECONDS s"
if [ $failed -gt 0 ]; then
    printf '%d failed\n' $failed
    exit 1
fi
