/* Paths: `req.socket.remotePort`, `res.headers["x-a"]`, `server[Symbol.asyncDispose]`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference/frame.h"
#include "reference/plain.h"

/* The next segment of a path written as text; advances `*cursor`. Owned by the caller (free). NULL
 * at the end, or (with *out_broken) for a path that cannot be read. */
static char *next_segment(const char **cursor, bool *out_broken) {
    const char *at = *cursor;
    if (*at == '\0') {
        return NULL;
    }
    if (*at == '[') {
        bool quoted = at[1] == '"';
        const char *start = at + (quoted ? 2 : 1);
        const char *end = strstr(start, quoted ? "\"]" : "]");
        if (end == NULL) {
            *out_broken = true;
            return NULL;
        }
        *cursor = end + (quoted ? 2 : 1);
        /* A symbol keeps its brackets: that is how the binding table names it. */
        bool symbol = !quoted && strncmp(start, "Symbol.", 7) == 0;
        return symbol ? strndup(start - 1, (size_t)(end - start) + 2)
                      : strndup(start, (size_t)(end - start));
    }
    if (*at == '.') {
        at++;
    }
    size_t length = strcspn(at, ".[");
    if (length == 0) {
        *out_broken = true;
        return NULL;
    }
    *cursor = at + length;
    return strndup(at, length);
}

typedef struct segments {
    char *names[16];
    size_t count;
} segments;

static void segments_free(segments *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->names[i]);
    }
}

static bool segments_add(ts_session *session, segments *list, char *name) {
    if (name == NULL || list->count == sizeof(list->names) / sizeof(list->names[0])) {
        free(name);
        ts_session_fail(session, "a path has too many members");
        return false;
    }
    list->names[list->count++] = name;
    return true;
}

static bool segments_of_text(ts_session *session, const char *text, segments *out) {
    const char *cursor = text;
    bool broken = false;
    char *name;
    while ((name = next_segment(&cursor, &broken)) != NULL) {
        if (!segments_add(session, out, name)) {
            return false;
        }
    }
    if (broken || out->count == 0) {
        ts_session_fail(session, "the path \"%s\" cannot be read", text);
        return false;
    }
    return true;
}

static bool segments_of_list(ts_frame *frame, const json_t *path, segments *out) {
    size_t index;
    json_t *element;
    json_array_foreach((json_t *)(uintptr_t)path, index, element) {
        nh_value value;
        if (!ts_evaluate(frame, element, &value)) {
            return false;
        }
        nh_value text = nh_value_to_string(frame->session->memory, value);
        nh_value_release(&value);
        bool added = segments_add(frame->session, out, strdup(nh_value_text(text)));
        nh_value_release(&text);
        if (!added) {
            return false;
        }
    }
    return out->count > 0;
}

bool ts_find_listening_address(ts_session *session, nh_emitter *server, nh_address *out_address) {
    const ts_binding *row = ts_binding_of_object(server, "address");
    if (row == NULL || row->invoke == NULL) {
        ts_session_report_unsupported(session, "%s.address", nh_emitter_class_name(server));
        return false;
    }
    ts_call call = {.loop = session->loop, .memory = session->memory, .self = server};
    call.result = nh_undefined();
    nh_error_release(row->invoke(&call));
    const char *host = nh_value_text(call.result);
    *out_address = (nh_address){.family = NH_ADDRESS_UNIX};
    if (call.result.type == NH_MAP) {
        host = nh_value_text(nh_map_get(call.result, "address"));
        out_address->family = strchr(host, ':') != NULL ? NH_ADDRESS_IPV6 : NH_ADDRESS_IPV4;
        out_address->port = (uint16_t)nh_map_get(call.result, "port").as.number;
        /* A server on every address is reached on the loopback one. */
        host = strcmp(host, "::") == 0 ? "::1" : strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : host;
    }
    (void)snprintf(out_address->host, sizeof(out_address->host), "%s", host);
    bool found = call.result.type == NH_MAP || call.result.type == NH_STRING;
    nh_value_release(&call.result);
    return found;
}

/* The address of a peer or of a server of the script: in the listener of its 'listening' it is
 * asked for before the session has come to look where that server listens. */
static const json_t *address_of(ts_frame *frame, const char *name) {
    ts_session *session = frame->session;
    const json_t *known = json_object_get(session->addresses, name);
    nh_value server;
    nh_address address;
    if (known != NULL || !ts_scope_find(frame->scope, name, &server) || server.type != NH_OBJECT ||
        !nh_emitter_is_a(server.as.object, "Server") ||
        !ts_find_listening_address(session, server.as.object, &address)) {
        return known;
    }
    ts_session_set_address(session, name, &address);
    return json_object_get(session->addresses, name);
}

