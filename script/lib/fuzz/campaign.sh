# shellcheck shell=bash disable=SC2154,SC2034 # the settings: targets.sh; the engines read the campaign's variables
# A campaign: one target on one engine for a time. An interruption ends the engine early; what follows, keeping the
# corpus, looking at the findings, the report, is done all the same.

interrupted='' # the signal, once one came
progress_last=0

# To be trapped: the first signal ends the engines, the second one this script, which loses nothing either: working
# corpus and raw findings are on disk.
campaign_interrupt() {
    # The terminal is gone: what there is to say goes to a file.
    [ "$1" != HUP ] || exec >>"$fuzz_build/fuzzing/interrupted.log" 2>&1
    if [ -n "$interrupted" ]; then
        progress_end
        note "interrupted again: the rest is done by the next run"
        campaign_kill KILL
        exit 130
    fi
    interrupted=$1
    progress_end
    note "interrupted: keeping what there is (once more: at once)"
}

campaign_kill() {
    local job
    for job in "${!workers[@]}"; do
        kill "-$1" -- "-${workers[job]}" 2>/dev/null || kill "-$1" "${workers[job]}" 2>/dev/null || true
    done
}

campaign_alive() {
    local job
    for job in "${!workers[@]}"; do
        ! kill -0 "${workers[job]}" 2>/dev/null || return 0
    done
    return 1
}

# pause SECONDS: a sleep that a signal ends.
pause() {
    sleep "$1" &
    wait $! || true
}

campaign_stop() {
    local tries
    # They end by themselves when the time is over, and print their numbers then.
    for ((tries = 0; tries < 8; tries++)); do
        if ! campaign_alive; then
            return 0
        fi
        if [ "$tries" -ge 4 ] || [ -n "$interrupted$trouble" ]; then
            campaign_kill TERM
        fi
        pause 1
    done
    campaign_kill KILL
    pause 0.2
}

# One live line on a terminal, else a line a minute.
progress_show() {
    local line
    line=$(printf '%-18s %-9s %3d:%02d  %s runs  %s/s  corpus %d  edges %d  raw findings %d' "$target" "$engine" \
        $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60)) "$(thousands "$runs")" "$(thousands "$rate")" \
        "$corpus_now" "$edges" "$raw_findings")
    if [ -t 2 ]; then
        printf '\r\033[K    %s' "$line" >&2
    elif [ $((SECONDS - progress_last)) -ge 60 ]; then
        progress_last=$SECONDS
        note "$line"
    fi
}

progress_end() {
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

# campaign TARGET: with engine, seconds, jobs. Sets runs, rate, edges, features, corpus_before, corpus_after, found,
# elapsed, and row.
campaign() {
    target=$1
    work=$(fuzz_work "$engine" "$target")
    workers=() worker_logs=() found=() trouble='' row=''
    runs=0 rate=0 edges=0 features=0 corpus_now=0 raw_findings=0 corpus_before=0 corpus_after=0
    mkdir -p "$work"
    exec 8>"$work/lock"
    flock -n 8 || die "$target is being fuzzed with $engine already, in $work" "wait for it, or end it"
    corpus_recover
    local folders
    mapfile -t folders < <(fuzz_committed "$target" && fuzz_found "$target")
    corpus_before=$(fuzz_count "${folders[@]}")

    step "$target: $engine for $seconds s, $jobs jobs, $corpus_before inputs"
    started=$SECONDS
    progress_last=$SECONDS
    deadline=$((SECONDS + seconds))
    "${engine}_start"
    while [ -z "$interrupted" ] && [ "$SECONDS" -lt "$deadline" ] && "${engine}_tend" && campaign_alive; do
        "${engine}_progress"
        progress_show
        pause 1
    done
    elapsed=$((SECONDS - started))
    [ "$elapsed" -gt 0 ] || elapsed=1
    campaign_stop
    progress_end
    "${engine}_progress"
    "${engine}_final_runs"
    rate=$((runs / elapsed))
    [ -z "$trouble" ] || note "$target: $trouble"

    findings_triage
    corpus_minimise
    findings_show
    row=$(report_row)
    exec 8>&-
    # An engine that could not do its work is not a clean run.
    [ -z "$trouble" ] || [ ${#found[@]} -gt 0 ]
}
