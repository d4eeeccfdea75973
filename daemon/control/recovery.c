#include "control/recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/identity.h"
#include "backup/restore.h"
#include "backup/watch.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "base/intl.h"
#include "base/path.h"
#include "base/zone.h"
#include "control/confine.h"

struct request {
	const char *from, *identity, *to, *new_identity;
	struct restore_options options;
};

static const struct option options[] = {
	{ "from", required_argument, NULL, 'f' },
	{ "identity", required_argument, NULL, 'i' },
	{ "to", required_argument, NULL, 't' },
	{ "sequence", required_argument, NULL, 's' },
	{ "at", required_argument, NULL, 'a' },
	{ "new-identity", required_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int usage(FILE *to, int status)
{
	fprintf(to, "%s",
		_("usage: custosd restore --from=REPOSITORY --identity=FILE --to=DIRECTORY\n"
		  "                       [--sequence=N | --at=TIME] [--new-identity=FILE]\n"
		  "\n"
		  "Makes a state directory from a backup.  Whoever was erased since stays erased, and what\n"
		  "was withdrawn, objected to, restricted or held since stays so.\n"
		  "  --sequence      the backup whose data is wanted; the newest if absent\n"
		  "  --at            the newest of this time or before: '2026-11-21 13:05' as the clock of\n"
		  "                  this host shows it (TZ), with seconds or not; with 'Z' or ' UTC' behind\n"
		  "                  it, as 'custosctl backup list' shows it\n"
		  "  --new-identity  write the identity for backups of the restored store there\n"));
	return status;
}

static bool read_sequence(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno != 0) {
		fprintf(stderr, "%s", _("custosd restore: --sequence: expected a number\n"));
		return false;
	}
	return true;
}

static bool read_time(const char *text, struct restore_options *ret)
{
	ret->has_at = zone_parse_moment(text, &ret->at_ms);
	if (!ret->has_at) {
		fprintf(stderr, "%s",
			_("custosd restore: --at: expected a time, as '2026-11-21 13:05' here or "
			  "'2026-11-21 12:05:00 UTC'\n"));
	}
	return ret->has_at;
}

/* One option; false as read_options. */
static bool read_option(int c, struct request *q, int *ret_status)
{
	switch (c) {
	case 'f': q->from = optarg; return true;
	case 'i': q->identity = optarg; return true;
	case 't': q->to = optarg; return true;
	case 'n': q->new_identity = optarg; return true;
	case 's': return read_sequence(optarg, &q->options.sequence);
	case 'a': return read_time(optarg, &q->options);
	case 'h': *ret_status = usage(stdout, 0); return false;
	default: usage(stderr, 0); return false;
	}
}

/* False: usage was printed, *ret_status is set. */
static bool read_options(int argc, char *argv[], struct request *q, int *ret_status)
{
	int c;

	*ret_status = cu_err_exit_status(CU_EINVAL);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (!read_option(c, q, ret_status)) {
			return false;
		}
	}
	if (!q->from || !q->identity || !q->to || optind != argc) {
		usage(stderr, 0);
		return false;
	}
	if (q->options.has_at && q->options.sequence != 0) {
		fprintf(stderr, "%s", _("custosd restore: either --sequence or --at\n"));
		return false;
	}
	return true;
}

/* "2 d 5 h", "5 h 12 min" */
static const char *span_of_time(int64_t ms, char buf[48])
{
	int64_t minutes = ms / 60000, hours = minutes / 60, days = hours / 24;

	if (days > 0) {
		snprintf(buf, 48, "%" PRId64 " d %" PRId64 " h", days, hours % 24);
	} else if (hours > 0) {
		snprintf(buf, 48, "%" PRId64 " h %" PRId64 " min", hours, minutes % 60);
	} else {
		snprintf(buf, 48, "%" PRId64 " min", minutes);
	}
	return buf;
}

static void print_time(const struct restore_report *r, const struct restore_options *o)
{
	char local[ZONE_TIME_SIZE], utc[CIVIL_TIME_SIZE], before[48], old[48];
	int64_t age_ms = o->now_ms - r->backup_time_ms;

	zone_format_time(o->at_ms, local);
	civil_format_time(o->at_ms, utc);
	printf(_("  asked for           %s (%s)\n"), local, utc);
	printf(_("  its data is of      %s before that; it is %s old\n"),
		span_of_time(o->at_ms - r->backup_time_ms, before),
		span_of_time(age_ms > 0 ? age_ms : 0, old));
}

