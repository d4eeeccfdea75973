/* The dossier: all that is kept about one person, as an archive for that person. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "control/concern.h"
#include "control/daemon.h"
#include "control/deliver.h"
#include "control/handle.h"
#include "control/others.h"
#include "control/outlet.h"
#include "control/show.h"
#include "crypto/age.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "privacy/dossier.h"
#include "store/reader.h"
#include "store/standing.h"
#include "vault/vault.h"
#include "store/rule.h"

#define MAX_SLOTS        (VAULT_MAX_LEAVES * VAULT_LEAF_SLOTS) /* of one leaf, as ranges */
#define CHUNK_RECORDS    200           /* in one view of the store */
#define CHUNK_BYTES      (256u << 10)  /* sealed, likewise */
#define LOOK_UP_EACH     256           /* leaves, from looking whether we are cancelled */
#define PROGRESS_EACH_MS 200

struct making {
	struct exchange *x;
	struct dossier dossier;
	struct show_filter filter;
	struct others others;
	struct outlet outlet;
	struct age_recipients *recipients; /* NULL: not encrypted */
	struct age_writer *age;
	struct reader *reader;             /* while the log is read */
	struct buf ids;                    /* the subject's, and those that were merged into it */
	uint64_t *slots;                   /* of the leaf at hand */
	struct buf owners;                 /* of records that only name the subject: their ids */
	bool is_own_only;
	uint64_t nentries;                 /* of the log, looked at */
	int64_t told_ms;
};

/* --- what is asked ---------------------------------------------------------------- */

static int take_recipients(struct making *m, const json_t *given, struct cu_err *err)
{
	int r = 0;

	if (json_array_size(given) == 0) {
		return 0;
	}
	r = age_recipients_new(&m->recipients, err);
	for (size_t i = 0; r == 0 && i < json_array_size(given); i++) {
		r = age_recipients_add(m->recipients,
			json_string_value(json_array_get(given, i)), err);
		if (r < 0) {
			cu_err_wrap(err, r, "recipients[%zu]", i);
		}
	}
	return r;
}

static int take_collections(struct making *m, const json_t *given, const char ***ret,
	struct cu_err *err)
{
	size_t n = json_array_size(given);

	*ret = n > 0 ? calloc(n, sizeof(**ret)) : NULL;
	if (n > 0 && !*ret) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < n; i++) {
		(*ret)[i] = json_string_value(json_array_get(given, i));
		if (!policy_find_collection(m->x->daemon->policy, (*ret)[i])) {
			return cu_err_set(
				err, CU_EINVAL, "collections[%zu]: schema.yaml has no such collection", i);
		}
	}
	m->filter.collections = n > 0 ? given : NULL;
	m->dossier.only = (struct names){ *ret, n };
	return 0;
}

static int take_question(struct making *m, const struct delivery *what, const char ***ret_only,
	struct cu_err *err)
{
	struct exchange *x = m->x;
	int r;

	m->is_own_only = what->is_own_only;
	m->dossier.subject = what->subject;
	m->dossier.policy = x->daemon->policy;
	m->dossier.language = what->language && strcmp(what->language, "zh") == 0 ? DOSSIER_ZH : DOSSIER_EN;
	m->dossier.store = store_id(x->daemon->house.store);
	m->dossier.by = x->actor;
	m->dossier.purpose = x->purpose;
	m->dossier.made_ms = clock_now_ms(&x->daemon->house.clock);
	r = take_collections(m, what->collections, ret_only, err);
	return r < 0 ? r : take_recipients(m, what->recipients, err);
}

static void tell(struct making *m)
{
	int64_t now = clock_monotonic_ms();
	struct buf frame = BUF_INIT;
	struct json j;

	if (now - m->told_ms < PROGRESS_EACH_MS) {
		return;
	}
	m->told_ms = now;
	j = exchange_progress_begin(&frame);
	json_open_object(&j, "progress");
	json_uint(&j, "entries", m->nentries);
	json_uint(&j, "bytes", m->outlet.nbytes);
	json_close_object(&j);
	exchange_progress_end(m->x, &j, &frame);
}

