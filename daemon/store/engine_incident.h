/*
 * engine_incident.h: the rows of incidents: what happened to personal data, and who was told.
 *
 * A part of engine.h's contract.  What happened, its effects and what was done about it are sealed
 * records of the incident's case (tx_case.h); here are ids, numbers and times.
 */
#ifndef CU_STORE_ENGINE_INCIDENT_H
#define CU_STORE_ENGINE_INCIDENT_H
#include "store/engine.h"

struct row_incident {
	struct id id;
	uint32_t number;         /* what people call it; from 1, never given twice */
	struct id kase;          /* the owner of its sealed texts */
	unsigned kind;           /* enum incident_kind of privacy/incident.h */
	unsigned risk;           /* enum law_risk of policy/law.h */
	bool keys_are_safe;      /* what others have is sealed, and they have no key */
	int64_t noticed_ms;      /* the clocks of laws start here */
	int64_t entered_ms;
	int64_t from_ms, to_ms;  /* when it happened, to is not in it; 0: not known */
	int64_t scoped_ms;       /* when it was last computed whom it is about; 0: not yet */
	uint64_t naffected;      /* by then */
	int64_t closed_ms;       /* 0: it is open */
};

/* Somebody was told.  Who is told in phases has several. */
struct row_incident_told {
	char law[ENGINE_KEY_SIZE];
	unsigned to; /* enum law_told of policy/law.h */
	int64_t at_ms;
};

int engine_incident_put(struct engine *e, const struct row_incident *row, struct cu_err *err);
/* In the order of their numbers: the first after this one; 0 starts.  1, 0 or a code. */
int engine_incident_next(
	struct engine *e, uint32_t after, struct row_incident *ret, struct cu_err *err);

/* One that was closed before this time: 1, 0 or a code. */
int engine_incident_over(
	struct engine *e, int64_t before_ms, struct row_incident *ret, struct cu_err *err);
/* With who was told. */
int engine_incident_delete(struct engine *e, const struct id *id, struct cu_err *err);

/* The same twice is one. */
int engine_incident_told_put(struct engine *e, const struct id *incident,
	const struct row_incident_told *row, struct cu_err *err);
/* When they were first told: 1, 0 (they were not) or a code. */
int engine_incident_first_told(struct engine *e, const struct id *incident, const char *law,
	unsigned to, int64_t *ret_ms, struct cu_err *err);

#endif
