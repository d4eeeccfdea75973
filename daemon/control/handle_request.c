/* Requests of data subjects: what is received, and whose it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/text.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/papers.h"
#include "policy/policy.h"
#include "privacy/outgoing.h"

#define OLDEST_DAYS     1100 /* a letter from before is a slip of the year */
#define MAX_COLLECTIONS 64

/* --- open ------------------------------------------------------------------------- */

struct opening {
	const char *letter;
	const char *collections[MAX_COLLECTIONS];
	size_t ncollections;
};

static int put_collections(struct tx *tx, const struct row_dsr *row, const struct opening *o,
	struct cu_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->ncollections; i++) {
		struct row_dsr_part part = { .kind = DSR_WANTED };

		strcpy(part.collection, o->collections[i]);
		r = tx_dsr_part_put(tx, row, &part, err);
	}
	return r;
}

static int apply_open(struct tx *tx, struct casework *c, struct cu_err *err)
{
	const struct opening *o = c->ctx;
	const struct case_text text = { "text", span_str(o->letter) };
	struct row_subject who;
	int r = id_is_nil(&c->row.subject) ? 0 : tx_subject_require(tx, &c->row.subject, &who, err);

	if (r == 0) {
		r = tx_dsr_open(tx, &c->row, err);
	}
	if (r == 0) {
		r = tx_dsr_paper(tx, &c->row, "letter", &text, 1, NULL, err);
	}
	if (r == 0) {
		r = put_collections(tx, &c->row, o, err);
	}
	if (r == 0 && !id_is_nil(&c->row.subject)) {
		r = request_move(tx, &c->row, REQ_ON_FIND, err);
	}
	return r;
}

static int read_received(struct exchange *x, struct row_dsr *row, struct cu_err *err)
{
	const char *text = exchange_text(x, "received");
	int32_t today = casework_today(x->daemon);

	if (!civil_parse_day(text, &row->received_day)) {
		return cu_err_set(err, CU_EINVAL, "received: expected a date, as 2026-11-21");
	}
	if (row->received_day > today) {
		return cu_err_set(err, CU_EINVAL, "received: this day is in the future");
	}
	return row->received_day < today - OLDEST_DAYS ?
		cu_err_set(err, CU_EINVAL, "received: this is more than three years ago: is the year right?") :
		0;
}

static int read_law(struct exchange *x, struct row_dsr *row, struct cu_err *err)
{
	const struct organisation *org = policy_organisation(x->daemon->policy);
	const char *key = exchange_text(x, "law");
	const struct law *law;

	if (!key && org->laws.n == 0) {
		return cu_err_set(err, CU_EINVAL,
			"law: organisation.yaml names none, so it must be said here");
	}
	key = key ? key : org->laws.v[0];
	law = policy_find_law(x->daemon->policy, key);
	if (!law) {
		return cu_err_set(err, CU_EINVAL, "law: no file law/*.yaml of the policies is so called");
	}
	if (!law_find_request(law, (enum request_type)row->type)) {
		return cu_err_set(err, CU_EINVAL, "law: law/%s.yaml knows no %s", law->key,
			law_request_word((enum request_type)row->type));
	}
	strcpy(row->law, law->key);
	return 0;
}

/* An erasure for a purpose is of the collections that it covers. */
static int take_purpose(struct exchange *x, const struct row_dsr *row, struct opening *o,
	struct cu_err *err)
{
	const struct purpose *p = policy_find_purpose(x->daemon->policy, row->about);

	if (p->covers_all) {
		return cu_err_set(err, CU_EINVAL,
			"about: the purpose '%s' covers everything: leave --about out, or name collections",
			p->key);
	}
	if (p->nparts > MAX_COLLECTIONS) {
		return cu_err_set(err, CU_ELIMIT,
			"about: the purpose '%s' covers over %d collections: name those that are meant",
			p->key, MAX_COLLECTIONS);
	}
	for (size_t i = 0; i < p->nparts; i++) {
		o->collections[o->ncollections++] = p->parts[i].collection->key;
	}
	return 0;
}

