/* Buffer's encodings and StringDecoder, against what Node.js v23.5.0 gives. */
#include "stream/encoding.h"

#include "support/unit.h"

#include <string.h>

static nh_value text(const char *bytes) {
    return nh_string_of(nh_memory_default(), bytes);
}

static void names_are_known_in_any_case(void) {
    ASSERT_INT_EQ(nh_encoding_of_name(nh_bytes_of_text("UTF-8")), NH_ENCODING_UTF8);
    ASSERT_INT_EQ(nh_encoding_of_name(nh_bytes_of_text("Binary")), NH_ENCODING_LATIN1);
    ASSERT_INT_EQ(nh_encoding_of_name(nh_bytes_of_text("ucs-2")), NH_ENCODING_UTF16LE);
    ASSERT_INT_EQ(nh_encoding_of_name(nh_bytes_of_text("BASE64URL")), NH_ENCODING_BASE64URL);
    ASSERT_INT_EQ(nh_encoding_of_name(nh_bytes_of_text("buffer")), NH_ENCODING_UNKNOWN);
    ASSERT_INT_EQ(nh_encoding_of_name(nh_bytes_of_text("")), NH_ENCODING_UNKNOWN);
}

static void unknown_names_are_errors(void) {
    nh_encoding encoding = NH_ENCODING_HEX;
    nh_value name = text("utf-7");
    nh_error *error = nh_encoding_of_value(nh_memory_default(), name, NH_ENCODING_UTF8, &encoding);

    REQUIRE_NOT_NULL(error);
    ASSERT_STR_EQ(nh_error_code(error), "ERR_UNKNOWN_ENCODING");
    ASSERT_STR_EQ(nh_error_message(error), "Unknown encoding: utf-7");
    ASSERT_INT_EQ(encoding, NH_ENCODING_HEX);
    nh_error_release(error);
    nh_value_release(&name);
}

