#include <stdlib.h>
#include <string.h>

#include "crypto/age_internal.h"
#include "crypto/key_internal.h"

#define MAX_PASSPHRASE 65536 /* bytes; a passphrase is typed or read from a line */

static int out_of_memory(struct cu_err *err)
{
	return cu_err_set(err, CU_ENOMEM, "out of memory");
}

static int copy_passphrase(struct span from, uint8_t **ret, struct cu_err *err)
{
	uint8_t *p;

	if (from.n > MAX_PASSPHRASE) {
		return cu_err_set(err, CU_EINVAL, "passphrase: longer than %d bytes",
			MAX_PASSPHRASE);
	}
	p = sodium_malloc(from.n + 1);
	if (!p) {
		return out_of_memory(err);
	}
	if (from.n > 0) {
		memcpy(p, from.p, from.n);
	}
	*ret = p;
	return 0;
}

/* --- making an identity ----------------------------------------------------------- */

int age_identity_generate(
	char ret_recipient[AGE_RECIPIENT_SIZE], struct buf *secret, struct cu_err *err)
{
	char text[AGE_SECRET_TEXT_SIZE], recipient[AGE_RECIPIENT_SIZE];
	struct age_identity id;
	int r;

	if ((r = key_library_init(err)) < 0) {
		return r;
	}
	randombytes_buf(id.secret, sizeof(id.secret));
	(void)crypto_scalarmult_curve25519_base(
		id.public_key, id.secret); /* always 0 */
	age_bech32_encode(
		age_recipient_prefix, id.public_key, recipient, sizeof(recipient));
	age_bech32_encode(age_identity_prefix, id.secret, text, sizeof(text));
	buf_put_str(secret, text);
	r = buf_check(secret, err);
	if (r == 0) {
		memcpy(ret_recipient, recipient, sizeof(recipient));
	}
	sodium_memzero(&id, sizeof(id));
	sodium_memzero(text, sizeof(text));
	return r;
}

/* --- recipients ------------------------------------------------------------------- */

int age_recipients_new(struct age_recipients **ret, struct cu_err *err)
{
	struct age_recipients *to;
	int r = key_library_init(err);

	if (r < 0) {
		return r;
	}
	to = calloc(1, sizeof(*to));
	if (!to) {
		return out_of_memory(err);
	}
	*ret = to;
	return 0;
}

void age_recipients_free(struct age_recipients *to)
{
	if (!to) {
		return;
	}
	sodium_free(to->passphrase); /* wipes; NULL is fine */
	free(to->list);
	free(to);
}

/* A point of low order is nobody's key: every shared secret with it is zero, which the
 * multiplication reports whatever the scalar. */
static bool is_low_order(const uint8_t point[AGE_X25519_SIZE])
{
	static const uint8_t any_scalar[AGE_X25519_SIZE] = { 1 };
	uint8_t shared[AGE_X25519_SIZE];

	return crypto_scalarmult_curve25519(shared, any_scalar, point) != 0;
}

int age_recipients_add(
	struct age_recipients *to, const char *recipient, struct cu_err *err)
{
	uint8_t key[AGE_X25519_SIZE], (*more)[AGE_X25519_SIZE];

	if (to->passphrase) {
		return cu_err_set(err, CU_EINVAL,
			"recipient: a file for a passphrase has no other");
	}
	if (!age_bech32_decode(age_recipient_prefix, span_str(recipient), key) ||
		is_low_order(key)) {
		return cu_err_set(err, CU_EINVAL, "not a recipient of age (age1...)");
	}
	if (to->n == AGE_MAX_STANZAS) {
		return cu_err_set(
			err, CU_ELIMIT, "more than %d recipients", AGE_MAX_STANZAS);
	}
	more = realloc(to->list, (to->n + 1) * sizeof(more[0]));
	if (!more) {
		return out_of_memory(err);
	}
	memcpy(more[to->n], key, sizeof(key));
	to->list = more;
	to->n++;
	return 0;
}

int age_recipients_set_passphrase(struct age_recipients *to, struct span passphrase,
	unsigned log_n, struct cu_err *err)
{
	uint8_t *copy;
	int r;

	if (to->n > 0) {
		return cu_err_set(
			err, CU_EINVAL, "passphrase: a file for recipients has none");
	}
	if (passphrase.n == 0) {
		return cu_err_set(err, CU_EINVAL, "passphrase: empty");
	}
	if (log_n < 1 || log_n > AGE_SCRYPT_MAX_LOG_N) {
		return cu_err_set(err, CU_EINVAL,
			"passphrase: a work factor of 1 to %d, not %u",
			AGE_SCRYPT_MAX_LOG_N, log_n);
	}
	if ((r = copy_passphrase(passphrase, &copy, err)) < 0) {
		return r;
	}
	sodium_free(to->passphrase);
	to->passphrase = copy;
	to->npassphrase = passphrase.n;
	to->log_n = log_n;
	return 0;
}

