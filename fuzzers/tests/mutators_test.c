/* The mutators: bounded, repeatable, and mostly within the grammar. */
#include <nodehttp/message_parser.h>
#include <stdlib.h>
#include <string.h>

#include "mutators/message.h"
#include "mutators/parts.h"
#include "mutators/script.h"
#include "support/unit.h"

#define ROUNDS 4000

static const char requests[] = "POST /upload?x=1 HTTP/1.1\r\nHost: localhost\r\nX-A: one\r\n"
                               "Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"
                               "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-T: y\r\n\r\n"
                               "PUT /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
                               "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

static const char responses[] =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    "HTTP/1.1 204 No Content\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nabc\r\n0\r\n\r\nHTTP/1.0 404 Not Found\r\n\r\nuntil the end";

static const struct fuzz_operation operations[] = {
    {"turn", ""},     {"step", "b"},  {"wait", "s"},        {"send", "bh"},
    {"header", "nv"}, {"body", "bd"}, {"other-send", "bh"}, {"all", "bsnv"},
};

static const struct fuzz_script_format format = {
    .prefix = 5, .operations = operations, .count = sizeof operations / sizeof operations[0]};

/* A block of exactly its capacity, so that a sanitizer sees what is written past it. */
static struct fuzz_buffer buffer_of(const void *bytes, size_t length, size_t capacity) {
    uint8_t *data = calloc(capacity, 1);
    REQUIRE_NOT_NULL(data);
    memcpy(data, bytes, length);
    return (struct fuzz_buffer){data, length, capacity};
}

static bool is_parsed(nh_message_kind kind, const struct fuzz_buffer *stream) {
    static const nh_message_parser_hooks hooks = {.head = NULL};
    nh_message_parser *parser = nh_message_parser_new(NULL, kind, NULL, &hooks, NULL);
    REQUIRE_NOT_NULL(parser);
    nh_bytes bytes = {stream->data, stream->length};
    bool good = nh_message_parser_execute(parser, bytes, NULL) == NULL;
    nh_message_parser_free(parser);
    return good;
}

/* How many mutants of a stream, out of a hundred, a parser reads to the end. */
static size_t percentage_parsed(nh_message_kind kind, const char *stream, size_t length) {
    size_t good = 0;
    for (size_t seed = 0; seed < ROUNDS; seed++) {
        struct fuzz_mutator mutator = {fuzz_random_of(seed), NULL};
        struct fuzz_buffer buffer = buffer_of(stream, length, 4096);
        fuzz_mutate_message(&mutator, &buffer);
        good += is_parsed(kind, &buffer);
        free(buffer.data);
    }
    return good * 100 / ROUNDS;
}

static void most_mutants_of_requests_are_requests(void) {
    size_t good = percentage_parsed(NH_MESSAGE_REQUEST, requests, sizeof requests - 1);
    ASSERT_TRUE(good > 50);
    ASSERT_TRUE(good < 95);
}

static void most_mutants_of_responses_are_responses(void) {
    size_t good = percentage_parsed(NH_MESSAGE_RESPONSE, responses, sizeof responses - 1);
    ASSERT_TRUE(good > 50);
    ASSERT_TRUE(good < 95);
}

static void mutants_of_messages_stay_in_their_room(void) {
    for (size_t seed = 0; seed < ROUNDS; seed++) {
        struct fuzz_mutator mutator = {fuzz_random_of(seed), NULL};
        size_t capacity = 1 + fuzz_random_below(&mutator.random, 2 * sizeof requests);
        size_t length = fuzz_random_below(&mutator.random, sizeof requests);
        struct fuzz_buffer buffer =
            buffer_of(requests, length < capacity ? length : capacity, capacity);
        for (size_t i = 0; i < 20; i++) {
            fuzz_mutate_message(&mutator, &buffer);
            ASSERT_TRUE(buffer.length <= capacity);
        }
        free(buffer.data);
    }
}

static void mutants_of_messages_reach_the_limit_of_a_head(void) {
    size_t longest = 0;
    for (size_t seed = 0; seed < ROUNDS; seed++) {
        struct fuzz_mutator mutator = {fuzz_random_of(seed), NULL};
        struct fuzz_buffer buffer = buffer_of(requests, sizeof requests - 1, 20000);
        fuzz_mutate_message(&mutator, &buffer);
        longest = buffer.length > longest ? buffer.length : longest;
        free(buffer.data);
    }
    ASSERT_TRUE(longest > 16384);
}

