/* From a host name to the addresses that are connected to.
 *
 * Without autoSelectFamily a look-up gives one address and family, with it a list of them; a lookup
 * function of the user is asked for the same, and may answer from inside the call, later, or
 * wrongly. */
#include <stdio.h>
#include <string.h>

#include "net/connect.h"
#include "net/options.h"

#include <math.h>

/* dns.ADDRCONFIG, V4MAPPED and ALL on Linux */
#define HINT_ADDRCONFIG 32.0
#define KNOWN_HINTS (32 | 8 | 16)

static nh_memory *memory_of(const nh_connect_attempt *attempt) {
    return nh_object_memory(&attempt->socket->stream.emitter);
}

static nh_loop *loop_of(const nh_connect_attempt *attempt) {
    return attempt->socket->stream.emitter.loop;
}

static void fail_later_take(nh_connect_attempt *attempt, nh_error *error) {
    nh_connect_fail_later(attempt->socket, error);
    nh_error_release(error);
}

/* What a lookup function called an error, as one. */
static nh_error *error_of_value(nh_memory *memory, nh_value value) {
    if (value.type == NH_ERROR) {
        return nh_error_retain(value.as.error);
    }
    nh_value text = nh_value_to_string(memory, value);
    nh_error *error = nh_error_new_of_string_take(memory, "Error", NULL, text);
    nh_error_set_property_take(error, "reason", nh_value_retain(value));
    return error;
}

static void emit_lookup(nh_connect_attempt *attempt, nh_value error, nh_value ip, nh_value family) {
    nh_value arguments[4] = {error, ip, family, attempt->host};

    nh_emitter_emit(&attempt->socket->stream.emitter, "lookup", arguments, 4);
}

static bool is_ip(nh_value ip) {
    return ip.type == NH_STRING && nh_net_is_ip(nh_value_text(ip)) != 0;
}

static bool is_family(nh_value family) {
    return family.type == NH_NUMBER && ((family.as.number >= 4 && family.as.number <= 4) ||
                                        (family.as.number >= 6 && family.as.number <= 6));
}

static nh_error *bad_ip(nh_connect_attempt *attempt, nh_value ip) {
    nh_value text = nh_value_to_string(memory_of(attempt), ip);
    nh_error *error = nh_error_new(memory_of(attempt), "TypeError", "ERR_INVALID_IP_ADDRESS",
                                   "Invalid IP address: %s", nh_value_text(text));

    nh_value_release(&text);
    return error;
}

static nh_error *bad_family(nh_connect_attempt *attempt, nh_value family) {
    nh_memory *memory = memory_of(attempt);
    nh_value number = nh_value_to_string(memory, family);
    nh_value host = nh_value_to_string(memory, attempt->given_host);
    nh_value port = nh_value_to_string(memory, attempt->given_port);
    nh_error *error = nh_error_new(memory, "RangeError", "ERR_INVALID_ADDRESS_FAMILY",
                                   "Invalid address family: %s %s:%s", nh_value_text(number),
                                   nh_value_text(host), nh_value_text(port));

    nh_error_set_property_take(error, "host", nh_value_retain(attempt->given_host));
    nh_error_set_property_take(error, "port", nh_value_retain(attempt->given_port));
    nh_value_release(&number);
    nh_value_release(&host);
    nh_value_release(&port);
    return error;
}

/* --- one address -------------------------------------------------------------------------- */

static void found_one(nh_connect_attempt *attempt, nh_value error, nh_value ip, nh_value family) {
    emit_lookup(attempt, error, ip, family);
    if (nh_loop_is_throwing(loop_of(attempt)) || !nh_connect_attempt_is_current(attempt)) {
        return;
    }
    if (nh_value_is_truthy(error)) {
        fail_later_take(attempt, error_of_value(memory_of(attempt), error));
    } else if (!is_ip(ip)) {
        fail_later_take(attempt, bad_ip(attempt, ip));
    } else if (!is_family(family)) {
        fail_later_take(attempt, bad_family(attempt, family));
    } else if (nh_net_parse_address(nh_value_text(ip), attempt->port, &attempt->address)) {
        nh_socket_touch(attempt->socket);
        nh_connect_single(attempt);
    }
}

