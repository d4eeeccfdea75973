#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

static const struct log_event events[] = {
#define X(id, name, message_id, what) [LOG_EVENT_##id] = { name, message_id },
	LOG_EVENTS(X)
#undef X
};

static void put_to_stderr(enum log_level level, const struct log_event *event, const char *what,
	const char *line)
{
	(void)event;
	(void)what;
	if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "custosd: %s\n", line);
	} else {
		fprintf(stderr, "<%d>%s\n", (int)level, line);
	}
}

static atomic_int max_level = LOG_LEVEL_INFO;
static log_sink_fn *sink = put_to_stderr;

void log_set_level(enum log_level level)
{
	atomic_store(&max_level, (int)level);
}

void log_set_sink(log_sink_fn *to)
{
	sink = to;
}

static void put(enum log_level level, const struct log_event *event, const char *what,
	const char *fmt, va_list ap) __attribute__((format(printf, 4, 0)));

static void put(enum log_level level, const struct log_event *event, const char *what,
	const char *fmt, va_list ap)
{
	char msg[1024], safe[2048];

	if ((int)level <= atomic_load(&max_level)) {
		vsnprintf(msg, sizeof(msg), fmt, ap);
		text_escape(msg, safe, sizeof(safe));
		sink(level, event, what, safe);
	}
}

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(level, NULL, "", fmt, ap);
	va_end(ap);
}

/* At the edge of a burst two threads may both begin the next: a line more, no harm. */
void log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
{
	long long now = clock_monotonic_ms(), since = atomic_load(&limit->since_ms);
	unsigned n;
	va_list ap;

	if ((int)level > atomic_load(&max_level)) {
		return;
	}
	if (since == 0 || now - since >= LOG_BURST_MS) {
		atomic_store(&limit->since_ms, now);
		n = atomic_exchange(&limit->n, 0);
		if (n > LOG_BURST) {
			log_line(level, "%u more lines like the next were left out", n - LOG_BURST);
		}
	}
	if (atomic_fetch_add(&limit->n, 1) < LOG_BURST) {
		va_start(ap, fmt);
		put(level, NULL, "", fmt, ap);
		va_end(ap);
	}
}

void log_happened(enum log_level level, enum log_event_id event, const char *what, const char *fmt,
	...)
{
	va_list ap;

	va_start(ap, fmt);
	put(level, &events[event], what, fmt, ap);
	va_end(ap);
}