/* Most edits change something, and the same seed makes the same of it. */
static void mutants_of_messages_follow_from_the_seed(void) {
    size_t unchanged = 0;
    for (size_t seed = 0; seed < ROUNDS; seed++) {
        struct fuzz_buffer mutants[2];
        for (size_t i = 0; i < 2; i++) {
            struct fuzz_mutator mutator = {fuzz_random_of(seed), NULL};
            mutants[i] = buffer_of(requests, sizeof requests - 1, 2000);
            fuzz_mutate_message(&mutator, &mutants[i]);
        }
        ASSERT_MEM_EQ(mutants[0].data, mutants[0].length, mutants[1].data, mutants[1].length);
        unchanged += mutants[0].length == sizeof requests - 1 &&
                     memcmp(mutants[0].data, requests, sizeof requests - 1) == 0;
        free(mutants[0].data);
        free(mutants[1].data);
    }
    ASSERT_TRUE(unchanged < ROUNDS / 20);
}

static void crossed_messages_stay_in_their_room(void) {
    for (size_t seed = 0; seed < ROUNDS; seed++) {
        struct fuzz_mutator mutator = {fuzz_random_of(seed), NULL};
        size_t capacity = 1 + fuzz_random_below(&mutator.random, 2 * sizeof requests);
        struct fuzz_buffer buffer = buffer_of("", 0, capacity);
        fuzz_cross_messages(&mutator, (const uint8_t *)requests, sizeof requests - 1,
                            (const uint8_t *)responses, sizeof responses - 1, &buffer);
        ASSERT_TRUE(buffer.length <= capacity);
        free(buffer.data);
    }
}

static void parts_cover_the_stream(void) {
    for (size_t seed = 0; seed < ROUNDS; seed++) {
        struct fuzz_mutator mutator = {fuzz_random_of(seed), NULL};
        struct fuzz_buffer buffer = buffer_of(requests, sizeof requests - 1, 8192);
        for (size_t i = 0; i < 5; i++) {
            fuzz_mutate_message(&mutator, &buffer);
        }
        static struct fuzz_parts parts;
        fuzz_parts_read(&parts, buffer.data, buffer.length);
        size_t at = 0;
        for (size_t i = 0; i < parts.count; i++) {
            ASSERT_SIZE_EQ(parts.parts[i].at, at);
            ASSERT_TRUE(parts.parts[i].length != 0);
            at += parts.parts[i].length;
        }
        ASSERT_SIZE_EQ(at, buffer.length);
        free(buffer.data);
    }
}

static void parts_of_a_stream_are_told(void) {
    static const enum fuzz_part_kind kinds[] = {
        FUZZ_PART_START,      FUZZ_PART_FIELD,      FUZZ_PART_FIELD,        FUZZ_PART_FIELD,
        FUZZ_PART_FIELD,      FUZZ_PART_HEAD_END,   FUZZ_PART_CHUNK_HEAD,   FUZZ_PART_CHUNK_BODY,
        FUZZ_PART_CHUNK_END,  FUZZ_PART_CHUNK_HEAD, FUZZ_PART_CHUNK_BODY,   FUZZ_PART_CHUNK_END,
        FUZZ_PART_CHUNK_HEAD, FUZZ_PART_TRAILER,    FUZZ_PART_TRAILERS_END, FUZZ_PART_START,
        FUZZ_PART_FIELD,      FUZZ_PART_FIELD,      FUZZ_PART_HEAD_END,     FUZZ_PART_BODY,
        FUZZ_PART_START,      FUZZ_PART_FIELD,      FUZZ_PART_FIELD,        FUZZ_PART_HEAD_END};
    static struct fuzz_parts parts;
    fuzz_parts_read(&parts, (const uint8_t *)requests, sizeof requests - 1);
    REQUIRE_SIZE_EQ(parts.count, sizeof kinds / sizeof kinds[0]);
    for (size_t i = 0; i < parts.count; i++) {
        ASSERT_INT_EQ(parts.parts[i].kind, kinds[i]);
    }
    ASSERT_UINT_EQ(parts.messages, 3);
}

/* A script with an operation of every kind. */
static struct fuzz_buffer script_of(size_t capacity) {
    static const uint8_t settings[5] = {1, 2, 3, 4, 5};
    struct fuzz_buffer script = buffer_of(settings, sizeof settings, capacity);
    for (size_t i = 0; i < 2 * format.count; i++) {
        struct fuzz_step step = {.operation = i % format.count, .numbers = {7, 300}};
        for (size_t k = 0; k < FUZZ_SCRIPT_ARGUMENTS; k++) {
            step.bytes[k] = (nh_bytes){(const uint8_t *)requests, 20 * (k + 1)};
        }
        script.length += fuzz_script_write(&format, &step, script.data + script.length,
                                           script.capacity - script.length);
    }
    return script;
}