/* --- records, view by view -------------------------------------------------------- */

/* One walk; what is taken out of a view is passed on after it. */
struct walk {
	struct making *m;
	dossier_take *take;
	void *to;
	size_t nrecords, nbytes; /* of this view; sealed */
};

static bool is_enough(const struct walk *w)
{
	return w->nrecords >= CHUNK_RECORDS || w->nbytes >= CHUNK_BYTES;
}

/* It is the subject's, or another's that names the subject. */
static bool concerns(const struct id *subject, const struct row_record *row,
	const struct record *rec)
{
	bool does = id_eq(&row->subject, subject);

	for (unsigned i = 0; !does && i < rec->ncosubjects; i++) {
		does = id_eq(&rec->cosubjects[i], subject);
	}
	return does;
}

static int pass_record(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct walk *w = ctx;
	struct record shown;

	w->nrecords++;
	w->nbytes += row->sealed.n;
	if (!show_has_collection(&w->m->filter, row->collection) ||
		!concerns(&w->m->dossier.subject, row, rec)) {
		return 0;
	}
	show_narrow(&w->m->filter, rec, &shown);
	return w->take(w->to, row, &shown, err);
}

/* Nobody is told about anybody whose erasure began in between. */
static int require_subject(
	struct exchange *x, struct reader *rd, struct dossier *d, struct cu_err *err)
{
	struct standing s;
	int r = exchange_permit(x, rd, &d->subject, &s, err);

	if (r == 0) {
		d->kind = s.who.kind;
	}
	return r;
}

/* A view of the store in which the subject may be shown. */
static int begin_view(struct walk *w, struct reader **ret, struct cu_err *err)
{
	int r;

	w->nrecords = w->nbytes = 0;
	*ret = exchange_reader_of_all(w->m->x);
	r = reader_begin(*ret, err);
	return r < 0 ? r : require_subject(w->m->x, *ret, &w->m->dossier, err);
}

static void end_view(struct making *m, struct reader *rd)
{
	reader_end(rd);
	store_reader_give(m->x->daemon->house.store, rd);
}

/* One record, kept until the reader is free again. */
struct held {
	struct row_record row;
	struct record rec;
	struct buf text; /* of rec; wiped */
	struct rule rule;
	bool is_there;
};

static int hold_record(void *to, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct held *h = to;

	h->row = *row;
	h->row.sealed = (struct span){ 0 };
	h->rec = *rec;
	h->is_there = true;
	if (rec->rule) {
		h->rule = *rec->rule;
		h->rec.rule = &h->rule;
	}
	buf_clear(&h->text);
	return record_copy_spans(&h->rec, &h->text, err);
}

/* What a record tells of others is left out. */
static int walk_record(struct walk *w, struct reader *rd, const struct id *id, struct held *h,
	struct cu_err *err)
{
	struct walk one = { .m = w->m, .take = hold_record, .to = h };
	int r;

	h->is_there = false;
	r = reader_record(rd, id, pass_record, &one, err);
	w->nrecords += one.nrecords;
	w->nbytes += one.nbytes;
	if (r >= 0 && h->is_there) {
		r = others_leave_out(&w->m->others, rd, &h->row, &h->rec, err);
		r = r < 0 ? r : w->take(w->to, &h->row, &h->rec, err);
	}
	return r;
}

/* Records from *at on, until it is enough for one view. */
static int walk_view(struct walk *w, const struct dossier_part *part, size_t *at,
	struct cu_err *err)
{
	struct held held = { .text = BUF_INIT_WIPE };
	struct reader *rd;
	int r = begin_view(w, &rd, err);

	while (r >= 0 && *at < part->nrecords && !is_enough(w)) {
		r = walk_record(w, rd, &part->places[(*at)++].id, &held, err);
	}
	buf_done(&held.text);
	end_view(w->m, rd);
	return r < 0 ? r : 0;
}

