/* The value forms that ask about a value: $typeof, $length, $text, $keys, $is, $instance, $not.
 * Each evaluates its operand and gives an owned value; false when that threw, or the session is
 * over. */
#ifndef TOUCHSTONE_REFERENCE_EVALUATE_QUESTION_H
#define TOUCHSTONE_REFERENCE_EVALUATE_QUESTION_H

#include "reference/frame.h"

bool ts_evaluate_typeof(ts_frame *frame, const json_t *form, const json_t *operand,
                        nh_value *out_value);
bool ts_evaluate_length(ts_frame *frame, const json_t *form, const json_t *operand,
                        nh_value *out_value);
bool ts_evaluate_text(ts_frame *frame, const json_t *form, const json_t *operand,
                      nh_value *out_value);
bool ts_evaluate_keys(ts_frame *frame, const json_t *form, const json_t *operand,
                      nh_value *out_value);
bool ts_evaluate_is(ts_frame *frame, const json_t *form, const json_t *operand,
                    nh_value *out_value);
bool ts_evaluate_instance(ts_frame *frame, const json_t *form, const json_t *operand,
                          nh_value *out_value);
bool ts_evaluate_not(ts_frame *frame, const json_t *form, const json_t *operand,
                     nh_value *out_value);

#endif
