#include "control/quarantine.h"

#include <stdio.h>

#include "backup/repo.h"
#include "backup/rollback.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/repos.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "vault/vault.h"

static int look_at(struct daemon *d, const struct target *t, struct rollback *ret,
	struct cu_err *err)
{
	struct house *h = &d->house;
	const struct rollback_source src = { .key = &h->verifier,
		.store = store_id(h->store),
		.lineage = store_lineage(h->store),
		.log_dir = h->log_dir,
		.log_size = ledger_size(h->ledger),
		.generation = vault_generation(h->vault) };
	struct repo repo;
	int r = repos_reach(d, t, &repo, err);

	return r < 0 ? r : rollback_look(&repo, &src, ret, err);
}

/* The text is whole before anybody is told that it is there. */
static void lock(struct daemon *d, const struct target *t, const struct rollback *found)
{
	snprintf(d->quarantine, sizeof(d->quarantine),
		_("QUARANTINE: this state directory is an older copy. Target %s proves "
		  "it: %s. "
		  "Nobody's data is read or changed. Bring the newest state directory "
		  "back and "
		  "start again, or restore from that target: custosd restore "
		  "--from=%s"),
		t->key, found->text, repos_where(t));
	store_quarantine(d->house.store);
	log_happened(LOG_LEVEL_ERROR, LOG_EVENT_QUARANTINED, t->key, "%s", d->quarantine);
}

void quarantine_look(struct daemon *d, bool is_start)
{
	const struct targets *targets = policy_targets(d->policy);

	for (size_t i = 0; i < targets->n && !store_is_quarantined(d->house.store);
		i++) {
		struct rollback found = { 0 };
		struct cu_err err;
		int r;

		if (is_start && targets->v[i].kind == TARGET_AGENT) {
			continue;
		}
		r = look_at(d, &targets->v[i], &found, &err);

		if (r < 0 && r != CU_ENOENT) {
			log_warn("target %s cannot say whether this store was rolled "
				 "back: %s",
				targets->v[i].key, err.msg);
		}
		if (r == 0 && found.is_found) {
			lock(d, &targets->v[i], &found);
		}
	}
}

const char *quarantine_reason(const struct daemon *d)
{
	bool is_open = atomic_load(&d->state) == DAEMON_RUNNING;

	return is_open && store_is_quarantined(d->house.store) ? d->quarantine : NULL;
}
