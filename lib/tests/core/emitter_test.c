#include "core/fake_transport.h"
#include "core/object.h"
#include "support/test_memory.h"
#include "support/unit.h"

#include <nodehttp/emitter.h>
#include <nodehttp/loop.h>

#include <stdio.h>
#include <string.h>

/* What happened, in words separated by blanks. */
static char trace[1024];

static void note(const char *word) {
    size_t length = strlen(trace);
    (void)snprintf(trace + length, sizeof(trace) - length, "%s%s", length == 0 ? "" : " ", word);
}

static void assert_trace(const char *expected) {
    ASSERT_STR_EQ(trace, expected);
    trace[0] = '\0';
}

static struct test_memory memory;
static struct fake_transport fake;
static nh_loop *loop;
static nh_emitter *emitter;

static void set_up(void) {
    memory = test_memory_make();
    fake = fake_transport_make();
    loop = nh_loop_new(&memory.memory, &fake.transport);
    emitter = nh_emitter_new(loop);
    trace[0] = '\0';
}

static void tear_down(void) {
    nh_emitter_release(emitter);
    nh_loop_free(loop);
    ASSERT_SIZE_EQ(memory.blocks, 0);
}

/* --- listeners: `data` is a word, and for some the first letter says what they do ------------- */

static void on_note(nh_emitter *self, const nh_value *arguments, size_t count, void *data) {
    (void)self;
    (void)arguments;
    (void)count;
    note(data);
}

static char word_a[] = "A";
static char word_b[] = "B";
static char word_c[] = "C";
static char word_d[] = "D";

static void note_release(void *data) {
    char word[16];
    (void)snprintf(word, sizeof(word), "~%s", (const char *)data);
    note(word);
}

static void on_remove_b(nh_emitter *self, const nh_value *arguments, size_t count, void *data) {
    on_note(self, arguments, count, data);
    (void)nh_emitter_remove_listener(self, "x", on_note, word_b);
}

static void on_add_c_and_d(nh_emitter *self, const nh_value *arguments, size_t count, void *data) {
    on_note(self, arguments, count, data);
    (void)nh_emitter_on(self, "x", on_note, word_c);
    (void)nh_emitter_add_listener(self, "x", on_note, word_d, NULL, NH_LISTENER_PREPEND);
}

static void throw_text(const char *text) {
    nh_error *error = nh_error_new(&memory.memory, "Error", NULL, "%s", text);
    nh_loop_throw(loop, error);
    nh_error_release(error);
}

static void on_throw(nh_emitter *self, const nh_value *arguments, size_t count, void *data) {
    on_note(self, arguments, count, data);
    throw_text(data);
}

static void assert_thrown(const char *message) {
    nh_error *error = nh_loop_catch(loop);
    ASSERT_STR_EQ(error == NULL ? NULL : nh_error_message(error), message);
    nh_error_release(error);
}

static void emit_x(void) {
    (void)nh_emitter_emit_bare(emitter, "x");
}

/* --- order ---------------------------------------------------------------------------------- */

static void listeners_run_in_order(void) {
    (void)nh_emitter_on(emitter, "x", on_note, word_a);
    (void)nh_emitter_once(emitter, "x", on_note, word_b);
    (void)nh_emitter_add_listener(emitter, "x", on_note, word_c, NULL, NH_LISTENER_PREPEND);
    ASSERT_SIZE_EQ(nh_emitter_listener_count(emitter, "x"), 3);
    emit_x();
    assert_trace("C A B");
    ASSERT_TRUE(nh_emitter_emit_bare(emitter, "x"));
    assert_trace("C A");
    ASSERT_FALSE(nh_emitter_emit_bare(emitter, "y"));
}

static void removed_listeners_finish_the_round(void) {
    (void)nh_emitter_on(emitter, "x", on_remove_b, word_a);
    (void)nh_emitter_add_listener(emitter, "x", on_note, word_b, note_release, 0);
    (void)nh_emitter_on(emitter, "x", on_note, word_c);
    emit_x();
    assert_trace("A B C ~B");
    emit_x();
    assert_trace("A C");
}

static void added_listeners_wait_for_the_next_round(void) {
    (void)nh_emitter_once(emitter, "x", on_add_c_and_d, word_a);
    (void)nh_emitter_on(emitter, "x", on_note, word_b);
    emit_x();
    assert_trace("A B");
    emit_x();
    assert_trace("D B C");
}

/* Node: a `once` that is removed by another listener of the same round is still called, once. */
static void removed_once_is_still_called(void) {
    (void)nh_emitter_on(emitter, "x", on_remove_b, word_a);
    (void)nh_emitter_once(emitter, "x", on_note, word_b);
    emit_x();
    emit_x();
    assert_trace("A B A");
}

