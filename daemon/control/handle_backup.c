/* Backups: run, list, check, prune. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "backup/check.h"
#include "base/err.h"
#include "base/log.h"
#include "control/call_watch.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/linger.h"
#include "control/repos.h"
#include "control/repos_note.h"
#include "policy/policy.h"

/* --- run -------------------------------------------------------------------------- */

static void show_result(struct json *out, const struct snapshot_result *s)
{
	char name[REPO_NAME_SIZE];

	repo_name_manifest(s->sequence, name);
	json_open_object(out, "result");
	json_uint(out, "sequence", s->sequence);
	json_str(out, "manifest", name);
	json_uint(out, "objects", s->objects);
	json_uint(out, "bytes", s->stored_bytes);
	json_uint(out, "vault_generation", s->generation);
	json_uint(out, "log_size", s->log_size);
	json_close_object(out);
}

int handle_BACKUP_RUN(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct call_watch w;
	const char *name = exchange_text(x, "target");
	const struct targets *all = policy_targets(x->daemon->policy);
	const struct target *t;
	struct snapshot_result result = { 0 };
	int failed = 0, r = repos_find(x->daemon, name, &t, err); /* at least one */

	if (r < 0) {
		return r;
	}
	call_watch_begin(&w, x);
	for (size_t i = 0; failed != CU_ECANCELED && i < (name ? 1 : all->n); i++) {
		struct cu_err why;

		r = repos_write(x->daemon, name ? t : &all->v[i], REPOS_FULL, &w.watch, &result, &why);
		if (r < 0 && (failed == 0 || r == CU_ECANCELED)) { /* the others get theirs */
			failed = cu_err_set(err, r, "%s", why.msg);
		} else if (r < 0) {
			log_error("%s", why.msg);
		}
	}
	r = failed;
	if (r == 0) {
		show_result(out, &result);
	}
	return r;
}

/* --- list ------------------------------------------------------------------------- */

static void show_info(struct json *out, const struct snapshot_info *s)
{
	char name[REPO_NAME_SIZE];

	repo_name_manifest(s->sequence, name);
	json_open_object(out, NULL);
	json_uint(out, "sequence", s->sequence);
	json_int(out, "time_ms", s->time_ms);
	json_int(out, "data_time_ms", s->data_time_ms);
	json_uint(out, "bytes", s->stored_bytes);
	json_uint(out, "subjects", s->subjects);
	json_uint(out, "records", s->records);
	json_uint(out, "vault_generation", s->generation);
	json_uint(out, "log_size", s->log_size);
	json_bool(out, "is_vault_only", s->is_vault_only);
	json_str(out, "manifest", name);
	json_close_object(out);
}

int handle_BACKUP_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct snapshot_info *list = NULL;
	const struct target *t;
	struct repo repo;
	size_t n = 0;
	int r = repos_find(x->daemon, exchange_text(x, "target"), &t, err);

	if (r == 0) {
		r = repos_open(x->daemon, t, &repo, err);
		if (r == CU_ENOENT) {
			r = 0; /* no backup yet is an empty list */
		} else if (r == 0) {
			r = snapshot_list(&repo, &x->daemon->house.verifier, &list, &n, err);
		}
	}
	if (r == 0) {
		json_open_array(out, "backups");
		for (size_t i = n; i-- > 0;) { /* the newest last, where the eye is */
			show_info(out, &list[i]);
		}
		json_close_array(out);
	}
	free(list);
	return r;
}

/* --- check ------------------------------------------------------------------------ */

struct findings {
	struct buf text; /* a JSON array's members */
	struct json faults;
};

static void on_finding(void *ctx, enum check_kind kind, const char *object, const char *text)
{
	struct findings *f = ctx;
	char line[512];

	if (kind == CHECK_FAULT) {
		snprintf(line, sizeof(line), "%s: %s", object, text);
		json_str(&f->faults, NULL, line);
	}
}

static void show_report(struct json *out, const struct check_report *c, const struct buf *faults)
{
	json_open_object(out, "result");
	json_uint(out, "manifests", c->manifests);
	json_uint(out, "objects", c->objects);
	json_uint(out, "bytes", c->bytes);
	json_uint(out, "bytes_read", c->bytes_read);
	json_uint(out, "unreferenced", c->unreferenced);
	json_raw(out, "faults", (const char *)faults->p, faults->n);
	json_close_object(out);
}

int handle_BACKUP_CHECK(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct call_watch w;
	struct check_options options = { .is_reading_data = exchange_flag(x, "read_data"),
		.log_key = &x->daemon->house.verifier, .manifest_key = &x->daemon->house.verifier };
	struct repos_last last = { 0 };
	struct findings found = { .text = BUF_INIT };
	struct check_report report;
	const struct target *t;
	struct repo repo;
	int r = repos_find(x->daemon, exchange_text(x, "target"), &t, err);

	call_watch_begin(&w, x);
	found.faults = json_to(&found.text);
	json_open_array(&found.faults, NULL);
	if (r == 0) {
		r = repos_open(x->daemon, t, &repo, err);
	}
	if (r == 0) {
		r = repos_last(x->daemon, t, &last, err);
		options.known_sequence = last.sequence;
	}
	if (r == 0) {
		r = check_run(&repo, &options, on_finding, &found, &w.watch, &report, err);
	}
	json_close_array(&found.faults);
	if (r == 0) {
		r = buf_check(&found.text, err);
	}
	if (r == 0) {
		show_report(out, &report, &found.text);
	}
	buf_done(&found.text);
	return r;
}

/* --- prune ------------------------------------------------------------------------ */

static void show_file(
	struct json *out, const struct target *t, const struct prune_object *o)
{
	json_open_object(out, NULL);
	json_str(out, "target", t->key);
	json_str(out, "object", o->name);
	json_str(out, "state", prune_state_word(o->state));
	json_uint(out, "bytes", o->size);
	if (o->generation > 0) {
		json_uint(out, "generation", o->generation);
	}
	if (o->until_ms > 0) {
		json_int(out, "superseded_ms", o->superseded_ms);
		json_int(out, "until_ms", o->until_ms);
	}
	json_close_object(out);
}

/* A target that never held a backup has nothing to delete. */
static int prune_target(struct exchange *x, const struct target *t, struct json *out,
	uint64_t *deleted, struct cu_err *err)
{
	struct watch watch = { NULL, NULL, &x->work.cancel };
	struct prune_view view = { 0 };
	bool is_dry_run = exchange_flag(x, "dry_run");
	int r = linger_prune(x->daemon, t, is_dry_run, &watch, &view, err);

	for (size_t i = 0; r == 0 && i < view.n; i++) {
		show_file(out, t, &view.v[i]);
	}
	*deleted += is_dry_run ? 0 : view.ngoing;
	prune_view_done(&view);
	return r == CU_ENOENT ? 0 : r;
}

int handle_BACKUP_PRUNE(struct exchange *x, struct json *out, struct cu_err *err)
{
	const char *name = exchange_text(x, "target");
	const struct targets *all = policy_targets(x->daemon->policy);
	const struct target *t;
	uint64_t deleted = 0;
	int r = repos_find(x->daemon, name, &t, err); /* at least one */

	json_open_array(out, "files");
	for (size_t i = 0; r == 0 && i < (name ? 1 : all->n); i++) {
		r = prune_target(x, name ? t : &all->v[i], out, &deleted, err);
	}
	json_close_array(out);
	json_uint(out, "deleted", deleted);
	return r;
}
