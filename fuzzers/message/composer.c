#include "message/composer.h"

#include <string.h>

#include "support/check.h"

#define TEXT_POOL ((size_t)1 << 16)

static struct fuzz_composer composer;
static uint8_t bodies[FUZZ_MESSAGES][FUZZ_BODY_CAPACITY];
static uint8_t interims[FUZZ_MESSAGES][FUZZ_INTERIM_CAPACITY];
static uint8_t pool[TEXT_POOL]; /* of texts that were made legal */
static size_t pool_used;

/* --- predictions -------------------------------------------------------------------------- */

bool fuzz_composer_gave_up(const struct fuzz_composer *run) {
    return run->world.memory->refused;
}

const char *fuzz_code_of(nh_error *error) {
    if (error == NULL) {
        return NULL;
    }
    const char *code = nh_error_code(error);
    return code == NULL ? "" : code;
}

bool fuzz_expect_take(const struct fuzz_composer *run, nh_error *error, const char *code,
                      const char *call) {
    const char *actual = fuzz_code_of(error);
    if (!fuzz_composer_gave_up(run)) {
        bool same = code == NULL || actual == NULL ? code == actual : strcmp(code, actual) == 0;
        FUZZ_CHECK(same, "%s: %s instead of %s", call, actual == NULL ? "no error" : actual,
                   code == NULL ? "no error" : code);
    }
    nh_error_release(error);
    return actual == NULL;
}

/* --- texts -------------------------------------------------------------------------------- */

static nh_bytes cut(nh_bytes bytes, size_t length) {
    bytes.length = bytes.length < length ? bytes.length : length;
    return bytes;
}

/* A copy of which the characters that are not legal are replaced. */
static nh_bytes made_legal(nh_bytes bytes, bool (*is_legal)(struct fuzz_text text),
                           const char *replacements) {
    if (bytes.length > TEXT_POOL - pool_used) {
        bytes.length = 0;
    }
    nh_bytes copy = {pool + pool_used, bytes.length};
    size_t count = strlen(replacements);
    for (size_t i = 0; i < bytes.length; i++) {
        bool legal = is_legal((struct fuzz_text){{bytes.data + i, 1}, false});
        pool[pool_used++] = legal ? bytes.data[i] : (uint8_t)replacements[bytes.data[i] % count];
    }
    return copy;
}

/* Text is wide only if that makes a difference: names are compared. */
static struct fuzz_text text_of(nh_bytes bytes, bool wide) {
    bool differs = false;
    for (size_t i = 0; wide && i < bytes.length; i++) {
        differs = differs || bytes.data[i] >= 0xF0;
    }
    return (struct fuzz_text){bytes, differs};
}

struct fuzz_text fuzz_name_of(struct fuzz_composer *run, nh_bytes bytes, unsigned how) {
    static const char *const names[16] = {"Content-Length",
                                          "Transfer-Encoding",
                                          "Connection",
                                          "Date",
                                          "Trailer",
                                          "Keep-Alive",
                                          "Expect",
                                          "Cookie",
                                          "Set-Cookie",
                                          "X-A",
                                          "x-a",
                                          "10",
                                          "2",
                                          "__proto__",
                                          "Host",
                                          "Content-Type"};
    struct fuzz_text text = text_of(cut(bytes, 64), !run->lenient && (how & 0x10U) != 0);
    if (bytes.length == 0) {
        text = (struct fuzz_text){nh_bytes_of_text(names[how >> 4 & 15U]), false};
    } else if (run->lenient) {
        text.bytes = made_legal(text.bytes, fuzz_is_token, "Xx-_10AaZz");
    }
    return text;
}

struct fuzz_value fuzz_value_of(struct fuzz_composer *run, nh_bytes bytes, unsigned how) {
    static const enum fuzz_value_kind kinds[8] = {
        FUZZ_VALUE_TEXT,       FUZZ_VALUE_LIST, FUZZ_VALUE_NUMBER, FUZZ_VALUE_TRUE,
        FUZZ_VALUE_EMPTY_LIST, FUZZ_VALUE_NULL, FUZZ_VALUE_HOLES,  FUZZ_VALUE_UNDEFINED};
    struct fuzz_value value = {kinds[how & 7U],
                               {cut(bytes, 256), !run->lenient && (how & 0x80U) != 0}};
    if (run->lenient) {
        value.text.bytes = made_legal(value.text.bytes, fuzz_is_field_value, "a ,;=");
        if (value.kind == FUZZ_VALUE_UNDEFINED) {
            value.kind = FUZZ_VALUE_TEXT;
        }
    }
    return value;
}

