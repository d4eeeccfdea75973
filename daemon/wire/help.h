/*
 * help.h: help texts, made from the table of commands.  All text goes through gettext.
 */
#ifndef CU_WIRE_HELP_H
#define CU_WIRE_HELP_H
#include <stddef.h>

#include "wire/command.h"

struct buf;
struct cu_err;

/* All commands by family, and the global options. */
void help_overview(struct buf *to);

/* "custosctl backup list [--target=TARGET]", no newline. */
void help_usage(const struct command *c, struct buf *to);

/* Usage, summary, details, arguments. */
void help_command(const struct command *c, struct buf *to);

/* The exit statuses of custosctl, from the table of errors. */
void help_exit(struct buf *to);
/* The commands of a family. */
void help_family(const struct family *f, struct buf *to);

/* Whichever the words name: none, a family, a command.  CU_EINVAL with a suggestion. */
int help_topic(size_t n, const char *const words[], struct buf *to, struct cu_err *err);

#endif
