# shellcheck shell=bash disable=SC2154,SC2034 # the settings: targets.sh
# What the corpora reach, by clang's source coverage: every input is replayed in a build without an engine.

# The group whose aim is higher: what turns bytes into messages and back, and says which bytes are allowed.
coverage_group_name='parser glue, headers, validation'
coverage_group=(wire_parser.c message_parser.c parser.c header_block.c header_store.c header_validation.c
    outgoing_headers.c outgoing_head.c)
coverage_reasons=$root/fuzzers/unreached.txt

# coverage_tool NAME: llvm's tool of the version that belongs to clang.
coverage_tool() {
    local major
    major=$(clang -dumpversion 2>/dev/null | cut -d . -f 1)
    if have "$1-$major"; then
        echo "$1-$major"
    elif have "$1"; then
        echo "$1"
    else
        die "there is no $1" "install Debian's package llvm (script/setup fuzz)"
    fi
}

# coverage_replay WORK COMMITTED_ONLY TARGET...: one profile a target.
coverage_replay() {
    local work=$1 committed_only=$2 target folders failed=0
    shift 2
    for target in "$@"; do
        mapfile -t folders < <(fuzz_committed "$target" && { [ "$committed_only" = yes ] || fuzz_found "$target"; })
        if [ ${#folders[@]} -eq 0 ]; then
            note "$target: no inputs"
            continue
        fi
        # A target that fails writes no profile: what it reached is missing, so that is an error.
        if LLVM_PROFILE_FILE=$work/$target.profraw "$(fuzz_program coverage "$target")" "${folders[@]}" \
            >"$work/$target.log" 2>&1 </dev/null; then
            note "$target: $(tail -n 1 "$work/$target.log")"
        else
            note "$target: the replay failed, see $work/$target.log"
            tail -n 5 "$work/$target.log" | sed 's/^/        /' >&2
            failed=1
        fi
    done
    return $failed
}

# coverage_files LCOV: a line a file: PATH LINES HIT FUNCTIONS HIT BRANCHES HIT
coverage_files() {
    awk -F : -v root="$root/" '
        /^SF:/ { file = substr($0, 4); if (index(file, root) == 1) file = substr(file, length(root) + 1); lf = lh = fnf = fnh = brf = brh = 0 }
        /^LF:/ { lf = $2 } /^LH:/ { lh = $2 } /^FNF:/ { fnf = $2 } /^FNH:/ { fnh = $2 } /^BRF:/ { brf = $2 } /^BRH:/ { brh = $2 }
        /^end_of_record/ && file ~ /^lib\/src\// { print file, lf, lh, fnf, fnh, brf, brh }' "$1" | LC_ALL=C sort
}

# coverage_ranges LCOV: the lines that nothing reached, in lib/src/http: PATH FIRST LAST FUNCTION TEXT, tab-separated,
# TEXT being the first line's. Lines that are no code do not end a range.
coverage_ranges() {
    awk -v root="$root/" '
        function flush() {
            if (first) printf "%s\t%d\t%d\t%s\t%s\n", file, first, last, owner, text
            first = 0
        }
        function name_of(line,   i, best) {
            best = 0
            for (i in begins) if (begins[i] <= line && begins[i] > best) { best = begins[i]; owner_found = i }
            return best ? owner_found : "-"
        }
        /^SF:/ {
            path = substr($0, 4); file = path
            if (index(file, root) == 1) file = substr(file, length(root) + 1)
            wanted = file ~ /^lib\/src\/http\//
            split("", begins); split("", source); first = 0
            if (wanted) { n = 0; while ((getline line < path) > 0) source[++n] = line; close(path) }
        }
        !wanted { next }
        /^FN:/ { split(substr($0, 4), part, ","); name = part[2]; sub(/.*:/, "", name); begins[name] = part[1] + 0 }
        /^DA:/ {
            split(substr($0, 4), part, ",")
            if (part[2] > 0) { flush(); next }
            owner_now = name_of(part[1])
            if (first && owner_now != owner) flush()
            if (!first) {
                first = part[1]; owner = owner_now; text = source[first]
                gsub(/\t/, " ", text); sub(/^ +/, "", text); sub(/ +$/, "", text)
            }
            last = part[1]
        }
        /^end_of_record/ { flush() }' "$1"
}

# coverage_explain RANGES: the ranges with their reasons, PATH FIRST LAST FUNCTION TEXT REASON, on standard output.
# Entries of the reasons that explain nothing any more go to standard error, as lines that begin with "stale:".
# The file of reasons: see fuzzers/README.md.
coverage_explain() {
    awk -F '\t' -v root="$root/" -v reasons="$coverage_reasons" '
        function trim(text) { sub(/^[ \t]+/, "", text); sub(/[ \t]+$/, "", text); return text }
        BEGIN {
            while ((getline line < reasons) > 0) {
                number++
                if (line ~ /^[ \t]*(#|$)/) continue
                if (line ~ /^[ \t]/) {
                    if (count) why[count] = why[count] (why[count] == "" ? "" : " ") trim(line)
                    continue
                }
                head = line; sub(/:.*/, "", head)
                if (split(head, part, " ") != 2) { print "stale: line " number ": not FILE FUNCTION: TEXT" > "/dev/stderr"; continue }
                count++
                text = line; sub(/^[^:]*:/, "", text)
                path[count] = part[1]; owner[count] = part[2]; wanted[count] = trim(text); at[count] = number; why[count] = ""
            }
        }
        {
            reason = ""
            for (i = 1; i <= count; i++)
                if (path[i] == $1 && owner[i] == $4 && (wanted[i] == "*" || wanted[i] == $5)) { used[i] = 1; if (reason == "") reason = why[i] }
            print $0 "\t" reason
        }
        END {
            for (i = 1; i <= count; i++) {
                if (why[i] == "") print "stale: line " at[i] ": no reason given" > "/dev/stderr"
                if (used[i]) continue
                found = 0
                while ((getline line < (root path[i])) > 0) {
                    if (wanted[i] == "*" ? index(line, owner[i] "(") : trim(line) == wanted[i]) found = 1
                }
                close(root path[i])
                print "stale: line " at[i] ": " path[i] " " owner[i] ": " (found ? "is reached" : "is not in the source any more") \
                    ": " wanted[i] > "/dev/stderr"
            }
        }' "$1"
}

# coverage_sum FILES PATTERN: of the files whose path matches: LINES HIT FUNCTIONS HIT BRANCHES HIT
coverage_sum() {
    awk -v pattern="$2" '$1 ~ pattern { for (i = 2; i <= 7; i++) sum[i] += $i }
        END { print sum[2] + 0, sum[3] + 0, sum[4] + 0, sum[5] + 0, sum[6] + 0, sum[7] + 0 }' "$1"
}

coverage_group_pattern() {
    local names
    names=$(printf '%s|' "${coverage_group[@]}")
    printf '/http/(%s)$' "$(printf '%s' "${names%|}" | sed 's/[.]/[.]/g')"
}

# coverage_percents FORMAT SEPARATOR NUMBERS: lines, functions, branches, rounded down.
coverage_percents() {
    awk -v format="$1" -v separator="$2" '{ for (i = 1; i <= 5; i += 2)
        printf format "%s", $i ? int($(i + 1) * 1000 / $i) / 10 : 100, i < 5 ? separator : "\n" }' <<<"$3"
}

# coverage_json_numbers NUMBERS
coverage_json_numbers() {
    local numbers
    read -ra numbers <<<"$1"
    printf '"lines": %d, "lines_reached": %d, "functions": %d, "functions_reached": %d, "branches": %d, "branches_reached": %d, ' "${numbers[@]}"
    printf '"percent": [%s]' "$(coverage_percents '%.1f' ', ' "$1")"
}

coverage_json() {
    local work=$1 what=$2 separator='' name numbers
    printf '{\n  "date": "%s", "revision": "%s", "inputs": %s,\n  "totals": {\n' "$(date -u +%Y-%m-%d)" "$(report_revision)" "$(json_text "$what")"
    while IFS=$'\t' read -r name numbers; do
        printf '%s    %s: {%s}' "$separator" "$(json_text "$name")" "$(coverage_json_numbers "$numbers")"
        separator=$',\n'
    done <"$work/totals"
    printf '\n  },\n  "files": [\n'
    separator=''
    while read -r name numbers; do
        printf '%s    {"file": "%s", %s}' "$separator" "$name" "$(coverage_json_numbers "$numbers")"
        separator=$',\n'
    done <"$work/files"
    printf '\n  ],\n  "unreached": [\n'
    separator=''
    local first last owner text reason
    while IFS=$'\t' read -r name first last owner text reason; do
        printf '%s    {"file": "%s", "first": %d, "last": %d, "function": "%s", "text": %s, "reason": %s}' "$separator" "$name" \
            "$first" "$last" "$owner" "$(json_text "$text")" "$(if [ -z "$reason" ]; then echo null; else json_text "$reason"; fi)"
        separator=$',\n'
    done <"$work/explained"
    printf '\n  ]\n}\n'
}

coverage_markdown() {
    local work=$1 what=$2 name numbers
    # shellcheck disable=SC2016 # the backquotes are Markdown
    printf '# Coverage by the corpora\n\n%s, revision %s. Made by `script/fuzz --coverage`, which replays %s; figures in `coverage.json`.\n\n' \
        "$(date -u +%Y-%m-%d)" "$(report_revision)" "$what"
    printf '| | lines | functions | branches |\n| --- | ---: | ---: | ---: |\n'
    while IFS=$'\t' read -r name numbers; do
        printf '| %s | %s |\n' "$name" "$(coverage_percents '%.1f %%' ' | ' "$numbers")"
    done <"$work/totals"
    # shellcheck disable=SC2016 # the backquotes are Markdown
    printf '\nAims: 90 %% of the lines of `lib/src/http`, 97 %% of "%s" (%s).\n' "$coverage_group_name" \
        "$(printf '`%s`, ' "${coverage_group[@]}" | sed 's/, $//')"
    printf '\n## By file\n\n| file | lines | functions | branches |\n| --- | ---: | ---: | ---: |\n'
    while read -r name numbers; do
        printf '| %s | %s |\n' "$name" "$(coverage_percents '%.1f %%' ' | ' "$numbers")"
    done <"$work/files"
    # shellcheck disable=SC2016 # the backquotes are Markdown
    printf '\n## Not reached in `lib/src/http`\n\nReasons come from [`fuzzers/unreached.txt`](../../fuzzers/unreached.txt).\n'
    awk -F '\t' '
        $1 != file { file = $1; printf "\n### %s\n\n| lines | in | reason |\n| --- | --- | --- |\n", file }
        { text = $5; gsub(/\|/, "\\|", text)
          printf "| %s | `%s`: `%s` | %s |\n", $2 == $3 ? $2 : $2 "–" $3, $4, text, $6 }' "$work/explained"
}

# coverage COMMITTED_ONLY TARGET...: status 1 when an input failed or a reason is stale.
coverage() {
    local committed_only=$1 target profiles status=0 what
    local work=$fuzz_build/fuzzing/coverage library=$fuzz_build/coverage/lib/libnodehttp.a
    shift
    fuzz_setup build fuzz
    fuzz_prepare coverage "$@"
    local profdata cov
    profdata=$(coverage_tool llvm-profdata)
    cov=$(coverage_tool llvm-cov)
    rm -rf "$work"
    mkdir -p "$work" "$fuzz_reports"
    step "replaying the corpora (build/coverage)"
    coverage_replay "$work" "$committed_only" "$@" || status=1
    mapfile -t profiles < <(find "$work" -name '*.profraw')
    [ ${#profiles[@]} -gt 0 ] || die "no input was replayed" "script/fuzz --seeds makes some; cmake --preset coverage has to build with clang"
    "$profdata" merge -sparse -o "$work/all.profdata" "${profiles[@]}"
    # The whole library, not what the programs were linked with: a file that no target uses counts too. As one object,
    # for llvm-cov wants sections aligned, which members of an archive are not always.
    if ! ld -r --whole-archive "$library" -o "$work/library.o" 2>"$work/cov.log" ||
        ! "$cov" export -format=lcov -instr-profile="$work/all.profdata" "$work/library.o" >"$work/all.lcov" 2>>"$work/cov.log"; then
        die "$cov failed" "see $work/cov.log"
    fi
    coverage_files "$work/all.lcov" >"$work/files"
    for target in "${coverage_group[@]}"; do
        grep -q "^lib/src/http/$target " "$work/files" || die "lib/src/http/$target is not in the coverage" \
            "if it was renamed, change coverage_group in script/lib/fuzz/coverage.sh"
    done
    coverage_ranges "$work/all.lcov" >"$work/ranges"
    coverage_explain "$work/ranges" >"$work/explained" 2>"$work/stale"
    {
        printf 'lib/src/http\t%s\n' "$(coverage_sum "$work/files" '^lib/src/http/')"
        printf '%s\t%s\n' "$coverage_group_name" "$(coverage_sum "$work/files" "$(coverage_group_pattern)")"
        printf 'lib/src\t%s\n' "$(coverage_sum "$work/files" .)"
    } >"$work/totals"
    what='the committed inputs and what this machine'\''s campaigns kept'
    [ "$committed_only" = no ] || what='the committed inputs'
    [ $# -eq "$(fuzz_targets | wc -l)" ] || what+=" of $*"
    coverage_json "$work" "$what" >"$fuzz_reports/coverage.json"
    coverage_markdown "$work" "$what" >"$fuzz_reports/coverage.md"
    step "written: $fuzz_reports/coverage.json, $fuzz_reports/coverage.md"
    sed -n '/^| | lines/,/^$/p' "$fuzz_reports/coverage.md"
    printf '%d ranges of lib/src/http are not reached, %d of them without a reason\n' \
        "$(wc -l <"$work/explained")" "$(awk -F '\t' '$6 == ""' "$work/explained" | wc -l)"
    if [ -s "$work/stale" ]; then
        sed "s,^stale:,$(basename "$coverage_reasons"):," "$work/stale"
        status=1
    fi
    return $status
}
