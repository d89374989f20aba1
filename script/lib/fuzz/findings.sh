# shellcheck shell=bash disable=SC2154,SC2034 # the settings and the campaign's variables: targets.sh, campaign.sh
# Findings: raw artifacts of the engines become folders, one a bug: replayed, named by the stack, made small.
#
# An artifact is removed only when its finding is on disk: a triage that is interrupted goes on in the next run.

findings_limit=200          # artifacts that one run looks at
findings_minimise_seconds=15 # for one finding

findings_folder() {
    printf '%s/fuzzing/findings\n' "$fuzz_build"
}

# finding_replay TARGET INPUT OUTPUT: runs the input once, the report goes to OUTPUT; true when it fails. First with
# malloc, whose reports tell where a block was allocated and freed, then with the allocator that fuzzing uses.
finding_replay() {
    local target=$1 input=$2 output=$3 allocator
    for allocator in 1 ''; do
        if ! TOUCHSTONE_FUZZ_MALLOC=$allocator ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}symbolize=1 \
            UBSAN_OPTIONS=print_stacktrace=1 timeout -k 5 60 \
            "$(fuzz_program fuzz "$target")" "${libfuzzer_limits[@]}" "$input" >"$output" 2>&1 </dev/null; then
            return 0
        fi
    done
    return 1
}