static void on_emit_again(nh_emitter *self, const nh_value *arguments, size_t count, void *data) {
    unsigned *left = data;
    if (*left > 0) {
        --*left;
        (void)nh_emitter_emit(self, "x", arguments, count);
    }
    note("plain");
}

static void once_runs_once_in_nested_rounds(void) {
    unsigned left = 1;
    (void)nh_emitter_on(emitter, "x", on_emit_again, &left);
    (void)nh_emitter_once(emitter, "x", on_note, word_a);
    emit_x();
    assert_trace("plain A plain");
}

/* The listener added last of two equal ones goes first. */
static void the_most_recent_match_is_removed(void) {
    (void)nh_emitter_on(emitter, "x", on_note, word_a);
    (void)nh_emitter_on(emitter, "x", on_note, word_b);
    (void)nh_emitter_on(emitter, "x", on_note, word_a);
    ASSERT_TRUE(nh_emitter_remove_listener(emitter, "x", on_note, word_a));
    emit_x();
    assert_trace("A B");
    ASSERT_FALSE(nh_emitter_remove_listener(emitter, "x", on_note, word_c));
    ASSERT_FALSE(nh_emitter_remove_listener(emitter, "y", on_note, word_a));
}

static void many_listeners_emit_without_allocation(void) {
    for (int i = 0; i < 20; i++) {
        (void)nh_emitter_on(emitter, "x", on_note, word_a);
    }
    size_t requests = memory.requests;
    emit_x();
    ASSERT_SIZE_EQ(memory.requests, requests);
}

/* --- names ---------------------------------------------------------------------------------- */

static void note_names(void) {
    nh_value names = nh_emitter_event_names(emitter);
    for (size_t i = 0; i < nh_list_length(names); i++) {
        note(nh_value_text(nh_list_get(names, i)));
    }
    nh_value_release(&names);
}

static void names_stand_in_order_of_their_first_listener(void) {
    (void)nh_emitter_on(emitter, "b", on_note, word_a);
    (void)nh_emitter_on(emitter, "a", on_note, word_a);
    (void)nh_emitter_on(emitter, "b", on_note, word_b);
    note_names();
    assert_trace("b a");
    nh_emitter_remove_all_listeners(emitter, "b");
    (void)nh_emitter_on(emitter, "b", on_note, word_a);
    note_names();
    assert_trace("a b");
    nh_emitter_remove_all_listeners(emitter, NULL);
    note_names();
    assert_trace("");
}

/* --- newListener, removeListener ------------------------------------------------------------ */

static void on_about(nh_emitter *self, const nh_value *arguments, size_t count, void *data) {
    char word[64];
    ASSERT_SIZE_EQ(count, 2);
    const char *event = nh_value_text(arguments[0]);
    (void)snprintf(word, sizeof(word), "%s:%s%s:%zu", (const char *)data, event,
                   nh_function_name(arguments[1]), nh_emitter_listener_count(self, event));
    note(word);
}

static char about_new[] = "new";
static char about_removed[] = "removed";

static void call_noted(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)out_result;
    note(data);
}

static void additions_are_announced_before_they_happen(void) {
    (void)nh_emitter_on(emitter, "newListener", on_about, about_new);
    (void)nh_emitter_on(emitter, "x", on_note, word_a);
    nh_value function = nh_function_new(&memory.memory, "f", call_noted, word_b, NULL);
    ASSERT_TRUE(nh_emitter_add_function(emitter, "x", function, NH_LISTENER_ONCE));
    assert_trace("new:x:0 new:xf:1");
    emit_x();
    assert_trace("A B");
    ASSERT_FALSE(nh_emitter_remove_function(emitter, "x", function));
    nh_value_release(&function);
}

static void removals_are_reported_after_they_happened(void) {
    (void)nh_emitter_on(emitter, "removeListener", on_about, about_removed);
    (void)nh_emitter_once(emitter, "x", on_note, word_a);
    (void)nh_emitter_on(emitter, "x", on_note, word_b);
    emit_x();
    assert_trace("removed:x:1 A B");
    (void)nh_emitter_remove_listener(emitter, "x", on_note, word_b);
    assert_trace("removed:x:0");
    ASSERT_TRUE(nh_emitter_remove_listener(emitter, "removeListener", on_about, about_removed));
    assert_trace("");
}