static int read_collections(struct exchange *x, struct opening *o, struct cu_err *err)
{
	const json_t *given = json_object_get(x->call.parameters, "collections");

	o->ncollections = json_array_size(given);
	if (o->ncollections > MAX_COLLECTIONS) {
		return cu_err_set(err, CU_ELIMIT, "collections: at most %d", MAX_COLLECTIONS);
	}
	for (size_t i = 0; i < o->ncollections; i++) {
		o->collections[i] = json_string_value(json_array_get(given, i));
		if (!policy_find_collection(x->daemon->policy, o->collections[i])) {
			return cu_err_set(err, CU_EINVAL,
				"collections[%zu]: schema.yaml has no such collection", i);
		}
	}
	return 0;
}

static int read_about(struct exchange *x, struct row_dsr *row, struct cu_err *err)
{
	const char *about = exchange_text(x, "about");

	if (!about && (row->type == REQUEST_OBJECTION || row->type == REQUEST_WITHDRAWAL)) {
		return cu_err_set(err, CU_EINVAL,
			"about: say which purpose it is about; a letter about several is opened once for each");
	}
	if (about && !policy_find_purpose(x->daemon->policy, about)) {
		return cu_err_set(err, CU_EINVAL, "about: purposes.yaml has no such purpose");
	}
	strncpy(row->about, about ? about : "", sizeof(row->about) - 1);
	return 0;
}

static int read_open(struct exchange *x, struct row_dsr *row, struct opening *o,
	struct cu_err *err)
{
	const char *language = exchange_text(x, "language");
	enum request_type type;
	enum language in = (enum language)policy_organisation(x->daemon->policy)->language;
	int r;

	/* the interface checked these words */
	(void)law_request_parse(exchange_text(x, "type"), &type);
	if (language) {
		(void)language_parse(language, &in);
	}
	*row = (struct row_dsr){ .type = type, .state = REQ_RECEIVED, .language = in,
		.channel = request_channel_parse(exchange_text(x, "channel")),
		.due_day = CIVIL_NO_DAY, .extension_day = CIVIL_NO_DAY };
	o->letter = exchange_text(x, "letter");
	if (text_is_blank(o->letter)) { /* nobody typed anything: no clock begins by a slip */
		return cu_err_set(err, CU_EINVAL,
			"letter: is empty: give what was written, or a few words of what was said");
	}
	r = read_received(x, row, err);
	if (r == 0) {
		r = read_law(x, row, err);
	}
	if (r == 0) {
		r = read_collections(x, o, err);
	}
	if (r == 0) {
		r = read_about(x, row, err);
	}
	if (r == 0 && type == REQUEST_ERASURE && row->about[0] && o->ncollections == 0) {
		r = take_purpose(x, row, o, err);
	}
	return r < 0 ? r : exchange_id(x, "subject", &row->subject, err);
}

int handle_REQUEST_OPEN(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct opening o = { 0 };
	struct casework c = { .fn = apply_open, .ctx = &o };
	int r = read_open(x, &c.row, &o, err);

	if (r == 0) {
		r = casework_change(x, &c, err);
	}
	return r < 0 ? r : casework_show(x->daemon, out, "request", &c.row, err);
}

/* --- list, show ------------------------------------------------------------------- */

struct listed {
	int64_t due; /* those without a clock come first: something is wrong */
	struct row_dsr row;
};

static int by_due(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	if (x->due != y->due) {
		return x->due < y->due ? -1 : 1;
	}
	return x->row.number < y->row.number ? -1 : 1;
}

#define DUE_DAYS 7

