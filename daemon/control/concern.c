#include "control/concern.h"

#include <string.h>

#include "base/buf.h"
#include "ledger/leaf.h"
#include "store/reader_alias.h"

static bool is_bulk_read(const struct leaf *l)
{
	return (l->act == LEAF_SUBJECT_EXPORT || l->act == LEAF_SUBJECT_SEARCH ||
		       l->act == LEAF_SUBJECT_DOSSIER ||
		       l->act == LEAF_INCIDENT_SCOPE || l->act == LEAF_CONSENT_READ ||
		       l->act == LEAF_CONSENT_CHECK ||
		       l->act == LEAF_RECORD_READ || l->act == LEAF_RECORD_RULE ||
		       l->act == LEAF_RECORD_DELETE) &&
	       l->count > 0 && id_is_nil(&l->sub);
}

int concern_ids(struct reader *rd, const struct id *subject, struct buf *to, struct cu_err *err)
{
	struct row_alias alias = { 0 };
	int r;

	buf_put(to, subject->b, sizeof(subject->b));
	while ((r = reader_alias_of(rd, subject, &alias.old, &alias, err)) > 0) {
		buf_put(to, alias.old.b, sizeof(alias.old.b));
	}
	return r < 0 ? r : buf_check(to, err);
}

static bool is_one_of(struct span ids, const uint8_t *id)
{
	for (size_t at = 0; at < ids.n; at += sizeof(struct id)) {
		if (memcmp(ids.p + at, id, sizeof(struct id)) == 0) {
			return true;
		}
	}
	return false;
}

int concern_of(struct reader *rd, const struct leaf *l, struct span subject,
	enum concern *ret, struct cu_err *err)
{
	struct span ids = { 0 };
	int r;

	*ret = is_one_of(subject, l->sub.b) ? CONCERN_NAMED : CONCERN_NONE;
	if (*ret == CONCERN_NAMED || !is_bulk_read(l)) {
		return 0;
	}
	r = reader_access(rd, l, &ids, err);
	*ret = r == 0 ? CONCERN_UNKNOWN : CONCERN_NONE;
	for (size_t at = 0; r > 0 && *ret == CONCERN_NONE && at < ids.n; at += sizeof(struct id)) {
		if (is_one_of(subject, ids.p + at)) {
			*ret = CONCERN_SHOWN;
		}
	}
	return r < 0 ? r : 0;
}
