/* Emitters: adding, removing and calling listeners with the semantics of Node's EventEmitter. */
#include <nodehttp/emitter.h>

#include "core/listeners.h"
#include "core/loop_internal.h"
#include "core/name.h"
#include "core/object.h"

static void destroy_listeners(nh_emitter *emitter);

const nh_class nh_emitter_class = {
    .name = "EventEmitter",
    .size = sizeof(nh_emitter),
    .destroy = destroy_listeners,
};

nh_emitter *nh_emitter_new(nh_loop *loop) {
    return nh_object_new(loop, &nh_emitter_class);
}

static bool is_named(const nh_listener_list *list, const char *event) {
    return nh_name_equals(list->name, event);
}

static nh_listener_list *find_list(const nh_emitter *emitter, const char *event) {
    nh_listener_list *list = emitter->events;
    while (list != NULL && !is_named(list, event)) {
        list = list->next;
    }
    return list;
}

/* The list of `event`, made if necessary, and then the last one; NULL without memory. */
static nh_listener_list *find_or_add_list(nh_emitter *emitter, const char *event) {
    nh_listener_list **link = &emitter->events;
    while (*link != NULL && !is_named(*link, event)) {
        link = &(*link)->next;
    }
    if (*link == NULL) {
        *link = nh_listeners_new(nh_object_memory(emitter), event);
    }
    return *link;
}

/* Takes a list without listeners out of the emitter and, unless it is in use, frees it. */
static void tidy(nh_emitter *emitter, nh_listener_list *list) {
    if (list->live == 0 && !list->unlinked) {
        nh_listener_list **link = &emitter->events;
        while (*link != list) {
            link = &(*link)->next;
        }
        *link = list->next;
        list->unlinked = true;
    }
    nh_listeners_clean_up(list);
}

/* Removes all entries of a list without any event. */
static void drop_list(nh_emitter *emitter, nh_listener_list *list) {
    for (size_t i = 0; i < list->length; i++) {
        if (list->entries[i].removed_at == 0) {
            nh_listeners_mark_removed(list, i);
        }
    }
    tidy(emitter, list);
}

static void destroy_listeners(nh_emitter *emitter) {
    while (emitter->events != NULL) {
        drop_list(emitter, emitter->events);
    }
}

/* --- emitting ------------------------------------------------------------------------------- */

/* The entry's call. False when it threw. */
static bool call_entry(nh_emitter *emitter, nh_listener_list *list, nh_listener_entry *entry,
                       const nh_value *arguments, size_t count);

/* What Node.js throws for an 'error' that nobody listens to. */
static nh_error *unhandled_error(nh_memory *memory, nh_value argument) {
    if (argument.type == NH_ERROR) {
        return nh_error_retain(argument.as.error);
    }
    nh_value inspected = nh_value_inspect(memory, argument);
    nh_value message = inspected;
    if (inspected.type == NH_STRING) {
        message = nh_string_format(memory, "Unhandled error. (%s)", nh_value_text(inspected));
    }
    nh_error *error = nh_error_new_of_string_take(memory, "Error", "ERR_UNHANDLED_ERROR", message);
    nh_value_release(&inspected);
    nh_error_set_property_take(error, "context", nh_value_retain(argument));
    return error;
}

static void throw_unhandled(nh_emitter *emitter, const nh_value *arguments, size_t count) {
    nh_value argument = count > 0 ? arguments[0] : nh_undefined();
    nh_error *error = unhandled_error(nh_object_memory(emitter), argument);
    nh_loop_throw(emitter->loop, error);
    nh_error_release(error);
}

/* Calls the listeners in `list`; false when one of them threw. Something thrown before does not
 * keep them from being called; it is still thrown afterwards, unless they threw themselves. */
static bool emit_to(nh_emitter *emitter, nh_listener_list *list, const nh_value *arguments,
                    size_t count) {
    nh_error *thrown_before = nh_loop_catch(emitter->loop);
    (void)nh_emitter_retain(emitter);
    nh_round round;
    nh_round_begin(&round, list);
    nh_listener_entry *entry;
    bool went_well = true;
    while (went_well && (entry = nh_round_next(&round)) != NULL) {
        went_well = call_entry(emitter, list, entry, arguments, count);
    }
    nh_round_end(&round);
    if (thrown_before != NULL && went_well) {
        nh_loop_throw(emitter->loop, thrown_before);
    }
    nh_error_release(thrown_before);
    nh_emitter_release(emitter);
    return went_well;
}

