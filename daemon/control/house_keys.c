#include "control/house_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "control/house.h"
#include "crypto/key.h"
#include "vault/vault.h"

static struct keyring_hand hand_of(const struct house *h, struct span passphrase)
{
	return (struct keyring_hand){ h->credential[0] ? h->credential : NULL,
		passphrase };
}

/* --- rings ------------------------------------------------------------------------ */

int house_ring_path(
	const struct house *h, unsigned ring, char out[PATH_SIZE], struct cu_err *err)
{
	char name[16];

	if (ring == 0) {
		strcpy(out, h->keys_dir);
		return 0;
	}
	snprintf(name, sizeof(name), "%u", ring);
	return path_join(out, h->keys_dir, name, err);
}

/* Only what this program would write: no sign, no leading zero, no more than six
 * digits. */
static unsigned ring_number(const char *name)
{
	size_t n = strspn(name, "0123456789");

	return n == 0 || n > 6 || name[n] != '\0' || name[0] == '0'
		       ? 0
		       : (unsigned)strtoul(name, NULL, 10);
}

static int compare_down(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (y > x) - (y < x);
}

int house_rings(const struct house *h, unsigned numbers[HOUSE_RINGS_MAX], size_t *ret_n, struct cu_err *err)
{
	char **names = NULL;
	size_t nnames = 0, n = 0;
	int r = path_list(h->keys_dir, &names, &nnames, err);

	*ret_n = 0;
	if (r < 0) {
		return r == CU_ENOENT ? 0 : r;
	}
	for (size_t i = 0; i < nnames && n < HOUSE_RINGS_MAX - 1; i++) {
		unsigned ring = ring_number(names[i]);

		if (ring > 0) {
			numbers[n++] = ring;
		}
	}
	path_free_names(names, nnames);
	qsort(numbers, n, sizeof(numbers[0]), compare_down);
	if (keyring_sources(h->keys_dir) != 0) {
		numbers[n++] = 0;
	}
	*ret_n = n;
	return 0;
}

unsigned house_key_sources(const struct house *h, bool is_open)
{
	unsigned rings[HOUSE_RINGS_MAX];
	char path[PATH_SIZE];
	size_t n;

	if (is_open) {
		rings[0] = atomic_load(&h->ring);
	} else if (house_rings(h, rings, &n, NULL) < 0 || n == 0) {
		return 0;
	}
	return house_ring_path(h, rings[0], path, NULL) == 0 ? keyring_sources(path)
							     : 0;
}

int house_ring_put_signer(
	const struct house *h, unsigned ring, const struct key *by, struct cu_err *err)
{
	struct buf wrapped = BUF_INIT;
	char path[PATH_SIZE];
	int r = house_ring_path(h, ring, path, err);

	if (r == 0) {
		r = signer_wrap(h->signer, by, &wrapped, err);
	}
	if (r == 0) {
		r = path_put_file(path, HOUSE_LOG_KEY, buf_span(&wrapped), 0600, err);
	}
	buf_done(&wrapped);
	return r;
}

int house_ring_create(struct house *h, unsigned ring, enum keyring_source source,
	struct span passphrase, const struct id *store, struct cu_err *err)
{
	struct keyring_hand hand = hand_of(h, passphrase);
	struct keyring_about about = { *store, clock_now_ms(&h->clock) };
	char path[PATH_SIZE];
	int r = house_ring_path(h, ring, path, err);

	if (r == 0) {
		r = path_make_dir(path, 0700, err);
	}
	if (r == 0) {
		r = keyring_add(path, source, &hand, &about, h->k0, err);
	}
	if (r == 0) {
		h->ring = ring;
		h->opened_by = source;
	}
	return r;
}

/* Of ring 0 only what belongs to it: the other rings lie in the same directory. */
static int wipe_ring(const struct house *h, unsigned ring, struct cu_err *err)
{
	char **names = NULL;
	char path[PATH_SIZE];
	size_t n = 0;
	int r = house_ring_path(h, ring, path, err);

	for (unsigned i = 0; r == 0 && i < KEYRING_NSOURCES; i++) {
		r = keyring_remove(path, (enum keyring_source)i, err);
	}
	if (r == 0) {
		r = keyring_wipe_file(path, HOUSE_LOG_KEY, err);
	}
	if (r < 0 || ring == 0) {
		return r;
	}
	r = path_list(path, &names, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = keyring_wipe_file(path, names[i], err);
	}
	path_free_names(names, n);
	if (r == 0 && rmdir(path) < 0) {
		r = cu_err_errno(err, errno, "remove %s", path);
	}
	return r < 0 ? r : path_sync_dir(h->keys_dir, err);
}