/* Read and written again a mutant is the same: whole operations, lengths that are true. */
static void assert_is_settled(const struct fuzz_buffer *script) {
    struct fuzz_input input = fuzz_input_of(script->data, script->length);
    ASSERT_SIZE_EQ(fuzz_input_bytes(&input, format.prefix).length, format.prefix);
    static uint8_t again[8192];
    struct fuzz_step step;
    size_t length = 0;
    while (fuzz_script_next(&format, &input, &step)) {
        size_t more = fuzz_script_write(&format, &step, again + length, sizeof again - length);
        REQUIRE_TRUE(more != 0);
        length += more;
    }
    ASSERT_MEM_EQ(again, length, script->data + format.prefix, script->length - format.prefix);
}

static void mutants_of_scripts_are_scripts(void) {
    for (size_t seed = 0; seed < ROUNDS; seed++) {
        struct fuzz_mutator mutator = {fuzz_random_of(seed), NULL};
        struct fuzz_buffer script = script_of(2048 + fuzz_random_below(&mutator.random, 2048));
        for (size_t i = 0; i < 5; i++) {
            fuzz_mutate_script(&format, &mutator, &script);
            ASSERT_TRUE(script.length <= script.capacity);
        }
        assert_is_settled(&script);
        free(script.data);
    }
}

static void mutants_of_any_bytes_are_scripts(void) {
    for (size_t seed = 0; seed < ROUNDS; seed++) {
        struct fuzz_mutator mutator = {fuzz_random_of(seed), NULL};
        size_t capacity = 5 + fuzz_random_below(&mutator.random, 200);
        struct fuzz_buffer script = buffer_of("", 0, capacity);
        while (script.length < capacity / 2) {
            script.data[script.length++] = (uint8_t)fuzz_random_next(&mutator.random);
        }
        fuzz_mutate_script(&format, &mutator, &script);
        ASSERT_TRUE(script.length <= capacity);
        assert_is_settled(&script);
        free(script.data);
    }
}

static void mutants_of_scripts_have_less_room_than_settings(void) {
    for (size_t capacity = 1; capacity < 6; capacity++) {
        struct fuzz_mutator mutator = {fuzz_random_of(capacity), NULL};
        struct fuzz_buffer script = buffer_of("", 0, capacity);
        for (size_t i = 0; i < 100; i++) {
            fuzz_mutate_script(&format, &mutator, &script);
            ASSERT_TRUE(script.length <= capacity);
        }
        free(script.data);
    }
}

/* From nothing, mutation alone comes to every operation of the table. */
static void every_operation_is_made(void) {
    bool made[sizeof operations / sizeof operations[0]] = {false};
    for (size_t seed = 0; seed < ROUNDS; seed++) {
        struct fuzz_mutator mutator = {fuzz_random_of(seed), NULL};
        struct fuzz_buffer script = buffer_of("", 0, 1000);
        fuzz_mutate_script(&format, &mutator, &script);
        struct fuzz_input input = fuzz_input_of(script.data, script.length);
        (void)fuzz_input_bytes(&input, format.prefix);
        struct fuzz_step step;
        while (fuzz_script_next(&format, &input, &step)) {
            made[step.operation] = true;
        }
        free(script.data);
    }
    for (size_t i = 0; i < format.count; i++) {
        ASSERT_TRUE(made[i]);
    }
}

static void crossed_scripts_are_scripts(void) {
    for (size_t seed = 0; seed < ROUNDS; seed++) {
        struct fuzz_mutator mutator = {fuzz_random_of(seed), NULL};
        struct fuzz_buffer first = script_of(4096);
        struct fuzz_buffer second = script_of(4096);
        fuzz_mutate_script(&format, &mutator, &first);
        second.length = fuzz_random_below(&mutator.random, second.length);
        size_t capacity = fuzz_random_once_in(&mutator.random, 2) ? 100 : 8192;
        struct fuzz_buffer out = buffer_of("", 0, capacity);
        fuzz_cross_scripts(&format, &mutator, first.data, first.length, second.data, second.length,
                           &out);
        ASSERT_TRUE(out.length <= capacity);
        assert_is_settled(&out);
        free(first.data);
        free(second.data);
        free(out.data);
    }
}

