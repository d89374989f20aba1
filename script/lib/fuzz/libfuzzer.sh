# shellcheck shell=bash disable=SC2154,SC2034 # the settings and the campaign's variables: targets.sh, campaign.sh
# libFuzzer: jobs are processes that share one corpus folder, which each of them rereads. A process that found
# something ends, and another takes its place.

# What an input may need: more of it is a finding. Names of functions newly reached would be asked of the symbolizer one
# by one, which is most of the time of a short run. Weighing inputs by the entropy of what they reach takes as long as
# running them, once there are thousands.
libfuzzer_limits=(-timeout=10 -rss_limit_mb=2048 -print_funcs=0 -entropic=0)
libfuzzer_restarts=0

libfuzzer_start() {
    mkdir -p "$work/corpus" "$work/artifacts" "$work/log"
    rm -f "$work"/log/worker-*.log
    libfuzzer_restarts=0
    local job
    for ((job = 1; job <= jobs; job++)); do
        libfuzzer_launch "$job"
    done
}

# libfuzzer_launch JOB: starts its process for the time that is left.
libfuzzer_launch() {
    local job=$1 left=$((deadline - SECONDS)) log folders options=()
    [ "$left" -gt 0 ] || return 0
    log=$work/log/worker-$job.$libfuzzer_restarts.log
    mapfile -t folders < <(fuzz_committed "$target" && fuzz_found "$target" | grep -v -x "$work/corpus")
    [ -z "$(fuzz_dictionary "$target")" ] || options+=("-dict=$(fuzz_dictionary "$target")")
    setsid "$(fuzz_program fuzz "$target")" "${libfuzzer_limits[@]}" "${options[@]}" -max_total_time="$left" \
        -report_slow_units=3600 -print_final_stats=1 -artifact_prefix="$work/artifacts/" \
        "$work/corpus" "${folders[@]}" >"$log" 2>&1 </dev/null &
    workers[job]=$!
    worker_logs[job]=$log
}

# Called every second: puts processes in the place of those that ended early. False when going on makes no sense.
libfuzzer_tend() {
    local job left=$((deadline - SECONDS))
    for job in "${!workers[@]}"; do
        if kill -0 "${workers[job]}" 2>/dev/null || [ "$left" -lt 2 ]; then
            continue
        fi
        wait "${workers[job]}" 2>/dev/null || true
        if ! grep -q 'Test unit written to' "${worker_logs[job]}"; then
            trouble="libFuzzer ended by itself: ${worker_logs[job]}"
            return 1
        fi
        if ! grep -q '	INITED ' "${worker_logs[job]}"; then
            libfuzzer_drop_from_corpus "${worker_logs[job]}" || return 1
        fi
        libfuzzer_restarts=$((libfuzzer_restarts + 1))
        if [ "$libfuzzer_restarts" -gt 200 ]; then
            trouble="more than 200 findings: the rest of the time would show the same ones"
            return 1
        fi
        libfuzzer_launch "$job"
    done
}

# An input that fails while the corpus is loaded would fail every time: it leaves the working corpus (it is an
# artifact already). One that is committed ends the campaign.
libfuzzer_drop_from_corpus() {
    local log=$1 artifact hash file
    artifact=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    hash=$(sha1sum "$artifact" 2>/dev/null | cut -d ' ' -f 1)
    while read -r file; do
        if [ "$(sha1sum "$file" | cut -d ' ' -f 1)" = "$hash" ]; then
            trouble="a committed input fails: $file"
            return 1
        fi
    done < <(fuzz_committed "$target" | while read -r folder; do find "$folder" -type f; done)
    while read -r folder; do
        find "$folder" -type f -size "-$(($(stat -c %s "$artifact") + 1))c" -exec sha1sum {} + |
            sed -n "s/^$hash  //p" | xargs -r -d '\n' rm -f
    done < <(fuzz_found "$target")
}

# Sets runs, rate, edges: of the processes so far. Their last line may be old: between lines the rate tells.
libfuzzer_progress() {
    local log
    runs=0
    rate=0
    local live=' '
    for job in "${!workers[@]}"; do
        live+="${worker_logs[job]} "
    done
    local total=0 speed=0 seen=0
    for log in "$work"/log/worker-*.log; do
        [ -f "$log" ] || continue
        read -r total speed seen < <(awk '
            /^#[0-9]+\t/ { n = substr($1, 2) + 0; for (i = 2; i < NF; i++) {
                if ($i == "cov:") cov = $(i + 1); if ($i == "exec/s:") speed = $(i + 1) } }
            /^stat::number_of_executed_units:/ { n = $2; speed = 0 }
            END { print n + 0, speed + 0, cov + 0 }' "$log")
        if [ "$speed" -gt 0 ]; then
            case $live in
            *" $log "*)
                total=$((total + speed * ($(date +%s) - $(stat -c %Y "$log"))))
                rate=$((rate + speed))
                ;;
            esac
        fi
        runs=$((runs + total))
        [ "$seen" -le "$edges" ] || edges=$seen
    done
    corpus_now=$(find "$work/corpus" -type f | wc -l)
    raw_findings=$(find "$work/artifacts" -type f | wc -l)
}

# Runs from the final numbers, which every process prints when it ends.
libfuzzer_final_runs() {
    runs=$(cat "$work"/log/worker-*.log 2>/dev/null | awk '
        /^INFO: Seed:/ { sum += n; n = 0 } # a process begins
        /^#[0-9]+\t/ { n = substr($1, 2) + 0 }
        /^stat::number_of_executed_units:/ { n = $2 }
        END { printf "%.0f\n", sum + n }')
}

# The inputs that this engine keeps outside of its corpus folder: none.
libfuzzer_collect() {
    :
}

# Raw findings, one a line, the smallest first: KIND<tab>PATH.
libfuzzer_raw_findings() {
    find "$work/artifacts" -type f -printf '%s\t%f\t%p\n' 2>/dev/null | sort -n |
        awk -F '\t' '{ kind = $2; sub(/-[0-9a-f]*$/, "", kind); print kind "\t" $3 }'
}
