/*
 * notice_purposes.h: the sections of a notice, for notice.c.
 */
#ifndef CU_PRIVACY_NOTICE_PURPOSES_H
#define CU_PRIVACY_NOTICE_PURPOSES_H
#include <stdbool.h>

struct privacy_notice;

bool notice_has_law(const struct privacy_notice *n, const char *law);
/* Begins one; of the articles those of laws that are in force are named. */
void notice_section(struct privacy_notice *n, const char *text, const char *gdpr, const char *pipl);

/* What data is used for and why that is lawful, which it is, and all that is said for each purpose. */
void notice_put_purposes(struct privacy_notice *n);
void notice_put_keeping(struct privacy_notice *n);
void notice_put_objections(struct privacy_notice *n);

#endif
