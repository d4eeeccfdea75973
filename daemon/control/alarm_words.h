/*
 * alarm_words.h: what an alarm says to whoever reads mail: what is the matter, and what to do.
 *
 * It holds no personal data: a kind, and perhaps the key of a target or a route.
 */
#ifndef CU_CONTROL_ALARM_WORDS_H
#define CU_CONTROL_ALARM_WORDS_H
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct json;
struct row_alarm;
struct row_message;

#define ALARM_TEST "test"

/* "alarm.several", "clear.several". */
bool alarm_is_several(const struct row_message *row);

/* Writes the members subject and text of the message; language is an enum language.  list are the n lines
 * of what lasts, for one about several.  A kind that this custosd does not know, of a newer one, is said by
 * its name. */
void alarm_write(const struct row_message *row, int language, const char *list, size_t n, struct json *j);

/* since_ms 0: is not said.  "- the last drill of target usb failed (since 2026-11-28 22:00 CET)" and the end of the line, appended. */
void alarm_write_line(const struct row_alarm *row, int language, struct buf *to);

#endif
