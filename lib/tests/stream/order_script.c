/* Reading a case: "name=value" and "when:what". */
#include "order_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set(struct run *run, nh_stream_options *options, const char *name, const char *value) {
    bool on = value[0] != '0';
    static char encoding[16];

    if (strcmp(name, "kind") == 0) {
        run->kind = value[0];
    } else if (strcmp(name, "hwm") == 0) {
        options->high_water_mark = (size_t)strtoul(value, NULL, 10);
    } else if (strcmp(name, "obj") == 0) {
        options->object_mode = on;
    } else if (strcmp(name, "half") == 0) {
        options->allow_half_open = on;
    } else if (strcmp(name, "auto") == 0) {
        options->auto_destroy = on;
    } else if (strcmp(name, "emit") == 0) {
        options->emit_close = on;
    } else if (strcmp(name, "r") == 0) {
        options->readable = on;
    } else if (strcmp(name, "w") == 0) {
        options->writable = on;
    } else if (strcmp(name, "enc") == 0) {
        (void)snprintf(encoding, sizeof(encoding), "%s", value);
        options->encoding = encoding;
    } else if (strcmp(name, "T") == 0) {
        run->target_write = value[0];
    } else if (strcmp(name, "thwm") == 0) {
        run->target_mark = (size_t)strtoul(value, NULL, 10);
    } else if (strcmp(name, "K") == 0) {
        run->left = (int)strtol(value, NULL, 10);
    } else {
        char *operation = name[0] == 'W'   ? &run->write
                          : name[0] == 'V' ? &run->writev
                          : name[0] == 'F' ? &run->final
                          : name[0] == 'D' ? &run->destroy
                          : name[0] == 'C' ? &run->construct
                                           : &run->read;
        *operation = value[0];
    }
}

void order_parse(struct run *run, const char *script, nh_stream_options *options) {
    char line[1024];
    char *rest = line;

    (void)snprintf(line, sizeof(line), "%s", script);
    char *end = strstr(line, " => ");
    if (end != NULL) {
        *end = '\0';
    }
    for (char *word = strtok_r(line, " \n", &rest); word != NULL;
         word = strtok_r(NULL, " \n", &rest)) {
        char *colon = strchr(word, ':');
        char *equals = strchr(word, '=');
        if (equals != NULL) {
            *equals = '\0';
            set(run, options, word, equals + 1);
        } else if (colon != NULL && run->count < MOST_ACTIONS) {
            struct action *action = &run->actions[run->count++];
            *colon = '\0';
            *action = (struct action){.when = word[0], .what = colon[1]};
            if (word[0] == '@') {
                (void)snprintf(action->event, sizeof(action->event), "%s", word + 1);
            }
        }
    }
}
