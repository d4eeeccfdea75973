#include "control/concern.h"

#include <string.h>

#include "ledger/leaf.h"
#include "store/reader.h"

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

int concern_of(struct reader *rd, const struct leaf *l, const struct id *subject,
	enum concern *ret, struct cu_err *err)
{
	struct span ids = { 0 };
	int r;

	*ret = id_eq(subject, &l->sub) ? CONCERN_NAMED : CONCERN_NONE;
	if (*ret == CONCERN_NAMED || !is_bulk_read(l)) {
		return 0;
	}
	r = reader_access(rd, l, &ids, err);
	*ret = r == 0 ? CONCERN_UNKNOWN : CONCERN_NONE;
	for (size_t at = 0; r > 0 && *ret == CONCERN_NONE && at < ids.n; at += sizeof(struct id)) {
		if (memcmp(ids.p + at, subject->b, sizeof(subject->b)) == 0) {
			*ret = CONCERN_SHOWN;
		}
	}
	return r < 0 ? r : 0;
}
