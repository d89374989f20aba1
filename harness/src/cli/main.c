#include "cli/commands.h"
#include "cli/version.h"

#include <nodehttp/version.h>
#include <stdio.h>
#include <string.h>

static const ts_command commands[] = {
    {"run", "[PATH…]", "Runs scenarios on implementations and judges what was observed.",
     "PATH is an id (client-request/x), an id with a row (client-request/x:row), a folder or the\n"
     "beginning of ids, or a file or folder anywhere; without any, the whole suite runs.\n\n"
     "Implementations: reference (in-process, simulated network), reference-uv (in-process, real\n"
     "sockets), NAME@VERSION (installed by script/runtimes), node, bun or deno on PATH, the path "
     "of\n"
     "such a program, adapter:COMMAND.\n\n"
     "Exit status: 0 everything passed (unsupported and not applicable do not count), 1 something\n"
     "failed, 2 usage or set-up error.",
     ts_command_run},
    {"list", "[PATH…]", "Lists the ids and titles of scenarios.", NULL, ts_command_list},
    {"show", "PATH…", "Prints scenarios as they are run: the values of rows are filled in.", NULL,
     ts_command_show},
    {"record", "PATH…", "Fills in what is expected, by running on an implementation.",
     "A recording is evidence, not truth: read it against the requirement. Expectations that "
     "differ\n"
     "are shown, not overwritten.",
     ts_command_record},
    {"compare", "PATH…", "Prints the traces of two implementations side by side.",
     "Exit status: 0 they agree, 1 they differ, 2 usage or set-up error.", ts_command_compare},
    {"coverage", "[PATH…]", "Tells which requirements and members of the API no scenario touches.",
     NULL, ts_command_coverage},
    {"lint", "[PATH…]", "Finds mistakes in scenarios without running them.",
     "Exit status: 0 nothing was found, 1 something was, 2 usage error.", ts_command_lint},
    {"new", "ID", "Writes the skeleton of a scenario.", NULL, ts_command_new},
    {"adapter-check", "-- COMMAND…", "Tells what is wrong with an adapter.",
     "COMMAND starts the adapter, for instance: node harness/adapters/javascript/main.mjs\n\n"
     "Exit status: 0 all is well, 1 something is wrong, 2 usage error.",
     ts_command_adapter_check},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out) {
    (void)fprintf(out, "touchstone: does this implementation of node:http behave like Node.js?\n\n"
                       "usage: touchstone COMMAND [OPTION…] [ARGUMENT…]\n\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        (void)fprintf(out, "  %-15s %s\n", commands[i].name, commands[i].summary);
    }
    (void)fprintf(out, "\ntouchstone COMMAND --help tells more.\n");
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return TS_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return TS_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("touchstone %s, libnodehttp %s\n", ts_version(), nh_version());
        return TS_EXIT_OK;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(&commands[i], argc - 2, argv + 2);
        }
    }
    (void)ts_complain("unknown command \"%s\" (touchstone --help lists them)", argv[1]);
    return TS_EXIT_USAGE;
}
