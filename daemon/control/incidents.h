/*
 * incidents.h: what the handlers of incidents share: finding one, changing one, its clocks, showing it.
 *
 * privacy/incident.h has the rules.  Worker thread.
 */
#ifndef CU_CONTROL_INCIDENTS_H
#define CU_CONTROL_INCIDENTS_H
#include "privacy/incident.h"
#include "store/reader_incident.h"
#include "store/tx_incident.h"

struct daemon;
struct exchange;
struct json;

/* The incident that the parameter `number` names.  CU_ENOENT. */
int incidents_find(struct exchange *x, struct row_incident *ret, struct cu_err *err);

/* One change: a step that begins with the row as it is then. */
struct incident_change {
	struct store_op op;
	uint32_t number;
	bool may_be_closed;
	int (*fn)(struct tx *tx, struct incident_change *c, struct cu_err *err); /* writes the row itself */
	void *ctx;
	struct row_incident row;
};
/* Of the incident that the call names: CU_ENOENT; CU_EBUSY when it is closed. */
int incidents_change(struct exchange *x, struct incident_change *c, struct cu_err *err);

/* A parameter that is a local time, "2026-11-21 10:15", or a day: the beginning of it, or with
 * is_end the beginning of the next.  Absent: 0. */
int incidents_take_time(const struct exchange *x, const char *name, bool is_end,
	int64_t *ret_ms, struct cu_err *err);

/* Each duty to tell somebody, by each law of organisation.yaml.  0 goes on, 1 ends the walk. */
struct incident_duty {
	const struct law *law;
	const struct law_breach *breach;
	enum incident_verdict verdict;
	int64_t told_ms;  /* 0: not */
	int64_t until_ms; /* of "at once" when it was noticed */
};
typedef int incident_duty_fn(void *ctx, const struct incident_duty *duty, struct cu_err *err);
int incidents_duties(const struct daemon *d, struct reader *rd, const struct row_incident *row,
	incident_duty_fn *fn, void *ctx, struct cu_err *err);

/* Writes io.custos.incident.Incident. */
int incidents_show(struct exchange *x, struct json *out, const char *name,
	const struct row_incident *row, struct cu_err *err);

/* A leaf that the texts of it were read, durable when it returns; why is a policy key. */
int incidents_read_leaf(struct exchange *x, const struct row_incident *row, const char *why,
	struct cu_err *err);

/* Of status: "incidents", how many are open and by when somebody must next be told. */
int incidents_status(struct daemon *d, struct json *out, struct cu_err *err);

#endif
