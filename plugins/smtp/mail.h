/*
 * mail.h: a mail as text: RFC 5322, one part of plain text in UTF-8.
 */
#ifndef CUSTOS_SMTP_MAIL_H
#define CUSTOS_SMTP_MAIL_H
#include <stdbool.h>
#include <stddef.h>

#include "custos_plugin.h"

/* An address as it may stand in a header and in an envelope: ASCII, "local@domain", without blanks,
 * brackets, quotes, commas and control characters. */
bool mail_is_address(const char *text, size_t n);

/* Each address of a list that is separated by commas and blanks; 0 ends it: how many characters it
 * has, *ret points to it, *at goes on behind it. */
size_t mail_next_address(const char **at, const char **ret);

/* The whole mail, lines ended by CR LF; released with free.  to: what stands there.  NULL: no memory. */
char *mail_write(const char *from, const char *to, const struct cu_message *m, size_t *ret_n);

#endif