/* --- identities ------------------------------------------------------------------- */

int age_identities_new(struct age_identities **ret, struct cu_err *err)
{
	struct age_identities *ids;
	int r = key_library_init(err);

	if (r < 0) {
		return r;
	}
	ids = calloc(1, sizeof(*ids));
	if (!ids) {
		return out_of_memory(err);
	}
	*ret = ids;
	return 0;
}

void age_identities_free(struct age_identities *ids)
{
	if (!ids) {
		return;
	}
	for (size_t i = 0; i < ids->npassphrases; i++) {
		union {
			const uint8_t *borrowed;
			void *owned;
		} p = { .borrowed = ids->passphrases[i].p };

		sodium_free(p.owned);
	}
	free(ids->passphrases);
	sodium_free(ids->list); /* wipes; NULL is fine */
	free(ids);
}

/* A list longer by room, with the old identities in front.  NULL when memory ran out. */
static struct age_identity *longer_list(const struct age_identities *ids, size_t room)
{
	struct age_identity *list = sodium_allocarray(ids->n + room, sizeof(*list));

	if (list && ids->n > 0) {
		memcpy(list, ids->list, ids->n * sizeof(*list));
	}
	return list;
}

static struct span take_line(struct span *rest)
{
	const uint8_t *end = memchr(rest->p, '\n', rest->n);
	struct span line = span_of(rest->p, end ? (size_t)(end - rest->p) : rest->n);
	size_t used = end ? line.n + 1 : line.n;

	*rest = span_of(rest->p + used, rest->n - used);
	if (line.n > 0 && line.p[line.n - 1] == '\r') {
		line.n--;
	}
	return line;
}

static bool is_identity_line(struct span line)
{
	return line.n > 0 && line.p[0] != '#';
}

static size_t count_identity_lines(struct span text)
{
	size_t n = 0;

	while (text.n > 0) {
		n += is_identity_line(take_line(&text)) ? 1 : 0;
	}
	return n;
}

static int parse_line(
	struct span line, size_t number, struct age_identity *ret, struct cu_err *err)
{
	size_t nstart = strlen(age_identity_prefix);

	if (age_bech32_decode(age_identity_prefix, line, ret->secret)) {
		(void)crypto_scalarmult_curve25519_base(
			ret->public_key, ret->secret); /* always 0 */
		return 0;
	}
	if (line.n > nstart + 3 && memcmp(line.p, age_identity_prefix, nstart) == 0 &&
		memcmp(line.p + nstart, "PQ-", 3) == 0) {
		return cu_err_set(err, CU_EINVAL,
			"identity file, line %zu: a post-quantum identity is not supported",
			number);
	}
	return cu_err_set(err, CU_EINVAL,
		"identity file, line %zu: not an identity of age (AGE-SECRET-KEY-1...)",
		number);
}

int age_identities_add_file(
	struct age_identities *ids, struct span text, struct cu_err *err)
{
	size_t nlines = count_identity_lines(text), n = 0;
	struct age_identity *list;

	if (nlines == 0) {
		return 0;
	}
	if (nlines > AGE_MAX_STANZAS) {
		return cu_err_set(err, CU_ELIMIT,
			"identity file: more than %d identities", AGE_MAX_STANZAS);
	}
	list = longer_list(ids, nlines);
	if (!list) {
		return out_of_memory(err);
	}
	for (size_t number = 1; text.n > 0; number++) {
		struct span line = take_line(&text);
		int r;

		if (!is_identity_line(line)) {
			continue;
		}
		r = parse_line(line, number, &list[ids->n + n], err);
		if (r < 0) {
			sodium_free(list); /* ids keeps what it had */
			return r;
		}
		n++;
	}
	sodium_free(ids->list);
	ids->list = list;
	ids->n += n;
	return (int)n;
}

int age_identities_add_passphrase(
	struct age_identities *ids, struct span passphrase, struct cu_err *err)
{
	struct span *more;
	uint8_t *copy;
	int r;

	more = realloc(ids->passphrases, (ids->npassphrases + 1) * sizeof(*more));
	if (!more) {
		return out_of_memory(err);
	}
	ids->passphrases = more;
	if ((r = copy_passphrase(passphrase, &copy, err)) < 0) {
		return r;
	}
	more[ids->npassphrases++] = span_of(copy, passphrase.n);
	return 0;
}
