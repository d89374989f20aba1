# shellcheck shell=bash disable=SC2154,SC2034,SC2016 # the settings: targets.sh; Markdown in single quotes
# Planted bugs: fuzzers/planted/*.patch put them into a copy of the sources; both engines have to find each of them, one
# at a time, within the limit, from the committed corpus.
#
# script/fuzz --planted [BUG...] [--engine libfuzzer|afl] [--seconds N] [--output BASE] [--list]
#   --engine E    only on that engine (default: both)
#   --seconds N   the limit for each bug on each engine (default 60)
#   --output BASE where the report goes, BASE.json and BASE.md (default: reports/fuzzing/planted)
#   --list        the bugs
# Exit status: 0 all found and the build without a bug clean, 1 not, 2 could not be set up.

planted_patches=$root/fuzzers/planted
planted_work=$root/build/planted

# planted_field BUG NAME: from the head of its patch.
planted_field() {
    sed -n "/^--- /q; s/^$2: *//p" "$planted_patches/$1.patch"
}

planted_bugs() {
    find "$planted_patches" -name '*.patch' -printf '%f\n' | sed 's/\.patch$//' | LC_ALL=C sort
}

# The sources with all bugs in them, in $planted_work/source. What did not change keeps its time, for the build.
planted_tree() {
    local new=$planted_work/source.new old=$planted_work/source bug file log=$planted_work/patch.log
    rm -rf "$new"
    mkdir -p "$new"
    (cd "$root" && cp -a CMakeLists.txt CMakePresets.json cmake lib harness fuzzers "$new/")
    [ ! -d "$root/.deps" ] || ln -s "$root/.deps" "$new/.deps"
    mkdir -p "$new/planted"
    cp "$planted_patches/planted.h" "$new/planted/"
    while read -r bug; do
        printf 'PLANTED_BUG(%s, "%s")\n' "${bug//-/_}" "$bug"
    done < <(planted_bugs) >"$new/planted/planted_bugs.h"
    while read -r bug; do
        grep -q "PLANTED(${bug//-/_})" "$planted_patches/$bug.patch" ||
            die "fuzzers/planted/$bug.patch does not use PLANTED(${bug//-/_})"
        patch -p1 -F1 --no-backup-if-mismatch -d "$new" <"$planted_patches/$bug.patch" >"$log" 2>&1 ||
            die "fuzzers/planted/$bug.patch does not apply any more: $(tail -n 1 "$log")" \
                "put the same mistake into today's sources and write the patch anew, or take it away"
    done < <(planted_bugs)
    if [ -d "$old" ]; then
        while read -r -d '' file; do
            if cmp -s "$old/$file" "$new/$file"; then
                touch -r "$old/$file" "$new/$file"
            else
                touch "$new/$file" # it may have been written before the old one was built
            fi
        done < <(cd "$new" && find . -type f -print0)
        rm -rf "$old"
    fi
    mv "$new" "$old"
}

# planted_build ENGINE TARGET...
planted_build() {
    local engine=$1 preset folder target programs=()
    shift
    preset=$(fuzz_preset "$engine")
    folder=$planted_work/$preset
    if [ ! -f "$folder/build.ninja" ]; then
        (cd "$planted_work/source" && run_logged "$folder.log" cmake --preset "$preset" -B "$folder" \
            -DTOUCHSTONE_TESTS=OFF "-DCMAKE_C_FLAGS=-include $planted_work/source/planted/planted.h") || exit 2
    fi
    for target in "$@"; do
        programs+=("fuzz_$target" "fuzz_${target}_replay")
        ! ninja -C "$folder" -t query "fuzz_${target}_mutator" >/dev/null 2>&1 || programs+=("fuzz_${target}_mutator")
    done
    run_logged "$folder.log" cmake --build "$folder" --target "${programs[@]}" || exit 2
}

# --- one bug ----------------------------------------------------------------------------------------------------------
# planted_try_ENGINE sets found (an input, or empty), executions and by (seeds, or mutation).

