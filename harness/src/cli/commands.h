/* The subcommands; each file named after one. */
#ifndef TOUCHSTONE_CLI_COMMANDS_H
#define TOUCHSTONE_CLI_COMMANDS_H

#include "cli/options.h"

int ts_command_adapter_check(const ts_command *self, int argc, char **argv);
int ts_command_run(const ts_command *self, int argc, char **argv);
int ts_command_list(const ts_command *self, int argc, char **argv);
int ts_command_show(const ts_command *self, int argc, char **argv);
int ts_command_record(const ts_command *self, int argc, char **argv);
int ts_command_compare(const ts_command *self, int argc, char **argv);
int ts_command_coverage(const ts_command *self, int argc, char **argv);
int ts_command_lint(const ts_command *self, int argc, char **argv);
int ts_command_new(const ts_command *self, int argc, char **argv);

#endif
