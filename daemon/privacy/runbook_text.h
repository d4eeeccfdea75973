/*
 * runbook_text.h: the bytes of docs/guide/disaster-recovery.md, written by cmake/embed.cmake.
 */
#ifndef CU_PRIVACY_RUNBOOK_TEXT_H
#define CU_PRIVACY_RUNBOOK_TEXT_H
#include <stddef.h>
#include <stdint.h>

struct runbook_text {
	const char *file; /* "disaster-recovery.md" */
	const uint8_t *p; /* not ended by a NUL */
	size_t n;
};

extern const struct runbook_text runbook_texts[];
extern const size_t runbook_ntexts;

#endif