planted_try_libfuzzer() {
    local target=$1 work=$2 limit=$3 options=() folders
    mapfile -t folders < <(fuzz_committed "$target")
    [ -z "$(fuzz_dictionary "$target")" ] || options+=("-dict=$(fuzz_dictionary "$target")")
    mkdir -p "$work/corpus"
    timeout --foreground -k 5 $((limit + 20)) "$(fuzz_program fuzz "$target")" "${libfuzzer_limits[@]}" "${options[@]}" \
        -max_total_time="$limit" -report_slow_units=3600 -print_final_stats=1 -artifact_prefix="$work/" \
        "$work/corpus" "${folders[@]}" >"$work/log" 2>&1 </dev/null || true
    found=$(sed -n 's/.*Test unit written to //p' "$work/log" | tail -n 1)
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log" | tail -n 1)
    by=seeds
    ! grep -q '	INITED ' "$work/log" || by=mutation
}

planted_try_afl() {
    local target=$1 work=$2 limit=$3 options=() folder program
    program=$(fuzz_program afl "$target")
    [ -z "$(fuzz_dictionary "$target")" ] || options+=(-x "$(fuzz_dictionary "$target")")
    mkdir -p "$work/in"
    while read -r folder; do
        find "$folder" -type f -exec cp -t "$work/in" --backup=numbered {} +
    done < <(fuzz_committed "$target")
    [ -n "$(ls -A "$work/in")" ] || printf '\n' >"$work/in/newline"
    # AFL++ leaves out first inputs that fail: they are run before, in the order of their names, and a finding ends that.
    if ! (afl_environment && timeout $((limit + 20)) "${program}_replay" "$work/in" || exit 1) >"$work/log" 2>&1 </dev/null; then
        by=seeds
        found=$(sed -n 's/^input: //p' "$work/log" | tail -n 1)
        executions=$(find "$work/in" -type f | LC_ALL=C sort | grep -n -x -F "$found" | cut -d : -f 1)
        return
    fi
    by=mutation
    (
        afl_environment
        export AFL_BENCH_UNTIL_CRASH=1
        exec timeout --foreground -k 5 $((limit + 30)) afl-fuzz -i "$work/in" -o "$work/out" "${options[@]}" -V "$limit" -t 2000+ \
            -m none -- "$program"
    ) >>"$work/log" 2>&1 </dev/null || true
    found=$(find "$work/out/default/crashes" -name 'id:*' 2>/dev/null | LC_ALL=C sort | head -n 1)
    executions=$(sed -n 's/^execs_done *: *//p' "$work/out/default/fuzzer_stats" 2>/dev/null || true)
}

# planted_replay ENGINE TARGET INPUT LOG: status of the program on that input alone.
planted_replay() {
    local preset
    preset=$(fuzz_preset "$1")
    (ASAN_OPTIONS=detect_leaks=0 timeout 60 "$(fuzz_program "$preset" "$2")" "$3" >"$4" 2>&1 </dev/null || exit 1) 2>/dev/null
}

# What a log says was noticed.
planted_notice() {
    sed -n -e 's/.*property violated: /property: /p' -e 's/.*ERROR: \(AddressSanitizer: [a-zA-Z-]*\).*/\1/p' \
        -e 's/.*runtime error: /UndefinedBehaviorSanitizer: /p' -e 's/.*\(Assertion .* failed\).*/assertion: \1/p' \
        -e 's/.*ERROR: libFuzzer: \(timeout\|out-of-memory\).*/libFuzzer: \1/p' "$1" | head -n 1 | cut -c 1-160 |
        LC_ALL=C tr -c '[:print:]\n' '?'
}