/* --- several addresses -------------------------------------------------------------------- */

/* The elements of what a lookup function gave: those of a list, the characters of a string (which
 * have neither address nor family). */
static size_t answer_count(nh_value addresses) {
    return addresses.type == NH_STRING ? nh_string_utf16_length(addresses)
                                       : nh_list_length(addresses);
}

static bool is_known(const nh_address *addresses, size_t count, const nh_address *address) {
    for (size_t i = 0; i < count; i++) {
        if (addresses[i].family == address->family &&
            strcmp(addresses[i].host, address->host) == 0) {
            return true;
        }
    }
    return false;
}

/* Orders them so that the families alternate, beginning with that of the first. */
static void alternate(nh_address *sorted, const nh_address *found, size_t count) {
    nh_address_family turn = found[0].family;
    size_t next[2] = {0, 0}; /* of the first one's family, of the other */
    size_t placed = 0;

    while (placed < count) {
        for (size_t kind = 0; kind < 2; kind++) {
            size_t *at = &next[kind];
            while (*at < count && (found[*at].family == turn) != (kind == 0)) {
                ++*at;
            }
            if (*at < count) {
                sorted[placed++] = found[(*at)++];
            }
        }
    }
}

static void nothing_usable(nh_connect_attempt *attempt, nh_value addresses) {
    nh_value first = nh_list_get(addresses, 0);
    nh_value ip = nh_map_get(first, "address");

    if (answer_count(addresses) == 0) {
        nh_error *error = nh_error_new(
            memory_of(attempt), "TypeError", NULL,
            "Cannot destructure property 'address' of 'addresses[0]' as it is undefined.");
        nh_loop_throw(loop_of(attempt), error);
        nh_error_release(error);
    } else if (!is_ip(ip)) {
        fail_later_take(attempt, bad_ip(attempt, ip));
    } else {
        fail_later_take(attempt, bad_family(attempt, nh_map_get(first, "family")));
    }
}

/* Announces every address and collects those that can be connected to, without repetitions.
 * Returns how many; SIZE_MAX when the socket has lost interest. */
static size_t collect(nh_connect_attempt *attempt, nh_value addresses, nh_address *found) {
    size_t usable = 0;

    for (size_t i = 0; i < answer_count(addresses); i++) {
        nh_value entry = nh_list_get(addresses, i);
        nh_value ip = nh_map_get(entry, "address");
        nh_value family = nh_map_get(entry, "family");
        emit_lookup(attempt, nh_null(), ip, family);
        if (nh_loop_is_throwing(loop_of(attempt)) || !nh_connect_attempt_is_current(attempt)) {
            return SIZE_MAX;
        }
        nh_address address;
        if (is_ip(ip) && is_family(family) &&
            nh_net_parse_address(nh_value_text(ip), attempt->port, &address) &&
            !is_known(found, usable, &address)) {
            found[usable++] = address;
        }
    }
    return usable;
}

static void try_several(nh_connect_attempt *attempt, const nh_address *found, size_t count) {
    nh_socket *socket = attempt->socket;
    nh_memory *memory = memory_of(attempt);
    nh_address *sorted = nh_memory_allocate(memory, count * sizeof(*sorted));

    nh_value_assign_take(&attempt->errors, nh_list_new(memory));
    nh_value_assign_take(&socket->attempted_addresses, nh_list_new(memory));
    if (sorted == NULL || attempt->errors.type == NH_INVALID ||
        socket->attempted_addresses.type == NH_INVALID) {
        nh_memory_free(memory, sorted);
        nh_stream_fail_no_memory(&socket->stream);
        return;
    }
    alternate(sorted, found, count);
    attempt->addresses = sorted;
    attempt->addresses_count = count;
    nh_socket_touch(socket);
    nh_connect_next(attempt, false);
}

