# shellcheck shell=bash disable=SC2154,SC2034 # the settings and the campaign's variables: targets.sh, campaign.sh
# AFL++: one main instance and secondary ones that share an output folder. What libFuzzer kept and what is committed
# reaches a campaign that goes on through the main instance's foreign folders.

afl_executions_before=0

afl_environment() {
    local library
    # AFL++ wants abort_on_error and no symbolizer; leaks are found by the targets' own allocator.
    export AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 AFL_NO_UI=1 AFL_NO_COLOR=1
    export AFL_AUTORESUME=1 AFL_FAST_CAL=1 AFL_IMPORT_FIRST=1 AFL_SKIP_CRASHES=1 AFL_IGNORE_UNKNOWN_ENVS=1
    export AFL_FORKSRV_INIT_TMOUT=20000
    export ASAN_OPTIONS=abort_on_error=1:symbolize=0:detect_leaks=0:malloc_context_size=0:allocator_may_return_null=1
    export UBSAN_OPTIONS=abort_on_error=1:halt_on_error=1:symbolize=0
    unset AFL_CUSTOM_MUTATOR_LIBRARY
    library=$(fuzz_program afl "$target")_mutator.so
    [ ! -f "$library" ] || export AFL_CUSTOM_MUTATOR_LIBRARY=$library
}

afl_start() {
    mkdir -p "$work/corpus" "$work/log" "$work/out"
    rm -f "$work"/log/*.log
    afl_executions_before=$(afl_executions)
    # The first inputs: everything there is. AFL++ refuses an empty folder.
    local folder
    rm -rf "$work/in"
    mkdir -p "$work/in"
    while read -r folder; do
        find "$folder" -type f -exec cp -t "$work/in" --backup=numbered {} +
    done < <(fuzz_committed "$target" && fuzz_found "$target")
    [ -n "$(ls -A "$work/in")" ] || printf '\n' >"$work/in/newline"
    local job
    for ((job = 1; job <= jobs; job++)); do
        afl_launch "$job"
    done
}

afl_launch() {
    local job=$1 left=$((deadline - SECONDS)) log=$work/log/instance-$1.log options=() folder
    [ "$left" -gt 0 ] || return 0
    if [ "$job" -eq 1 ]; then
        options=(-M main)
        while read -r folder; do
            options+=(-F "$folder")
        done < <(fuzz_committed "$target" && fuzz_found "$target" | grep -v -x "$work/corpus")
    else
        options=(-S "secondary$job")
    fi
    [ -z "$(fuzz_dictionary "$target")" ] || options+=(-x "$(fuzz_dictionary "$target")")
    (
        afl_environment
        exec setsid afl-fuzz -i "$work/in" -o "$work/out" "${options[@]}" -V "$left" -t 2000+ -m none \
            -- "$(fuzz_program afl "$target")"
    ) >"$log" 2>&1 </dev/null &
    workers[job]=$!
    worker_logs[job]=$log
}

# AFL++ goes on after a finding: an instance that ended early could not start.
afl_tend() {
    local job left=$((deadline - SECONDS))
    for job in "${!workers[@]}"; do
        if ! kill -0 "${workers[job]}" 2>/dev/null && [ "$left" -ge 5 ]; then
            trouble="afl-fuzz ended by itself: ${worker_logs[job]}"
            return 1
        fi
    done
}

# afl_statistic NAME [sum|max]: over the instances' statistics.
afl_statistic() {
    cat "$work"/out/*/fuzzer_stats 2>/dev/null | awk -v name="$1" -v how="${2:-sum}" '
        $1 == name { if (how == "sum") value += $3; else if ($3 > value) value = $3 } END { printf "%.0f\n", value }'
}

afl_executions() {
    afl_statistic execs_done
}

# plot_data is written every few seconds, fuzzer_stats once a minute and at the end.
afl_progress() {
    local plot line
    runs=0
    rate=0
    local time cycles item count pending favoured map crashes hangs depth speed executions found
    for plot in "$work"/out/*/plot_data; do
        [ -f "$plot" ] || continue
        line=$(tail -n 1 "$plot")
        case $line in '#'* | '') continue ;; esac
        IFS=', ' read -r time cycles item count pending favoured map crashes hangs depth speed executions found _ <<<"$line"
        runs=$((runs + ${executions:-0}))
        rate=$((rate + ${speed%.*}))
        [ "${found:-0}" -le "$edges" ] || edges=$found
    done
    runs=$((runs - afl_executions_before))
    [ "$runs" -ge 0 ] || runs=0
    corpus_now=$(find "$work"/out/*/queue -maxdepth 1 -type f 2>/dev/null | wc -l)
    raw_findings=$(afl_raw_findings | wc -l)
}

afl_final_runs() {
    runs=$(($(afl_executions) - afl_executions_before))
    edges=$(afl_statistic edges_found max)
}

# The instances' queues become the corpus folder, under the names of their contents.
afl_collect() {
    find "$work"/out/*/queue -maxdepth 1 -type f -exec sha1sum {} + 2>/dev/null | while read -r hash file; do
        [ -e "$work/corpus/$hash" ] || cp "$file" "$work/corpus/$hash"
    done
}

afl_raw_findings() {
    find "$work"/out/*/crashes "$work"/out/*/hangs -maxdepth 1 -type f -name 'id:*' -printf '%s\t%h\t%p\n' 2>/dev/null |
        sort -n | awk -F '\t' '{ print ($2 ~ /hangs$/ ? "timeout" : "crash") "\t" $3 }'
}
