/*
 * doctor.h: what only custosd can look at, for `doctor`: each finding in words, with its remedy.
 *
 * Nothing is changed.  Targets are looked at now, so one that hangs holds up whoever asks, and nobody
 * else.  Worker threads.
 */
#ifndef CU_CONTROL_DOCTOR_H
#define CU_CONTROL_DOCTOR_H

struct daemon;
struct json;

/* The order in which they are worse; the words are those of io.custos.Doctor. */
enum doctor_level { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_WARNING, DOCTOR_ERROR };

struct doctor {
	struct daemon *daemon;
	struct json *findings; /* an open array */
};

/* One finding.  area is a word of the interface; remedy, translated, is what to type or to write where:
 * NULL for what needs nothing. */
void doctor_say(const struct doctor *to, const char *area, enum doctor_level level, const char *remedy,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The process and its keys, the ground, the policies, the clock, the agent. */
void doctor_process(const struct doctor *to);
void doctor_keys(const struct doctor *to);
void doctor_policies(const struct doctor *to);
void doctor_agent(const struct doctor *to);
/* Each target: can it be reached, what lies there, on which disk; backups and drills. */
void doctor_targets(const struct doctor *to);

#endif