static void removing_everything_is_reported_one_by_one(void) {
    (void)nh_emitter_on(emitter, "removeListener", on_about, about_removed);
    (void)nh_emitter_on(emitter, "a", on_note, word_a);
    (void)nh_emitter_on(emitter, "b", on_note, word_a);
    (void)nh_emitter_on(emitter, "b", on_note, word_b);
    nh_emitter_remove_all_listeners(emitter, NULL);
    assert_trace("removed:a:0 removed:b:1 removed:b:0");
    note_names();
    assert_trace("");
}

static void a_throwing_new_listener_keeps_the_listener_out(void) {
    (void)nh_emitter_on(emitter, "newListener", on_throw, word_a);
    ASSERT_FALSE(nh_emitter_on(emitter, "x", on_note, word_b));
    ASSERT_SIZE_EQ(nh_emitter_listener_count(emitter, "x"), 0);
    assert_thrown("A");
}

/* --- exceptions ----------------------------------------------------------------------------- */

static void a_throw_ends_the_round(void) {
    (void)nh_emitter_on(emitter, "x", on_throw, word_a);
    (void)nh_emitter_on(emitter, "x", on_note, word_b);
    emit_x();
    assert_trace("A");
    assert_thrown("A");
}

static void what_was_thrown_before_survives_an_emit(void) {
    (void)nh_emitter_on(emitter, "x", on_note, word_a);
    (void)nh_emitter_on(emitter, "x", on_note, word_b);
    throw_text("before");
    emit_x();
    assert_trace("A B");
    assert_thrown("before");

    (void)nh_emitter_on(emitter, "x", on_throw, word_c);
    throw_text("before");
    emit_x();
    assert_thrown("C");
}

static void unheard_errors_are_thrown(void) {
    nh_error *error = nh_error_new(&memory.memory, "TypeError", NULL, "zz");
    ASSERT_FALSE(nh_emitter_emit_error(emitter, error));
    nh_error *thrown = nh_loop_catch(loop);
    ASSERT_PTR_EQ(thrown, error);
    nh_error_release(thrown);
    nh_error_release(error);

    (void)nh_emitter_emit_bare(emitter, "error");
    assert_thrown("Unhandled error. (undefined)");
    nh_value map = nh_map_new(&memory.memory);
    (void)nh_map_set(map, "a", nh_number(1));
    (void)nh_emitter_emit_value(emitter, "error", map);
    thrown = nh_loop_catch(loop);
    ASSERT_STR_EQ(nh_error_message(thrown), "Unhandled error. ({ a: 1 })");
    ASSERT_STR_EQ(nh_error_code(thrown), "ERR_UNHANDLED_ERROR");
    ASSERT_TRUE(nh_value_is_same(nh_error_property(thrown, "context"), map));
    nh_error_release(thrown);
    nh_value_release(&map);
}

/* --- lifetime ------------------------------------------------------------------------------- */

static void on_release_emitter(nh_emitter *self, const nh_value *arguments, size_t count,
                               void *data) {
    on_note(self, arguments, count, data);
    nh_emitter_release(self);
}

static void an_emitter_lives_through_its_emit(void) {
    nh_emitter *other = nh_emitter_new(loop);
    (void)nh_emitter_add_listener(other, "x", on_release_emitter, word_a, note_release, 0);
    (void)nh_emitter_add_listener(other, "x", on_note, word_b, note_release, 0);
    (void)nh_emitter_emit_bare(other, "x");
    assert_trace("A B ~A ~B");
}

/* A `release` that uses the emitter again. */
static void release_and_add(void *data) {
    note_release(data);
    (void)nh_emitter_on(emitter, "y", on_note, word_c);
    (void)nh_emitter_emit_bare(emitter, "y");
}

static void releases_may_use_the_emitter(void) {
    (void)nh_emitter_add_listener(emitter, "y", on_note, word_a, release_and_add, 0);
    (void)nh_emitter_add_listener(emitter, "y", on_note, word_b, note_release, 0);
    nh_emitter_remove_all_listeners(emitter, "y");
    assert_trace("~A C ~B");
}

/* --- classes -------------------------------------------------------------------------------- */

struct derived {
    nh_emitter base;
    nh_value kept;
};

static void destroy_derived(nh_emitter *object) {
    note("derived");
    nh_value_release(&((struct derived *)(void *)object)->kept);
}

static void note_added(nh_emitter *object, const char *event) {
    (void)object;
    note("+");
    note(event);
}

static void note_removed(nh_emitter *object, const char *event) {
    (void)object;
    note("-");
    note(event);
}

static void note_all_removed(nh_emitter *object, const char *event) {
    (void)object;
    note("--");
    note(event == NULL ? "all" : event);
}

