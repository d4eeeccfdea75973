#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"

static atomic_int max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	atomic_store(&max_level, (int)level);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char msg[1024], safe[2048];
	va_list ap;

	if ((int)level > atomic_load(&max_level)) {
		return;
	}
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	text_escape(msg, safe, sizeof(safe));
	if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "custosd: %s\n", safe);
	} else {
		fprintf(stderr, "<%d>%s\n", (int)level, safe);
	}
}