static void found_all(nh_connect_attempt *attempt, nh_value error, nh_value addresses) {
    nh_memory *memory = memory_of(attempt);

    if (!nh_connect_attempt_is_current(attempt) || attempt->addresses != NULL) {
        return;
    }
    if (nh_value_is_truthy(error)) {
        emit_lookup(attempt, error, nh_undefined(), nh_undefined());
        if (!nh_loop_is_throwing(loop_of(attempt))) {
            fail_later_take(attempt, error_of_value(memory, error));
        }
        return;
    }
    if (nh_value_is_nullish(addresses)) {
        nh_error *thrown = nh_error_new(memory, "TypeError", NULL,
                                        "Cannot read properties of %s (reading 'length')",
                                        addresses.type == NH_NULL ? "null" : "undefined");
        nh_loop_throw(loop_of(attempt), thrown);
        nh_error_release(thrown);
        return;
    }
    size_t count = answer_count(addresses);
    nh_address *found = nh_memory_allocate(memory, (count + 1) * sizeof(*found));
    if (found == NULL) {
        nh_stream_fail_no_memory(&attempt->socket->stream);
        return;
    }
    size_t usable = collect(attempt, addresses, found);
    if (usable == 0) {
        nothing_usable(attempt, addresses);
    } else if (usable == 1) {
        attempt->address = found[0];
        nh_socket_touch(attempt->socket);
        nh_connect_single(attempt);
    } else if (usable != SIZE_MAX) {
        try_several(attempt, found, usable);
    }
    nh_memory_free(memory, found);
}

/* --- who looks up ------------------------------------------------------------------------- */

static void found(nh_connect_attempt *attempt, nh_value error, nh_value result, nh_value family) {
    nh_socket *socket = attempt->socket;

    attempt->references++;
    nh_emitter_retain(&socket->stream.emitter);
    if (attempt->looks_up_all) {
        found_all(attempt, error, result);
    } else {
        found_one(attempt, error, result, family);
    }
    nh_connect_attempt_release(attempt);
    nh_emitter_release(&socket->stream.emitter);
}

static nh_value list_of(nh_memory *memory, const nh_address *addresses, size_t count) {
    nh_value list = nh_list_new(memory);
    bool complete = true;

    for (size_t i = 0; i < count && complete; i++) {
        nh_value entry = nh_map_new(memory);
        double family = addresses[i].family == NH_ADDRESS_IPV4 ? 4 : 6;
        complete = nh_map_set_take(entry, "address", nh_string_of(memory, addresses[i].host)) &&
                   nh_map_set_take(entry, "family", nh_number(family));
        complete = nh_list_append_take(list, entry) && complete;
    }
    if (!complete) {
        nh_value_release(&list);
        return (nh_value){.type = NH_INVALID};
    }
    return list;
}

/* Lets go of what a look-up under way held. */
static void release_look_up(nh_connect_attempt *attempt) {
    nh_emitter *emitter = &attempt->socket->stream.emitter;

    nh_connect_attempt_release(attempt);
    nh_emitter_release(emitter);
}

static void looked_up(void *owner, int status, const nh_address *addresses, size_t count) {
    nh_connect_attempt *attempt = owner;
    nh_memory *memory = memory_of(attempt);
    nh_value error = nh_null();
    nh_value result = nh_undefined();
    nh_value family = nh_undefined();

    if (status < 0) {
        error = nh_value_of_error_take(
            nh_error_new_lookup(memory, status, nh_value_text(attempt->host)));
    } else if (attempt->looks_up_all) {
        result = list_of(memory, addresses, count);
    } else if (count > 0) {
        result = nh_string_of(memory, addresses[0].host);
        family = nh_number(addresses[0].family == NH_ADDRESS_IPV4 ? 4 : 6);
    }
    if (result.type == NH_INVALID) {
        nh_stream_fail_no_memory(&attempt->socket->stream);
    } else {
        found(attempt, error, result, family);
    }
    nh_value_release(&error);
    nh_value_release(&result);
    release_look_up(attempt);
}

static nh_error *ask_transport(nh_connect_attempt *attempt, int family) {
    nh_transport *transport = nh_loop_transport(loop_of(attempt));

    if (transport->operations->lookup(transport, nh_value_text(attempt->host), family, looked_up,
                                      attempt) == NULL) {
        return nh_error_out_of_memory();
    }
    attempt->references++;
    nh_emitter_retain(&attempt->socket->stream.emitter);
    return NULL;
}