static void destroy_base(nh_emitter *object) {
    (void)object;
    note("base");
}

static const nh_class base_class = {.name = "Base",
                                    .parent = &nh_emitter_class,
                                    .size = sizeof(nh_emitter),
                                    .destroy = destroy_base,
                                    .listener_added = note_added,
                                    .listener_removed = note_removed,
                                    .all_listeners_removed = note_all_removed};
static const nh_class derived_class = {.name = "Derived",
                                       .parent = &base_class,
                                       .size = sizeof(struct derived),
                                       .destroy = destroy_derived};

static void classes_are_chained(void) {
    struct derived *object = nh_object_new(loop, &derived_class);
    object->kept = nh_string_of(&memory.memory, "kept");
    ASSERT_STR_EQ(nh_emitter_class_name(&object->base), "Derived");
    ASSERT_TRUE(nh_emitter_is_a(&object->base, "Base"));
    ASSERT_TRUE(nh_object_is_of(&object->base, &nh_emitter_class));
    ASSERT_FALSE(nh_object_is_of(emitter, &base_class));
    ASSERT_PTR_EQ(nh_emitter_loop(nh_as_emitter(object)), loop);
    nh_emitter_release(&object->base);
    assert_trace("derived base");
}

static void classes_are_told_of_listeners(void) {
    nh_emitter *object = nh_object_new(loop, &derived_class);
    (void)nh_emitter_once(object, "x", on_note, word_a);
    (void)nh_emitter_add_listener(object, "x", on_note, word_b, NULL, NH_LISTENER_PREPEND);
    assert_trace("+ x");
    (void)nh_emitter_emit_bare(object, "x");
    assert_trace("B - x A");
    nh_emitter_remove_all_listeners(object, "x");
    assert_trace("-- x");
    nh_emitter_remove_all_listeners(object, NULL);
    assert_trace("-- all");
    nh_emitter_release(object);
    trace[0] = '\0';
}

/* --- against a model ------------------------------------------------------------------------ */

/* Random additions, removals and nested emits. The model is the definition: an emit calls the
 * snapshot taken when it began, except for a `once` that a nested emit has called already. */
enum { MODEL_LISTENERS = 12, MODEL_STEPS = 1000, MODEL_POOL = 20000 };

struct model_listener {
    int serial;
    bool once;
    bool called; /* a `once` was */
};

struct model_round {
    struct model_round *outer;
    struct model_listener *snapshot[MODEL_LISTENERS];
    size_t count;
    size_t next;
};

static struct model_listener pool[MODEL_POOL];
static size_t pool_used;
static struct model_listener *model[MODEL_LISTENERS + 1];
static size_t model_count;
static struct model_round *innermost;
static unsigned random_state;

static unsigned next_random(unsigned bound) {
    random_state = random_state * 1664525U + 1013904223U;
    return (random_state >> 12) % bound;
}

static void on_model(nh_emitter *self, const nh_value *arguments, size_t count, void *data);

static void model_remove(const struct model_listener *listener) {
    size_t index = 0;
    while (index < model_count && model[index] != listener) {
        index++;
    }
    if (index < model_count) {
        model_count--;
        memmove(&model[index], &model[index + 1], (model_count - index) * sizeof(model[0]));
    }
}

static void model_add(void) {
    if (model_count == MODEL_LISTENERS || pool_used == MODEL_POOL) {
        return;
    }
    unsigned flags = next_random(4);
    struct model_listener *added = &pool[pool_used];
    *added = (struct model_listener){(int)pool_used++, (flags & NH_LISTENER_ONCE) != 0, false};
    size_t place = (flags & NH_LISTENER_PREPEND) != 0 ? 0 : model_count;
    memmove(&model[place + 1], &model[place], (model_count - place) * sizeof(model[0]));
    model[place] = added;
    model_count++;
    ASSERT_TRUE(nh_emitter_add_listener(emitter, "x", on_model, added, NULL, flags));
}

static void change_something(void) {
    if (next_random(2) == 0) {
        model_add();
    } else if (model_count > 0) {
        struct model_listener *removed = model[next_random((unsigned)model_count)];
        model_remove(removed);
        ASSERT_TRUE(nh_emitter_remove_listener(emitter, "x", on_model, removed));
    }
}

/* Skips what the round need not call, and returns what it has to call next. */
static const struct model_listener *expected_next(struct model_round *round) {
    while (round->next < round->count && round->snapshot[round->next]->called) {
        round->next++;
    }
    return round->next < round->count ? round->snapshot[round->next] : NULL;
}

