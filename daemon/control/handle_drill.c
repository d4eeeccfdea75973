/* Drills: run, list, show. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "control/call_watch.h"
#include "control/daemon.h"
#include "control/drill.h"
#include "control/handle.h"
#include "control/repos.h"

static void show_record(struct json *out, const char *key, const struct drill_record *d)
{
	const struct drill_report *r = &d->report;

	json_open_object(out, key);
	json_uint(out, "number", d->number);
	json_int(out, "time_ms", d->time_ms);
	json_str(out, "target", d->target);
	json_int(out, "level", r->level);
	json_bool(out, "passed", r->faults == 0);
	json_uint(out, "sequence", r->sequence);
	json_int(out, "data_time_ms", r->data_time_ms);
	json_int(out, "recovery_point_ms", r->recovery_point_ms);
	json_int(out, "recovery_ms", r->recovery_ms);
	json_int(out, "duration_ms", r->duration_ms);
	json_uint(out, "objects", r->objects);
	json_uint(out, "bytes_read", r->bytes_read);
	json_uint(out, "subjects", r->subjects);
	json_uint(out, "records", r->records);
	json_uint(out, "collections", r->collections);
	json_bool(out, "digests_compared", r->has_digests);
	json_uint(out, "opened", r->opened);
	json_uint(out, "gone", r->gone);
	json_uint(out, "erased", r->erased);
	json_uint(out, "log_size", r->log_size);
	json_uint(out, "vault_generation", r->generation);
	json_uint(out, "faults", r->faults);
	json_close_object(out);
}

static void show_faults(struct json *out, const struct drill_record *d)
{
	const char *p = (const char *)d->faults.p, *end = p + d->faults.n;

	json_open_array(out, "faults");
	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));

		p += sizeof("fault ") - 1;
		json_strn(out, NULL, p, (size_t)(stop - p));
		p = stop + 1;
	}
	json_close_array(out);
}

/* Without a level: what the keys at hand allow. */
static int level_of(const struct exchange *x, enum drill_level *ret, struct cu_err *err)
{
	int64_t level = exchange_int(x, "level", x->fd >= 0 ? DRILL_RESTORE : DRILL_DATA);

	if (level < DRILL_BYTES || level > DRILL_RESTORE) {
		return cu_err_set(err, CU_EINVAL, "a level is 1, 2 or 3");
	}
	if (level == DRILL_RESTORE && x->fd < 0) {
		return cu_err_set(err, CU_EINVAL, "level 3 needs the identity: --identity=FILE");
	}
	if (level != DRILL_RESTORE && x->fd >= 0) {
		return cu_err_set(err, CU_EINVAL, "the identity is for level 3 alone");
	}
	*ret = (enum drill_level)level;
	return 0;
}

int handle_DRILL_RUN(struct exchange *x, struct json *out, struct cu_err *err)
{
	int64_t sequence = exchange_int(x, "sequence", 0);
	struct drill_record record = { .faults = BUF_INIT };
	struct call_watch w;
	struct drill_order order = { .sequence = (uint64_t)sequence, .identity = x->fd,
		.actor = x->actor, .watch = &w.watch };
	int r = repos_find(x->daemon, exchange_text(x, "target"), &order.target, err);

	call_watch_begin(&w, x);
	if (r == 0) {
		r = level_of(x, &order.level, err);
	}
	if (r == 0 && sequence < 0) {
		r = cu_err_set(err, CU_EINVAL, "there is no backup %" PRId64, sequence);
	}
	if (r == 0) {
		r = drill_hold(x->daemon, &order, &record, err);
	}
	if (r == 0) {
		show_record(out, "result", &record);
		show_faults(out, &record);
	}
	drill_record_done(&record);
	return r;
}

int handle_DRILL_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct house *h = &x->daemon->house;
	uint64_t *numbers = NULL;
	size_t n = 0;
	int r = drill_record_numbers(h, &numbers, &n, err);

	if (r == 0) {
		json_open_array(out, "drills");
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct drill_record record = { .faults = BUF_INIT };

		r = drill_record_load(h, numbers[i], &record, NULL, err);
		if (r == 0) {
			show_record(out, NULL, &record);
		}
		drill_record_done(&record);
	}
	if (r == 0) {
		json_close_array(out);
	}
	free(numbers);
	return r;
}

int handle_DRILL_SHOW(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct drill_record record = { .faults = BUF_INIT };
	struct buf note = BUF_INIT;
	int r = drill_record_load(&x->daemon->house, (uint64_t)exchange_int(x, "number", 0), &record,
		&note, err);

	if (r == 0) {
		show_record(out, "drill", &record);
		show_faults(out, &record);
		json_buf(out, "note", &note);
	}
	drill_record_done(&record);
	buf_done(&note);
	return r;
}