static int collect(struct exchange *x, struct buf *to, struct cu_err *err)
{
	bool is_all = exchange_flag(x, "all"), is_due = exchange_flag(x, "due");
	bool is_mine = exchange_flag(x, "mine");
	int32_t soon = casework_today(x->daemon) + DUE_DAYS;
	struct reader *rd = store_reader_take(x->daemon->house.store);
	struct listed l = { 0 };
	int r;

	while ((r = reader_dsr_next(rd, l.row.number, is_all, &l.row, err)) > 0) {
		struct deadline d = { 0 };

		l.due = casework_deadline(x->daemon, rd, &l.row, &d, NULL, NULL) == 0 ? d.due : INT64_MIN;
		l.due = l.row.closed_ms ? INT64_MAX : l.due;
		if ((!is_due || l.due <= soon) && (!is_mine || id_eq(&l.row.worker, &x->actor))) {
			buf_put(to, &l, sizeof(l));
		}
	}
	store_reader_give(x->daemon->house.store, rd);
	return r < 0 ? r : buf_check(to, err);
}

int handle_REQUEST_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct buf all = BUF_INIT;
	int r = collect(x, &all, err);
	struct listed *v = (struct listed *)(void *)all.p;
	size_t n = all.n / sizeof(*v);

	if (n > 0) {
		qsort(v, n, sizeof(*v), by_due);
	}
	json_open_array(out, "requests");
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = casework_show(x->daemon, out, NULL, &v[i].row, err);
	}
	json_close_array(out);
	buf_done(&all);
	return r;
}

static void show_one_outgoing(const struct exchange *x, struct json *out,
	const struct row_dsr *row, const struct row_outgoing *o)
{
	json_open_object(out, NULL);
	json_str(out, "letter", law_letter_word((enum letter_kind)o->kind));
	if (o->recipient[0]) {
		json_str(out, "recipient", o->recipient);
	}
	json_str(out, "state", outgoing_stage(row, o));
	if (o->state == OUTGOING_WAIVED) {
		json_str(out, "because", outgoing_why_word(o->why));
	}
	json_int(out, "at_ms", o->at_ms);
	json_bool(out, "by_me", id_eq(&o->actor, &x->actor));
	json_close_object(out);
}

