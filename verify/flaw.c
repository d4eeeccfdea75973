#include "verify/flaw.h"

#include <stdarg.h>
#include <stdio.h>

int flaw_set(struct flaw *f, enum verdict verdict, const char *fmt, ...)
{
	va_list ap;

	f->verdict = verdict;
	va_start(ap, fmt);
	(void)vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return -1;
}

int flaw_in(struct flaw *f, const char *fmt, ...)
{
	char where[120];
	struct flaw whole;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(where, sizeof(where), fmt, ap);
	va_end(ap);
	(void)flaw_set(&whole, f->verdict, "%s: %.190s", where, f->text);
	*f = whole;
	return -1;
}