static int each(void *ctx, const struct dossier_part *part, dossier_take *take,
	int (*rest)(void *to, struct cu_err *err), void *to, struct cu_err *err)
{
	struct walk w = { .m = ctx, .take = take, .to = to };
	int r = 0;

	for (size_t at = 0; r == 0 && at < part->nrecords;) {
		r = outlet_check(&w.m->outlet, err);
		if (r == 0) {
			r = walk_view(&w, part, &at, err);
		}
		if (r == 0) {
			r = rest(to, err);
		}
	}
	return r;
}

/* --- the survey ------------------------------------------------------------------- */

struct survey {
	struct walk walk;
	struct row_record at; /* the last that was looked at; its collection is "" before */
	bool has_more;
};

static int survey_record(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct survey *s = ctx;
	int r = pass_record(&s->walk, row, rec, err);

	s->at = *row;
	s->has_more = is_enough(&s->walk);
	return r < 0 ? r : s->has_more;
}

static int take_survey(void *to, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	return dossier_survey(to, row, rec, err);
}

static int survey_records(struct making *m, struct cu_err *err)
{
	struct survey s = { .walk = { .m = m, .take = take_survey, .to = &m->dossier } };
	struct reader *rd;
	int r;

	do {
		s.has_more = false;
		r = begin_view(&s.walk, &rd, err);
		if (r == 0) {
			r = reader_records_after(rd, &m->dossier.subject, NULL,
				*s.at.collection ? &s.at : NULL, survey_record, &s, err);
		}
		end_view(m, rd);
		if (r >= 0) {
			r = outlet_check(&m->outlet, err);
		}
	} while (r == 0 && s.has_more);
	return r;
}

/* --- what others' records say of the subject -------------------------------------- */

struct mentions {
	struct walk walk;
	struct id found[CHUNK_RECORDS], at; /* at: the last that was found */
	size_t nfound;
};

static int find_mention(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct mentions *s = ctx;

	(void)err;
	s->at = row->id;
	if (show_has_collection(&s->walk.m->filter, row->collection) &&
		concerns(&s->walk.m->dossier.subject, row, rec)) {
		s->found[s->nfound++] = row->id;
	}
	return s->nfound == CHUNK_RECORDS;
}

/* May the one be read for this purpose, whose record it is?  1, 0 or a code. */
static int may_see(struct making *m, struct reader *rd, const struct id *owner, struct cu_err *err)
{
	const struct permit *p = &m->x->permit;
	struct standing s;
	int r = standing_read(rd, owner, permit_events_of(p), NULL, exchange_now_ms(m->x), &s, err);

	return r < 0 ? r : permit_judge(p, &s) == PERMIT_GRANTED;
}

static int survey_mention(struct mentions *s, struct reader *rd, const struct id *id,
	struct held *h, struct cu_err *err)
{
	struct walk one = { .m = s->walk.m, .take = hold_record, .to = h };
	int r;

	h->is_there = false;
	r = reader_record(rd, id, pass_record, &one, err);
	r = r < 0 || !h->is_there ? r : may_see(s->walk.m, rd, &h->row.subject, err);
	if (r > 0 && h->is_there) {
		buf_put(&s->walk.m->owners, h->row.subject.b, sizeof(h->row.subject.b));
		r = dossier_survey(&s->walk.m->dossier, &h->row, &h->rec, err);
	}
	return r < 0 ? r : 0;
}

