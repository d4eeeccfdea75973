#include "control/others.h"

#include <string.h>

#include "base/err.h"
#include "policy/policy.h"
#include "store/reader.h"

void others_init(struct others *o, const struct policy *policy, const struct id *subject,
	const char *instead)
{
	*o = (struct others){ .policy = policy, .instead = instead, .subject = *subject,
		.text = BUF_INIT_WIPE };
	redact_init(&o->own);
	redact_init(&o->theirs);
}

void others_done(struct others *o)
{
	redact_done(&o->own);
	redact_done(&o->theirs);
	buf_done(&o->text);
}

struct lesson {
	const struct schema *schema;
	struct redact *to;
};

static int learn(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct lesson *l = ctx;

	(void)row;
	return redact_learn(l->to, l->schema, rec, err);
}

/* Who somebody is and where, not what happened: collections that do not count from an event's
 * date, which are few records whoever it is. */
static int learn_of(struct others *o, struct reader *rd, const struct id *subject,
	struct redact *to, struct cu_err *err)
{
	const struct schema *s = policy_schema(o->policy);
	struct lesson lesson = { s, to };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < s->ncollections; i++) {
		if (s->collections[i].anchor != ANCHOR_EVENT) {
			r = reader_records(rd, subject, s->collections[i].key, learn, &lesson, err);
		}
	}
	redact_order(to);
	return r < 0 ? r : 0;
}

static int know(struct others *o, struct reader *rd, const struct record *rec, struct cu_err *err)
{
	int r = o->knows_own ? 0 : learn_of(o, rd, &o->subject, &o->own, err);

	o->knows_own = r == 0;
	if (r < 0 || (o->nof == rec->ncosubjects &&
			memcmp(o->of, rec->cosubjects, o->nof * sizeof(o->of[0])) == 0)) {
		return r;
	}
	redact_clear(&o->theirs);
	o->nof = 0;
	for (unsigned i = 0; r == 0 && i < rec->ncosubjects; i++) {
		r = learn_of(o, rd, &rec->cosubjects[i], &o->theirs, err);
	}
	if (r == 0) {
		memcpy(o->of, rec->cosubjects, rec->ncosubjects * sizeof(o->of[0]));
		o->nof = rec->ncosubjects;
	}
	return r;
}

int others_leave_out(struct others *o, struct reader *rd, struct record *rec, struct cu_err *err)
{
	size_t at[RECORD_MAX_FIELDS + 1] = { 0 };
	int r;

	if (rec->ncosubjects == 0) {
		return 0;
	}
	r = know(o, rd, rec, err);
	buf_clear(&o->text);
	for (unsigned i = 0; i < rec->nfields; i++) {
		redact_put(&o->theirs, &o->own, rec->fields[i].value, o->instead, &o->text);
		at[i + 1] = o->text.n;
	}
	r = r < 0 ? r : buf_check(&o->text, err);
	for (unsigned i = 0; r == 0 && i < rec->nfields; i++) {
		rec->fields[i].value = span_of(o->text.p + at[i], at[i + 1] - at[i]);
	}
	return r;
}
