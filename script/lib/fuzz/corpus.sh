# shellcheck shell=bash disable=SC2154,SC2034 # the settings and the campaign's variables: targets.sh, campaign.sh
# The corpora: the working one of each engine and target, in the build folder, and the committed one.

# corpus_merge TARGET LOG OUTPUT FOLDER... [-- OPTION...]: adds to OUTPUT the inputs of the folders that reach something
# new, the smallest first. Sets merged_files, merged_features, merged_edges: what was added.
corpus_merge() {
    local target=$1 log=$2 output=$3 folders=()
    shift 3
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        folders+=("$1")
        shift
    done
    [ $# -eq 0 ] || shift
    merged_files=0 merged_features=0 merged_edges=0
    mkdir -p "$output" "$(dirname "$log")"
    [ ${#folders[@]} -gt 0 ] || return 0
    # In a session of its own: an interruption lets it end, it takes seconds.
    setsid "$(fuzz_program fuzz "$target")" -merge=1 "${libfuzzer_limits[@]}" "$@" "$output" "${folders[@]}" \
        >"$log" 2>&1 </dev/null || return 1
    read -r merged_files merged_features merged_edges < <(
        sed -n 's/^MERGE-OUTER: \([0-9]*\) new files with \([0-9]*\) new features added; \([0-9]*\) new coverage edges.*/\1 \2 \3/p' "$log" |
            grep . || echo 0 0 0
    )
}

# corpus_minimise: the campaign's working corpus becomes the inputs that together reach what it reached, and what it
# began with: the committed inputs and those of the other engine, so that it stands by itself. Sets features, edges,
# corpus_after. The old one goes only when the new one is complete.
corpus_minimise() {
    local folders folder count=0
    "${engine}_collect"
    mapfile -t folders < <(fuzz_committed "$target" && fuzz_found "$target")
    rm -rf "$work/corpus.new" "$work/snapshot"
    # The other engine may be at work on its own corpus, and replaces it when it ends. For every input that vanishes
    # libFuzzer would begin again.
    for folder in "${folders[@]}"; do
        count=$((count + 1))
        mkdir -p "$work/snapshot/$count"
        find "$folder" -type f -exec cp --backup=numbered -t "$work/snapshot/$count" {} + 2>/dev/null || true
    done
    if ! corpus_merge "$target" "$work/log/minimise.log" "$work/corpus.new" "$work/snapshot"; then
        note "$target: the corpus could not be minimised, it stays as it is: $work/log/minimise.log"
        rm -rf "$work/corpus.new" "$work/snapshot"
        corpus_after=$(find "$work/corpus" -type f | wc -l)
        return 0
    fi
    features=$merged_features
    edges=$merged_edges
    rm -rf "$work/corpus.old" "$work/snapshot"
    mv "$work/corpus" "$work/corpus.old"
    mv "$work/corpus.new" "$work/corpus"
    rm -rf "$work/corpus.old"
    corpus_after=$(find "$work/corpus" -type f | wc -l)
}

# An exchange of folders that was interrupted is finished.
corpus_recover() {
    if [ -d "$work/corpus.old" ] && [ ! -d "$work/corpus" ]; then
        mv "$work/corpus.old" "$work/corpus"
    fi
    rm -rf "$work/corpus.old" "$work/corpus.new" "$work/snapshot"
}

# corpus_commit TARGET FOLDER...: adds to corpus/TARGET/seeds the inputs of the folders that reach what the committed
# ones do not, named by their contents. Only edges count, not how often they were passed: the corpus is to stay small.
corpus_commit() {
    local target=$1 folders=("${@:2}") folder scratch log=$fuzz_build/fuzzing/merge-$1.log seeds=$fuzz_corpus/$1/seeds
    if [ -z "$(find "${folders[@]}" -type f -print -quit 2>/dev/null)" ]; then
        note "$target: there is nothing to merge"
        return 0
    fi
    # libFuzzer adds to the first folder and counts all below it as known: the committed inputs lie one level deeper.
    scratch=$(mktemp -d)
    mkdir "$scratch/known"
    while read -r folder; do
        find "$folder" -type f -exec cp --backup=numbered -t "$scratch/known" {} +
    done < <(fuzz_committed "$target")
    if corpus_merge "$target" "$log" "$scratch" "${folders[@]}" -- -use_counters=0; then
        mkdir -p "$seeds"
        find "$scratch" -maxdepth 1 -type f -exec cp -t "$seeds" {} +
        note "$target: $merged_files inputs added to ${seeds#"$root/"}, for $merged_edges edges"
    else
        note "$target: merging failed: $log"
        rm -rf "$scratch"
        return 1
    fi
    rm -rf "$scratch"
}