static size_t count_operations(const struct fuzz_buffer *script) {
    struct fuzz_input input = fuzz_input_of(script->data, script->length);
    (void)fuzz_input_bytes(&input, format.prefix);
    struct fuzz_step step;
    size_t count = 0;
    while (fuzz_script_next(&format, &input, &step)) {
        count++;
    }
    return count;
}

static void mutants_have_no_more_operations_than_their_format_says(void) {
    struct fuzz_script_format bounded = format;
    bounded.mutant_operations = 6;
    size_t most = 0;
    for (size_t seed = 0; seed < ROUNDS; seed++) {
        struct fuzz_mutator mutator = {fuzz_random_of(seed), NULL};
        struct fuzz_buffer script = script_of(4096);
        struct fuzz_buffer other = script_of(4096);
        struct fuzz_buffer out = buffer_of("", 0, 8192);
        fuzz_cross_scripts(&bounded, &mutator, script.data, script.length, other.data, other.length,
                           &out);
        fuzz_mutate_script(&bounded, &mutator, &script);
        ASSERT_TRUE(count_operations(&script) <= 6);
        ASSERT_TRUE(count_operations(&out) <= 6);
        assert_is_settled(&script);
        assert_is_settled(&out);
        most = count_operations(&script) > most ? count_operations(&script) : most;
        free(script.data);
        free(other.data);
        free(out.data);
    }
    ASSERT_SIZE_EQ(most, 6);
}

static void swapping_keeps_what_stands_between(void) {
    struct fuzz_buffer buffer = buffer_of("<abc--de>", 9, 9);
    fuzz_buffer_swap(&buffer, 1, 3, 2, 2);
    ASSERT_MEM_EQ(buffer.data, buffer.length, "<de--abc>", 9);
    free(buffer.data);
}

static void copies_come_from_both_sides(void) {
    struct fuzz_buffer buffer = buffer_of("abcd", 4, 8);
    ASSERT_TRUE(fuzz_buffer_copy(&buffer, 0, 2, 2));
    ASSERT_MEM_EQ(buffer.data, buffer.length, "cdabcd", 6);
    ASSERT_TRUE(fuzz_buffer_copy(&buffer, 6, 1, 2));
    ASSERT_MEM_EQ(buffer.data, buffer.length, "cdabcdda", 8);
    ASSERT_FALSE(fuzz_buffer_copy(&buffer, 0, 0, 1));
    free(buffer.data);
}

static void a_part_is_opened_and_closed(void) {
    struct fuzz_buffer buffer = buffer_of("abcde", 5, 8);
    struct fuzz_buffer part = fuzz_buffer_open(&buffer, 1, 2);
    ASSERT_SIZE_EQ(part.capacity, 5);
    ASSERT_TRUE(fuzz_buffer_replace_text(&part, 2, 0, "xyz"));
    ASSERT_FALSE(fuzz_buffer_replace_text(&part, 0, 0, "z"));
    fuzz_buffer_close(&buffer, 1, &part);
    ASSERT_MEM_EQ(buffer.data, buffer.length, "abcxyzde", 8);
    free(buffer.data);
}

int main(int argc, char **argv) {
    static const struct unit_case cases[] = {
        UNIT_CASE(swapping_keeps_what_stands_between),
        UNIT_CASE(copies_come_from_both_sides),
        UNIT_CASE(a_part_is_opened_and_closed),
        UNIT_CASE(parts_of_a_stream_are_told),
        UNIT_CASE(parts_cover_the_stream),
        UNIT_CASE(most_mutants_of_requests_are_requests),
        UNIT_CASE(most_mutants_of_responses_are_responses),
        UNIT_CASE(mutants_of_messages_stay_in_their_room),
        UNIT_CASE(mutants_of_messages_reach_the_limit_of_a_head),
        UNIT_CASE(mutants_of_messages_follow_from_the_seed),
        UNIT_CASE(crossed_messages_stay_in_their_room),
        UNIT_CASE(mutants_of_scripts_are_scripts),
        UNIT_CASE(mutants_of_any_bytes_are_scripts),
        UNIT_CASE(mutants_of_scripts_have_less_room_than_settings),
        UNIT_CASE(every_operation_is_made),
        UNIT_CASE(crossed_scripts_are_scripts),
        UNIT_CASE(mutants_have_no_more_operations_than_their_format_says),
    };
    return UNIT_RUN("mutators", cases, argc, argv);
}
