#include "control/repos.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/chain.h"
#include "backup/repo_far.h"
#include "backup/repo_log.h"
#include "backup/vault_object.h"
#include "backup/watch.h"
#include "base/err.h"
#include "base/log.h"
#include "base/path.h"
#include "control/agent_link.h"
#include "control/daemon.h"
#include "control/drill_keys.h"
#include "control/repos_note.h"
#include "db/image.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "policy/yaml.h"
#include "store/tx.h"
#include "vault/vault.h"

int repos_find(struct daemon *d, const char *name, const struct target **ret,
	struct cu_err *err)
{
	const struct targets *all = policy_targets(d->policy);
	const struct target *t = name ? policy_find_target(d->policy, name) :
					all->n > 0 ? &all->v[0] : NULL;

	if (!t) {
		return cu_err_set(err, CU_ENOENT,
			name ? N_("backup.yaml has no such target") : N_("backup.yaml names no target"));
	}
	*ret = t;
	return 0;
}

const char *repos_where(const struct target *t)
{
	const struct yaml_node *path = t->settings ? yaml_find(t->settings, "path") : NULL;

	return t->kind == TARGET_DIRECTORY ? t->path : path ? path->text : t->plugin;
}

/* --- near and far ------------------------------------------------------------------ */

#define FOLDER "far.tmp" /* below the state directory: what is on its way */

static int ask_agent(const struct repo_far *far, struct far_order *order, struct cu_err *err)
{
	struct daemon *d = far->ctx;

	return agent_link_order(d->agent, far->key, order, err);
}

static int init_far(struct daemon *d, const struct target *t, struct repo *ret, struct cu_err *err)
{
	struct repo_far far = { .call = ask_agent, .ctx = d };
	char dir[PATH_SIZE];
	int r = path_join(dir, d->house.dir, FOLDER, err);

	snprintf(far.key, sizeof(far.key), "%s", t->key);
	return r < 0 ? r : repo_far_init(&far, dir, ret, err);
}

int repos_reach(struct daemon *d, const struct target *t, struct repo *ret, struct cu_err *err)
{
	int r;

	if (t->kind == TARGET_DIRECTORY) {
		r = confine_check_path(t->path, err);
		return r < 0 ? r : repo_open(t->path, ret, err);
	}
	r = init_far(d, t, ret, err);
	return r < 0 ? r : repo_far_open(ret, err);
}

static int create(struct daemon *d, const struct target *t, struct repo *ret, struct cu_err *err)
{
	int r;

	if (t->kind == TARGET_DIRECTORY) {
		r = confine_check_path(t->path, err);
		return r < 0 ? r : repo_create(t->path, ret, err);
	}
	r = init_far(d, t, ret, err);
	return r < 0 ? r : repo_far_create(ret, err);
}

int repos_open(struct daemon *d, const struct target *t, struct repo *ret, struct cu_err *err)
{
	int r = repos_reach(d, t, ret, err);

	return r < 0 ? cu_err_wrap(err, r, "target %s", t->key) : 0;
}

/* --- copies ------------------------------------------------------------------------- */

static int copy_far(struct daemon *d, const struct target *t, const struct watch *watch,
	struct repos_copy *ret, struct cu_err *err)
{
	struct repo repo;
	int r = repos_reach(d, t, &repo, err);

	if (r == 0) {
		r = path_make_dir(repo.dir, 0700, err);
	}
	if (r == 0) {
		r = path_join(ret->dir, repo.dir, "copy-XXXXXX", err);
	}
	if (r == 0 && !mkdtemp(ret->dir)) {
		r = cu_err_errno(err, errno, "a directory in %s", repo.dir);
	}
	if (r == 0) {
		ret->is_copy = true;
		r = repo_far_fetch(&repo, ret->dir, watch, err);
	}
	return r;
}

int repos_copy(struct daemon *d, const struct target *t, const struct watch *watch,
	struct repos_copy *ret, struct cu_err *err)
{
	int r;

	*ret = (struct repos_copy){ .is_copy = false };
	if (t->kind == TARGET_DIRECTORY) {
		strcpy(ret->dir, t->path);
		return 0;
	}
	r = copy_far(d, t, watch, ret, err);
	if (r < 0) {
		repos_copy_done(ret);
		return cu_err_wrap(err, r, "target %s", t->key);
	}
	return 0;
}

void repos_copy_done(struct repos_copy *c)
{
	struct cu_err err;

	if (c->is_copy && path_remove_tree(c->dir, &err) < 0) {
		log_error("a copy of a target could not be removed: %s", err.msg);
	}
	c->is_copy = false;
}

void repos_sweep(struct daemon *d)
{
	char dir[PATH_SIZE];
	struct cu_err err;

	if (path_join(dir, d->house.dir, FOLDER, NULL) == 0 && path_remove_tree(dir, &err) < 0) {
		log_error("what was on its way to a target could not be removed: %s", err.msg);
	}
}