int house_rings_tidy(struct house *h, struct cu_err *err)
{
	unsigned rings[HOUSE_RINGS_MAX];
	size_t n;
	int r = house_rings(h, rings, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = rings[i] != h->ring ? wipe_ring(h, rings[i], err) : 0;
	}
	return r;
}

/* --- opening ---------------------------------------------------------------------- */

/* Why each source did not do, in one line. */
static void add_reason(
	struct buf *to, enum keyring_source source, const struct cu_err *why)
{
	buf_putf(to, "%s%s: %s", to->n > 0 ? "; " : "", keyring_word(source), why->msg);
}

static int refuse_all(struct buf *reasons, const char *path, struct cu_err *err)
{
	int r;

	buf_put_u8(reasons, '\0');
	r = buf_check(reasons, err);
	if (r < 0) {
		return r;
	}
	return reasons->n == 1 ? cu_err_set(err, CU_ESEALED, "the root key has no source in %s", path) :
				 cu_err_set(err, CU_ESEALED, "no source yields the root key: %s",
					 (const char *)reasons->p);
}

int house_ring_unlock(struct house *h, unsigned ring, unsigned sources,
	struct span passphrase, struct cu_err *err)
{
	struct keyring_hand hand = hand_of(h, passphrase);
	struct buf reasons = BUF_INIT;
	struct cu_err why = { 0 };
	char path[PATH_SIZE];
	unsigned has, ntried = 0;
	int r = house_ring_path(h, ring, path, err);

	if (r < 0) {
		return r;
	}
	has = keyring_sources(path);
	for (unsigned i = 0; i < KEYRING_NSOURCES; i++) {
		enum keyring_source source = (enum keyring_source)i;

		if (!(has & sources & KEYRING_BIT(i))) {
			continue;
		}
		ntried++;
		r = keyring_open(path, source, &hand, &h->about, h->k0, &why);
		if (r == 0) {
			h->opened_by = source;
			buf_done(&reasons);
			return 0;
		}
		if (r == CU_ENOMEM) {
			break; /* that is no word about the source: another start may have it */
		}
		add_reason(&reasons, source, &why);
	}
	if (r != CU_ENOMEM && sources == KEYRING_ALL) {
		r = refuse_all(&reasons, path, err);
	} else {
		r = ntried > 0 ? cu_err_set(err, r, "%s", why.msg)
			       : cu_err_set(err, CU_ENOENT,
					 "the root key has no such source: see "
					 "'custosctl status'");
	}
	buf_done(&reasons);
	return r;
}

/* --- sources come and go ---------------------------------------------------------- */

/* Which ring the roots are under is known again after a start; until then none is
 * touched. */
static int check_ring_is_sure(const struct house *h, struct cu_err *err)
{
	return h->is_rekey_unsure
		       ? cu_err_set(err, CU_EIO,
				 "a rotation of the root key failed half-way: restart "
				 "custosd, which finds out where")
		       : 0;
}

int house_key_add(struct house *h, enum keyring_source source, struct span passphrase,
	struct cu_err *err)
{
	struct keyring_hand hand = hand_of(h, passphrase);
	struct keyring_about about = { store_id(h->store), h->about.made_ms };
	char path[PATH_SIZE];
	int r = check_ring_is_sure(h, err);

	if (r == 0) {
		r = house_ring_path(h, h->ring, path, err);
	}
	return r < 0 ? r : keyring_add(path, source, &hand, &about, h->k0, err);
}

int house_key_remove(struct house *h, enum keyring_source source, struct cu_err *err)
{
	char path[PATH_SIZE];
	unsigned has;
	int r = check_ring_is_sure(h, err);

	if (r == 0) {
		r = house_ring_path(h, h->ring, path, err);
	}
	if (r < 0) {
		return r;
	}
	has = keyring_sources(path);
	if (!(has & KEYRING_BIT(source))) {
		return cu_err_set(
			err, CU_ENOENT, "the root key has no %s", intl_word(keyring_word(source)));
	}
	if (has == KEYRING_BIT(source)) {
		return cu_err_set(err, CU_EBUSY,
			"the %s is the last source: add another with 'key add' before",
			intl_word(keyring_word(source)));
	}
	return keyring_remove(path, source, err);
}

int house_key_remove_rest(struct house *h, enum keyring_source source, struct cu_err *err)
{
	char path[PATH_SIZE];
	int r = house_ring_path(h, h->ring, path, err);

	if (r < 0 || ((keyring_sources(path) & KEYRING_BIT(source)) && !keyring_is_damaged(path, source))) {
		return r;
	}
	return keyring_remove(path, source, err);
}

/* --- rotation --------------------------------------------------------------------- */

/* That each source will open the next ring is seen before anything is written: the same
 * passphrase and credential open this one. */
