# shellcheck shell=bash disable=SC2154,SC2034 # the settings: targets.sh
# Seeds from the scenarios: fuzz_seeds makes all it can, what reaches something new is committed.

# seeds TARGET...
seeds() {
    local target raw=$fuzz_build/fuzzing/seeds failed=0
    fuzz_setup build fuzz
    fuzz_prepare fuzz seeds "$@"
    rm -rf "$raw"
    mkdir -p "$raw"
    step "making inputs from the scenarios"
    run_logged "$fuzz_build/fuzzing/seeds.log" "$(fuzz_program fuzz seeds)" "$root/scenarios" "$raw" || exit 2
    for target in "$@"; do
        note "$target: $(find "$raw/$target" -type f 2>/dev/null | wc -l) inputs"
        corpus_commit "$target" "$raw/$target" || failed=2
    done
    return $failed
}
