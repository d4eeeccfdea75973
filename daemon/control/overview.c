#include "control/overview.h"

#include <stdio.h>
#include <sys/statvfs.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/json.h"
#include "base/zone.h"
#include "control/agent_report.h"
#include "control/attention.h"
#include "control/daemon.h"
#include "control/quarantine.h"
#include "store/reader.h"
#include "store/reader_dsr.h"
#include "store/tx_job.h"

void overview_init(struct overview *o)
{
	*o = (struct overview){ .counted_ms = 0 };
	pthread_mutex_init(&o->lock, NULL);
}

int overview_count(struct daemon *d, struct engine_counts *ret, struct cu_err *err)
{
	struct overview *o = &d->overview;
	int64_t began = clock_monotonic_ms();
	struct reader *rd;
	int r = 0;

	pthread_mutex_lock(&o->lock);
	if (o->counted_ms == 0 || o->took_ms <= OVERVIEW_SLOW_MS ||
		began - o->counted_ms > OVERVIEW_STALE_MS) {
		rd = store_reader_take(d->house.store);
		r = reader_count_rows(rd, &o->counts, err);
		store_reader_give(d->house.store, rd);
		o->counted_ms = r < 0 ? 0 : began;
		o->took_ms = clock_monotonic_ms() - began;
	}
	if (r == 0) {
		*ret = o->counts;
	}
	pthread_mutex_unlock(&o->lock);
	return r;
}

/* --- what needs a person ---------------------------------------------------------- */

static void put_state(struct daemon *d, struct json *lines)
{
	switch ((enum daemon_state)atomic_load(&d->state)) {
	case DAEMON_EMPTY:
		attention_put(lines, "uninitialised", _("There is no store yet."), "init identity.txt");
		return;
	case DAEMON_SEALED:
		attention_put(lines, "sealed",
			_("The store is sealed: nobody can be served until it is opened."), "unseal");
		return;
	case DAEMON_RUNNING: break;
	}
	if (quarantine_reason(d)) {
		attention_put(lines, "quarantined", quarantine_reason(d), NULL);
	} else if (store_is_restricted(d->house.store)) {
		attention_put(lines, "log_gap",
			_("This store was restored with a gap in its log: data is kept, not used, until that is accepted."),
			"log accept-gap");
	} else if (store_waits(d->house.store)) {
		attention_put(lines, "restored",
			_("This store came out of a backup: it sends nothing to anybody until it is adopted as the one that goes on."),
			"adopt");
	}
}

static int put_one(void *ctx, const struct attention *a, struct cu_err *err)
{
	char text[ATTENTION_TEXT_SIZE], command[ATTENTION_COMMAND_SIZE];

	(void)err;
	attention_say(a, text);
	attention_command(a, command);
	if (*text) {
		attention_put(ctx, attention_word(a->kind), text, *command ? command : NULL);
	}
	return 0;
}

int overview_attention(struct daemon *d, struct json *out, struct cu_err *err)
{
	int r = 0;

	json_open_array(out, "attention");
	put_state(d, out);
	if (atomic_load(&d->state) == DAEMON_RUNNING) {
		r = attention_each(d, put_one, out, err);
		if (r == 0) {
			expiry_attention(d, out);
			r = agent_report_attention(d, out, err);
		}
	}
	json_close_array(out);
	return r;
}

/* --- what is open ------------------------------------------------------------------ */

static int put_requests(struct daemon *d, struct reader *rd, struct json *out, struct cu_err *err)
{
	int32_t today = zone_day_of_ms(clock_now_ms(&d->house.clock));
	struct row_dsr row, next = { .due_day = CIVIL_NO_DAY };
	unsigned nopen = 0, nlate = 0;
	uint32_t after = 0;
	char day[CIVIL_DAY_SIZE];
	int r;

	while ((r = reader_dsr_next(rd, after, false, &row, err)) > 0) {
		after = row.number;
		nopen++;
		if (row.due_day != CIVIL_NO_DAY) {
			nlate += row.due_day < today;
			next = next.due_day == CIVIL_NO_DAY || row.due_day < next.due_day ? row : next;
		}
	}
	json_open_object(out, "requests");
	json_uint(out, "open", nopen);
	json_uint(out, "late", nlate);
	if (next.due_day != CIVIL_NO_DAY) {
		civil_format_day(next.due_day, day);
		json_uint(out, "next", next.number);
		json_str(out, "due", day);
		json_int(out, "days_left", next.due_day - today);
	}
	json_close_object(out);
	return r;
}

