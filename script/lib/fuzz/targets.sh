# shellcheck shell=bash disable=SC2154,SC2034 # root: lib/common.sh; the fuzz_ settings are used by the other parts
# The fuzz targets: which there are, and where their programs, their corpus and their working files lie.

fuzz_build=$root/build
fuzz_corpus=$root/corpus
fuzz_reports=$root/reports/fuzzing
fuzz_may_build=yes
fuzz_bare=bare_llhttp # no target: what the parser targets are measured against

# The preset of an engine.
fuzz_preset() {
    case $1 in
    libfuzzer) echo fuzz ;;
    afl) echo afl ;;
    esac
}

# fuzz_program PRESET TARGET
fuzz_program() {
    printf '%s/%s/bin/fuzz_%s\n' "$fuzz_build" "$1" "$2"
}

# fuzz_work ENGINE TARGET: what a campaign keeps between runs: corpus/, artifacts/ or out/, log/.
fuzz_work() {
    printf '%s/fuzzing/%s/%s\n' "$fuzz_build" "$1" "$2"
}

# Every target, one a line: fuzzers/TARGET.c, or, of a build folder that is only used, its programs.
fuzz_targets() {
    if [ "$fuzz_may_build" = yes ]; then
        grep -l '^int LLVMFuzzerTestOneInput(' "$root"/fuzzers/*.c | sed 's,.*/,,; s,[.]c$,,'
    else
        find -H "$fuzz_build"/{fuzz,afl}/bin -name 'fuzz_*' -type f -executable -printf '%f\n' 2>/dev/null |
            sed 's/^fuzz_//' | grep -v -x -e "$fuzz_bare" -e seeds -e '.*_replay' -e '.*_mutator.so' | sort -u || true
    fi
}

# fuzz_committed TARGET: the folders of its committed inputs that exist, one a line.
fuzz_committed() {
    local folder
    for folder in "$fuzz_corpus/$1/seeds" "$fuzz_corpus/$1/regressions"; do
        [ ! -d "$folder" ] || printf '%s\n' "$folder"
    done
}

# fuzz_found TARGET: the folders of inputs that campaigns of any engine kept, one a line.
fuzz_found() {
    local engine folder
    for engine in libfuzzer afl; do
        folder=$(fuzz_work $engine "$1")/corpus
        [ ! -d "$folder" ] || printf '%s\n' "$folder"
    done
}

# fuzz_count FOLDER...: how many different inputs are in them.
fuzz_count() {
    if [ $# -eq 0 ]; then
        echo 0
        return
    fi
    find "$@" -type f -exec sha1sum {} + 2>/dev/null | cut -d ' ' -f 1 | sort -u | wc -l
}

# fuzz_dictionary TARGET: its path, nothing when the target has none.
fuzz_dictionary() {
    local file=$fuzz_corpus/$1/$1.dict
    [ ! -f "$file" ] || printf '%s\n' "$file"
}

# fuzz_prepare PRESET [TARGET...]: builds the preset's programs, or checks that they are there.
fuzz_prepare() {
    local preset=$1 target names=()
    shift
    if [ "$fuzz_may_build" = yes ]; then
        if [ ! -f "$fuzz_build/$preset/build.ninja" ]; then
            step "building (build/$preset)"
            (cd "$root" && run_logged "$fuzz_build/$preset.log" cmake --preset "$preset") || exit 2
        fi
        for target in "$@"; do
            names+=("fuzz_$target")
        done
        build_preset "$preset" "${names[@]}" || exit 2
        # AFL++'s mutator is a library of its own, which not every target has.
        names=()
        for target in "$@"; do
            ! ninja -C "$fuzz_build/$preset" -t query "fuzz_${target}_mutator" >/dev/null 2>&1 || names+=("fuzz_${target}_mutator")
        done
        [ "$preset" != afl ] || [ ${#names[@]} -eq 0 ] || build_preset "$preset" "${names[@]}" || exit 2
    fi
    for target in "$@"; do
        [ -x "$(fuzz_program "$preset" "$target")" ] ||
            die "there is no program for the target $target: $(fuzz_program "$preset" "$target")" \
                "script/fuzz --list shows the targets; cmake --build build/$preset builds them"
    done
}

# fuzz_setup PURPOSE...: script/setup, which asks for nothing on a machine that is set up.
fuzz_setup() {
    [ "$fuzz_may_build" = no ] || "$root/script/setup" "$@"
}

# seconds_of MINUTES: whole seconds, at least 1.
seconds_of() {
    awk -v minutes="$1" 'BEGIN { seconds = int(minutes * 60 + 0.5); print seconds < 1 ? 1 : seconds }'
}

# thousands NUMBER: with separators that need no locale.
thousands() {
    printf '%s\n' "$1" | awk '{ text = $1; while (text ~ /[0-9][0-9][0-9][0-9]/) {
        match(text, /[0-9]+/); digits = substr(text, 1, RLENGTH); n = length(digits) - 3
        text = substr(digits, 1, n) "," substr(text, n + 1) } print text }'
}
