/* check.h - properties that a fuzz target asserts.
 *
 * A property that does not hold ends the process with a message and abort(), which libFuzzer,
 * AFL++, honggfuzz and the replay program all count as a finding. */
#ifndef FUZZERS_SUPPORT_CHECK_H
#define FUZZERS_SUPPORT_CHECK_H

/* Prints "property violated: <text>" with its place on standard error, and aborts. */
_Noreturn void fuzz_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* FUZZ_CHECK(condition, format, ...): the property and, in words, what was seen instead. */
#define FUZZ_CHECK(condition, ...)                                                                 \
    ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, __VA_ARGS__))

#endif