bool nh_emitter_emit(nh_emitter *emitter, const char *event, const nh_value *arguments,
                     size_t count) {
    if (nh_loop_is_being_freed(emitter->loop)) {
        return false;
    }
    nh_listener_list *list = find_list(emitter, event);
    if (list != NULL) {
        (void)emit_to(emitter, list, arguments, count);
        return true;
    }
    if (nh_name_equals(event, "error")) {
        throw_unhandled(emitter, arguments, count);
    }
    return false;
}

bool nh_emitter_emit_bare(nh_emitter *emitter, const char *event) {
    return nh_emitter_emit(emitter, event, NULL, 0);
}

bool nh_emitter_emit_value(nh_emitter *emitter, const char *event, nh_value argument) {
    return nh_emitter_emit(emitter, event, &argument, 1);
}

bool nh_emitter_emit_error(nh_emitter *emitter, nh_error *error) {
    nh_value argument = nh_value_of_error(error);
    bool emitted = nh_emitter_emit(emitter, "error", &argument, 1);
    nh_value_release(&argument);
    return emitted;
}

/* --- adding and removing -------------------------------------------------------------------- */

static void call_function(nh_emitter *emitter, const nh_value *arguments, size_t count,
                          void *data) {
    (void)emitter;
    nh_loop_call((nh_value){.type = NH_FUNCTION, .as.function = data}, arguments, count);
}

static void release_function(void *data) {
    nh_value function = {.type = NH_FUNCTION, .as.function = data};
    nh_value_release(&function);
}

/* Emits 'newListener' or 'removeListener'; false when that threw or there is no memory. */
static bool emit_about_listener(nh_emitter *emitter, const char *what, const char *event,
                                nh_listener_entry entry) {
    nh_listener_list *list = find_list(emitter, what);
    if (list == NULL) {
        return true;
    }
    nh_value arguments[2] = {nh_string_of(nh_object_memory(emitter), event), nh_undefined()};
    if (arguments[0].type == NH_INVALID) {
        return false;
    }
    if (entry.listener == call_function) {
        arguments[1] = (nh_value){.type = NH_FUNCTION, .as.function = entry.data};
    }
    bool went_well = emit_to(emitter, list, arguments, 2);
    nh_value_release(&arguments[0]);
    return went_well;
}

static void tell_class(nh_emitter *emitter, const char *event, bool added) {
    for (const nh_class *at = emitter->object_class; at != NULL; at = at->parent) {
        void (*hook)(nh_emitter *, const char *) =
            added ? at->listener_added : at->listener_removed;
        if (hook != NULL) {
            hook(emitter, event);
            return;
        }
    }
}

static void tell_class_of_all_removed(nh_emitter *emitter, const char *event) {
    for (const nh_class *at = emitter->object_class; at != NULL; at = at->parent) {
        if (at->all_listeners_removed != NULL) {
            at->all_listeners_removed(emitter, event);
            return;
        }
    }
}

bool nh_emitter_add_listener(nh_emitter *emitter, const char *event, nh_listener listener,
                             void *data, void (*release)(void *data), unsigned flags) {
    nh_listener_entry entry = {.listener = listener,
                               .data = data,
                               .release = release,
                               .once = (flags & NH_LISTENER_ONCE) != 0};
    bool prepend = (flags & NH_LISTENER_PREPEND) != 0;
    if (!emit_about_listener(emitter, "newListener", event, entry)) {
        return false;
    }
    nh_listener_list *list = find_or_add_list(emitter, event);
    if (list == NULL) {
        return false;
    }
    if (!nh_listeners_add(list, entry, prepend)) {
        tidy(emitter, list);
        return false;
    }
    if (!prepend) { /* Streams of Node.js overlook prepended listeners as well. */
        tell_class(emitter, event, true);
    }
    return true;
}

bool nh_emitter_on(nh_emitter *emitter, const char *event, nh_listener listener, void *data) {
    return nh_emitter_add_listener(emitter, event, listener, data, NULL, NH_LISTENER_PLAIN);
}

bool nh_emitter_once(nh_emitter *emitter, const char *event, nh_listener listener, void *data) {
    return nh_emitter_add_listener(emitter, event, listener, data, NULL, NH_LISTENER_ONCE);
}

bool nh_emitter_add_function(nh_emitter *emitter, const char *event, nh_value function,
                             unsigned flags) {
    if (function.type != NH_FUNCTION) {
        return false;
    }
    nh_value kept = nh_value_retain(function);
    if (!nh_emitter_add_listener(emitter, event, call_function, kept.as.function, release_function,
                                 flags)) {
        nh_value_release(&kept);
        return false;
    }
    return true;
}

