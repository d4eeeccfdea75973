/*
 * bench_gdpr: GDPRbench against a store.  tests/bench/run_gdpr calls it.
 *
 *	bench_gdpr fill|run|exact BACKEND WHERE WORKLOAD [RECORDS [CALLS [SEED]]]
 *	bench_gdpr reset|wait|purge BACKEND WHERE [RECORDS]
 *	bench_gdpr policies DIR UID    what custosd needs to know for it
 *
 * fill inserts, run makes the workload's calls with its threads, exact with one against a model.
 * wait returns once the short-lived of RECORDS are over; purge deletes what is over each second,
 * until it is ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "be_custos.h"
#include "load.h"

static int usage(void)
{
	fprintf(stderr, "bench_gdpr fill|run|exact|reset|wait|purge|policies ..., see its source\n");
	return 64;
}

static const struct backend *find_backend(const char *name)
{
#ifdef WITH_PG
	if (strcmp(name, "pg") == 0) {
		return &backend_pg;
	}
#endif
	return strcmp(name, "custos") == 0 ? &backend_custos : NULL;
}

static int load(const char *what, int argc, char *argv[])
{
	struct load_options o = { .backend = find_backend(argv[0]), .where = argv[1], .seed = 1,
		.is_exact = strcmp(what, "exact") == 0 };
	struct load_result r;

	if (!o.backend || !workload_read(argv[2], &o.workload)) {
		return 64;
	}
	o.workload.records = argc > 3 ? strtoull(argv[3], NULL, 10) : o.workload.records;
	o.workload.calls = argc > 4 ? strtoull(argv[4], NULL, 10) : o.workload.calls;
	o.seed = argc > 5 ? strtoull(argv[5], NULL, 10) : o.seed;
	if (!(strcmp(what, "fill") == 0 ? load_fill(&o, &r) : load_run(&o, &r))) {
		return 1;
	}
	return load_report(&r) ? 0 : 1;
}

static int wait_until_over(const struct backend *b, void *h, int nrecords)
{
	int n;

	while ((n = b->count(h)) > nrecords - nrecords / 10) {
		usleep(200 * 1000);
	}
	return n < 0 ? 1 : 0;
}

static int manage(const char *what, int argc, char *argv[])
{
	const struct backend *b = find_backend(argv[0]);
	void *h = b ? b->open(argv[1]) : NULL;
	int r = 0;

	if (!h) {
		return 1;
	}
	if (strcmp(what, "reset") == 0) {
		r = b->reset(h) < 0;
	} else if (strcmp(what, "wait") == 0) {
		r = wait_until_over(b, h, argc > 2 ? atoi(argv[2]) : 0);
	} else {
		while (b->purge && b->purge(h) >= 0) {
			sleep(1);
		}
	}
	b->close(h);
	return r;
}

int main(int argc, char *argv[])
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "policies") == 0 && argc == 4) {
		return be_custos_policies(argv[2], (unsigned)atoi(argv[3])) ? 0 : 1;
	}
	if (argc >= 5 && (strcmp(what, "fill") == 0 || strcmp(what, "run") == 0 ||
				 strcmp(what, "exact") == 0)) {
		return load(what, argc - 2, argv + 2);
	}
	if (argc >= 4 && (strcmp(what, "reset") == 0 || strcmp(what, "wait") == 0 ||
				 strcmp(what, "purge") == 0)) {
		return manage(what, argc - 2, argv + 2);
	}
	return usage();
}