# finding_name REPORT: two lines, what tells this bug from others and what it is called. The first is the place and
# the words of a property, else the kind of failure and the three innermost functions that are not the run-time's.
finding_name() {
    awk '
        function base(path) { sub(/.*\//, "", path); return path }
        /property violated: / && property == "" {
            property = $0; place = $1; sub(/:$/, "", place); place = base(place)
            sub(/.*property violated: /, "", property)
        }
        kind == "" && /ERROR: (Address|Leak)Sanitizer: / {
            kind = $0; sub(/.*Sanitizer: /, "", kind); sub(/:? .*/, "", kind)
            if ($0 ~ /LeakSanitizer/) kind = "leak"
        }
        kind == "" && /ERROR: libFuzzer: / { kind = $0; sub(/.*libFuzzer: /, "", kind); sub(/ (\(|after).*/, "", kind) }
        kind == "" && /: runtime error: / {
            kind = "undefined behaviour"; where = $1; sub(/:$/, "", where); sub(/:[0-9]+$/, "", where)
            said = $0; sub(/.*runtime error: /, "", said); gsub(/[0-9][0-9a-fx]*/, "N", said)
            kind = kind ": " said " (" base(where) ")"
        }
        kind != "" && !complete && $1 ~ /^#[0-9]+$/ && $3 == "in" {
            started = 1
            if ($4 ~ /^LLVMFuzzer(TestOneInput|Custom)/) { names = add(names, $4); complete = 1; next }
            if ($4 !~ /^(__(asan|ubsan|lsan|sanitizer|interceptor|interception|pthread_kill|assert|libc)|fuzzer::|fuzz_fail$|fuzz_memory|abort$|raise$|gsignal$|(mem|str)[a-z]+$|[cm]alloc$|realloc$|free$|main$|_start$)/)
                names = add(names, $4)
        }
        function add(list, name) {
            all[++count] = name
            return count > 3 ? list : list (list == "" ? "" : " < ") name
        }
        started && /^ *$/ { complete = 1 }
        END {
            if (kind == "") kind = "failure"
            # What a message quotes changes from input to input: it counts up to there.
            said = property; sub(/[0-9"\047:<(].*/, "", said)
            if (property != "") { said = "property " place " " said; sub(/ +$/, "", said); print said; print "property violated: " property " (" place ")"; exit }
            # Where a slow input is when it is stopped changes: the outermost functions stay.
            if (kind == "timeout") {
                names = ""
                for (i = count - 1; i > 0 && i >= count - 2; i--) names = names (names == "" ? "" : " > ") all[i]
            }
            print kind (names == "" ? "" : " " names); print kind (names == "" ? "" : " in " names)
        }' "$1"
}

# finding_hash TARGET KEY
finding_hash() {
    printf '%s %s\n' "$1" "$2" | sha1sum | cut -c 1-10
}

# finding_gist TARGET INPUT: what failed, in a word, without names of functions, which take time; false when nothing did.
finding_gist() {
    local report
    if report=$(ASAN_OPTIONS=symbolize=0 UBSAN_OPTIONS=symbolize=0 timeout -k 5 20 "$(fuzz_program fuzz "$1")" \
        "${libfuzzer_limits[@]}" "$2" 2>&1 </dev/null | tr -d '\000'); then
        return 1
    fi
    finding_name - <<<"$report" | head -n 1
}

# finding_trim TARGET INPUT: takes out of the file what is not needed to fail in the same way, in halves, quarters and
# so on, for a while.
finding_trim() {
    local target=$1 input=$2 gist size block offset until=$((SECONDS + findings_minimise_seconds))
    gist=$(finding_gist "$target" "$input") || return 0
    size=$(stat -c %s "$input")
    block=$((size / 2))
    while [ "$block" -ge 1 ]; do
        offset=0
        while [ "$offset" -lt "$size" ]; do
            [ "$SECONDS" -lt "$until" ] || return 0
            { head -c "$offset" "$input" && tail -c "+$((offset + block + 1))" "$input"; } >"$input.try"
            if [ "$(finding_gist "$target" "$input.try")" = "$gist" ]; then
                mv "$input.try" "$input"
                size=$(stat -c %s "$input")
            else
                offset=$((offset + block))
            fi
        done
        block=$((block / 2))
    done
    rm -f "$input.try"
}

# finding_minimise TARGET KEY INPUT OUTPUT: a smaller input with the same name, or a copy.
finding_minimise() {
    local target=$1 key=$2 input=$3 output=$4 scratch candidate
    cp "$input" "$output"
    case $key in
    timeout* | out-of-memory*) return 0 ;;
    esac
    scratch=$(mktemp -d)
    cp "$input" "$scratch/trimmed"
    finding_trim "$target" "$scratch/trimmed"
    timeout -k 5 $((findings_minimise_seconds * 2)) "$(fuzz_program fuzz "$target")" "${libfuzzer_limits[@]}" \
        -minimize_crash=1 -runs=20000 -max_total_time="$findings_minimise_seconds" -artifact_prefix="$scratch/" \
        "$scratch/trimmed" >"$scratch/log" 2>&1 </dev/null || true
    while read -r candidate; do
        if finding_replay "$target" "$candidate" "$scratch/report" &&
            [ "$(finding_name "$scratch/report" | head -n 1)" = "$key" ]; then
            cp "$candidate" "$output"
            break
        fi
    done < <(find "$scratch" \( -name 'minimized-from-*' -o -name trimmed \) -size "-$(($(stat -c %s "$input") + 1))c" \
        -printf '%s\t%p\n' | sort -n | head -n 5 | cut -f 2)
    rm -rf "$scratch"
}

# findings_triage: of the campaign's raw findings. Sets found (the folders that this run saw, one a line).
findings_triage() {
    local kind file key title hash folder report looked=0 total
    found=()
    total=$("${engine}_raw_findings" | wc -l)
    [ "$total" -gt 0 ] || return 0
    note "$target: looking at $total raw findings"
    report=$(mktemp)
    while IFS=$'\t' read -r kind file; do
        [ "$looked" -lt "$findings_limit" ] || break
        looked=$((looked + 1))
        if finding_replay "$target" "$file" "$report"; then
            { read -r key && read -r title; } < <(finding_name "$report")
        elif [ "$kind" = timeout ] || [ "$kind" = slow-unit ]; then
            rm -f "$file" # slow only on a busy machine
            continue
        else
            # A target that fails once and not again is not deterministic, which is a bug of its own.
            key="unstable $(sha1sum "$file" | cut -c 1-10)"
            title="failed under $engine ($kind), not when replayed"
        fi
        hash=$(finding_hash "$target" "$key")
        folder=$(findings_folder)/$target-$hash
        if [ ! -f "$folder/command.txt" ]; then
            finding_write "$folder" "$key" "$title" "$file" "$report"
        fi
        printf '%s %s %s\n' "$(date -u +%FT%TZ)" "$engine" "$(basename "$file")" >>"$folder/seen.txt"
        rm -f "$file"
        case " ${found[*]} " in
        *" $folder "*) ;;
        *) found+=("$folder") ;;
        esac
    done < <("${engine}_raw_findings")
    rm -f "$report"
    [ "$total" -le "$findings_limit" ] || note "$((total - findings_limit)) more are left for the next run"
}

finding_write() {
    local folder=$1 key=$2 title=$3 file=$4 report=$5
    mkdir -p "$folder"
    cp "$file" "$folder/input.original"
    case $key in
    unstable*) cp "$file" "$folder/input" ;;
    *) finding_minimise "$target" "$key" "$file" "$folder/input" ;;
    esac
    if finding_replay "$target" "$folder/input" "$folder/stack.txt"; then
        :
    else
        cp "$report" "$folder/stack.txt"
    fi
    printf '%s\n' "$title" >"$folder/title.txt"
    {
        printf '# %s: %s\n' "$target" "$title"
        printf '%s %s\n' "$(fuzz_program fuzz "$target")" "$folder/input"
        printf '# in words, with any build that has no engine:\n'
        printf '%s --print %s\n' "$(fuzz_program dev "$target")" "$folder/input"
        case $key in
        unstable*) printf '# as the engine had it:\n%s <%s\n' "$(fuzz_program "$(fuzz_preset "$engine")" "$target")" "$folder/input.original" ;;
        esac
    } >"$folder/command.txt" # written last: the finding is complete
}

# findings_show: what this campaign found, on standard output.
findings_show() {
    local folder
    for folder in "${found[@]}"; do
        printf '%sFOUND%s  %s: %s\n' "$colour_bad" "$colour_off" "$target" "$(cat "$folder/title.txt")"
        printf '       %s bytes, seen %s times; stack: %s\n' "$(stat -c %s "$folder/input")" \
            "$(wc -l <"$folder/seen.txt")" "$folder/stack.txt"
        printf '       replay: %s\n' "$(sed -n '/^[^#]/{p;q}' "$folder/command.txt")"
    done
}
