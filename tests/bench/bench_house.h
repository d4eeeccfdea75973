/*
 * bench_house.h: a store without a daemon in front of it, for one program.
 */
#ifndef CU_TESTS_BENCH_HOUSE_H
#define CU_TESTS_BENCH_HOUSE_H
#include "base/err.h"
#include "bench.h"
#include "control/house.h"
#include "control/terms.h"
#include "policy/faults.h"
#include "policy/policy.h"

static struct house house;
static struct policy *policy;

static inline void must(int r, const struct cu_err *err)
{
	if (r < 0) {
		bench_die(err->msg);
	}
}

static inline void tokenise(void *ctx, const struct record *r, struct index_terms *to)
{
	(void)ctx;
	terms_of(policy, r, to);
}

static inline void on_fatal(void *ctx, const struct cu_err *why)
{
	(void)ctx;
	bench_die(why->msg);
}

/* state is one that 'custosctl init' made and no daemon has open. */
static inline void open_house(const char *state, const char *policies)
{
	struct faults faults = FAULTS_INIT;
	struct cu_err err;

	must(policy_load(policies, &faults, &policy, &err), &err);
	house.clock = clock_system();
	house.index = (struct index_config){ tokenise, NULL };
	house.on_fatal = on_fatal;
	must(house_take(&house, state, &err), &err);
	must(house_open(&house, KEYRING_ALL, (struct span){ 0 }, &err), &err);
	faults_done(&faults);
}

static inline void close_house(void)
{
	house_leave(&house);
	policy_unref(policy);
}

#endif
