/* What ended records left behind as numbers: the rows of all tallies, added up by group. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "policy/aggregate.h"
#include "store/reader_expiry.h"

struct total {
	char field[ENGINE_KEY_SIZE];
	int64_t sum; /* ten-thousandths */
	uint64_t nrecords;
};

struct group {
	struct row_aggregate row; /* its collection and group; the rest of the last that was added */
	uint64_t nrecords;
	struct total totals[AGGREGATE_MAX_SUMS];
	size_t ntotals;
};

/* --- adding up -------------------------------------------------------------------- */

static struct total *total_of(struct group *g, const char *field)
{
	for (size_t i = 0; i < g->ntotals; i++) {
		if (strcmp(g->totals[i].field, field) == 0) {
			return &g->totals[i];
		}
	}
	if (g->ntotals == AGGREGATE_MAX_SUMS) {
		return NULL; /* of an older rule: more than one may have */
	}
	g->totals[g->ntotals] = (struct total){ .sum = 0 };
	snprintf(g->totals[g->ntotals].field, ENGINE_KEY_SIZE, "%s", field);
	return &g->totals[g->ntotals++];
}

/* "amount=1234500/17 quantity=170000/17" */
static void add_sums(struct group *g, char *sums)
{
	char *rest = NULL;

	for (char *at = strtok_r(sums, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) {
		char *value = strchr(at, '=');
		struct total *t;
		int64_t sum;
		uint64_t n;

		if (!value || sscanf(value, "=%" SCNd64 "/%" SCNu64, &sum, &n) != 2) {
			continue;
		}
		*value = '\0';
		t = total_of(g, at);
		if (t && !__builtin_add_overflow(t->sum, sum, &sum)) {
			t->sum = sum;
			t->nrecords += n;
		}
	}
}

/* --- showing ---------------------------------------------------------------------- */

static void show_parts(struct json *out, char *group)
{
	char *rest = NULL;

	json_open_array(out, "group");
	for (char *at = strtok_r(group, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) {
		char *value = strchr(at, '=');

		if (value) {
			*value = '\0';
			json_open_object(out, NULL);
			json_str(out, "field", at);
			json_str(out, "value", value + 1);
			json_close_object(out);
		}
	}
	json_close_array(out);
}

/* -12.5000: as few digits as say it, and two for money. */
static void format_sum(int64_t sum, char to[32])
{
	uint64_t size = sum < 0 ? 0 - (uint64_t)sum : (uint64_t)sum;
	size_t n = (size_t)snprintf(to, 32, "%s%" PRIu64 ".%04" PRIu64, sum < 0 ? "-" : "",
		size / AGGREGATE_SCALE, size % AGGREGATE_SCALE);

	for (int i = 0; i < 2 && to[n - 1] == '0'; i++) {
		to[--n] = '\0';
	}
}

static void show(struct json *out, struct group *g)
{
	char sum[32];

	json_open_object(out, NULL);
	json_str(out, "collection", g->row.collection);
	show_parts(out, g->row.group);
	json_uint(out, "records", g->nrecords);
	json_open_array(out, "sums");
	for (size_t i = 0; i < g->ntotals; i++) {
		format_sum(g->totals[i].sum, sum);
		json_open_object(out, NULL);
		json_str(out, "field", g->totals[i].field);
		json_str(out, "total", sum);
		json_uint(out, "records", g->totals[i].nrecords);
		json_close_object(out);
	}
	json_close_array(out);
	json_close_object(out);
}

static bool is_of(const struct group *g, const struct row_aggregate *row)
{
	return strcmp(g->row.collection, row->collection) == 0 &&
		strcmp(g->row.group, row->group) == 0;
}

/* Rows come by collection and group. */
static int show_all(struct reader *rd, const char *only, struct json *out, struct cu_err *err)
{
	struct group g = { .nrecords = 0 };
	struct row_aggregate at = { .nrecords = 0 };
	int r;

	while ((r = reader_next_aggregate(rd, &at, &at, err)) > 0) {
		if (only && strcmp(only, at.collection) != 0) {
			continue;
		}
		if (g.nrecords > 0 && !is_of(&g, &at)) {
			show(out, &g);
			g = (struct group){ .nrecords = 0 };
		}
		g.row = at;
		g.nrecords += at.nrecords;
		add_sums(&g, g.row.sums);
	}
	if (g.nrecords > 0) {
		show(out, &g);
	}
	return r;
}

int handle_RETENTION_AGGREGATES(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct store *store = x->daemon->house.store;
	struct reader *rd = store_reader_take(store);
	int r;

	json_open_array(out, "aggregates");
	r = show_all(rd, exchange_text(x, "collection"), out, err);
	json_close_array(out);
	store_reader_give(store, rd);
	return r;
}