static int put_erasures(struct reader *rd, struct json *out, struct cu_err *err)
{
	unsigned ncooling = 0, nasked = 0, nunder_way = 0;
	struct row_erasure row, *after = NULL;
	int64_t next_ms = 0;
	int r;

	while ((r = reader_next_open_erasure(rd, after, &row, err)) > 0) {
		after = &row;
		if (row.state == ERASURE_COOLING_OFF) {
			ncooling++;
			next_ms = next_ms == 0 ? row.due_ms : next_ms;
		}
		nasked += row.state == ERASURE_AWAITING_APPROVAL;
		nunder_way += row.state == ERASURE_SHREDDING || row.state == ERASURE_SHREDDED;
	}
	json_open_object(out, "erasures");
	json_uint(out, "cooling_off", ncooling);
	json_uint(out, "awaiting_approval", nasked);
	json_uint(out, "under_way", nunder_way);
	if (next_ms > 0) {
		json_int(out, "next_ms", next_ms);
	}
	json_close_object(out);
	return r;
}

static int put_approvals(struct daemon *d, struct reader *rd, struct json *out, struct cu_err *err)
{
	int64_t now = clock_now_ms(&d->house.clock);
	struct row_approval row, *after = NULL;
	unsigned n = 0;
	int r;

	while ((r = reader_next_approval(rd, after, &row, err)) > 0) {
		after = &row;
		n += row.state == APPROVAL_ASKED && row.expires_ms > now;
	}
	json_uint(out, "approvals", n);
	return r;
}

/* --- what comes -------------------------------------------------------------------- */

static int put_job(struct daemon *d, struct reader *rd, enum job j, struct json *out,
	struct cu_err *err)
{
	const struct schedule_look look = schedule_look(d, j);
	struct row_job last;
	int r = reader_job_before(rd, job_word(j), INT64_MAX, &last, err);

	json_open_object(out, NULL);
	json_str(out, "job", job_word(j));
	if (look.is_running) {
		json_int(out, "running_since_ms", look.started_ms);
	}
	if (!look.is_never && look.next_ms != INT64_MAX) {
		json_int(out, "next_ms", look.next_ms);
	}
	json_uint(out, "failed", look.nfailed);
	if (r > 0) {
		json_int(out, "last_ms", last.started_ms);
		json_bool(out, "last_went_well", last.code == 0);
	}
	json_close_object(out);
	return r < 0 ? r : 0;
}

static int put_jobs(struct daemon *d, struct reader *rd, struct json *out, struct cu_err *err)
{
	int r = 0;

	json_open_array(out, "jobs");
	for (enum job j = 0; r == 0 && j < NJOBS; j++) {
		r = put_job(d, rd, j, out, err);
	}
	json_close_array(out);
	return r;
}

/* Of the state directory alone: a target that hangs would hang whoever asks. */
static void put_disk(const struct daemon *d, struct json *out)
{
	struct statvfs v;

	if (statvfs(d->house.dir, &v) == 0) {
		json_open_object(out, "disk");
		json_uint(out, "free_bytes", (uint64_t)v.f_bavail * v.f_frsize);
		json_uint(out, "total_bytes", (uint64_t)v.f_blocks * v.f_frsize);
		json_close_object(out);
	}
}

int overview_put(struct daemon *d, struct json *out, struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	int r = put_requests(d, rd, out, err);

	if (r == 0) {
		r = put_erasures(rd, out, err);
	}
	if (r == 0) {
		r = put_approvals(d, rd, out, err);
	}
	if (r == 0) {
		r = put_jobs(d, rd, out, err);
	}
	store_reader_give(d->house.store, rd);
	put_disk(d, out);
	return r;
}
