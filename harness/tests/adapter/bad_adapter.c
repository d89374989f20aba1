/* An adapter that does what its arguments say, one after the other, however wrong:
 *
 *   hello         a proper hello            line:TEXT     a line
 *   text:TEXT     no newline after it       errors:TEXT   a line on standard error
 *   read          waits for a line          serve         answers properly to the end of its input
 *   flood:TEXT    that line for ever        huge:BYTES    a line of so many bytes
 *   exit:STATUS   exits                     raise:SIGNAL  kills itself
 *   close:0       closes standard input (1: output)
 *   hang          never ends, whatever happens to its input
 *   hold:MS       leaves a child that holds standard output open for so long, and exits
 *
 * After its arguments it reads to the end of its input. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put(const char *text) {
    (void)fputs(text, stdout);
    (void)fflush(stdout);
}

/* A line of standard input; 0 at its end. Long lines come in pieces, which is fine here. */
static int get(char *line, int size) {
    return fgets(line, size, stdin) != NULL;
}

static long number_after(const char *line, const char *key) {
    const char *found = strstr(line, key);
    return found != NULL ? strtol(found + strlen(key), NULL, 10) : -1;
}

static void serve(void) {
    char line[4096];
    while (get(line, sizeof line)) {
        long run = number_after(line, "\"run\":");
        long sync = number_after(line, "\"sync\":");
        if (sync >= 0) {
            (void)printf("{\"run\":%ld,\"synced\":%ld,\"pending\":0}\n", run, sync);
        } else if (strstr(line, "\"stop\":true") != NULL) {
            (void)printf("{\"run\":%ld,\"stopped\":true}\n", run);
        } else if (strstr(line, "\"start\":") != NULL) {
            (void)printf("{\"run\":%ld,\"observe\":[\"main\",\"started\"]}\n", run);
        }
        (void)fflush(stdout);
    }
}

static void put_huge(long bytes) {
    static char block[1 << 16];
    memset(block, 'x', sizeof block);
    for (long left = bytes; left > 0; left -= (long)sizeof block) {
        (void)fwrite(block, 1, sizeof block, stdout);
    }
    put("\n");
}

static void flood(const char *text) {
    while (fputs(text, stdout) >= 0 && fputs("\n", stdout) >= 0) {
    }
}

static void hold_output(long milliseconds) {
    if (fork() == 0) {
        (void)usleep((useconds_t)milliseconds * 1000);
        _exit(0);
    }
    exit(0);
}

static void hang(void) {
    for (;;) {
        (void)pause();
    }
}

static const char *operand(const char *action, const char *name) {
    size_t length = strlen(name);
    return strncmp(action, name, length) == 0 && action[length] == ':' ? action + length + 1 : NULL;
}

static void perform(const char *action) {
    char line[4096];
    const char *text;
    if (strcmp(action, "hello") == 0) {
        put("{\"hello\":{\"protocol\":1,\"name\":\"bad\",\"version\":\"1.0.0\","
            "\"capabilities\":[\"unix\"]}}\n");
    } else if (strcmp(action, "read") == 0) {
        (void)get(line, sizeof line);
    } else if (strcmp(action, "serve") == 0) {
        serve();
    } else if (strcmp(action, "hang") == 0) {
        hang();
    } else if ((text = operand(action, "line")) != NULL) {
        put(text);
        put("\n");
    } else if ((text = operand(action, "text")) != NULL) {
        put(text);
    } else if ((text = operand(action, "errors")) != NULL) {
        (void)fprintf(stderr, "%s\n", text);
    } else if ((text = operand(action, "flood")) != NULL) {
        flood(text);
    } else if ((text = operand(action, "huge")) != NULL) {
        put_huge(strtol(text, NULL, 10));
    } else if ((text = operand(action, "exit")) != NULL) {
        exit((int)strtol(text, NULL, 10));
    } else if ((text = operand(action, "raise")) != NULL) {
        int number = (int)strtol(text, NULL, 10);
        (void)signal(number, SIG_DFL); /* a sanitizer has a handler of its own */
        (void)raise(number);
    } else if ((text = operand(action, "close")) != NULL) {
        (void)close((int)strtol(text, NULL, 10));
    } else if ((text = operand(action, "hold")) != NULL) {
        hold_output(strtol(text, NULL, 10));
    } else {
        (void)fprintf(stderr, "bad_adapter: what is %s?\n", action);
        exit(99);
    }
}

int main(int argc, char **argv) {
    char line[4096];
    for (int i = 1; i < argc; i++) {
        perform(argv[i]);
    }
    while (get(line, sizeof line)) {
    }
    return 0;
}
