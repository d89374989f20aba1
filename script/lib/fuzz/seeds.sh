# shellcheck shell=bash disable=SC2154,SC2034 # the settings: targets.sh
# Seeds from the scenarios: the seeds command writes all it can make, libFuzzer keeps what reaches something new.

# seeds TARGET...
seeds() {
    local target raw=$fuzz_build/fuzzing/seeds folder
    fuzz_setup build fuzz
    fuzz_prepare fuzz seeds "$@"
    for target in "$@"; do
        rm -rf "${raw:?}/$target"
        mkdir -p "$raw/$target"
    done
    step "making seeds from the scenarios"
    run_logged "$fuzz_build/fuzzing/seeds.log" "$(fuzz_program fuzz seeds)" --output "$raw" "$root/scenarios" || exit 2
    for target in "$@"; do
        if [ -z "$(find "$raw/$target" -type f -print -quit)" ]; then
            note "$target: the scenarios give no seeds"
            continue
        fi
        folder=$fuzz_build/fuzzing/seeds/$target.minimised
        rm -rf "$folder"
        corpus_merge "$target" "$fuzz_build/fuzzing/seeds-$target.log" "$folder" "$raw/$target" -- -use_counters=0 ||
            die "$target: the seeds could not be minimised" "see $fuzz_build/fuzzing/seeds-$target.log"
        mkdir -p "$fuzz_corpus/$target/seeds"
        find "$folder" -type f -exec cp -t "$fuzz_corpus/$target/seeds" {} +
        note "$target: $merged_files seeds of $(find "$raw/$target" -type f | wc -l), $merged_edges edges"
    done
}
