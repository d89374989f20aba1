# shellcheck shell=bash disable=SC2154,SC2034 # the settings: targets.sh
# How fast the targets are, beside a target that is nothing but llhttp: one process each, under libFuzzer with its
# sanitizers; the rounds of all are interleaved, medians.

speed_rounds=5
speed_seconds=8

# speed_measure TARGET SEED: runs a second of one process; nothing when the target fails meanwhile. A second of the
# processor's time, so that what else the machine does changes little.
speed_measure() {
    local target=$1 scratch folders options=() TIMEFORMAT='%U %S'
    mapfile -t folders < <(speed_corpus "$target")
    [ -z "$(fuzz_dictionary "$target")" ] || options+=("-dict=$(fuzz_dictionary "$target")")
    scratch=$(mktemp -d)
    mkdir "$scratch/corpus"
    if { time "$(fuzz_program fuzz "$target")" "${libfuzzer_limits[@]}" "${options[@]}" -max_total_time=$speed_seconds -seed="$2" \
        -print_final_stats=1 -artifact_prefix="$scratch/" "$scratch/corpus" "${folders[@]}" >"$scratch/log" 2>&1 </dev/null; } 2>"$scratch/time"; then
        awk 'FNR == NR { seconds = $1 + $2; next }
            /^stat::number_of_executed_units:/ { printf "%.0f\n", $2 / (seconds > 0 ? seconds : 1) }' "$scratch/time" "$scratch/log"
    fi
    rm -rf "$scratch"
}

speed_median() {
    sort -n "$1" | awk '{ v[NR] = $1 } END { printf "%.0f\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# speed_corpus TARGET: the folders it starts from; the bare target takes those of the target it is compared with.
speed_corpus() {
    local owner=$1
    [ "$1" != "$fuzz_bare" ] || owner=request_parser
    fuzz_committed "$owner"
    fuzz_found "$owner"
}

# speed TARGET...
speed() {
    local target round work names=() measured=() bare=0 separator rate failed=0
    fuzz_setup build fuzz
    fuzz_prepare fuzz "$@"
    names=("$@")
    if fuzz_bare_is_there; then
        names=("$fuzz_bare" "$@")
    else
        note "there is no fuzz_$fuzz_bare in this build: no ratios"
    fi
    work=$(mktemp -d)
    for ((round = 1; round <= speed_rounds; round++)); do
        step "round $round of $speed_rounds"
        for target in "${names[@]}"; do
            rate=$(speed_measure "$target" "$round")
            if [ -n "$rate" ]; then
                printf '%s\n' "$rate" >>"$work/$target"
                note "$target: $(thousands "$rate") runs/s"
            else
                note "$target: failed while it was measured (script/fuzz $target shows the finding)"
                failed=1
            fi
        done
    done
    for target in "${names[@]}"; do
        [ ! -s "$work/$target" ] || measured+=("$target")
    done
    names=("${measured[@]}")
    [ ! -s "$work/$fuzz_bare" ] || bare=$(speed_median "$work/$fuzz_bare")
    mkdir -p "$fuzz_reports"
    {
        printf '{\n  "date": "%s", "revision": "%s", "machine": %s,\n' "$(date -u +%Y-%m-%d)" "$(report_revision)" "$(json_text "$(report_machine)")"
        printf '  "method": {"rounds": %d, "seconds": %d, "processes": 1},\n  "targets": [\n' $speed_rounds $speed_seconds
        separator=''
        for target in "${names[@]}"; do
            printf '%s    {"target": "%s", "runs_per_second": %d, "to_bare": %s}' "$separator" "$target" \
                "$(speed_median "$work/$target")" "$(speed_ratio "$(speed_median "$work/$target")" "$bare" null)"
            separator=$',\n'
        done
        printf '\n  ]\n}\n'
    } >"$fuzz_reports/speed.json"
    {
        # shellcheck disable=SC2016 # the backquotes are Markdown
        printf '# Speed of the fuzz targets\n\n%s, revision %s; %s. Made by `script/fuzz --speed`; figures in `speed.json`.\n\n' \
            "$(date -u +%Y-%m-%d)" "$(report_revision)" "$(report_machine)"
        # shellcheck disable=SC2016 # the backquotes are Markdown
        printf 'libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer, one process, from what is committed and what campaigns found, mutation included; runs in a second of the processor'\''s time, medians of %d interleaved rounds of %d s. `%s` does nothing but run llhttp on its input, with the corpus of `request_parser`.\n\n' \
            $speed_rounds $speed_seconds "$fuzz_bare"
        printf '| target | runs/s | to bare llhttp |\n| --- | ---: | ---: |\n'
        for target in "${names[@]}"; do
            printf '| %s | %s | %s |\n' "$target" "$(speed_median "$work/$target")" "$(speed_ratio "$(speed_median "$work/$target")" "$bare" '')"
        done
        # shellcheck disable=SC2016 # the backquotes are Markdown
        printf '\nAims: the parser targets 0.6 of `%s`, `server_session` and `client_session` 20000 runs/s.\n' "$fuzz_bare"
    } >"$fuzz_reports/speed.md"
    rm -rf "$work"
    step "written: $fuzz_reports/speed.json, $fuzz_reports/speed.md"
    cat "$fuzz_reports/speed.md"
    return $failed
}

fuzz_bare_is_there() {
    if [ "$fuzz_may_build" = yes ] && ninja -C "$fuzz_build/fuzz" -t query "fuzz_$fuzz_bare" >/dev/null 2>&1; then
        fuzz_prepare fuzz "$fuzz_bare"
    fi
    [ -x "$(fuzz_program fuzz "$fuzz_bare")" ]
}

# speed_ratio A B OTHERWISE
speed_ratio() {
    if [ "$2" -eq 0 ]; then
        printf '%s' "$3"
    else
        awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
    fi
}