/* --- messages ----------------------------------------------------------------------------- */

static void ignore(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)arguments;
    (void)count;
    (void)data;
}

static struct fuzz_message *add_message(nh_emitter *object) {
    struct fuzz_message *message = &composer.messages[composer.count];
    message->message = nh_as_outgoing_message(nh_emitter_retain(object));
    message->body = bodies[composer.count];
    message->interim = interims[composer.count];
    composer.count++;
    (void)nh_emitter_on(object, "error", ignore, NULL);
    if ((composer.flags & FUZZ_COMPOSER_STRICT_LENGTH) != 0) {
        nh_outgoing_message_set_strict_content_length(message->message, true);
    }
    return message;
}

static void reset_message(struct fuzz_message *message) {
    message->message = NULL;
    message->fields.count = message->given_count = message->list_count = 0;
    message->body_length = message->interim_length = 0;
    message->has_fields = message->head_made = message->listed = message->has_reason = false;
    message->finished = message->interim_waited = message->has_trailer = false;
    message->first = FUZZ_FIRST_NOTHING;
    message->pending_from = message->late_from = FUZZ_NOWHERE;
    message->abandoned = message->is_head = message->miscounted = false;
    message->removed_connection = message->is_open = false;
    message->joins_unique = true;
    message->status = message->head_status = 200;
    message->sends_date = false;
    message->corked = 0;
    message->callbacks = 0;
}

/* The option uniqueHeaders of a server or a request. */
static void add_unique_names(nh_value options) {
    nh_memory *memory = nh_loop_memory(composer.world.loop);
    if ((composer.flags & FUZZ_COMPOSER_UNIQUE) == 0) {
        return;
    }
    nh_value names = nh_list_new(memory);
    for (size_t i = 0; i < 3; i++) {
        (void)nh_list_append_take(names, nh_string_of(memory, fuzz_unique_names[i]));
    }
    (void)nh_map_set_take(options, "uniqueHeaders", names);
}

/* --- a server ----------------------------------------------------------------------------- */

static void on_request(nh_emitter *emitter, const nh_value *arguments, size_t count, void *data) {
    (void)emitter;
    (void)count;
    const struct fuzz_input *kinds = data;
    FUZZ_CHECK(composer.count < composer.expected, "more than %zu requests", composer.expected);
    nh_readable_resume(nh_as_stream(arguments[0].as.object));
    bool is_head = (kinds->data[composer.count] & 1U) != 0;
    struct fuzz_message *message = add_message(arguments[1].as.object);
    message->is_head = is_head;
    message->sends_date = (composer.flags & FUZZ_COMPOSER_NO_DATE) == 0;
    nh_outgoing_message_set_send_date(message->message, message->sends_date);
}

/* The requests of a run. All but the last one keep the connection. */
static nh_bytes requests(const uint8_t *kinds, size_t count) {
    static char text[FUZZ_MESSAGES * 80];
    static const char *const ends[4] = {
        " / HTTP/1.1\r\nHost: x\r\n\r\n", " / HTTP/1.0\r\n\r\n",
        " / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        " / HTTP/1.0\r\nTE: chunked\r\nConnection: keep-alive\r\n\r\n"};
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        strcat(text, (kinds[i] & 1U) != 0 ? "HEAD" : "GET");
        strcat(text, ends[i + 1 == count ? kinds[i] >> 1 & 3U : 0]);
    }
    return nh_bytes_of_text(text);
}