static int check_sources(struct house *h, const struct keyring_hand *hand,
	const char *path, struct cu_err *err)
{
	unsigned has = keyring_sources(path);
	struct keyring_about about;
	struct key *seen = NULL;
	int r = key_new(h->arena, &seen, err);

	for (unsigned i = 0; r == 0 && i < KEYRING_NSOURCES; i++) {
		enum keyring_source source = (enum keyring_source)i;

		if (!(has & KEYRING_BIT(i))) {
			continue;
		}
		if (source == KEYRING_PASSPHRASE && !hand->passphrase.p) {
			r = cu_err_set(err, CU_EINVAL,
				"a passphrase is a source of the root key and is "
				"needed to wrap the new one: --key=passphrase asks for "
				"it");
			break;
		}
		r = keyring_open(path, source, hand, &about, seen, err);
		if (r == 0 && !key_is_equal(seen, h->k0)) {
			r = cu_err_set(err, CU_ECORRUPT,
				"the %s yields another root key", intl_word(keyring_word(source)));
		} else if (r == CU_ENOENT) {
			r = cu_err_set(err, CU_EINVAL,
				"the %s is a source of the root key and is not at "
				"hand: bring it back, or take it away with 'key "
				"remove'",
				intl_word(keyring_word(source)));
		}
	}
	key_free(h->arena, seen);
	return r;
}

/* Whole, and durable to the last name, before a root is touched. */
static int make_next_ring(struct house *h, const struct keyring_hand *hand,
	unsigned sources, unsigned ring, const struct keyring_about *about,
	const struct key *k0, struct cu_err *err)
{
	char path[PATH_SIZE];
	int r = house_ring_path(h, ring, path, err);

	if (r == 0) {
		r = path_make_dir(path, 0700, err);
	}
	for (unsigned i = 0; r == 0 && i < KEYRING_NSOURCES; i++) {
		if (sources & KEYRING_BIT(i)) {
			r = keyring_add(
				path, (enum keyring_source)i, hand, about, k0, err);
		}
	}
	return r == 0 ? house_ring_put_signer(h, ring, k0, err) : r;
}

struct rekey_op {
	struct store_op op;
	struct vault *vault;
	const struct key *k0;
	bool is_begun;
};

static int apply_rekey(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct rekey_op *o = (struct rekey_op *)op;

	(void)tx;
	o->is_begun = true;
	return vault_rekey(o->vault, o->k0, err);
}

static int put_roots_under(struct house *h, unsigned ring,
	const struct keyring_about *about, const struct key *k0, struct cu_err *err)
{
	struct rekey_op op = { { .apply = apply_rekey, .kind = STORE_ALONE }, h->vault,
		k0 };
	int r = store_run(h->store, &op.op, err);

	if (r == 0) {
		key_copy(h->k0, k0);
		h->about = *about;
		atomic_store(&h->ring, ring);
	} else {
		h->is_rekey_unsure = op.is_begun;
	}
	return r;
}

int house_key_rotate(struct house *h, struct span passphrase, struct cu_err *err)
{
	struct keyring_hand hand = hand_of(h, passphrase);
	struct keyring_about about = { store_id(h->store), clock_now_ms(&h->clock) };
	unsigned next = h->ring + 1;
	struct key *k0 = NULL;
	char path[PATH_SIZE];
	int r = check_ring_is_sure(h, err);

	if (r == 0) {
		r = house_ring_path(h, h->ring, path, err);
	}
	if (r == 0) {
		r = check_sources(h, &hand, path, err);
	}
	if (r == 0) { /* of a rotation that failed before the roots */
		r = house_rings_tidy(h, err);
	}
	if (r == 0) {
		r = key_new(h->arena, &k0, err);
	}
	if (r == 0) {
		key_fill_random(k0);
		r = make_next_ring(
			h, &hand, keyring_sources(path), next, &about, k0, err);
		if (r < 0) { /* else the next rotation or start does it */
			(void)wipe_ring(h, next, NULL);
		}
	}
	if (r == 0) {
		r = put_roots_under(h, next, &about, k0, err);
	}
	key_free(h->arena, k0);
	if (r < 0) {
		return cu_err_wrap(err, r, "rotate the root key");
	}
	r = house_rings_tidy(h, err);
	return r < 0 ? cu_err_wrap(err, r,
			       "the root key is replaced, but files of the old one are "
			       "left until the next start or rotation")
		     : 0;
}

static int apply_epoch(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	(void)tx;
	return vault_shred(((struct rekey_op *)op)->vault, NULL, 0, err);
}

int house_epoch_rotate(struct house *h, struct cu_err *err)
{
	struct rekey_op op = { { .apply = apply_epoch, .kind = STORE_ALONE }, h->vault,
		NULL };
	int r = store_run(h->store, &op.op, err);

	return r < 0 ? cu_err_wrap(err, r, "rotate the epoch key") : 0;
}