/* `port.NAME`, `host.NAME`, `unix.NAME`. */
static bool find_address(ts_frame *frame, const char *root, const char *name, nh_value *out_value) {
    const char *key = strcmp(root, "unix") == 0 ? "path" : root;
    const json_t *part = json_object_get(address_of(frame, name), key);
    if (json_is_integer(part)) {
        *out_value = nh_number((double)json_integer_value(part));
    } else if (json_is_string(part)) {
        *out_value = nh_string_of(frame->session->memory, json_string_value(part));
    } else {
        ts_session_fail(frame->session, "nothing listens as \"%s\" (yet): $%s.%s", name, root,
                        name);
        return false;
    }
    return true;
}

static bool is_address_root(const char *name) {
    return strcmp(name, "port") == 0 || strcmp(name, "host") == 0 || strcmp(name, "unix") == 0;
}

/* What JavaScript objects have though nobody says so: what every object has, symbols, and what the
 * underscore marks as their own. */
static bool is_internal(const char *member) {
    static const char *const inherited[] = {
        "constructor", "hasOwnProperty", "isPrototypeOf",       "toLocaleString",
        "toString",    "valueOf",        "propertyIsEnumerable"};
    bool is_inherited = false;
    for (size_t i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++) {
        is_inherited = is_inherited || strcmp(member, inherited[i]) == 0;
    }
    return is_inherited || member[0] == '_' || strncmp(member, "Symbol", 6) == 0;
}

static bool get_member(ts_frame *frame, nh_value receiver, const char *module, const char *member,
                       nh_value *out_value) {
    ts_session *session = frame->session;
    const ts_binding *binding = NULL;
    if (module != NULL) {
        binding = ts_binding_of_module(module, member);
    } else if (receiver.type == NH_OBJECT) {
        binding = ts_binding_of_object(receiver.as.object, member);
    } else {
        return ts_plain_get(frame, receiver, member, out_value);
    }
    if (binding != NULL && binding->get == NULL) {
        *out_value = ts_binding_as_function(binding, session->loop, session->memory);
        return true;
    }
    if (binding == NULL && module == NULL && !is_internal(member)) {
        *out_value = nh_undefined();
        return true;
    }
    if (binding == NULL) {
        ts_session_report_unsupported(
            session, "%s.%s", module != NULL ? module : nh_emitter_class_name(receiver.as.object),
            member);
        return false;
    }
    *out_value = binding->get(session->loop, module != NULL ? NULL : receiver.as.object);
    return true;
}

/* Walks from the root over all segments but the last. */
static bool resolve_segments(ts_frame *frame, const segments *path, ts_place *place) {
    const char *root = path->names[0];
    nh_value at = nh_undefined();
    size_t next = 1;
    bool variable = ts_scope_find(frame->scope, root, &at);
    if (variable) {
        at = nh_value_retain(at);
    } else if (is_address_root(root) && path->count > 1) {
        if (!find_address(frame, root, path->names[1], &at)) {
            return false;
        }
        next = 2;
    } else if (ts_binding_module(root) != NULL && path->count > 1) {
        place->module = ts_binding_module(root);
    } else if (path->count == 1 && ts_binding_of_module("globalThis", root) != NULL) {
        place->module = ts_binding_module("globalThis");
        next = 0;
    } else if (ts_binding_module(root) != NULL) {
        ts_session_report_unsupported(frame->session, "%s as a value", root);
        return false;
    } else {
        ts_session_fail(frame->session, "unknown variable \"%s\" in \"%s\"", root, place->text);
        return false;
    }
    for (; next + 1 < path->count; next++) {
        nh_value member;
        bool found = get_member(frame, at, place->module, path->names[next], &member);
        nh_value_release(&at);
        if (!found) {
            return false;
        }
        at = member;
        place->module = NULL;
    }
    place->receiver = at;
    place->member = next < path->count ? strdup(path->names[next]) : NULL;
    return true;
}

static char *path_text(const json_t *path, const segments *list) {
    if (json_is_string(path)) {
        return strdup(json_string_value(path));
    }
    char text[512] = "";
    for (size_t i = 0; i < list->count; i++) {
        size_t used = strlen(text);
        bool plain = list->names[i][0] == '[' || i == 0;
        (void)snprintf(text + used, sizeof(text) - used, "%s%s", plain ? "" : ".", list->names[i]);
    }
    return strdup(text);
}