static void open_server(struct fuzz_input *kinds) {
    nh_loop *loop = composer.world.loop;
    nh_value options = nh_map_new(nh_loop_memory(loop));
    (void)nh_map_set(options, "rejectNonStandardBodyWrites",
                     nh_boolean((composer.flags & FUZZ_COMPOSER_REJECT_BODY) != 0));
    add_unique_names(options);
    nh_error_release(nh_server_new(loop, options, nh_undefined(), &composer.server));
    nh_value_release(&options);
    if (composer.server == NULL) {
        return;
    }
    nh_emitter *server = nh_as_emitter(composer.server);
    if ((composer.flags & FUZZ_COMPOSER_LIMITED) != 0) {
        (void)nh_server_set_property(composer.server, "maxRequestsPerSocket", nh_number(5));
    }
    (void)nh_emitter_on(server, "request", on_request, kinds);
    nh_value connection = nh_value_of_object(nh_as_emitter(composer.duplex));
    nh_loop_begin_turn(loop);
    (void)nh_emitter_emit_value(server, "connection", connection);
    nh_loop_end_turn(loop);
    nh_value_release(&connection);
    fuzz_duplex_receive(composer.duplex, requests(kinds->data, composer.expected), 0);
    nh_emitter_remove_all_listeners(server, "request");
    FUZZ_CHECK(fuzz_composer_gave_up(&composer) || composer.count == composer.expected,
               "%zu of %zu requests", composer.count, composer.expected);
}

/* --- a client ----------------------------------------------------------------------------- */

static void give_duplex(const nh_value *arguments, size_t count, void *data, nh_value *out_result) {
    (void)arguments;
    (void)count;
    (void)data;
    *out_result = nh_value_of_object(nh_as_emitter(composer.duplex));
}

static bool is_truthy(struct fuzz_value value) {
    switch (value.kind) {
    case FUZZ_VALUE_TEXT:
    case FUZZ_VALUE_NUMBER:
        return value.text.bytes.length != 0;
    case FUZZ_VALUE_LIST:
    case FUZZ_VALUE_HOLES:
    case FUZZ_VALUE_EMPTY_LIST:
    case FUZZ_VALUE_TRUE:
        return true;
    case FUZZ_VALUE_NULL:
    case FUZZ_VALUE_UNDEFINED:
        break;
    }
    return false;
}

/* What is wrong with the line and the headers; NULL: nothing. Fills the model. */
static const char *predict_request(struct fuzz_message *message, bool as_list) {
    if (!fuzz_is_target(composer.path)) {
        return "ERR_UNESCAPED_CHARACTERS";
    }
    if (composer.method.bytes.length != 0 && !fuzz_is_token(composer.method)) {
        return "ERR_INVALID_HTTP_TOKEN";
    }
    const char *code = fuzz_take_given(message, as_list ? FUZZ_GIVEN_LIST : FUZZ_GIVEN_MERGED_MAP);
    if (code != NULL || as_list) {
        return code;
    }
    struct fuzz_field *host = fuzz_fields_find(&message->fields, nh_bytes_of_text("host"));
    struct fuzz_value given = fuzz_given_under(message, "host");
    bool has_agent = (composer.flags & FUZZ_COMPOSER_AGENT) != 0;
    if (has_agent && is_truthy(given) && given.kind != FUZZ_VALUE_TEXT) {
        return "ERR_INVALID_ARG_TYPE"; /* it looks at the host */
    }
    if (host == NULL || !is_truthy(given)) {
        /* Only an agent knows which port needs not be told. */
        const char *local = has_agent ? "localhost" : "localhost:80";
        struct fuzz_value value = {FUZZ_VALUE_TEXT, {nh_bytes_of_text(local), false}};
        fuzz_fields_set(&message->fields, nh_bytes_of_text("Host"), value);
    }
    message->has_fields = true;
    return NULL;
}

