# shellcheck shell=bash disable=SC2154,SC2034 # the settings: targets.sh
# Seeds from the scenarios: fuzz_seeds makes all it can, what reaches something new is committed. Then seeds in which an
# allocation is refused, of those that are committed.

# The targets of those named whose inputs say which allocation is refused, one a line.
seeds_with_refusals() {
    local target
    for target in "$@"; do
        ! grep -q "^touchstone_add_refusals($target " "$root/fuzzers/CMakeLists.txt" || echo "$target"
    done
}

# seeds_refusals TARGET...: one variant of an input for every piece of source code that takes a refused allocation to be
# reached (fuzzers/seeds/refusals.c). They are told apart by source coverage: an optimised program leaves by one edge
# whatever the allocation that failed.
seeds_refusals() {
    local target raw=$fuzz_build/fuzzing/refusals programs=() folders failed=0
    [ $# -gt 0 ] || return 0
    for target in "$@"; do
        programs+=("${target}_refusals")
    done
    fuzz_prepare coverage "${programs[@]}"
    step "refusing one allocation after the other"
    for target in "$@"; do
        mapfile -t folders < <(fuzz_committed "$target")
        [ ${#folders[@]} -gt 0 ] || continue
        rm -rf "${raw:?}/$target"
        mkdir -p "$raw/$target/chosen" "$raw/$target/findings"
        LLVM_PROFILE_FILE=/dev/null "$(fuzz_program coverage "${target}_refusals")" --findings "$raw/$target/findings" \
            "$raw/$target/chosen" "${folders[@]}" 2>"$raw/$target/messages" | sed "s/^/    $target: /"
        case ${PIPESTATUS[0]} in
        0) ;;
        1)
            note "$target: findings in $raw/$target/findings, their messages in $raw/$target/messages"
            failed=1
            ;;
        *)
            note "$target: see $raw/$target/messages"
            failed=2
            ;;
        esac
        find "$raw/$target/chosen" -type f -exec cp -t "$fuzz_corpus/$target/seeds" {} +
    done
    return $failed
}

# seeds TARGET...
seeds() {
    local target raw=$fuzz_build/fuzzing/seeds with_refusals failed=0
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
    mapfile -t with_refusals < <(seeds_with_refusals "$@")
    seeds_refusals "${with_refusals[@]}" || failed=$?
    return $failed
}
