#include "scenario/version.h"

#include "support/unit.h"

static void ranges(void) {
    static const struct {
        const char *range;
        const char *version;
        bool included;
    } cases[] = {
        {">=24", "24.0.0", true},       {">=24", "23.11.9", false},
        {"<24", "23.99.0", true},       {">23", "23.5.0", false},
        {">23", "24.0.0", true},        {"<=23.5", "23.5.7", true},
        {"<=23.5", "23.6.0", false},    {"23", "23.5.0", true},
        {"=23.5.0", "23.5.0", true},    {"23.5.0", "23.5.1", false},
        {">=20 <24", "22.0.0", true},   {">=20 <24", "24.0.0", false},
        {"<20 || >=24", "25", true},    {"<20 || >=24", "22.1.0", false},
        {"*", "0.0.1", true},           {">=24", "v24.0.0-nightly2025", true},
        {">= 24", "24.1.0", true},      {">=1.10", "1.9.0", false},
        {">=24", "twenty-four", false}, {">=24", "", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!ASSERT_TRUE(ts_range_includes(cases[i].range, cases[i].version) ==
                         cases[i].included)) {
            ASSERT_STR_EQ(cases[i].range, cases[i].version);
        }
    }
}

static void malformed_ranges(void) {
    static const char *const ranges[] = {"",    "  ",       ">=",         "24 ||", "|| 24",
                                         "24.", "24.1.2.3", "^24",        "24x",   "latest",
                                         "|",   "24|25",    "99999999999"};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (!ASSERT_FALSE(ts_range_is_valid(ranges[i]))) {
            ASSERT_STR_EQ(ranges[i], "refused");
        }
        ASSERT_FALSE(ts_range_includes(ranges[i], "24.0.0"));
    }
}

static void who_is_meant(void) {
    json_t *when = json_pack("{s:s}", "node", ">=24");
    ASSERT_FALSE(ts_when_applies(when, "node", "23.5.0"));
    ASSERT_FALSE(ts_when_applies(when, "node@23.5.0", "23.5.0"));
    ASSERT_TRUE(ts_when_applies(when, "node@24.0.0", "24.0.0"));
    ASSERT_TRUE(ts_when_applies(when, "bun", "1.2.0"));
    ASSERT_FALSE(ts_when_names(when, "bun", "1.2.0"));
    ASSERT_FALSE(ts_when_applies(when, "reference", "99.0.0"));
    ASSERT_FALSE(ts_when_applies(when, "reference-uv", "99.0.0"));
    ASSERT_TRUE(ts_when_applies(NULL, "node", "1.0.0"));
    json_decref(when);
    when = json_pack("{s:s, s:s}", "node", ">=24", "reference", "*");
    ASSERT_TRUE(ts_when_applies(when, "reference-uv", "0.1.0"));
    json_decref(when);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {UNIT_CASE(ranges), UNIT_CASE(malformed_ranges),
                                             UNIT_CASE(who_is_meant)};
    return UNIT_RUN("version", cases, argc, argv);
}