/* Removes one entry, with its event and hook. False when the event threw. */
static bool remove_entry(nh_emitter *emitter, nh_listener_list *list, size_t index) {
    nh_listener_entry entry = list->entries[index];
    (void)nh_emitter_retain(emitter);
    nh_round guard; /* keeps the list, its name and the entry's data until all have been told */
    nh_round_begin(&guard, list);
    nh_listeners_mark_removed(list, index);
    tidy(emitter, list);
    bool went_well = emit_about_listener(emitter, "removeListener", list->name, entry);
    if (went_well) {
        tell_class(emitter, list->name, false);
    } else if (!nh_loop_is_throwing(emitter->loop)) {
        nh_loop_throw(emitter->loop, nh_error_out_of_memory());
    }
    nh_round_end(&guard);
    nh_emitter_release(emitter);
    return went_well;
}

static bool call_entry(nh_emitter *emitter, nh_listener_list *list, nh_listener_entry *entry,
                       const nh_value *arguments, size_t count) {
    nh_listener_entry called = *entry;
    if (called.once) {
        entry->called = true;
        if (entry->removed_at == 0 &&
            !remove_entry(emitter, list, (size_t)(entry - list->entries))) {
            return false;
        }
    }
    called.listener(emitter, arguments, count, called.data);
    return !nh_loop_is_throwing(emitter->loop);
}

bool nh_emitter_remove_listener(nh_emitter *emitter, const char *event, nh_listener listener,
                                void *data) {
    nh_listener_list *list = find_list(emitter, event);
    size_t index = list == NULL ? 0 : nh_listeners_find(list, listener, data);
    if (list == NULL || index == list->length) {
        return false;
    }
    (void)remove_entry(emitter, list, index);
    return true;
}

bool nh_emitter_remove_function(nh_emitter *emitter, const char *event, nh_value function) {
    return function.type == NH_FUNCTION &&
           nh_emitter_remove_listener(emitter, event, call_function, function.as.function);
}

/* Removes the listeners of a list one by one, the last first, each with its 'removeListener'. False
 * when that threw. */
static bool remove_each(nh_emitter *emitter, nh_listener_list *list) {
    bool went_well = true;
    nh_round guard;
    nh_round_begin(&guard, list);
    for (size_t left = list->live; went_well && left > 0 && list->live > 0; left--) {
        went_well = remove_entry(emitter, list, nh_listeners_last(list));
    }
    nh_round_end(&guard);
    return went_well;
}

/* An event other than 'removeListener' that has listeners; NULL when there is none. */
static nh_listener_list *first_other_list(const nh_emitter *emitter) {
    nh_listener_list *list = emitter->events;
    if (list != NULL && nh_name_equals(list->name, "removeListener")) {
        list = list->next;
    }
    return list;
}

/* All events, those of 'removeListener' last. False when a listener threw. */
static bool remove_all_telling(nh_emitter *emitter) {
    size_t left = 0;
    for (nh_listener_list *list = emitter->events; list != NULL; list = list->next) {
        left++;
    }
    nh_listener_list *list;
    for (; left > 1 && (list = first_other_list(emitter)) != NULL; left--) {
        if (!remove_each(emitter, list)) {
            return false;
        }
    }
    list = find_list(emitter, "removeListener");
    if (list != NULL && !remove_each(emitter, list)) {
        return false;
    }
    destroy_listeners(emitter); /* what was added meanwhile */
    return true;
}

void nh_emitter_remove_all_listeners(nh_emitter *emitter, const char *event) {
    bool is_told = find_list(emitter, "removeListener") != NULL;
    nh_listener_list *list = event == NULL ? NULL : find_list(emitter, event);
    bool went_well = true;
    (void)nh_emitter_retain(emitter);
    if (event == NULL && is_told) {
        went_well = remove_all_telling(emitter);
    } else if (event == NULL) {
        destroy_listeners(emitter);
    } else if (list != NULL && is_told) {
        went_well = remove_each(emitter, list);
    } else if (list != NULL) {
        drop_list(emitter, list);
    }
    if (went_well) {
        tell_class_of_all_removed(emitter, event);
    }
    nh_emitter_release(emitter);
}

size_t nh_emitter_listener_count(const nh_emitter *emitter, const char *event) {
    const nh_listener_list *list = find_list(emitter, event);
    return list == NULL ? 0 : list->live;
}

nh_value nh_emitter_event_names(const nh_emitter *emitter) {
    nh_memory *memory = nh_object_memory(emitter);
    nh_value names = nh_list_new(memory);
    for (nh_listener_list *list = emitter->events; list != NULL; list = list->next) {
        nh_value name = nh_string_new(memory, list->name, list->name_length);
        if (!nh_list_append_take(names, name)) {
            nh_value_release(&names);
            return (nh_value){.type = NH_INVALID};
        }
    }
    return names;
}
