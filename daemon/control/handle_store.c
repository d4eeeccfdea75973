/* The store as a whole: status, init. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/intl.h"
#include "control/agent_report.h"
#include "control/daemon.h"
#include "control/drill.h"
#include "control/guarantee.h"
#include "control/handle.h"
#include "control/house_keys.h"
#include "control/incidents.h"
#include "control/key_parameters.h"
#include "control/linger.h"
#include "control/overview.h"
#include "control/repos.h"
#include "control/repos_note.h"
#include "control/residue.h"
#include "crypto/key.h"
#include "crypto/minisign.h"
#include "ledger/ledger.h"
#include "policy/access.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "store/tx_adopt.h"
#include "vault/vault.h"

/* --- status ----------------------------------------------------------------------- */

static int show_figures(struct daemon *d, struct json *out, struct cu_err *err)
{
	struct house *h = &d->house;
	struct id store = store_id(h->store), lineage = store_lineage(h->store);
	struct engine_counts n;
	int r = overview_count(d, &n, err);

	if (r == 0) {
		json_hex(out, "store", store.b, sizeof(store.b));
		json_hex(out, "lineage", lineage.b, sizeof(lineage.b));
		json_uint(out, "subjects", n.subjects);
		json_uint(out, "records", n.records);
		json_uint(out, "log_size", ledger_size(h->ledger));
		json_uint(out, "vault_generation", vault_generation(h->vault));
	}
	return r;
}

static void show_key_sources(const struct house *h, bool is_open, struct json *out)
{
	unsigned has = house_key_sources(h, is_open);

	json_open_array(out, "key_sources");
	for (unsigned i = 0; i < KEYRING_NSOURCES; i++) {
		if (has & KEYRING_BIT(i)) {
			json_str(out, NULL, keyring_word((enum keyring_source)i));
		}
	}
	json_close_array(out);
}

/* Where the ground is weaker than it could be, in plain words. */
static void show_guarantee(struct daemon *d, struct json *out)
{
	struct guarantee g = { 0 };

	json_open_array(out, "guarantee");
	if (!key_arena_is_locked(d->house.arena)) {
		json_str(out, NULL,
			_("Keys may be swapped to disk: raise LimitMEMLOCK for custosd."));
	}
	confine_warn(d, out);
	guarantee_of(d, &g);
	for (size_t i = 0; i < g.n; i++) {
		json_str(out, NULL, g.reasons[i].text);
	}
	json_close_array(out);
	if (atomic_load(&d->state) == DAEMON_RUNNING) {
		json_str(out, "storage_class", guarantee_class(&g));
	}
}

static int show_residue(struct daemon *d, struct json *out, struct cu_err *err)
{
	struct residue_last last = { 0 };
	int r = residue_last(d, &last, err);

	if (r < 0 || last.time_ms == 0) {
		return r;
	}
	json_open_object(out, "residue");
	json_int(out, "time_ms", last.time_ms);
	json_uint(out, "files", last.files);
	json_uint(out, "bytes", last.bytes);
	json_uint(out, "wiped", last.wiped);
	json_uint(out, "left", last.left);
	if (last.left > 0) {
		json_str(out, "where", last.where);
	}
	json_close_object(out);
	return 0;
}

static int show_target(struct daemon *d, const struct target *t, struct json *out,
	struct cu_err *err)
{
	struct drill_last drill = { 0 };
	struct repos_last last = { 0 };
	struct linger_seen seen = { 0 };
	int r = 0;

	if (atomic_load(&d->state) == DAEMON_RUNNING) {
		r = repos_last(d, t, &last, err);
		if (r == 0) {
			r = linger_seen(d, t, &seen, err);
		}
		if (r == 0) {
			r = drill_last(d, t, &drill, err);
		}
	}
	json_open_object(out, NULL);
	json_str(out, "name", t->key);
	json_str(out, "kind", t->kind == TARGET_AGENT ? "agent" : "directory");
	json_str(out, "path", repos_where(t));
	if (last.sequence > 0) {
		json_int(out, "last_backup_ms", last.time_ms);
		json_uint(out, "last_sequence", last.sequence);
		/* one that was made before this was noted had data, for all that is known */
		json_int(out, "data_ms", last.data_ms > 0 ? last.data_ms : last.time_ms);
	}
	if (last.mirrored_ms > 0) {
		json_int(out, "mirrored_ms", last.mirrored_ms);
	}
	if (seen.time_ms > 0) {
		json_int(out, "seen_ms", seen.time_ms);
		json_uint(out, "oldest_generation", seen.oldest_generation);
	}
	if (seen.until_ms > 0) {
		json_int(out, "old_keys_until_ms", seen.until_ms);
	}
	if (drill.time_ms > 0) {
		json_int(out, "last_drill_ms", drill.time_ms);
		json_uint(out, "last_drill_level", drill.level);
		json_bool(out, "last_drill_passed", drill.faults == 0);
	}
	if (drill.restore_ms > 0) {
		json_int(out, "last_restore_ms", drill.restore_ms);
	}
	json_close_object(out);
	return r;
}