static void emit_checked(void) {
    struct model_round round = {.outer = innermost, .count = model_count};
    memcpy(round.snapshot, model, model_count * sizeof(model[0]));
    innermost = &round;
    (void)nh_emitter_emit_bare(emitter, "x");
    innermost = round.outer;
    ASSERT_NULL(expected_next(&round));
}

static void on_model(nh_emitter *self, const nh_value *arguments, size_t count, void *data) {
    struct model_listener *listener = data;
    const struct model_listener *expected = expected_next(innermost);
    (void)self;
    (void)arguments;
    (void)count;
    ASSERT_INT_EQ(listener->serial, expected == NULL ? -1 : expected->serial);
    innermost->next++;
    if (listener->once) {
        listener->called = true;
        model_remove(listener);
    }
    for (unsigned changes = next_random(3); changes > 0; changes--) {
        change_something();
    }
    bool may_nest = innermost->outer == NULL || innermost->outer->outer == NULL;
    if (may_nest && next_random(6) == 0) {
        emit_checked();
    }
    ASSERT_SIZE_EQ(nh_emitter_listener_count(emitter, "x"), model_count);
}

static void random_changes_follow_the_model(void) {
    random_state = 20240607;
    for (int i = 0; i < MODEL_STEPS; i++) {
        change_something();
        emit_checked();
    }
    ASSERT_TRUE(pool_used > 1000);
}

/* --- memory --------------------------------------------------------------------------------- */

static void every_refused_allocation_is_survived(void) {
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        struct test_memory scarce = test_memory_make();
        struct fake_transport transport = fake_transport_make();
        scarce.refuse_at = n;
        nh_loop *small = nh_loop_new(&scarce.memory, &transport.transport);
        nh_emitter *object = small == NULL ? NULL : nh_emitter_new(small);
        if (object != NULL) {
            bool added = nh_emitter_on(object, "newListener", on_note, word_a);
            added = nh_emitter_on(object, "removeListener", on_note, word_b) && added;
            for (int i = 0; i < 5; i++) {
                added = nh_emitter_once(object, "x", on_note, word_c) && added;
            }
            (void)nh_emitter_emit_bare(object, "x");
            nh_error *thrown = nh_loop_catch(small);
            if (scarce.refused) {
                ASSERT_TRUE(!added || thrown == nh_error_out_of_memory());
            } else {
                ASSERT_TRUE(added && thrown == NULL);
            }
            nh_error_release(thrown);
            (void)nh_emitter_emit_bare(object, "error");
            nh_error_release(nh_loop_catch(small));
            nh_value names = nh_emitter_event_names(object);
            nh_value_release(&names);
        }
        nh_emitter_release(object);
        nh_loop_free(small);
        ASSERT_SIZE_EQ(scarce.blocks, 0);
        failures += scarce.refused;
        trace[0] = '\0';
        if (!scarce.refused) {
            break;
        }
    }
    ASSERT_TRUE(failures > 15);
}

#define CASE(function)                                                                             \
    static void run_##function(void) {                                                             \
        set_up();                                                                                  \
        function();                                                                                \
        tear_down();                                                                               \
    }
#define CASES(X)                                                                                   \
    X(listeners_run_in_order)                                                                      \
    X(removed_listeners_finish_the_round)                                                          \
    X(added_listeners_wait_for_the_next_round)                                                     \
    X(removed_once_is_still_called)                                                                \
    X(once_runs_once_in_nested_rounds)                                                             \
    X(the_most_recent_match_is_removed)                                                            \
    X(many_listeners_emit_without_allocation)                                                      \
    X(names_stand_in_order_of_their_first_listener)                                                \
    X(additions_are_announced_before_they_happen)                                                  \
    X(removals_are_reported_after_they_happened)                                                   \
    X(removing_everything_is_reported_one_by_one)                                                  \
    X(a_throwing_new_listener_keeps_the_listener_out)                                              \
    X(a_throw_ends_the_round)                                                                      \
    X(what_was_thrown_before_survives_an_emit)                                                     \
    X(unheard_errors_are_thrown)                                                                   \
    X(an_emitter_lives_through_its_emit)                                                           \
    X(releases_may_use_the_emitter)                                                                \
    X(classes_are_chained)                                                                         \
    X(classes_are_told_of_listeners)                                                               \
    X(random_changes_follow_the_model)                                                             \
    X(every_refused_allocation_is_survived)
CASES(CASE)

int main(int argc, char **argv) {
#define ENTRY(function) {#function, run_##function},
    static const struct unit_case cases[] = {CASES(ENTRY)};
    return UNIT_RUN("emitter", cases, argc, argv);
}
