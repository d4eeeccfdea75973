/* The root key: its sources, its replacement, and a store that is sealed and opened. */
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/house_keys.h"
#include "control/key_change.h"
#include "control/key_parameters.h"
#include "control/operator.h"
#include "vault/vault.h"

#define DELAY_MAX_MS (60 * 1000LL)

/* --- parameters ------------------------------------------------------------------- */

static struct span passphrase_of(const struct exchange *x)
{
	const char *text = exchange_text(x, "passphrase");

	return text ? span_str(text) : (struct span){ 0 };
}

/* The source that a parameter names, and the passphrase where it is that. */
int key_parameters(const struct exchange *x, const char *name,
	enum keyring_source absent, enum keyring_source *ret_source,
	struct span *ret_passphrase, struct cu_err *err)
{
	const char *word = exchange_text(x, name);
	struct span passphrase = passphrase_of(x);

	*ret_source = absent;
	if (word && !keyring_parse(word, ret_source)) {
		return cu_err_set(
			err, CU_EINVAL, "%s: no source of the root key", name);
	}
	if ((*ret_source == KEYRING_PASSPHRASE) != (passphrase.p != NULL)) {
		return cu_err_set(err, CU_EINVAL, "passphrase: %s",
			passphrase.p ? _("only the source 'passphrase' has one")
				     : _("the source 'passphrase' needs one"));
	}
	*ret_passphrase = passphrase;
	return 0;
}

static int say(struct exchange *x, enum leaf_act act, const char *why, struct cu_err *err)
{
	struct leaf leaf = { .act = act };

	strncpy(leaf.why, why, sizeof(leaf.why) - 1);
	return exchange_leaf(x, &leaf, err);
}

/* --- guessing takes time ---------------------------------------------------------- */

/* Both with the store held, so attempts come one at a time. */
static int check_attempt(const struct daemon *d, struct cu_err *err)
{
	int64_t left = d->next_attempt_ms - clock_monotonic_ms();

	return d->nwrong == 0 || left <= 0
		       ? 0
		       : cu_err_set(err, CU_EBUSY,
				 "%u wrong passphrases: the next is looked at in %d s",
				 d->nwrong, (int)((left + 999) / 1000));
}

static void note_attempt(struct daemon *d, int code)
{
	int64_t delay;

	if (code != CU_ENOKEY) {
		d->nwrong = code == 0 ? 0 : d->nwrong;
		return;
	}
	delay = d->nwrong < 6 ? 1000LL << d->nwrong : DELAY_MAX_MS;
	d->nwrong++;
	d->next_attempt_ms =
		clock_monotonic_ms() + (delay < DELAY_MAX_MS ? delay : DELAY_MAX_MS);
	log_warn("a wrong passphrase was given for the root key: %u now", d->nwrong);
}

/* --- unseal, seal ----------------------------------------------------------------- */

static int open_sealed(struct daemon *d, enum keyring_source source,
	struct span passphrase, struct cu_err *err)
{
	int r;

	switch ((enum daemon_state)atomic_load(&d->state)) {
	case DAEMON_EMPTY:
		return cu_err_set(err, CU_ENOENT,
			"there is no store yet: 'custosctl init' makes one");
	case DAEMON_RUNNING:
		return cu_err_set(err, CU_EEXIST, "the store is open already");
	case DAEMON_SEALED: break;
	}
	r = source == KEYRING_PASSPHRASE ? check_attempt(d, err) : 0;
	if (r == 0) {
		r = daemon_open_store(d, KEYRING_BIT(source), passphrase, err);
		note_attempt(d, source == KEYRING_PASSPHRASE || r == 0 ? r : CU_EIO);
	}
	return r;
}

int handle_UNSEAL(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	enum keyring_source source;
	struct span passphrase;
	int r = key_parameters(x, "key", KEYRING_PASSPHRASE, &source, &passphrase, err);

	(void)out;
	if (r == 0) {
		r = daemon_hold_store(d, err);
	}
	if (r < 0) {
		return r;
	}
	r = open_sealed(d, source, passphrase, err);
	pthread_mutex_unlock(&d->making);
	if (r == 0) {
		log_notice("uid %u unsealed the store by %s", (unsigned)x->uid,
			keyring_word(source));
	}
	if (r < 0 ||
		store_is_quarantined(d->house.store)) { /* no leaf is added there */
		return r;
	}
	r = operator_id(d, x->uid, &x->actor, err);
	return r == 0 ? say(x, LEAF_STORE_UNSEAL, keyring_word(source), err) : r;
}

