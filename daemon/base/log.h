/*
 * log.h: one line to stderr, for the journal.
 *
 * Lines carry systemd's "<priority>" prefix when stderr is not a terminal.  Whatever came
 * from outside is escaped, so that a line stays one line.  Never give it personal data: ids,
 * keys of policies, counts and times only.
 */
#ifndef CU_BASE_LOG_H
#define CU_BASE_LOG_H
#include <stdatomic.h>

/* The numbers of syslog(3). */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARN,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* What somebody may wait for.  X(id, name, MESSAGE_ID, what it is about): the ids, as systemd.journal-fields(7)
 * has them, were drawn once (128 bits); names and ids are in other people's filters. */
/* clang-format off */
#define LOG_EVENTS(X)                                                                           \
	X(STARTED,       "started",        "7dbf6f72bf6b42e0a54ac0d16490075b", "the version")    \
	X(SEALED,        "sealed",         "9998ea0e261d44e78342596a3730fe2b", "")               \
	X(QUARANTINED,   "quarantined",    "7f348c56c83746be97dc64ea9e19c0c4", "the target")     \
	X(STOPPED,       "store-stopped",  "327ac66622fa43f9b8b8e29d56472e82", "")               \
	X(JOB_DONE,      "job-done",       "4a3e14f868bc4649bb9f1662dde502fe", "the job")        \
	X(JOB_FAILED,    "job-failed",     "b9b813eeafc34731b051a2168c9d375b", "the job")        \
	X(RESIDUE_FOUND, "residue-found",  "4ecf9bc633f94def95db91140bf093d5", "how many")       \
	X(RELOADED,      "reloaded",       "d95fa4d8137e486baedd7516b16fb64d", "")               \
	X(RELOAD_FAILED, "reload-failed",  "7cf98daaf4e14d1894b052dac91900d3", "")
/* clang-format on */

struct log_event {
	const char *name, *id;
};

enum log_event_id {
#define X(id, name, message_id, what) LOG_EVENT_##id,
	LOG_EVENTS(X)
#undef X
};

/* Lines above this level are dropped; LOG_LEVEL_INFO at start.  Any thread. */
void log_set_level(enum log_level level);

/* Where lines go instead of stderr, escaped; event is NULL for most.  Before threads. */
typedef void log_sink_fn(enum log_level level, const struct log_event *event, const char *what,
	const char *line);
void log_set_sink(log_sink_fn *sink);

void log_line(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A line that programs wait for; what is a key or a number, or "". */
void log_happened(enum log_level level, enum log_event_id event, const char *what, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));

/* Lines that somebody could cause without end: LOG_BURST of them in LOG_BURST_MS, and then none; the next
 * one after that says how many there were.  Embedded, all zero at first; any thread. */
#define LOG_BURST    20
#define LOG_BURST_MS 10000
struct log_limit {
	atomic_llong since_ms; /* monotonic */
	atomic_uint n;
};
void log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(...)  log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)   log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)   log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)  log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
