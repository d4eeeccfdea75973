/*
 * expect.h: whether a store's answer is right.
 *
 * Every record that is read must have the key and the value that was asked for, its own data, and
 * none where none was asked for.  With an exact model, of one thread, an answer must be all records
 * that the model has, with all their attributes, and a change must have changed that many.
 */
#ifndef CU_TESTS_GDPR_EXPECT_H
#define CU_TESTS_GDPR_EXPECT_H
#include "workload.h"

struct model;

/* All records below nrecords are there as they were made, but for the short-lived; room for
 * ncalls more. */
struct model *model_new(uint64_t nrecords, uint64_t ncalls);
void model_free(struct model *m);

/* One call: filled before it, given as ctx to expect_row, judged after it. */
struct expect {
	const struct call_type *type;
	uint64_t number;   /* of the record, or whose value is asked for */
	int set;           /* of updates */
	struct model *model; /* NULL: none */
	char value[24];
	uint64_t nrows, nbad;
};

void expect_begin(struct expect *e, const struct call_type *type, uint64_t number, int set,
	struct model *model);
void expect_row(void *ctx, const char *key, const char *const value[]);
/* n is what the call returned.  False: the answer is wrong. */
bool expect_end(struct expect *e, int n);

#endif
