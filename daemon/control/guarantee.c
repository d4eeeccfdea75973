#include "control/guarantee.h"

#include "base/intl.h"
#include "control/daemon.h"
#include "control/house_keys.h"
#include "policy/policy.h"
#include "vault/ground.h"

static void add(struct guarantee *g, const char *key, const char *text)
{
	if (g->n < GUARANTEE_MAX) {
		g->reasons[g->n].key = key;
		g->reasons[g->n++].text = text;
	}
}

/* What each source of the root key does not protect from. */
static void add_keys(struct guarantee *g, unsigned sources)
{
	if (sources & KEYRING_BIT(KEYRING_FILE)) {
		add(g, "key-file",
			_("The root key is a file on this host: whoever copies the whole disk can open the store."));
	}
	if (sources & KEYRING_BIT(KEYRING_CREDENTIAL)) {
		add(g, "key-credential",
			_("The root key comes from a systemd credential: unless that is bound to a TPM, whoever copies the whole disk can open the store."));
	}
	if (sources & KEYRING_BIT(KEYRING_PASSPHRASE)) {
		add(g, "key-passphrase",
			_("The root key comes from a passphrase: whoever copies the disk can try to guess it, for as long as they like."));
	}
}

void guarantee_of(const struct daemon *d, struct guarantee *ret)
{
	bool runs = atomic_load(&d->state) == DAEMON_RUNNING;
	ground_set ground = runs ? ground_look(d->house.dir) : 0;

	*ret = (struct guarantee){ 0 };
	for (unsigned i = 0; i < GROUND_NREASONS_; i++) {
		const struct ground_row *row = ground_row((enum ground_reason)i);

		if (ground & (1u << i)) {
			ret->is_weaker |= row->is_weaker;
			add(ret, row->key, _(row->text));
		}
	}
	add_keys(ret, house_key_sources(&d->house, runs));
	if (policy_targets(d->policy)->n == 0) {
		add(ret, "no-target",
			_("No backup target is set in backup.yaml: what is on this "
			  "disk is all there is."));
	}
}

const char *guarantee_class(const struct guarantee *g)
{
	return g->is_weaker ? W_("weaker") : W_("overwritten-in-place");
}
