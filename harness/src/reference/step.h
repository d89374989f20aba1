/* reference/step.h - the runners of steps, by file: step.c (calls, values, handlers), step_later.c
 * (ticks, timers, signals, listening), step_flow.c (conditions, loops). */
#ifndef TS_REFERENCE_STEP_H
#define TS_REFERENCE_STEP_H

#include <stdio.h>

#include "reference/frame.h"

/* `operand` is the value under the step's key. */
typedef ts_outcome (*ts_step_runner)(ts_frame *frame, const json_t *step, const json_t *operand);

ts_outcome ts_step_listen(ts_frame *frame, const json_t *step, const json_t *operand);
ts_outcome ts_step_tick(ts_frame *frame, const json_t *step, const json_t *operand);
ts_outcome ts_step_microtask(ts_frame *frame, const json_t *step, const json_t *operand);
ts_outcome ts_step_immediate(ts_frame *frame, const json_t *step, const json_t *operand);
ts_outcome ts_step_after(ts_frame *frame, const json_t *step, const json_t *operand);
ts_outcome ts_step_signal(ts_frame *frame, const json_t *step, const json_t *operand);
ts_outcome ts_step_when(ts_frame *frame, const json_t *step, const json_t *operand);
ts_outcome ts_step_if(ts_frame *frame, const json_t *step, const json_t *operand);
ts_outcome ts_step_equal(ts_frame *frame, const json_t *step, const json_t *operand);
ts_outcome ts_step_repeat(ts_frame *frame, const json_t *step, const json_t *operand);
ts_outcome ts_step_each(ts_frame *frame, const json_t *step, const json_t *operand);
ts_outcome ts_step_loop(ts_frame *frame, const json_t *step, const json_t *operand);
ts_outcome ts_step_for_await(ts_frame *frame, const json_t *step, const json_t *operand);
ts_outcome ts_step_promise(ts_frame *frame, const json_t *step, const json_t *operand);

/* Steps in a scope of their own, in which `name` (may be NULL) is `value`. */
ts_outcome ts_run_nested(ts_frame *frame, const json_t *steps, const char *name, nh_value value);
/* Records `text` followed by `suffix`. Takes `value`. */
void ts_observe_suffixed(ts_frame *frame, const char *text, const char *suffix, json_t *value);
void ts_observe_error(ts_frame *frame, const char *text, const char *suffix, nh_error *error);

/* After an evaluation that did not come to an end: an exception is caught and recorded, and the
 * script goes on (TS_CONTINUE); otherwise TS_OVER. */
ts_outcome ts_record_interruption(ts_frame *frame, const char *text, const char *suffix);

#endif
