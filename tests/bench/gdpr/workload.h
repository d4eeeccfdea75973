/*
 * workload.h: which calls, how often, about which records.
 */
#ifndef CU_TESTS_GDPR_WORKLOAD_H
#define CU_TESTS_GDPR_WORKLOAD_H
#include <stdbool.h>
#include <stdint.h>

enum call_kind { CALL_INSERT, CALL_READ, CALL_READ_META, CALL_UPDATE, CALL_UPDATE_KEY,
	CALL_UPDATE_META, CALL_DELETE, CALL_DELETE_META, CALL_READ_LOG, CALL_VERIFY };

struct call_type {
	const char *name;
	enum call_kind kind;
	int field;      /* of those by a field */
	bool with_data; /* of reads */
};

#define WORKLOAD_CALLS 19
extern const struct call_type workload_calls[WORKLOAD_CALLS];

struct workload {
	uint64_t records, calls;
	unsigned threads;
	bool is_zipf;
	double weight[WORKLOAD_CALLS];
};

/* Lines of "name = value", '#' begins a comment.  False: said why. */
bool workload_read(const char *path, struct workload *ret);
/* Which call comes next, for 0 <= at < 1. */
const struct call_type *workload_pick(const struct workload *w, double at);

#endif
