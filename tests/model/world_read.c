#include "world_parts.h"

#include "policy/purposes.h"
#include "privacy/permit.h"
#include "store/standing.h"

/* What care may rest on; and who asks: staff who may know why not, and a lawyer who sees what is
 * restricted. */
static const struct purpose purposes[] = {
	{ .key = "care", .basis = BASIS_CONSENT, .objection = OBJECTION_POSSIBLE },
	{ .key = "care", .basis = BASIS_CONTRACT, .objection = OBJECTION_NONE },
};

static enum permit_verdict wanted(const struct model *m, unsigned of, const struct permit *p)
{
	const struct model_person *owner = &m->people[model_owner(m, of)];
	bool is_asked = p->purpose->basis == BASIS_CONSENT;

	if (!owner->is_there || model_is_erased(m, model_owner(m, of))) {
		return PERMIT_UNKNOWN;
	}
	if (!model_sees(m, of)) {
		return PERMIT_ERASING;
	}
	if (owner->is_restricted && !p->may_thaw) {
		return PERMIT_RESTRICTED;
	}
	if (is_asked && owner->consent != SAID_YES) {
		return owner->consent == SAID_NO ? PERMIT_WITHDRAWN : PERMIT_UNASKED;
	}
	return is_asked && owner->is_objected ? PERMIT_OBJECTED : PERMIT_GRANTED;
}

static enum permit_verdict judge(struct sample *in, const struct id *person, const struct permit *p)
{
	struct reader *rd = store_reader_take(in->store);
	struct cu_err err = { 0 };
	struct standing s;
	enum permit_verdict v;

	assert_ok(standing_read(rd, person, permit_events_of(p), NULL, in->now_ms, &s, &err), &err);
	store_reader_give(in->store, rd);
	v = permit_judge(p, &s);
	return v == PERMIT_INVALIDATED ? PERMIT_WITHDRAWN : v; /* by a merge */
}

void expect_permits(struct sample *in, const struct model *m, unsigned of, const char *where)
{
	for (size_t i = 0; i < 2 * sizeof(purposes) / sizeof(purposes[0]); i++) {
		struct permit p = { .purpose = &purposes[i / 2], .may_know = true, .may_thaw = i % 2 };
		enum permit_verdict v = judge(in, &m->people[of].id, &p);

		if (v != wanted(m, of, &p)) {
			fail_msg("%s: to read person %u by %s is '%s', not '%s'", where, of,
				i / 2 ? "contract" : "consent", permit_word(v),
				permit_word(wanted(m, of, &p)));
		}
	}
}

/* As the daemon does: who it is, whether that may be, and only then what there is. */
void read_person(struct world *w, unsigned of)
{
	expect_permits(&w->sample, &w->model, of, "at a read");
	compare_records_of(&w->sample, &w->model, model_owner(&w->model, of), "at a read");
}