static void print_report(const struct restore_report *r, const struct request *q)
{
	char store[ID_TEXT_SIZE], lineage[ID_TEXT_SIZE], when[CIVIL_TIME_SIZE];

	id_format(&r->store, store);
	id_format(&r->lineage, lineage);
	civil_format_time(r->backup_time_ms, when);
	printf(_("Restored into %s\n"), q->to);
	printf(_("  store               %s\n"), store);
	printf(_("  new lineage         %s\n"), lineage);
	printf(_("  backup              %" PRIu64 " of %s (newest: %" PRIu64 ")\n"), r->sequence, when,
		r->newest_sequence);
	if (q->options.has_at) {
		print_time(r, &q->options);
	}
	printf(_("  subjects, records   %" PRIu64 ", %" PRIu64 "\n"), r->subjects, r->records);
	printf(_("  forgotten since     %" PRIu64 " subjects, %" PRIu64 " records\n"),
		r->removed_subjects, r->removed_records);
	printf(_("  decided since       as of backup %" PRIu64 ", and what the log says after it\n"),
		r->decided_sequence);
	printf(_("  under a newer key   %" PRIu64 " records\n"), r->renewed_records);
	if (r->lost_requests > 0) {
		printf(_("  requests lost       %" PRIu64 ": they came after backup %" PRIu64
			 "; enter them again from the letters\n"),
			r->lost_requests, r->decided_sequence);
	}
	printf(_("  shreds replayed     %" PRIu64 "\n"), r->shreds_replayed);
	printf(_("  vault generation    %" PRIu64 "\n"), r->restored_generation);
	printf(_("  log entries         %" PRIu64 "\n"), r->log_size);
	printf(_("  read                %" PRIu64 " bytes in %.2f s\n"), r->stored_bytes,
		(double)r->duration_ms / 1000);
	if (r->has_gap) {
		printf("%s", _("The store is RESTRICTED: its data is kept, and cannot be used until "
			       "'custosctl log accept-gap' is confirmed by a second user:\n"));
	}
	for (size_t i = 0; i < r->nreasons; i++) {
		printf("  - %s\n", r->reasons[i]);
	}
	for (size_t i = 0; i < r->nnotes; i++) {
		printf(_("note: %s\n"), r->notes[i]);
	}
	if (!q->new_identity) {
		printf("%s", _("note: No --new-identity was given, so no file exists that restores the "
			       "backups of this new lineage. Before you back it up, restore again "
			       "with --new-identity.\n"));
	}
}

/* Before anything is restored: afterwards it would be too late to find that it cannot be made. */
static int make_new_identity(const char *path, int *ret_fd, struct cu_err *err)
{
	*ret_fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*ret_fd < 0 && errno == EEXIST) {
		return cu_err_set(err, CU_EEXIST, "%s is there already: choose another name", path);
	}
	return *ret_fd < 0 ? cu_err_errno(err, errno, "%s", path) : 0;
}

static int write_new_identity(int fd, const char *path, struct span text, struct cu_err *err)
{
	int r = path_write_fd(fd, text, err);

	return r == 0 ? path_sync_fd(fd, path, err) : r;
}

static int recover(struct request *q, struct restore_report *report, struct cu_err *err)
{
	struct buf identity = BUF_INIT_WIPE, fresh = BUF_INIT_WIPE;
	int r = path_read_file(q->identity, IDENTITY_MAX_SIZE, &identity, err), fd = -1;

	q->options.ret_identity = q->new_identity ? &fresh : NULL;
	if (r == 0 && q->new_identity) {
		r = make_new_identity(q->new_identity, &fd, err);
	}
	if (r == 0) {
		r = restore_run(q->from, buf_span(&identity), q->to, &q->options, NULL, report, err);
	}
	if (r == 0 && q->new_identity) {
		r = write_new_identity(fd, q->new_identity, buf_span(&fresh), err);
	}
	if (fd >= 0) {
		close(fd);
		if (r < 0) {
			unlink(q->new_identity);
		}
	}
	q->options.ret_identity = NULL; /* it is about to go */
	buf_done(&identity);
	buf_done(&fresh);
	return r;
}

int recovery_main(int argc, char *argv[])
{
	struct clock clock = clock_system();
	struct request q = { .options.now_ms = clock_now_ms(&clock) };
	struct restore_report report = { 0 };
	struct buf points = BUF_INIT;
	struct cu_err err;
	int status;

	if (!read_options(argc, argv, &q, &status)) {
		return status;
	}
	confine_restore();
	q.options.ret_points = &points;
	status = recover(&q, &report, &err) < 0 ? cu_err_exit_status(err.code) : 0;
	if (status == 0) {
		print_report(&report, &q);
	} else {
		fprintf(stderr, _("custosd restore: %s\n"), err.msg);
	}
	if (points.n > 0) {
		fprintf(stderr, _("There is, in UTC:\n%.*s"), (int)points.n, (const char *)points.p);
	}
	buf_done(&points);
	return status;
}