/* So that nobody has to try, and be refused in the log, to know. */
static void show_may(const struct exchange *x, struct json *out)
{
	json_open_array(out, "may");
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const struct command *c = command_at((enum command_id)id);
		char operation[COMMAND_OPERATION_SIZE];

		if (!(c->access & ACCESS_LOCAL) &&
			access_allows(&x->rights, command_operation(c, operation))) {
			json_str(out, NULL, operation);
		}
	}
	json_close_array(out);
}

static int show_open_store(struct daemon *d, struct json *out, struct cu_err *err)
{
	int r = show_figures(d, out, err);

	json_str(out, "key_source", keyring_word(d->house.opened_by));
	if (r == 0) {
		r = overview_put(d, out, err);
	}
	if (r == 0) {
		r = show_residue(d, out, err);
	}
	return r < 0 ? r : agent_report_status(d, out, err);
}

static int show_targets(struct daemon *d, struct json *out, struct cu_err *err)
{
	const struct targets *targets = policy_targets(d->policy);
	int r = 0;

	json_open_array(out, "targets");
	for (size_t i = 0; r == 0 && i < targets->n; i++) {
		r = show_target(d, &targets->v[i], out, err);
	}
	json_close_array(out);
	return r;
}

int handle_STATUS(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	bool runs = atomic_load(&d->state) == DAEMON_RUNNING;
	int r = 0;

	json_str(out, "state", daemon_state_word(d));
	json_int(out, "now_ms", clock_now_ms(&d->house.clock));
	if (runs) {
		r = incidents_status(d, out, err);
	}
	if (r == 0) {
		r = overview_attention(d, out, err);
	}
	json_str(out, "version", CUSTOS_VERSION);
	json_int(out, "uptime_ms", clock_monotonic_ms() - d->started_ms);
	confine_status(d, out);
	show_key_sources(&d->house, runs, out);
	json_bool(out, "keys_locked", key_arena_is_locked(d->house.arena));
	show_guarantee(d, out);
	if (r == 0 && runs) {
		r = show_open_store(d, out, err);
	}
	if (r == 0) {
		r = show_targets(d, out, err);
	}
	show_may(x, out);
	return r;
}

/* --- init ------------------------------------------------------------------------- */

int handle_INIT(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	struct house *h = &d->house;
	char key[NOTE_VERIFIER_SIZE], manifest_key[MINISIGN_PUBLIC_SIZE];
	enum keyring_source source;
	struct span passphrase;
	struct id store;
	int r = key_parameters(x, "key", KEYRING_FILE, &source, &passphrase, err);

	if (r == 0) {
		r = daemon_make_store(d, x->fd, source, passphrase, err);
	}
	if (r < 0) {
		return r;
	}
	store = store_id(h->store);
	json_hex(out, "store", store.b, sizeof(store.b));
	json_open_array(out, "recipients");
	for (size_t i = 0; i < h->recipients.data.n; i++) {
		json_str(out, NULL, h->recipients.data.at[i]);
	}
	for (size_t i = 0; i < h->recipients.vault.n; i++) {
		json_str(out, NULL, h->recipients.vault.at[i]);
	}
	json_close_array(out);
	minisign_format_public(&h->verifier, manifest_key);
	note_format_verifier(&h->verifier, key);
	json_str(out, "manifest_key", manifest_key);
	json_str(out, "log_key", key);
	return 0;
}

int handle_ADOPT(struct exchange *x, struct json *out, struct cu_err *err)
{
	(void)out;
	return store_adopt(x->daemon->house.store, &x->actor, err);
}