bool ts_place_resolve(ts_frame *frame, const json_t *path, ts_place *out_place) {
    memset(out_place, 0, sizeof(*out_place));
    out_place->receiver = nh_undefined();
    segments list = {0};
    bool resolved = false;
    if (json_is_string(path)) {
        resolved = segments_of_text(frame->session, json_string_value(path), &list);
    } else if (json_is_array(path)) {
        resolved = segments_of_list(frame, path, &list);
    } else {
        ts_session_fail(frame->session, "a path has to be a string or a list");
    }
    if (resolved) {
        out_place->text = path_text(path, &list);
        resolved = out_place->text != NULL && resolve_segments(frame, &list, out_place);
    }
    segments_free(&list);
    if (!resolved) {
        ts_place_free(out_place);
    }
    return resolved;
}

void ts_place_free(ts_place *place) {
    nh_value_release(&place->receiver);
    free(place->member);
    free(place->text);
    memset(place, 0, sizeof(*place));
    place->receiver = nh_undefined();
}

bool ts_place_get(ts_frame *frame, const ts_place *place, nh_value *out_value) {
    if (place->member == NULL) {
        *out_value = nh_value_retain(place->receiver);
        return true;
    }
    return get_member(frame, place->receiver, place->module, place->member, out_value);
}

bool ts_place_set(ts_frame *frame, const ts_place *place, nh_value value, nh_error **out_error) {
    ts_session *session = frame->session;
    *out_error = NULL;
    if (place->member == NULL) {
        ts_session_fail(session, "\"%s\" is not a property; use assign", place->text);
        return false;
    }
    if (place->module == NULL && place->receiver.type == NH_MAP) {
        return nh_map_set(place->receiver, place->member, value);
    }
    const ts_binding *binding = NULL;
    if (place->module != NULL) {
        binding = ts_binding_of_module(place->module, place->member);
    } else if (place->receiver.type == NH_OBJECT) {
        binding = ts_binding_of_object(place->receiver.as.object, place->member);
    }
    bool settable =
        binding != NULL && (binding->kind == TS_MEMBER_PROPERTY || binding->set != NULL);
    if (!settable) {
        ts_session_report_unsupported(session, "setting %s", place->text);
        return false;
    }
    if (binding->set != NULL) {
        nh_emitter *self = place->module != NULL ? NULL : place->receiver.as.object;
        *out_error = binding->set(session->loop, self, value);
    }
    return true;
}

static bool call_binding(ts_frame *frame, const ts_place *place, const ts_binding *binding,
                         const ts_arguments *arguments, nh_value *out_result,
                         nh_error **out_error) {
    ts_session *session = frame->session;
    ts_call call = {.loop = session->loop,
                    .memory = session->memory,
                    .self = place->module != NULL ? NULL : place->receiver.as.object,
                    .arguments = arguments->values,
                    .count = arguments->count,
                    .result = nh_undefined()};
    *out_error = binding->invoke(&call);
    *out_result = call.result;
    return true;
}

bool ts_place_call(ts_frame *frame, const ts_place *place, const ts_arguments *arguments,
                   bool construct, nh_value *out_result, nh_error **out_error) {
    ts_session *session = frame->session;
    *out_error = NULL;
    *out_result = nh_undefined();
    if (place->member == NULL) {
        if (place->receiver.type != NH_FUNCTION || construct) {
            ts_session_fail(session, "\"%s\" is not a function", place->text);
            return false;
        }
        nh_function_invoke(place->receiver, arguments->values, arguments->count, out_result);
    } else if (place->module == NULL && place->receiver.type != NH_OBJECT) {
        if (!ts_plain_call(frame, place->receiver, place->member, arguments, out_result)) {
            return false;
        }
    } else {
        const ts_binding *binding =
            place->module != NULL ? ts_binding_of_module(place->module, place->member)
                                  : ts_binding_of_object(place->receiver.as.object, place->member);
        bool fits = binding != NULL && binding->invoke != NULL &&
                    (binding->kind == TS_MEMBER_CONSTRUCTOR) == construct;
        if (!fits) {
            ts_session_report_unsupported(session, "%s.%s%s",
                                          place->module != NULL
                                              ? place->module
                                              : nh_emitter_class_name(place->receiver.as.object),
                                          place->member, construct ? " (new)" : "");
            return false;
        }
        if (!call_binding(frame, place, binding, arguments, out_result, out_error)) {
            return false;
        }
    }
    if (*out_error == NULL && nh_loop_is_throwing(session->loop)) {
        *out_error = nh_loop_catch(session->loop);
    }
    if (*out_error != NULL) {
        nh_value_release(out_result);
    }
    return true;
}

bool ts_path_get(ts_frame *frame, const char *path, nh_value *out_value) {
    json_t *text = json_string(path);
    ts_place place;
    bool found = text != NULL && ts_place_resolve(frame, text, &place);
    json_decref(text);
    if (found) {
        found = ts_place_get(frame, &place, out_value);
        ts_place_free(&place);
    }
    return found;
}