static void unknown_values_are_inspected(void) {
    nh_value list = nh_list_new(nh_memory_default());
    nh_list_append(list, nh_number(1));
    const struct {
        nh_value value;
        const char *message;
    } cases[] = {
        {list, "Unknown encoding: [ 1 ]"},
        {nh_map_new(nh_memory_default()), "Unknown encoding: {}"},
        {nh_number(-0.5), "Unknown encoding: -0.5"},
        {nh_boolean(true), "Unknown encoding: true"},
        {nh_symbol_new(nh_memory_default(), "x", 1), "Unknown encoding: Symbol(x)"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        nh_value value = cases[i].value;
        nh_error *error = nh_encoding_error(nh_memory_default(), value);
        ASSERT_STR_EQ(nh_error_message(error), cases[i].message);
        nh_error_release(error);
        nh_value_release(&value);
    }
}

static void encodes_as_buffer_from(void) {
    static const struct {
        nh_encoding encoding;
        const char *text;
        const char *bytes;
        size_t length;
    } cases[] = {
        {NH_ENCODING_UTF8, "a\xE2\x82\xAC", "a\xE2\x82\xAC", 4},
        {NH_ENCODING_UTF8, "\xED\xA0\xBD", "\xEF\xBF\xBD", 3},
        {NH_ENCODING_LATIN1, "\xED\xA0\xBD\xE2\x82\xACx", "\x3D\xACx", 3},
        {NH_ENCODING_LATIN1, "\xF0\x9F\x98\x80", "\x3D\x00", 2},
        {NH_ENCODING_UTF16LE, "\xF0\x9F\x98\x80", "\x3D\xD8\x00\xDE", 4},
        {NH_ENCODING_HEX, "012", "\x01", 1},
        {NH_ENCODING_HEX, "01zz02", "\x01", 1},
        {NH_ENCODING_BASE64, "YQ==YQ==", "a", 1},
        {NH_ENCODING_BASE64, "Y Q", "a", 1},
        {NH_ENCODING_BASE64, "abc-_", "\x69\xB7\x3E", 3},
        {NH_ENCODING_BASE64, "ab", "\x69", 1},
        {NH_ENCODING_BASE64, "abcde=f", "\x69\xB7\x1D", 3},
        {NH_ENCODING_BASE64URL, "AAAA=", "\x00\x00\x00", 3},
        {NH_ENCODING_BASE64, "", "", 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        nh_value string = text(cases[i].text);
        nh_value buffer = nh_encode(nh_memory_default(), string, cases[i].encoding);
        nh_bytes bytes = nh_value_bytes(buffer);
        ASSERT_MEM_EQ(bytes.data, bytes.length, cases[i].bytes, cases[i].length);
        ASSERT_TRUE(nh_encoded_size(string, cases[i].encoding) >= bytes.length);
        nh_value_release(&string);
        nh_value_release(&buffer);
    }
}

static void decodes_as_to_string(void) {
    static const struct {
        nh_encoding encoding;
        const char *bytes;
        size_t length;
        const char *text;
    } cases[] = {
        {NH_ENCODING_HEX, "\x01\xFF", 2, "01ff"},
        {NH_ENCODING_ASCII, "\xC1", 1, "A"},
        {NH_ENCODING_LATIN1, "\xFF", 1, "\xC3\xBF"},
        {NH_ENCODING_BASE64, "\xFB\xFF", 2, "+/8="},
        {NH_ENCODING_BASE64URL, "\xFB\xFF", 2, "-_8"},
        {NH_ENCODING_UTF16LE, "\x3D\xD8\x00\xDE\x41", 5, "\xF0\x9F\x98\x80"},
        {NH_ENCODING_UTF16LE, "\x3D\xD8\x41\x00", 4, "\xED\xA0\xBD\x41"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        nh_value string = nh_decode(
            nh_memory_default(), nh_bytes_of(cases[i].bytes, cases[i].length), cases[i].encoding);
        ASSERT_STR_EQ(nh_value_text(string), cases[i].text);
        nh_value_release(&string);
    }
}

/* One chunk, and what comes out of it. */
struct step {
    const char *bytes;
    size_t length;
    const char *text;
};

static void check_decoder(nh_encoding encoding, const struct step *steps, size_t count,
                          const char *rest) {
    nh_string_decoder decoder;

    nh_string_decoder_init(&decoder, encoding);
    for (size_t i = 0; i < count; i++) {
        nh_value out = nh_string_decoder_write(&decoder, nh_memory_default(),
                                               nh_bytes_of(steps[i].bytes, steps[i].length));
        ASSERT_STR_EQ(nh_value_text(out), steps[i].text);
        nh_value_release(&out);
    }
    nh_value out = nh_string_decoder_end(&decoder, nh_memory_default());
    ASSERT_STR_EQ(nh_value_text(out), rest);
    nh_value_release(&out);
}

#define REPLACEMENT "\xEF\xBF\xBD"
#define CHECK_DECODER(encoding, rest, ...)                                                         \
    do {                                                                                           \
        static const struct step steps[] = {__VA_ARGS__};                                          \
        check_decoder((encoding), steps, sizeof(steps) / sizeof(steps[0]), (rest));                \
    } while (0)

static void characters_are_put_together(void) {
    CHECK_DECODER(NH_ENCODING_UTF8, "", {"\xE2", 1, ""}, {"\x82\xAC", 2, "\xE2\x82\xAC"});
    CHECK_DECODER(NH_ENCODING_UTF8, "", {"\xF0\x9F", 2, ""}, {"\x98", 1, ""},
                  {"\x80", 1, "\xF0\x9F\x98\x80"});
    CHECK_DECODER(NH_ENCODING_UTF16LE, "", {"\x3D", 1, ""},
                  {"\xD8\x4D\xDC", 3, "\xF0\x9F\x91\x8D"});
    CHECK_DECODER(NH_ENCODING_UTF16LE, "", {"\x3D\xD8", 2, ""}, {"\x4D", 1, ""},
                  {"\xDC", 1, "\xF0\x9F\x91\x8D"});
    CHECK_DECODER(NH_ENCODING_BASE64, "BA==", {"\x01", 1, ""}, {"\x02\x03\x04", 3, "AQID"});
    CHECK_DECODER(NH_ENCODING_BASE64URL, "-_8", {"\xFB", 1, ""}, {"\xFF", 1, ""});
    CHECK_DECODER(NH_ENCODING_HEX, "", {"\x01", 1, "01"}, {"\xFF", 1, "ff"});
}

static void what_never_completes_is_replaced(void) {
    CHECK_DECODER(NH_ENCODING_UTF8, REPLACEMENT, {"\xE2\x82", 2, ""});
    CHECK_DECODER(NH_ENCODING_UTF8, REPLACEMENT, {"\xF0\x9F\x98", 3, ""});
    CHECK_DECODER(NH_ENCODING_UTF8, "", {"\xE2", 1, ""}, {"\x41", 1, REPLACEMENT "A"});
    CHECK_DECODER(NH_ENCODING_UTF8, "", {"\xED", 1, ""}, {"\xA0", 1, ""},
                  {"\x80", 1, REPLACEMENT REPLACEMENT REPLACEMENT});
    CHECK_DECODER(NH_ENCODING_UTF8, "", {"\xC0", 1, ""}, {"\x80", 1, REPLACEMENT REPLACEMENT});
    CHECK_DECODER(NH_ENCODING_UTF8, "", {"\xF4", 1, ""}, {"\x90", 1, ""},
                  {"\x80\x80", 2, REPLACEMENT REPLACEMENT REPLACEMENT REPLACEMENT});
    CHECK_DECODER(NH_ENCODING_UTF8, REPLACEMENT REPLACEMENT REPLACEMENT, {"\xF0\x80", 2, ""},
                  {"\x80", 1, ""});
    CHECK_DECODER(NH_ENCODING_UTF8, REPLACEMENT REPLACEMENT, {"\xF5\x80", 2, ""});
    CHECK_DECODER(NH_ENCODING_UTF16LE, "", {"\x3D\xD8\x4D", 3, "\xED\xA0\xBD"});
    CHECK_DECODER(NH_ENCODING_UTF16LE, "", {"\x3D", 1, ""});
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(names_are_known_in_any_case),
        UNIT_CASE(unknown_names_are_errors),
        UNIT_CASE(unknown_values_are_inspected),
        UNIT_CASE(encodes_as_buffer_from),
        UNIT_CASE(decodes_as_to_string),
        UNIT_CASE(characters_are_put_together),
        UNIT_CASE(what_never_completes_is_replaced),
    };
    return UNIT_RUN("encoding", cases, argc, argv);
}