static nh_value request_options(const struct fuzz_message *given, bool as_list) {
    nh_memory *memory = nh_loop_memory(composer.world.loop);
    nh_value options = nh_map_new(memory);
    nh_value connect = nh_function_new(memory, "", give_duplex, NULL, NULL);
    if ((composer.flags & FUZZ_COMPOSER_AGENT) != 0) {
        nh_value agent_options = nh_map_new(memory);
        (void)nh_map_set(agent_options, "keepAlive", nh_boolean(true));
        nh_error_release(nh_agent_new(composer.world.loop, agent_options, &composer.agent));
        nh_value_release(&agent_options);
        if (composer.agent != NULL) {
            nh_agent_replace(composer.agent, NH_AGENT_CREATE_CONNECTION, connect);
            (void)nh_map_set_take(options, "agent",
                                  nh_value_of_object(nh_as_emitter(composer.agent)));
        }
        nh_value_release(&connect);
    } else {
        (void)nh_map_set_take(options, "createConnection", connect);
    }
    add_unique_names(options);
    (void)nh_map_set_take(options, "method", fuzz_text_value(memory, composer.method));
    (void)nh_map_set_take(options, "path", fuzz_text_value(memory, composer.path));
    (void)nh_map_set_take(
        options, "headers",
        fuzz_given_value(memory, given, as_list ? FUZZ_GIVEN_LIST : FUZZ_GIVEN_MERGED_MAP));
    return options;
}

static void open_client(bool as_list) {
    struct fuzz_message *message = &composer.messages[0];
    nh_value options = request_options(message, as_list);
    nh_client_request *request = NULL;
    nh_error *error =
        nh_http_request(composer.world.loop, options, nh_undefined(), nh_undefined(), &request);
    nh_value_release(&options);
    const char *code = predict_request(message, as_list);
    if (code == NULL && error != NULL &&
        strcmp(fuzz_code_of(error), "ERR_HTTP_TRAILER_INVALID") == 0) {
        code = fuzz_may_have_trailer(message) ? "ERR_HTTP_TRAILER_INVALID" : NULL;
    }
    if (code == NULL && error != NULL && strcmp(fuzz_code_of(error), "ERR_INVALID_ARG_TYPE") == 0) {
        code = fuzz_may_refuse_disposition(message) ? "ERR_INVALID_ARG_TYPE" : NULL;
    }
    if (message->is_open) {
        code = fuzz_code_of(error);
        message->abandoned = true;
    }
    if (!fuzz_expect_take(&composer, error, code, "http.request()")) {
        composer.expected = 0;
    }
    if (request != NULL) {
        (void)add_message(nh_as_emitter(request));
        nh_emitter_release(nh_as_emitter(request));
        fuzz_note_head(message);
        /* The constructor reads uniqueHeaders last, behind a head that it makes itself. */
        message->joins_unique = !message->head_made;
    }
}

/* --- the run ------------------------------------------------------------------------------ */

struct fuzz_composer *fuzz_composer_begin(struct fuzz_input *input, bool lenient) {
    struct fuzz_input settings = fuzz_input_of(NULL, 0);
    static uint8_t kinds[FUZZ_MESSAGES];
    pool_used = 0;
    for (size_t i = 0; i < FUZZ_MESSAGES; i++) {
        reset_message(&composer.messages[i]);
    }
    composer.flags = fuzz_input_byte(input);
    composer.options = fuzz_input_byte(input);
    uint16_t refuse_at = fuzz_input_short(input);
    for (size_t i = 0; i < FUZZ_MESSAGES; i++) {
        kinds[i] = fuzz_input_byte(input);
    }
    composer.lenient = lenient;
    fuzz_fields_set_unique((composer.flags & FUZZ_COMPOSER_UNIQUE) != 0);
    composer.count = 0;
    composer.server = NULL;
    composer.agent = NULL;
    composer.method = composer.path = (struct fuzz_text){{kinds, 0}, false};
    fuzz_world_open(&composer.world, refuse_at);
    composer.duplex = fuzz_duplex_new(composer.world.loop, &composer.wire);
    bool is_client = (composer.flags & FUZZ_COMPOSER_CLIENT) != 0;
    composer.expected = is_client ? 1 : 1 + composer.options % FUZZ_MESSAGES;
    if (composer.duplex != NULL && !is_client) {
        settings = fuzz_input_of(kinds, sizeof(kinds));
        open_server(&settings);
    }
    nh_loop_begin_turn(composer.world.loop);
    return &composer;
}

static struct fuzz_message *message_of(unsigned which) {
    if (composer.count == 0) {
        return NULL;
    }
    struct fuzz_message *message = &composer.messages[(which & 3U) % composer.count];
    return message->abandoned ? NULL : message;
}