static int survey_mentions(struct making *m, struct cu_err *err)
{
	struct mentions s = { .walk = { .m = m } };
	struct held held = { .text = BUF_INIT_WIPE };
	struct reader *rd;
	int r;

	do {
		s.nfound = 0;
		r = begin_view(&s.walk, &rd, err);
		if (r == 0) {
			r = reader_mentions_after(rd, &m->dossier.subject,
				id_is_nil(&s.at) ? NULL : &s.at, find_mention, &s, err);
		}
		for (size_t i = 0; r >= 0 && i < s.nfound; i++) {
			r = survey_mention(&s, rd, &s.found[i], &held, err);
		}
		end_view(m, rd);
		if (r >= 0) {
			r = outlet_check(&m->outlet, err);
		}
	} while (r == 0 && s.nfound == CHUNK_RECORDS);
	buf_done(&held.text);
	return r;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

/* Whose records were read for somebody else stands in the log, each of them once. */
static int note_owners(struct making *m, struct cu_err *err)
{
	struct id *ids = (struct id *)m->owners.p;
	size_t n = m->owners.n / sizeof(*ids), kept = 0;
	int r = buf_check(&m->owners, err);

	if (r < 0 || n == 0) {
		return r;
	}
	qsort(ids, n, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || !id_eq(&ids[i], &ids[kept - 1])) {
			ids[kept++] = ids[i];
		}
	}
	return exchange_bulk(m->x, LEAF_SUBJECT_DOSSIER, span_of(m->owners.p, kept * sizeof(*ids)), err);
}

/* --- the rest of the survey ------------------------------------------------------- */

/* Of a legal hold the person may not be told: that it is about somebody is the case's secret. */
static bool is_of_hold(const struct leaf *l)
{
	return l->act == LEAF_HOLD_PLACE || l->act == LEAF_HOLD_RELEASE || l->act == LEAF_HOLD_BLOCK ||
	       l->act == LEAF_HOLD_RESEAL || l->act == LEAF_HOLD_READ;
}

static int survey_leaf(void *ctx, uint64_t index, struct span text, struct cu_err *err)
{
	struct making *m = ctx;
	enum concern concern = CONCERN_NONE;
	struct leaf l;
	int r = leaf_parse(text, &l, m->slots, MAX_SLOTS, err);

	if (r == 0) {
		r = concern_of(m->reader, &l, buf_span(&m->ids), &concern, err);
	}
	if (r == 0 && (concern == CONCERN_NAMED || concern == CONCERN_SHOWN) && !is_of_hold(&l)) {
		dossier_add_look(&m->dossier, &l);
	}
	m->dossier.nunknown += r == 0 && concern == CONCERN_UNKNOWN;
	if (r == 0 && index % LOOK_UP_EACH == 0) {
		m->nentries = index;
		tell(m);
		r = outlet_check(&m->outlet, err);
	}
	return r;
}

/* All in one view: a person says yes or no some times, not thousands of times. */
static int survey_consents(struct making *m, struct cu_err *err)
{
	struct walk w = { .m = m };
	struct held papers = { .text = BUF_INIT_WIPE };
	struct row_consent row = { .seq = 0 };
	struct reader *rd;
	int r = begin_view(&w, &rd, err);

	while (r >= 0 && !m->dossier.has_more_consents &&
		(r = standing_next_event(rd, &m->dossier.subject, row.seq, &row, err)) > 0) {
		papers.is_there = false;
		if (!id_is_nil(&row.record)) {
			r = reader_record(rd, &row.record, hold_record, &papers, err);
		}
		if (r >= 0) {
			r = dossier_add_consent(
				&m->dossier, &row, papers.is_there ? &papers.rec : NULL, err);
		}
	}
	end_view(m, rd);
	buf_done(&papers.text);
	return r < 0 ? r : 0;
}

