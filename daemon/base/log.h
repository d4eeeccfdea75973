/*
 * log.h: one line to stderr, for the journal.
 *
 * Lines carry systemd's "<priority>" prefix when stderr is not a terminal.  Whatever came
 * from outside is escaped, so that a line stays one line.  Never give it personal data: ids,
 * keys of policies, counts and times only.
 */
#ifndef CU_BASE_LOG_H
#define CU_BASE_LOG_H

/* The numbers of syslog(3). */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARN,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* Lines above this level are dropped; LOG_LEVEL_INFO at start.  Any thread. */
void log_set_level(enum log_level level);

void log_line(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)  log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)   log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)   log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)  log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