/* When the last guest is out, the log gets its last leaf and checkpoint. */
int handle_SEAL(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	struct cu_err why;
	int r = daemon_hold_store(d, err);

	(void)out;
	if (r < 0) {
		return r;
	}
	atomic_store(&d->state, DAEMON_SEALED);
	gate_shut(&d->gate, &x->guest);
	if (!store_is_quarantined(d->house.store)) {
		r = say(x, LEAF_STORE_SEAL, "", err);
		if (house_publish(&d->house, &why) < 0) {
			log_error("the log could not be closed with a seal: %s", why.msg);
		}
	}
	house_close(&d->house);
	pthread_mutex_unlock(&d->making);
	log_notice("uid %u sealed the store", (unsigned)x->uid);
	return r < 0 ? cu_err_wrap(err, r, "the store is sealed, and its log does not say so") : 0;
}

/* --- sources ---------------------------------------------------------------------- */

int handle_KEY_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	unsigned has;
	int r = daemon_hold_store(d, err);

	if (r < 0) {
		return r;
	}
	if (d->house.about.made_ms > 0) {
		json_int(out, "made_ms", d->house.about.made_ms);
	}
	has = house_key_sources(&d->house, true);
	json_open_array(out, "sources");
	for (unsigned i = 0; i < KEYRING_NSOURCES; i++) {
		json_open_object(out, NULL);
		json_str(out, "source", keyring_word((enum keyring_source)i));
		json_bool(out, "exists", (has & KEYRING_BIT(i)) != 0);
		json_bool(out, "opened", d->house.opened_by == i);
		json_close_object(out);
	}
	json_close_array(out);
	pthread_mutex_unlock(&d->making);
	return 0;
}

/* What came of a change is in the log also where it failed half-way, as a wiping may. */
static int ended(struct daemon *d, int code, struct cu_err *err)
{
	int r = key_change_end(&d->house, code < 0 ? NULL : err);

	return code < 0 ? code : r;
}

int handle_KEY_ADD(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	enum keyring_source source;
	struct span passphrase;
	int r = key_parameters(x, "source", KEYRING_FILE, &source, &passphrase, err);

	(void)out;
	if (r == 0) {
		r = daemon_hold_store(d, err);
	}
	if (r < 0) {
		return r;
	}
	r = key_change_begin(&d->house, &x->actor, LEAF_KEY_ADD, keyring_word(source), err);
	if (r == 0) {
		r = ended(d, house_key_add(&d->house, source, passphrase, err), err);
	}
	pthread_mutex_unlock(&d->making);
	return r;
}

int handle_KEY_REMOVE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	enum keyring_source source = KEYRING_FILE;
	int r = daemon_hold_store(d, err);

	(void)out;
	if (r < 0) {
		return r;
	}
	r = keyring_parse(exchange_text(x, "source"), &source)
		    ? key_change_begin(&d->house, &x->actor, LEAF_KEY_REMOVE, keyring_word(source), err)
		    : cu_err_set(err, CU_EINVAL, "source: no source of the root key");
	if (r == 0) {
		r = ended(d, house_key_remove(&d->house, source, err), err);
	}
	pthread_mutex_unlock(&d->making);
	return r;
}

/* --- rotation --------------------------------------------------------------------- */

static int rotate_root(struct exchange *x, struct span passphrase, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	int r = passphrase.p ? check_attempt(d, err) : 0;

	if (r == 0) {
		r = key_change_begin(&d->house, &x->actor, LEAF_KEY_ROTATE, KEY_CHANGE_ROOT, err);
	}
	if (r == 0) {
		r = house_key_rotate(&d->house, passphrase, err);
		note_attempt(d, passphrase.p || r == 0 ? r : CU_EIO);
		r = ended(d, r, err);
	}
	return r;
}

static int rotate_epoch(struct exchange *x, struct cu_err *err)
{
	struct house *h = &x->daemon->house;
	int r = key_change_begin(h, &x->actor, LEAF_KEY_ROTATE, KEY_CHANGE_EPOCH, err);

	return r < 0 ? r : ended(x->daemon, house_epoch_rotate(h, err), err);
}

int handle_KEY_ROTATE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct daemon *d = x->daemon;
	bool is_epoch = exchange_flag(x, "epoch");
	struct span passphrase = passphrase_of(x);
	int r;

	if (is_epoch && passphrase.p) {
		return cu_err_set(err, CU_EINVAL, "passphrase: --epoch needs none");
	}
	if ((r = daemon_hold_store(d, err)) < 0) {
		return r;
	}
	r = is_epoch ? rotate_epoch(x, err) : rotate_root(x, passphrase, err);
	json_uint(out, "vault_generation", vault_generation(d->house.vault));
	pthread_mutex_unlock(&d->making);
	return r;
}
