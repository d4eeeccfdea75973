/* Ids of a restored data.db that were merged into others since it was backed up. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/engine_alias.h"
#include "store/engine_protect.h"
#include "store/settle_internal.h"
#include "store/system.h"

/* As the newest image has it, of the subject; or it was deleted since, and its key is gone. */
static int take_record(struct settling *s, const struct id *record, bool is_counted,
	struct cu_err *err)
{
	int r = settle_renew(s, record, err);

	if (r == 0) {
		s->counts->removed_records += is_counted;
		r = engine_record_delete(s->engine, record, err);
	}
	return r < 0 ? r : 0;
}

/* The newest image has all that was moved; what is left of the old id here goes. */
static int end_old(struct settling *s, const struct row_alias *alias, struct cu_err *err)
{
	struct row_record row, *after = NULL;
	int r;

	while ((r = engine_record_next(s->engine, &alias->old, NULL, after, &row, err)) > 0) {
		struct id id = row.id;

		after = &row;
		r = take_record(s, &id, !system_owns(row.collection), err);
		if (r < 0) {
			return r;
		}
	}
	if (r == 0) {
		r = engine_alias_take(s->engine, &alias->old, &alias->subject, err);
	}
	return r < 0 ? r : engine_subject_delete(s->engine, &alias->old, err);
}

int settle_aliases(struct settling *s, struct cu_err *err)
{
	struct row_alias alias = { 0 };
	struct row_subject who;
	int r;

	while ((r = engine_alias_next(s->engine, &alias.old, &alias, err)) > 0) {
		if (alias.state == ALIAS_AGREED) {
			continue; /* the next start moves it */
		}
		r = engine_subject_get(s->engine, &alias.old, &who, err);
		if (r > 0) {
			r = end_old(s, &alias, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r;
}

/* --- what only the log tells ------------------------------------------------------ */

static int follow(struct engine *e, struct id *id, struct cu_err *err)
{
	struct row_alias alias;
	int r = engine_alias_get(e, id, &alias, err);

	if (r > 0) {
		*id = alias.subject;
	}
	return r < 0 ? r : 0;
}

/* What is there of the two ids is moved at the next start; where only one is there, it has both names. */
static int put_merge(struct engine *e, const struct settle_merge *m, struct cu_err *err)
{
	struct row_alias row = { .old = m->old, .subject = m->subject, .actor = m->actor,
		.state = ALIAS_AGREED };
	struct row_subject who;
	int has_old, has_subject, r;

	strcpy(row.purpose, m->purpose);
	/* an earlier one may have been turned round, below */
	r = follow(e, &row.old, err);
	r = r < 0 ? r : follow(e, &row.subject, err);
	has_old = r < 0 ? r : engine_subject_get(e, &row.old, &who, err);
	has_subject = has_old < 0 ? has_old : engine_subject_get(e, &row.subject, &who, err);
	if (has_subject < 0 || id_eq(&row.old, &row.subject) || (!has_old && !has_subject)) {
		return has_subject < 0 ? has_subject : 0;
	}
	if (!has_subject) { /* it came after the backup */
		const struct id old = row.old;

		row.old = row.subject;
		row.subject = old;
	}
	if (!has_old || !has_subject) {
		row.state = ALIAS_DONE;
	}
	r = engine_alias_point(e, &row.old, &row.subject, err);
	return r < 0 ? r : engine_alias_put(e, &row, err);
}

/* Before anything is taken from the newest image: so whoever has the two names comes along with what
 * he said, and with what is held of his. */
int settle_merges(struct settling *s, const struct store_settle *how, struct cu_err *err)
{
	struct engine *e = s->newest ? s->newest : s->engine;
	int r = 0;

	for (size_t i = 0; r == 0 && i < how->nmerges; i++) {
		r = put_merge(e, &how->merges[i], err);
	}
	return r;
}

/* --- who is erased ---------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

/* Backwards: who was merged into somebody who was merged later comes after him. */
int settle_add_merged(const struct store_settle *how, struct buf *gone, struct cu_err *err)
{
	size_t nerased = gone->n / sizeof(struct id);

	if (nerased == 0) {
		return 0;
	}
	qsort(gone->p, nerased, sizeof(struct id), compare_ids);
	for (size_t i = how->nmerges; i-- > 0;) {
		const struct settle_merge *m = &how->merges[i];
		const struct id *ids = (const struct id *)(const void *)gone->p;
		size_t n = gone->n / sizeof(*ids), at = nerased;

		while (at < n && !id_eq(&ids[at], &m->subject)) {
			at++;
		}
		if (at < n || bsearch(&m->subject, ids, nerased, sizeof(*ids), compare_ids)) {
			buf_put(gone, m->old.b, sizeof(m->old.b));
		}
	}
	return buf_check(gone, err);
}
