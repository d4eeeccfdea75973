/*
 * load.h: threads that call a store, and what came of it.
 */
#ifndef CU_TESTS_GDPR_LOAD_H
#define CU_TESTS_GDPR_LOAD_H
#include "backend.h"
#include "workload.h"

struct load_options {
	const struct backend *backend;
	const char *where;          /* for its open */
	struct workload workload;
	uint64_t seed;
	bool is_exact;              /* against a model: one thread */
};

struct load_call { /* of one type */
	uint64_t n, rows, nothing;
	uint64_t ns, max_ns;
};

struct load_result {
	double seconds;
	uint64_t calls, checked, wrong, failed, retries;
	struct load_call of[WORKLOAD_CALLS];
};

/* Inserts the workload's records, one call each. */
bool load_fill(const struct load_options *o, struct load_result *ret);
/* Makes the workload's calls in a store that load_fill filled, once the short-lived are over. */
bool load_run(const struct load_options *o, struct load_result *ret);
/* One line of JSON, and false when anything was wrong. */
bool load_report(const struct load_result *r);

#endif
