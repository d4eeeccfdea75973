#include "policy/faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/intl.h"
#include "base/text.h"

/* Enough for a path, a key and a sentence with two quoted names. */
#define LINE_SIZE 512

void faults_done(struct faults *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->text[i]);
	}
	memset(f, 0, sizeof(*f));
}

void faults_add(struct faults *f, const char *file, unsigned line, const char *item,
	const char *fmt, ...)
{
	char reason[LINE_SIZE], raw[LINE_SIZE * 2], shown[LINE_SIZE * 2];
	va_list ap;

	f->ntotal++;
	if (f->n == FAULTS_MAX) {
		return;
	}
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), _(fmt), ap);
	va_end(ap);
	if (line > 0) {
		snprintf(raw, sizeof(raw), "%s:%u: %.128s: %s", file, line, item, reason);
	} else {
		snprintf(raw, sizeof(raw), "%s: %.128s: %s", file, item, reason);
	}
	/* a fault stays one line, whatever the file holds */
	text_escape(raw, shown, sizeof(shown));
	f->text[f->n] = strdup(shown);
	if (f->text[f->n]) {
		f->n++;
	}
}

int faults_check(const struct faults *f, struct cu_err *err)
{
	const char *first = f->n > 0 ? f->text[0] : _("out of memory");

	if (f->ntotal == 0) {
		return 0;
	}
	if (f->ntotal == 1) {
		return cu_err_set(err, CU_EINVAL, "%s", first);
	}
	return cu_err_set(err, CU_EINVAL, "%s (and %zu more)", first, f->ntotal - 1);
}