/* What there is to send, or was. */
static int show_outgoing(struct exchange *x, struct json *out, const struct row_dsr *row,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	struct row_outgoing o, *after = NULL;
	int r;

	json_open_array(out, "outgoing");
	while ((r = reader_dsr_outgoing(rd, row, after, &o, err)) > 0) {
		after = &o;
		show_one_outgoing(x, out, row, &o);
	}
	json_close_array(out);
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

int handle_REQUEST_SHOW(struct exchange *x, struct json *out, struct cu_err *err)
{
	/* of a code there is a hash, which is nothing to read; what is prepared is no letter yet */
	static const char *const silent[] = { "code", "prepared", NULL };
	struct row_dsr row;
	int r = casework_find(x, &row, err);

	if (r == 0) {
		r = casework_read_leaf(x, &row, "request.show", err);
	}
	if (r == 0) {
		r = casework_show(x->daemon, out, "request", &row, err);
	}
	if (r < 0) {
		return r;
	}
	r = show_outgoing(x, out, &row, err);
	return r < 0 ? r : papers_show(x, out, &row.kase, REQUEST_COLLECTION, silent, err);
}

/* --- note ------------------------------------------------------------------------- */

struct note {
	const char *kind;
	struct case_text text;
};

static int apply_note(struct tx *tx, struct casework *c, struct cu_err *err)
{
	const struct note *n = c->ctx;
	char why[ENGINE_KEY_SIZE];
	int r = tx_dsr_paper(tx, &c->row, n->kind, &n->text, 1, NULL, err);

	snprintf(why, sizeof(why), "note.%s", n->kind);
	return r < 0 ? r : tx_dsr_put(tx, &c->row, LEAF_REQUEST_NOTE, why, err);
}

int handle_REQUEST_NOTE(struct exchange *x, struct json *out, struct cu_err *err)
{
	const char *text = exchange_text(x, "text"), *kind = exchange_text(x, "kind");
	struct note n = { kind ? kind : "note", { "text", span_str(text) } };
	struct casework c = { .fn = apply_note, .ctx = &n };

	if (text_is_blank(text)) {
		return cu_err_set(err, CU_EINVAL, "text: expected what is to be remembered");
	}
	return casework_run(x, &c, out, err);
}

/* --- assign ----------------------------------------------------------------------- */

struct assignment {
	bool is_nobody;
	uint32_t uid;
};

/* To whom: CU_EINVAL; CU_EDENIED when that user has no role for requests. */
static int read_assignment(struct exchange *x, struct assignment *ret, struct cu_err *err)
{
	const char *to = exchange_text(x, "to");
	struct access_rights rights;
	unsigned long long uid;
	char *end = NULL;

	*ret = (struct assignment){ strcmp(to, "nobody") == 0, (uint32_t)x->uid };
	if (ret->is_nobody || strcmp(to, "me") == 0) {
		return 0;
	}
	if (*to < '0' || *to > '9') {
		return cu_err_set(err, CU_EINVAL, "to: expected me, nobody, or the number of a user");
	}
	uid = strtoull(to, &end, 10);
	if (*end || uid >= UINT32_MAX) {
		return cu_err_set(err, CU_EINVAL, "to: expected me, nobody, or the number of a user");
	}
	ret->uid = (uint32_t)uid;
	rights = policy_access(x->policy, ret->uid, NULL, 0);
	return access_allows(&rights, "request.next") ?
		0 :
		cu_err_set(err, CU_EDENIED, "to: roles.yaml has no role for requests for that user itself; who has one by a group takes it with --to=me");
}

static int apply_assign(struct tx *tx, struct casework *c, struct cu_err *err)
{
	const struct assignment *a = c->ctx;
	int r = 0;

	c->row.worker = (struct id){ 0 };
	if (!a->is_nobody) {
		r = tx_operator(tx, a->uid, &c->row.worker, err);
	}
	return r < 0 ? r : tx_dsr_put(tx, &c->row, LEAF_REQUEST_ASSIGN, a->is_nobody ? "nobody" : "somebody", err);
}

int handle_REQUEST_ASSIGN(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct assignment a;
	struct casework c = { .fn = apply_assign, .ctx = &a };
	int r = read_assignment(x, &a, err);

	return r < 0 ? r : casework_run(x, &c, out, err);
}

/* --- identify --------------------------------------------------------------------- */

/* What was said about another person does not hold for this one. */
static int forget_kept(struct tx *tx, struct row_dsr *row, struct cu_err *err)
{
	struct row_dsr_part part;
	int r;

	while ((r = tx_dsr_next_part(tx, row, DSR_KEPT, "", &part, err)) > 0) {
		r = tx_dsr_part_drop(tx, row, DSR_KEPT, part.collection, err);
		if (r < 0) {
			break;
		}
	}
	row->nkept = 0;
	row->method = 0;
	row->verified_ms = 0;
	row->code = (struct id){ 0 };
	row->code_expires_ms = 0;
	row->authority = 0;
	row->authority_ms = 0;
	return r;
}

static int apply_identify(struct tx *tx, struct casework *c, struct cu_err *err)
{
	struct row_subject who;
	int r = tx_subject_require(tx, c->ctx, &who, err);

	if (r < 0) {
		return r;
	}
	c->row.subject = *(struct id *)c->ctx;
	r = request_may(&c->row, REQ_ON_FIND, err);
	if (r == 0) {
		r = forget_kept(tx, &c->row, err);
	}
	return r < 0 ? r : request_move(tx, &c->row, REQ_ON_FIND, err);
}

int handle_REQUEST_IDENTIFY(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct id subject;
	struct casework c = { .fn = apply_identify, .ctx = &subject };
	int r = exchange_id(x, "subject", &subject, err);

	return r < 0 ? r : casework_run(x, &c, out, err);
}