/* What concerns a request that is not there yet. Whether that was all. */
static bool prepare_client(enum fuzz_compose operation, const struct fuzz_step *step) {
    if (operation == FUZZ_LINE) {
        unsigned how = step->numbers[0];
        composer.method = (struct fuzz_text){step->bytes[1], (how & 4U) != 0};
        composer.path = (struct fuzz_text){step->bytes[2], (how & 8U) != 0};
        composer.method.bytes.length %= 32;
        composer.path.bytes.length %= 512;
        if (composer.lenient) {
            composer.method = fuzz_name_of(&composer, composer.method.bytes, 0xF0);
            composer.path.wide = false;
            composer.path.bytes = made_legal(composer.path.bytes, fuzz_is_target, "/?%");
        }
        return true;
    }
    if (operation == FUZZ_GIVE) {
        fuzz_compose_head(&composer, &composer.messages[0], operation, step);
        return true;
    }
    if (composer.expected != 0 && composer.duplex != NULL) {
        open_client((composer.options & 4U) != 0);
    }
    return composer.count == 0;
}

void fuzz_compose(struct fuzz_composer *run, enum fuzz_compose operation,
                  const struct fuzz_step *step) {
    if (operation == FUZZ_ALONE) {
        fuzz_compose_alone(run, step);
        return;
    }
    bool is_client = (run->flags & FUZZ_COMPOSER_CLIENT) != 0;
    if (is_client && run->count == 0 && prepare_client(operation, step)) {
        return;
    }
    if (operation == FUZZ_TURN) {
        nh_loop_end_turn(run->world.loop);
        nh_loop_begin_turn(run->world.loop);
        return;
    }
    struct fuzz_message *message = message_of(step->numbers[0]);
    if (message == NULL) {
        return;
    }
    switch (operation) {
    case FUZZ_SET:
    case FUZZ_REMOVE:
    case FUZZ_READ:
    case FUZZ_GIVE:
    case FUZZ_HEAD:
    case FUZZ_STATUS:
    case FUZZ_PROPERTY:
        fuzz_compose_head(run, message, operation, step);
        break;
    case FUZZ_WRITE:
    case FUZZ_END:
    case FUZZ_TRAILER:
    case FUZZ_CORK:
    case FUZZ_FLUSH:
    case FUZZ_INTERIM:
    case FUZZ_HINTS:
        fuzz_compose_body(run, message, operation, step);
        break;
    case FUZZ_ODD:
        fuzz_compose_odd(run, message, step);
        break;
    case FUZZ_OBJECT:
        fuzz_compose_object(run, message, step);
        break;
    case FUZZ_LINE:
    case FUZZ_ALONE:
    case FUZZ_TURN:
        break;
    }
}

void fuzz_composer_end(struct fuzz_composer *run) {
    nh_loop *loop = run->world.loop;
    if ((run->flags & FUZZ_COMPOSER_CLIENT) != 0 && run->count == 0 && run->expected != 0 &&
        run->duplex != NULL) {
        open_client((run->options & 4U) != 0);
    }
    for (size_t i = 0; i < run->count; i++) {
        if (!run->messages[i].finished && !run->messages[i].abandoned) {
            fuzz_end_message(run, &run->messages[i], 0, nh_bytes_of(NULL, 0), 0);
        }
    }
    nh_loop_end_turn(loop);
    if (!fuzz_composer_gave_up(run) && run->count != 0) {
        fuzz_check_wire(run);
    }
    nh_loop_begin_turn(loop);
    if (run->duplex != NULL) {
        nh_stream_destroy(run->duplex, NULL);
    }
    nh_loop_end_turn(loop);
    for (size_t i = 0; i < run->count; i++) {
        nh_emitter_release(nh_as_emitter(run->messages[i].message));
    }
    nh_emitter_release(run->server == NULL ? NULL : nh_as_emitter(run->server));
    nh_emitter_release(run->agent == NULL ? NULL : nh_as_emitter(run->agent));
    nh_emitter_release(run->duplex == NULL ? NULL : nh_as_emitter(run->duplex));
    fuzz_world_close(&run->world);
}