int64_t repos_bound_ms(const struct daemon *d)
{
	return duration_seconds(policy_targets(d->policy)->vault_bound) * 1000;
}

/* --- writing ---------------------------------------------------------------------- */

/* Both images in one turn of the writer: nothing lies between them. */
struct images {
	struct store_op op;
	struct daemon *daemon;
	enum repos_what what;
	struct db_image *data;
	struct vault_capture *vault;
	struct repo repo; /* which an object that was not finished is taken back from at its end */
	struct engine_counts counts;
	struct snapshot_drill drill;
	int64_t time_ms;
	uint64_t only_of; /* a generation of the vault; 0: whichever it is */
	bool is_beyond;   /* it is another by now, and nothing was taken */
};

static int apply_images(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct images *i = (struct images *)op;
	struct house *h = &i->daemon->house;
	int r;

	if (i->only_of > 0 && vault_generation(h->vault) != i->only_of) {
		i->is_beyond = true;
		return 0;
	}
	r = i->what == REPOS_FULL ? tx_image_begin(tx, &i->data, &i->counts, err) : 0;
	i->time_ms = tx->now_ms;
	return r < 0 ? r : vault_capture_begin(h->vault, &h->recipients.vault,
				   ledger_size(h->ledger), &i->vault, err);
}

static int write_images(struct daemon *d, const struct target *t, struct images *images,
	const struct watch *watch, struct snapshot_result *ret, struct cu_err *err)
{
	struct house *h = &d->house;
	struct snapshot_source src = { .store = store_id(h->store),
		.lineage = store_lineage(h->store), .time_ms = images->time_ms,
		.log_dir = h->log_dir, .signer = h->signer, .recipients = &h->recipients,
		.data = images->data, .vault = images->vault,
		.subjects = images->counts.subjects, .records = images->counts.records,
		.drill = images->drill };
	struct repos_last last = { 0 };
	struct repo *repo = &images->repo;
	int r = repos_last(d, t, &last, err);

	if (r == 0) {
		r = images->what == REPOS_FULL ? create(d, t, repo, err) : repos_reach(d, t, repo, err);
	}
	if (r == CU_ENOENT && images->what == REPOS_VAULT && last.sequence > 0) {
		r = cu_err_set(err, CU_EUNAVAIL,
			"backup %" PRIu64 " was written there, and no repository is there now",
			last.sequence);
	}
	if (r < 0) {
		return r;
	}
	src.known_sequence = last.sequence;
	return images->what == REPOS_FULL ? snapshot_run(&src, repo, watch, ret, err) :
					    vault_object_put(&src, repo, watch, ret, err);
}

/* The newest manifest there, if it is one of ours that nothing here says. */
static int find_unsaid(struct daemon *d, const struct target *t, struct repos_written *ret,
	struct cu_err *err)
{
	struct id store = store_id(d->house.store), lineage = store_lineage(d->house.store);
	struct manifest m = { .sequence = 0 };
	struct repos_last last;
	struct repo repo;
	int r = repos_last(d, t, &last, err);

	if (r == 0) {
		r = repos_reach(d, t, &repo, err);
	}
	if (r == 0) {
		r = chain_head(&repo, &d->house.verifier, &m, ret->manifest_hash, err);
	}
	if (r == 0 && m.sequence > last.sequence && id_eq(&m.store, &store) && id_eq(&m.lineage, &lineage)) {
		ret->sequence = m.sequence;
		ret->generation = m.generation;
		ret->image_ms = ret->time_ms = m.time_ms;
	}
	manifest_done(&m);
	return r == CU_ENOENT || r == CU_ENOKEY ? 0 : r; /* somebody else's is not ours */
}

/* A backup counts from when its manifest is there.  What was begun here and has no end, as custosd died, or
 * the disk failed, is ended as the target says.  With backing_up held. */
static int say_unsaid(struct daemon *d, const struct target *t, struct cu_err *err)
{
	struct repos_written written = { .sequence = 0 };
	int r = repos_note_begun(d, t, &written.capture, err);

	if (r <= 0) {
		return r;
	}
	r = find_unsaid(d, t, &written, err);
	return r < 0 ? cu_err_wrap(err, r, "target %s", t->key) : repos_note_end(d, t, &written, err);
}

static int write_and_note(struct daemon *d, const struct target *t, struct images *images,
	uint64_t capture, const struct watch *watch, struct snapshot_result *ret, struct cu_err *err)
{
	struct repos_written written = { .capture = capture, .image_ms = images->time_ms };
	int r = house_publish(&d->house, err);

	*ret = (struct snapshot_result){ .sequence = 0 };
	if (r == 0) {
		r = write_images(d, t, images, watch, ret, err);
	}
	if (r < 0) {
		return r;
	}
	written.sequence = ret->sequence;
	written.generation = ret->generation;
	written.time_ms = clock_now_ms(&d->house.clock);
	memcpy(written.manifest_hash, ret->manifest_hash, sizeof(written.manifest_hash));
	return repos_note_end(d, t, &written, err);
}