static int survey(struct making *m, struct cu_err *err)
{
	struct ledger *ledger = m->x->daemon->house.ledger;
	int r = survey_records(m, err);

	if (r == 0 && !m->is_own_only) {
		r = survey_mentions(m, err);
	}
	dossier_order(&m->dossier);
	if (r == 0) {
		r = survey_consents(m, err);
	}

	m->slots = malloc(MAX_SLOTS * sizeof(*m->slots));
	if (r == 0 && !m->slots) {
		r = cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	if (r == 0) {
		m->reader = store_reader_take(m->x->daemon->house.store);
		r = concern_ids(m->reader, &m->dossier.subject, &m->ids, err);
		r = r < 0 ? r : ledger_each(ledger, 0, ledger_size(ledger), survey_leaf, m, err);
		buf_done(&m->ids);
		store_reader_give(m->x->daemon->house.store, m->reader);
	}
	free(m->slots);
	return r;
}

/* --- writing ---------------------------------------------------------------------- */

static int put_out(void *ctx, struct span bytes, struct cu_err *err)
{
	struct making *m = ctx;

	tell(m);
	return outlet_put(&m->outlet, bytes, err);
}

static int put_into_age(void *ctx, struct span bytes, struct cu_err *err)
{
	return age_writer_put(((struct making *)ctx)->age, bytes, err);
}

static int write_out(struct making *m, bool is_data_only, struct cu_err *err)
{
	const struct dossier_records records = { each, m };
	const struct dossier_sink sink = { m->recipients ? put_into_age : put_out, m };
	int r = m->recipients ?
		age_writer_new(m->recipients, false, put_out, m, &m->age, err) :
		0;

	if (r == 0) {
		r = is_data_only ? dossier_write_data(&m->dossier, &records, &sink, err) :
				   dossier_write(&m->dossier, &records, &sink, err);
	}
	if (r == 0 && m->age) {
		r = age_writer_finish(m->age, err);
	}
	age_writer_free(m->age);
	return r < 0 ? r : outlet_sync(&m->outlet, err);
}

static void show_result(const struct making *m, struct json *out)
{
	json_open_object(out, "result");
	json_uint(out, "collections", m->dossier.nparts);
	json_uint(out, "records", m->dossier.nrecords);
	json_uint(out, "entries", m->dossier.nlooks);
	json_uint(out, "bytes", m->outlet.nbytes);
	json_bool(out, "encrypted", m->recipients != NULL);
	json_close_object(out);
}

int deliver_dossier(struct exchange *x, const struct delivery *what, struct json *out,
	struct cu_err *err)
{
	struct making m = { .x = x, .filter = { x->daemon->policy, &x->permit, NULL, NULL },
		.owners = BUF_INIT };
	struct leaf leaf = { .act = LEAF_SUBJECT_DOSSIER };
	const char **only = NULL;
	int r;

	x->is_refused_for_role = x->permit.level < LEVEL_RESTRICTED;
	r = x->is_refused_for_role ?
		cu_err_set(err, CU_EDENIED, "a dossier is whole, and this role sees some of it masked") :
		take_question(&m, what, &only, err);

	others_init(&m.others, m.dossier.policy, &m.dossier.subject, dossier_another(&m.dossier));
	outlet_init(&m.outlet, x);
	if (r == 0) {
		r = dossier_init(&m.dossier, err);
	}
	if (r == 0) {
		r = survey(&m, err);
	}
	if (r == 0) {
		leaf.sub = m.dossier.subject;
		leaf.count = m.dossier.nrecords;
		r = note_owners(&m, err);
	}
	if (r == 0) {
		r = exchange_leaf(x, &leaf, err); /* durable before the first byte leaves */
	}
	if (r == 0) {
		r = write_out(&m, what->is_data_only, err);
	}
	if (r == 0) {
		show_result(&m, out);
	}
	others_done(&m.others);
	buf_done(&m.owners);
	dossier_done(&m.dossier);
	age_recipients_free(m.recipients);
	free(only);
	return r;
}

int handle_SUBJECT_DOSSIER(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct delivery what = { .collections = json_object_get(x->call.parameters, "collections"),
		.language = exchange_text(x, "language"),
		.recipients = json_object_get(x->call.parameters, "recipients") };
	const char *format = exchange_text(x, "format");
	int r = exchange_id(x, "subject", &what.subject, err);

	what.is_data_only = format && strcmp(format, "json") == 0;
	return r < 0 ? r : deliver_dossier(x, &what, out, err);
}
