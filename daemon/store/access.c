#include "store/access.h"

#include <string.h>

#include "base/err.h"
#include "crypto/key.h"
#include "crypto/seal.h"
#include "store/sealer.h"
#include "vault/vault.h"

#define LABEL_SEAL   "custos access seal v1"
#define LABEL_DIGEST "custos access digest v1"
#define FORMAT       "custos access v1"

/* The day's key into s->cohort, this entry's into s->record. */
static int derive(struct sealer *s, uint64_t slot, const struct row_access *row,
	struct cu_err *err)
{
	int r = vault_slot_key(s->vault, slot, s->cohort, err);

	if (r == 0) {
		key_derive(s->cohort, LABEL_SEAL, span_of(row->id.b, sizeof(row->id.b)),
			s->record);
	}
	return r;
}

static int make_aad(struct sealer *s, const struct row_access *row, struct cu_err *err)
{
	buf_clear(&s->aad);
	buf_put_str(&s->aad, FORMAT);
	buf_put(&s->aad, s->store.b, sizeof(s->store.b));
	buf_put_u32(&s->aad, row->period);
	buf_put(&s->aad, row->id.b, sizeof(row->id.b));
	return buf_check(&s->aad, err);
}

/* Over the entry's id, too: the same people twice have two digests. */
static void digest_ids(struct sealer *s, const struct row_access *row, struct span ids,
	uint8_t out[ACCESS_DIGEST])
{
	key_derive(s->cohort, LABEL_DIGEST, span_of(row->id.b, sizeof(row->id.b)),
		s->subject);
	key_mac(s->subject, ids, out);
	key_wipe(s->subject);
}

static void wipe(struct sealer *s)
{
	key_wipe(s->cohort);
	key_wipe(s->record);
}

int access_seal(struct sealer *s, uint64_t slot, const struct row_access *row,
	struct span ids, uint8_t ret_digest[ACCESS_DIGEST], struct buf *out,
	struct cu_err *err)
{
	int r = derive(s, slot, row, err);

	if (r == 0) {
		r = make_aad(s, row, err);
	}
	if (r == 0) {
		r = seal_box(s->record, buf_span(&s->aad), ids, out, err);
	}
	if (r == 0) {
		digest_ids(s, row, ids, ret_digest);
	}
	wipe(s);
	return r;
}

int access_open(struct sealer *s, uint64_t slot, const struct row_access *row,
	const uint8_t digest[ACCESS_DIGEST], struct span *ret_ids, struct cu_err *err)
{
	uint8_t found[ACCESS_DIGEST];
	int r = derive(s, slot, row, err);

	buf_clear(&s->plain);
	if (r == 0) {
		r = make_aad(s, row, err);
	}
	if (r == 0) {
		r = seal_open(s->record, buf_span(&s->aad), row->sealed, &s->plain, err);
	}
	if (r == 0) {
		digest_ids(s, row, buf_span(&s->plain), found);
		if (memcmp(found, digest, sizeof(found)) != 0 ||
			s->plain.n % sizeof(struct id) != 0) {
			r = cu_err_set(err, CU_ECORRUPT,
				"access journal: an entry is not the one of its leaf");
		}
	}
	wipe(s);
	if (r == 0) {
		*ret_ids = buf_span(&s->plain);
	}
	return r;
}