static nh_value argument_at(const nh_value *arguments, size_t count, size_t index) {
    return index < count ? arguments[index] : nh_undefined();
}

static void on_answer(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)out_result;
    found(data, argument_at(arguments, count, 0), argument_at(arguments, count, 1),
          argument_at(arguments, count, 2));
}

static void release_answer(void *data) {
    release_look_up(data);
}

static nh_value lookup_options(nh_connect_attempt *attempt, nh_value family, double hints) {
    nh_value map = nh_map_new(memory_of(attempt));

    if (!nh_map_set(map, "family", family) || !nh_map_set(map, "hints", nh_number(hints)) ||
        (attempt->looks_up_all && !nh_map_set(map, "all", nh_boolean(true)))) {
        nh_value_release(&map);
        return (nh_value){.type = NH_INVALID};
    }
    return map;
}

static nh_error *ask_function(nh_connect_attempt *attempt, nh_value lookup, nh_value family,
                              double hints) {
    nh_memory *memory = memory_of(attempt);
    nh_value arguments[3] = {
        attempt->host,
        lookup_options(attempt, family, hints),
        nh_function_new(memory, "emitLookup", on_answer, attempt, release_answer),
    };
    nh_error *error = NULL;

    if (arguments[2].type != NH_INVALID) {
        attempt->references++;
        nh_emitter_retain(&attempt->socket->stream.emitter);
    }
    if (arguments[1].type == NH_INVALID || arguments[2].type == NH_INVALID) {
        error = nh_error_out_of_memory();
    } else {
        nh_loop_call(lookup, arguments, 3);
    }
    nh_value_release(&arguments[1]);
    nh_value_release(&arguments[2]);
    return error;
}

/* 'IPv4' and 'IPv6' stand for 4 and 6. */
static nh_value plain_family(nh_value family) {
    if (nh_value_is_text(family, "IPv4")) {
        return nh_number(4);
    }
    return nh_value_is_text(family, "IPv6") ? nh_number(6) : family;
}

/* As JavaScript's bit operators read a number (ECMA-262 7.1.7). */
static uint32_t to_uint32(double number) {
    double wrapped = isfinite(number) ? fmod(trunc(number), 4294967296.0) : 0;
    return (uint32_t)(int64_t)wrapped;
}

/* The checks of dns.lookup(), which a lookup function makes for itself or not. */
static nh_error *check_dns_options(nh_memory *memory, nh_value family, nh_value hints) {
    if (!nh_value_is_nullish(family) && !is_family(family) &&
        !(family.type == NH_NUMBER && family.as.number == 0)) {
        return nh_error_new_argument_value(memory, "options.family", family,
                                           "must be one of: 0, 4, 6");
    }
    if (nh_value_is_truthy(hints)) {
        nh_error *error = nh_check_number(memory, "options.hints", hints);
        if (error != NULL) {
            return error;
        }
        uint32_t bits = to_uint32(hints.as.number);
        if ((bits & ~(uint32_t)KNOWN_HINTS) != 0) {
            return nh_error_new_argument_value(memory, "hints", nh_number(bits), "is invalid");
        }
    }
    return NULL;
}

nh_error *nh_connect_look_up(nh_connect_attempt *attempt, nh_value lookup, nh_value family,
                             nh_value hints) {
    nh_memory *memory = memory_of(attempt);
    nh_value wanted = plain_family(family);
    bool one_family = is_family(wanted);
    double hint = hints.type == NH_NUMBER ? hints.as.number : 0;
    nh_error *error = NULL;

    if (!nh_value_is_nullish(lookup)) {
        error = nh_check_function(memory, "options.lookup", lookup);
        if (error != NULL) {
            return error;
        }
    }
    if (!one_family && !nh_value_is_truthy(hints)) {
        hint = HINT_ADDRCONFIG;
    }
    attempt->looks_up_all = attempt->looks_up_all && !one_family;
    if (lookup.type == NH_FUNCTION) {
        return ask_function(attempt, lookup, wanted, hint);
    }
    error = check_dns_options(memory, wanted, hints);
    if (error == NULL) {
        error = ask_transport(attempt, one_family ? (int)wanted.as.number : 0);
    }
    return error;
}
