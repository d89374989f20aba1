# shellcheck shell=bash disable=SC2154,SC2034 # the settings and the campaign's variables: targets.sh, campaign.sh
# The reports of campaigns: one JSON row a line for every engine and target, the last run of each. A new row takes the
# place of the one for the same engine and target; the others stay, whenever and wherever they were made.

# json_text TEXT: as a JSON string.
json_text() {
    printf '"%s"' "$(printf '%s' "$1" | tr -d '\000-\037' | sed 's/[\\"]/\\&/g')"
}

report_machine() {
    local cpu
    cpu=$(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)
    printf '%s, %s cores, Linux %s' "${cpu:-$(uname -m)}" "$(nproc)" "$(uname -r | cut -d - -f 1)"
}

report_revision() {
    git -C "$root" rev-parse --short HEAD 2>/dev/null || echo unknown
}

# report_row: the campaign's row.
report_row() {
    local folder separator='' titles=''
    for folder in "${found[@]}"; do
        titles+=$separator$(json_text "$(cat "$folder/title.txt")")
        separator=', '
    done
    printf '{"engine": "%s", "target": "%s", "date": "%s", "revision": "%s", "machine": %s, ' \
        "$engine" "$target" "$(date -u +%Y-%m-%d)" "$(report_revision)" "$(json_text "$(report_machine)")"
    printf '"minutes": %s, "jobs": %d, "runs": %d, "runs_per_second": %d, ' \
        "$(awk -v s="$elapsed" 'BEGIN { printf "%.2f", s / 60 }')" "$jobs" "$runs" "$rate"
    printf '"corpus_before": %d, "corpus_after": %d, "edges": %d, "features": %d, "interrupted": %s, "findings": [%s]}' \
        "$corpus_before" "$corpus_after" "$edges" "$features" "$([ -z "$interrupted" ] && echo false || echo true)" "$titles"
}

# report_add BASE ROW: into BASE.json, then BASE.md from it.
report_add() {
    local base=$1 row=$2 rows
    mkdir -p "$(dirname "$base")"
    rows=$(mktemp)
    {
        [ ! -f "$base.json" ] || grep -E '^ *\{"engine": ' "$base.json" | sed 's/^ *//; s/,$//' |
            grep -v -F "${row%%, \"date\"*}," || true
        printf '%s\n' "$row"
    } | LC_ALL=C sort >"$rows"
    {
        printf '{"runs": [\n'
        sed 's/^/  /; $!s/$/,/' "$rows"
        printf ']}\n'
    } >"$base.json.new"
    mv "$base.json.new" "$base.json"
    report_markdown "$base" "$rows" >"$base.md"
    rm -f "$rows"
}

# report_fields ROWS: the columns of a table, tab-separated.
report_fields() {
    awk '
        function field(name,   at, rest) {
            at = index($0, "\"" name "\": ")
            rest = substr($0, at + length(name) + 4)
            if (substr(rest, 1, 1) == "\"") { rest = substr(rest, 2); sub(/".*/, "", rest) } else sub(/[,}].*/, "", rest)
            return rest
        }
        {
            list = $0; sub(/.*"findings": \[/, "", list); sub(/\]\}$/, "", list)
            found = list == "" ? 0 : gsub(/", "/, "", list) + 1
            printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s%s\n", field("target"), field("engine"), field("minutes"),
                field("jobs"), field("runs"), field("runs_per_second"), field("corpus_before"), field("corpus_after"),
                field("edges"), field("features"), found, field("revision"), field("date"),
                field("interrupted") == "true" ? ", interrupted" : ""
        }' "$1"
}

report_markdown() {
    local base=$1 rows=$2
    # shellcheck disable=SC2016 # the backquotes are Markdown
    printf '# Fuzzing\n\nMade by `script/fuzz`; figures in `%s.json`. The last run of every target on each engine, with the revision it ran on. ' \
        "$(basename "$base")"
    printf '"Runs/s" are those of all jobs together. "Corpus" is the number of inputs at the beginning and, minimised, at the end; edges and features '
    printf 'are what the minimised corpus reaches under libFuzzer, so that the engines can be compared. '
    # shellcheck disable=SC2016 # the backquotes are Markdown
    printf 'Line coverage by file: [`coverage.md`](coverage.md).\n\n'
    printf '| target | engine | minutes | jobs | runs | runs/s | corpus | edges | features | findings | revision, date |\n'
    printf '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n'
    report_fields "$rows" | sort | awk -F '\t' '
        { printf "| %s | %s | %s | %s | %s | %s | %s → %s | %s | %s | %s | %s, %s |\n", $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 }'
    printf '\n'
    awk '{ machine = $0; sub(/.*"machine": "/, "", machine); sub(/".*/, "", machine)
        if (!(machine in seen)) { seen[machine] = 1; print "Machine: " machine "." } }' "$rows"
    local titles
    titles=$(sed -n 's/.*"target": "\([a-z0-9_]*\)".*"findings": \[\(".*\)\]}$/\1: \2/p' "$rows")
    [ -z "$titles" ] || printf '\nFindings:\n\n%s\n' "$(printf '%s\n' "$titles" | sed 's/^/- /')"
}

# report_table ROWS: for people, on standard output.
report_table() {
    {
        printf 'target\tengine\tminutes\tjobs\truns\truns/s\tcorpus\tedges\tfeatures\tfindings\n'
        report_fields "$1" | awk -F '\t' -v OFS='\t' '{ print $1, $2, $3, $4, $5, $6, $7 " > " $8, $9, $10, $11 }'
    } | awk -F '\t' '
        { for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } columns = NF }
        END { for (row = 1; row <= NR; row++) { line = ""
            for (i = 1; i <= columns; i++) line = line sprintf(i < 3 ? "%-*s  " : "%*s  ", width[i], cell[row, i])
            sub(/ +$/, "", line); print line } }'
}