/* With backing_up held. */
static int write_what(struct daemon *d, const struct target *t, struct images *images,
	const struct watch *watch, struct snapshot_result *ret, struct cu_err *err)
{
	uint64_t capture;
	int r = say_unsaid(d, t, err);

	if (r < 0) {
		return r;
	}
	if (images->what == REPOS_FULL) {
		r = drill_keys_begin(d, &images->drill, err);
	}
	if (r == 0) {
		r = repos_note_begin(d, t, images->what == REPOS_FULL, &capture, err);
	}
	images->op = (struct store_op){ .apply = apply_images, .kind = STORE_ALONE };
	images->daemon = d;
	if (r == 0) {
		r = store_run(d->house.store, &images->op, err);
	}
	if (r == 0 && !images->is_beyond) {
		r = write_and_note(d, t, images, capture, watch, ret, err);
	}
	vault_capture_end(images->vault);
	db_image_end(images->data);
	drill_keys_done(d, &images->drill);
	return r < 0 ? cu_err_wrap(err, r, "target %s", t->key) : 0;
}

int repos_write(struct daemon *d, const struct target *t, enum repos_what what,
	const struct watch *watch, struct snapshot_result *ret, struct cu_err *err)
{
	struct images images = { .what = what };
	int r;

	pthread_mutex_lock(&d->backing_up); /* one at a time: a repository has one writer */
	r = write_what(d, t, &images, watch, ret, err);
	pthread_mutex_unlock(&d->backing_up);
	return r;
}

static int apply_flush(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	(void)op;
	return tx_flush(tx, err);
}

int repos_flush(struct daemon *d, struct cu_err *err)
{
	struct store_op op = { .apply = apply_flush, .kind = STORE_ALONE };
	int r;

	/* an image that a backup reads would be in the way: wait for its end */
	pthread_mutex_lock(&d->backing_up);
	r = store_run(d->house.store, &op, err);
	pthread_mutex_unlock(&d->backing_up);
	return r;
}

int repos_renew(struct daemon *d, const struct target *t, uint64_t generation, int64_t old_ms,
	const struct watch *watch, struct cu_err *err)
{
	struct images images = { .what = REPOS_VAULT, .only_of = generation };
	struct snapshot_result result;
	struct repos_last last;
	bool is_due = false;
	int r;

	pthread_mutex_lock(&d->backing_up);
	r = say_unsaid(d, t, err);
	if (r == 0) {
		r = repos_last(d, t, &last, err);
	}
	if (r == 0) {
		is_due = last.sequence > 0 &&
			(last.generation < generation || last.time_ms < old_ms);
	}
	if (is_due) {
		r = write_what(d, t, &images, watch, &result, err);
	}
	pthread_mutex_unlock(&d->backing_up);
	return r < 0 ? r : is_due && !images.is_beyond;
}

/* --- the log alone ---------------------------------------------------------------- */

static int mirror(struct daemon *d, const struct target *t, struct cu_err *err)
{
	const struct note_verifier *by = &d->house.verifier;
	enum log_relation relation = LOG_OTHER;
	struct log_head ours = { 0 }, theirs = { 0 };
	struct repo repo;
	int r = repos_reach(d, t, &repo, err);

	if (r < 0) {
		return r;
	}
	r = repo_log_compare(&repo, d->house.log_dir, by, &relation, &ours, &theirs, err);
	if (r == 0 && relation == LOG_OLDER && ours.size == theirs.size) {
		return 1;
	}
	return repo_log_mirror(&repo, d->house.log_dir, by, &ours, err); /* and says what is wrong */
}

int repos_mirror(struct daemon *d, const struct target *t, const struct watch *watch,
	struct cu_err *err)
{
	int64_t now_ms = clock_now_ms(&d->house.clock);
	struct repos_last last = { 0 };
	int r = repos_last(d, t, &last, err), n;

	if (r < 0 || last.sequence == 0) {
		return r < 0 ? r : 1;
	}
	r = watch_step(watch, "log", 0, 0, err);
	if (r == 0) {
		r = house_publish(&d->house, err);
	}
	if (r < 0) {
		return r;
	}
	pthread_mutex_lock(&d->backing_up);
	n = mirror(d, t, err);
	pthread_mutex_unlock(&d->backing_up);
	if (n < 0) {
		return cu_err_wrap(err, n, "target %s", t->key);
	}
	r = repos_note_mirrored(d, t, now_ms, err);
	return r < 0 ? r : n;
}