# planted_one BUG ENGINE LIMIT: sets row; false when it was not found.
planted_one() {
    local bug=$1 engine=$2 limit=$3 target work begun seconds found='' executions='' by='' how='' ok=true
    target=$(planted_field "$bug" Target)
    work=$planted_work/runs/$engine/$bug
    rm -rf "$work"
    mkdir -p "$work"
    begun=$(date +%s.%N)
    export TOUCHSTONE_PLANTED_BUG=$bug
    "planted_try_$engine" "$target" "$work" "$limit"
    seconds=$(awk -v a="$begun" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
    if [ -n "$found" ]; then
        if ! planted_replay "$engine" "$target" "$found" "$work/with.log"; then
            how=$(planted_notice "$work/with.log")
        fi
        how=${how:-$(planted_notice "$work/log")}
        unset TOUCHSTONE_PLANTED_BUG
        if ! planted_replay "$engine" "$target" "$found" "$work/without.log"; then
            ok=false
            how="another bug: fails without it, too: $(planted_notice "$work/without.log")"
        fi
    else
        ok=false
        by=''
        how='not found'
    fi
    unset TOUCHSTONE_PLANTED_BUG
    row=$(printf '{"engine": "%s", "bug": "%s", "what": %s, "target": "%s", "found": %s, "by": "%s", "seconds": %s, "executions": %d, "noticed": %s}' \
        "$engine" "$bug" "$(json_text "$(planted_field "$bug" What)")" "$target" "$ok" "$by" "$seconds" \
        "${executions:-0}" "$(json_text "$how")")
    note "$(printf '%-9s %-32s %-18s %6s s %10s runs  %s' "$engine" "$bug" "$target" "$seconds" \
        "$(thousands "${executions:-0}")" "${by:+by $by: }$how")"
    [ "$ok" = true ]
}

# planted_clean ENGINE TARGET: without a bug chosen the same build finds nothing in a short run.
planted_clean() {
    local engine=$1 target=$2 found='' executions=0 by='' work=$planted_work/runs/$1/clean-$2
    rm -rf "$work"
    mkdir -p "$work"
    unset TOUCHSTONE_PLANTED_BUG
    "planted_try_$engine" "$target" "$work" 5
    if [ -n "$found" ]; then
        note "$engine: $target finds something without a planted bug: $found"
        return 1
    fi
}

# --- the report -------------------------------------------------------------------------------------------------------

# planted_report BASE ROWS: takes in the rows; those of bugs that are gone leave.
planted_report() {
    local base=$1 rows=$2 all bug
    all=$(mktemp)
    mkdir -p "$(dirname "$base")"
    {
        [ ! -f "$base.json" ] || grep -E '^ *\{"engine": ' "$base.json" | sed 's/^ *//; s/,$//' |
            grep -v -F "$(cut -d , -f 1,2 "$rows")" || true
        cat "$rows"
    } | while read -r line; do
        bug=$(printf '%s' "$line" | sed 's/.*"bug": "\([^"]*\)".*/\1/')
        [ ! -f "$planted_patches/$bug.patch" ] || printf '%s\n' "$line"
    done | LC_ALL=C sort >"$all"
    {
        printf '{"date": "%s", "machine": %s, "limit_seconds": %d, "bugs": [\n' "$(date -u +%Y-%m-%d)" \
            "$(json_text "$(report_machine)")" "$limit"
        sed 's/^/  /; $!s/$/,/' "$all"
        printf ']}\n'
    } >"$base.json.new"
    mv "$base.json.new" "$base.json"
    planted_markdown "$all" >"$base.md"
    rm -f "$all"
}

planted_markdown() {
    printf '# Planted bugs\n\nEach bug of `fuzzers/planted/` by itself, from the committed corpus, with a limit of %d s: %s. ' \
        "$limit" "$(report_machine)"
    printf 'Made by `script/fuzz --planted`.\n\n'
    printf '| bug | what it is | target | libFuzzer | AFL++ | how it is noticed |\n|---|---|---|---|---|---|\n'
    awk '
        function field(name,   at, rest) {
            at = index($0, "\"" name "\": ")
            if (!at) return ""
            rest = substr($0, at + length(name) + 4)
            if (substr(rest, 1, 1) == "\"") {
                rest = substr(rest, 2)
                match(rest, /([^"\\]|\\.)*/)
                rest = substr(rest, 1, RLENGTH)
                gsub(/\\"/, "\"", rest)
                gsub(/\\\\/, "\\", rest)
                gsub(/\|/, "\\|", rest)
                return rest
            }
            sub(/[,}].*/, "", rest)
            return rest
        }
        {
            bug = field("bug")
            if (!(bug in what)) order[++n] = bug
            what[bug] = field("what")
            target[bug] = field("target")
            cell[bug, field("engine")] = field("found") == "true" ? \
                field("seconds") " s, " field("executions") " runs, by " field("by") : "**not found**"
            if (field("engine") == "libfuzzer" || noticed[bug] == "") noticed[bug] = field("noticed")
        }
        END {
            for (i = 1; i <= n; i++) for (k = i + 1; k <= n; k++) if (order[k] < order[i]) {
                swap = order[i]; order[i] = order[k]; order[k] = swap
            }
            for (i = 1; i <= n; i++) {
                bug = order[i]
                printf "| `%s` | %s | %s | %s | %s | %s |\n", bug, what[bug], target[bug], \
                    cell[bug, "libfuzzer"] == "" ? "-" : cell[bug, "libfuzzer"], \
                    cell[bug, "afl"] == "" ? "-" : cell[bug, "afl"], noticed[bug]
            }
        }' "$1"
}

# --- all --------------------------------------------------------------------------------------------------------------

planted() {
    local engines=(libfuzzer afl) limit=60 output=$fuzz_reports/planted wanted=() bug engine target row rows failed=0
    while [ $# -gt 0 ]; do
        case $1 in
        --engine=* | --seconds=* | --output=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
        --engine)
            case ${2:-} in
            libfuzzer | afl) engines=("$2") ;;
            *) die "unknown engine: ${2:-}" "there are libfuzzer and afl" ;;
            esac
            shift 2
            ;;
        --seconds)
            [[ ${2:-} =~ ^[1-9][0-9]{0,4}$ ]] || die "--seconds takes a number from 1 on"
            limit=$2
            shift 2
            ;;
        --output)
            [ -n "${2:-}" ] || die "--output needs a value"
            output=$2
            shift 2
            ;;
        --list)
            while read -r bug; do
                printf '%-32s %-18s %s\n' "$bug" "$(planted_field "$bug" Target)" "$(planted_field "$bug" What)"
            done < <(planted_bugs)
            return 0
            ;;
        -*) die "unknown option: $1" "script/lib/fuzz/planted.sh tells which there are" ;;
        *)
            [ -f "$planted_patches/$1.patch" ] || die "no planted bug has the name $1" "script/fuzz --planted --list"
            wanted+=("$1")
            shift
            ;;
        esac
    done
    [ ${#wanted[@]} -gt 0 ] || mapfile -t wanted < <(planted_bugs)
    local targets=()
    for bug in "${wanted[@]}"; do
        target=$(planted_field "$bug" Target)
        if [ -z "$target" ] || [ -z "$(planted_field "$bug" What)" ]; then
            die "fuzzers/planted/$bug.patch has to begin with the lines \"What: ...\" and \"Target: ...\""
        fi
        case " ${targets[*]} " in
        *" $target "*) ;;
        *) targets+=("$target") ;;
        esac
    done

    fuzz_setup build fuzz
    step "planting $(planted_bugs | wc -l) bugs (build/planted)"
    mkdir -p "$planted_work"
    planted_tree
    for engine in "${engines[@]}"; do
        planted_build "$engine" "${targets[@]}"
    done
    fuzz_build=$planted_work # where fuzz_program looks from here on

    step "without a bug"
    for engine in "${engines[@]}"; do
        for target in "${targets[@]}"; do
            planted_clean "$engine" "$target" || failed=1
        done
    done
    rows=$(mktemp)
    step "${#wanted[@]} bugs, at most $limit s each"
    for bug in "${wanted[@]}"; do
        for engine in "${engines[@]}"; do
            planted_one "$bug" "$engine" "$limit" || failed=1
            printf '%s\n' "$row" >>"$rows"
        done
    done
    planted_report "$output" "$rows"
    rm -f "$rows"
    step "written: $output.json, $output.md"
    return $failed
}
