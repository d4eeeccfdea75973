/*
 * bench.h: what the three load generators share: people made up by number, and time.
 */
#ifndef CU_TESTS_BENCH_H
#define CU_TESTS_BENCH_H
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BENCH_THREADS 32 /* as many as custosd has workers */

static inline int64_t bench_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static inline double bench_seconds(int64_t since_ns)
{
	return (double)(bench_ns() - since_ns) / 1e9;
}

/* A person: a profile and a contact point, some 250 bytes. */
struct bench_person {
	char given[24], family[24], birth[16], email[48], phone[24], street[48],
		city[24], code[12];
};

static inline void bench_person(uint64_t i, struct bench_person *p)
{
	snprintf(p->given, sizeof(p->given), "Given%llu", (unsigned long long)i % 4999);
	snprintf(p->family, sizeof(p->family), "Family%llu",
		(unsigned long long)i % 99991);
	snprintf(p->birth, sizeof(p->birth), "19%02u-%02u-%02u",
		(unsigned)(i % 90 + 10), (unsigned)(i % 12 + 1),
		(unsigned)(i % 28 + 1));
	snprintf(p->email, sizeof(p->email), "person%llu@example.org",
		(unsigned long long)i);
	snprintf(p->phone, sizeof(p->phone), "+4930%08llu",
		(unsigned long long)i % 100000000);
	snprintf(p->street, sizeof(p->street), "Long Example Street %u",
		(unsigned)(i % 300));
	snprintf(p->city, sizeof(p->city), "City%u", (unsigned)(i % 700));
	snprintf(p->code, sizeof(p->code), "%05u", (unsigned)(i % 99999));
}

static inline void bench_die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

#endif
