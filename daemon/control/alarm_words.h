/*
 * alarm_words.h: what an alarm says to whoever reads mail: what is the matter, and what to do.
 *
 * It holds no personal data: a kind, and perhaps the key of a target or a route.
 */
#ifndef CU_CONTROL_ALARM_WORDS_H
#define CU_CONTROL_ALARM_WORDS_H
struct json;
struct row_message;

#define ALARM_TEST "test"

/* Writes the members subject and text of the message; language is an enum language.  A kind that this
 * custosd does not know, of a newer one, is said by its name. */
void alarm_write(const struct row_message *row, int language, struct json *j);

#endif
