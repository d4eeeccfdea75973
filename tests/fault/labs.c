/*
 * labs: custosd is stopped under load in every way, one lab after the other, and a table of what they did.
 *
 *	labs [--seconds N | --short]
 *
 * Without a time: 1,000 kills, 300 power cuts of each kind, 200 failed syncs, 100 full disks.
 * The short form is for ./dev test.  CUSTOS_SEED repeats a run, CUSTOS_LAB=3 takes one lab.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab.h"

/* Rounds without a bound of time, and of the short form; the share of the time, in hundredths. */
static const struct {
	unsigned rounds, short_rounds;
	int share;
} plan[LAB_NLABS_] = {
	[LAB_KILL] = { 1000, 5, 38 },
	[LAB_CUT] = { 300, 4, 20 },
	[LAB_CUT_SHUFFLE] = { 300, 4, 16 },
	[LAB_FAIL] = { 200, 3, 12 },
	[LAB_FULL] = { 100, 2, 6 },
	[LAB_DEAF_DATA] = { 60, 20, 4 },
	[LAB_DEAF_LOG] = { 60, 20, 4 },
};

static struct lab_bounds bounds_of(enum lab_name name, bool is_short, int seconds, uint64_t seed)
{
	struct lab_bounds b = { .rounds = plan[name].rounds, .seed = seed };

	if (is_short) {
		b.rounds = plan[name].short_rounds;
	} else if (seconds > 0) {
		b.rounds = lab_must_find(name) ? b.rounds : UINT32_MAX;
		b.seconds = seconds * plan[name].share / 100;
		b.seconds += b.seconds == 0; /* 0 were no bound */
	}
	return b;
}

static bool print_row(enum lab_name name, const struct trial *r)
{
	bool must_find = lab_must_find(name);

	printf("%-30s %7u %7u %8u %8u %10s %8.1f\n", lab_title(name), r->rounds, r->kills,
		r->acknowledged, r->checked, trial_verdict(r, must_find), r->seconds);
	trial_print_said(r);
	return trial_is_right(r, must_find);
}

int main(int argc, char *argv[])
{
	const char *only = getenv("CUSTOS_LAB"), *seed_text = getenv("CUSTOS_SEED");
	uint64_t seed = seed_text ? strtoull(seed_text, NULL, 10) : (uint64_t)time(NULL);
	bool is_short = argc == 2 && strcmp(argv[1], "--short") == 0;
	int seconds = argc == 3 && strcmp(argv[1], "--seconds") == 0 ? atoi(argv[2]) : 0;
	unsigned rounds = 0, acknowledged = 0, nwrong = 0;

	if (argc > 1 && !is_short && seconds <= 0) {
		fprintf(stderr, "labs [--seconds N | --short]: '%s': expected one of these, N from 1\n", argv[1]);
		return 64;
	}
	printf("seed %llu\n\n%-30s %7s %7s %8s %8s %10s %8s\n", (unsigned long long)seed, "lab",
		"rounds", "kills", "acked", "checked", "faults", "seconds");
	for (enum lab_name name = 0; name < LAB_NLABS_; name++) {
		struct lab_bounds b = bounds_of(name, is_short, seconds, seed);
		struct trial r;

		if (!only || strtoul(only, NULL, 10) == name) {
			r = lab_run(name, &b);
			nwrong += !print_row(name, &r);
			rounds += r.rounds;
			acknowledged += r.acknowledged;
		}
	}
	printf("\n%u ends of custosd, %u acknowledged changes, %u labs wrong\n", rounds, acknowledged, nwrong);
	return nwrong ? 1 : 0;
}
