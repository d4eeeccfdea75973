/* Requests of data subjects: the letters to the person, and the notices to recipients, whole or not at all. */
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/text.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/letter_mail.h"
#include "control/request_letter.h"
#include "policy/policy.h"
#include "privacy/outgoing.h"
#include "store/tx_outgoing.h"

/* --- may it be written now? ------------------------------------------------------- */

static bool is_time(const struct row_dsr *row, enum letter_kind kind)
{
	bool is_erased = row->state == REQ_LIVE_DONE || row->state == REQ_BACKUPS_PENDING;
	bool is_done = row->state == REQ_FULFILLED || row->state == REQ_PARTIALLY_FULFILLED;

	switch (kind) {
	case LETTER_KIND_ACKNOWLEDGE: return row->closed_ms == 0;
	case LETTER_KIND_IDENTIFY:
		return row->state == REQ_RECEIVED || row->state == REQ_IDENTITY_PENDING;
	case LETTER_KIND_EXTEND: return row->closed_ms == 0 && row->extension != 0;
	case LETTER_KIND_REFUSE: return row->state == REQ_DENIED || row->nkept > 0;
	case LETTER_KIND_FULFIL: return is_erased || is_done || row->state == REQ_NEEDS_INPUT;
	case LETTER_KIND_BACKUPS: return row->type == REQUEST_ERASURE && (is_erased || is_done);
	case LETTER_KIND_NOTICE: return outgoing_is_true(row);
	case NLETTER_KINDS: break;
	}
	return false;
}

static int require_time(const struct row_dsr *row, enum letter_kind kind, struct cu_err *err)
{
	static const char *const whens[] = { [LETTER_KIND_ACKNOWLEDGE] = N_("while it is open"),
		[LETTER_KIND_IDENTIFY] = N_("before 'request verify'"),
		[LETTER_KIND_EXTEND] = N_("after 'request extend', while it is open"),
		[LETTER_KIND_REFUSE] = N_("after 'request deny' or 'request exempt'"),
		[LETTER_KIND_FULFIL] = N_("once it was carried out"),
		[LETTER_KIND_BACKUPS] = N_("once an erasure was carried out"),
		[LETTER_KIND_NOTICE] = N_("once what it tells is done (--draft shows it before)"),
		[NLETTER_KINDS] = N_("never") };

	return is_time(row, kind) ?
		0 :
		cu_err_set(err, CU_EBUSY, "request %u is %s: this letter is for %s", row->number,
			intl_word(request_state_word(row->state)), _(whens[kind]));
}

/* --- what was prepared ------------------------------------------------------------ */

/* One call. */
struct issue {
	struct exchange *x;
	struct request_letter letter;
	const char *recipient; /* of a notice; "" for the person */
	bool is_prepared;      /* out is of this letter */
	bool is_waived;        /* somebody is not told, whatever was prepared */
	struct row_outgoing out;
	struct letter_mail *mail; /* it is sent so; NULL: it is printed */
};

static int find_prepared(struct issue *i, struct reader *rd, struct cu_err *err)
{
	struct row_outgoing out, *after = NULL;
	int r;

	while ((r = reader_dsr_outgoing(rd, i->letter.row, after, &out, err)) > 0) {
		after = &out;
		i->is_waived |= out.state == OUTGOING_WAIVED;
		if (out.kind == (unsigned)i->letter.order.kind &&
			strcmp(out.recipient, i->recipient) == 0) {
			i->out = out;
			i->is_prepared = true;
		}
	}
	return r;
}

static int take_paper(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct issue *i = ctx;
	struct request_letter *w = &i->letter;

	(void)row;
	buf_put_span(&w->who.address, record_get(rec, "address"));
	buf_put_span(&w->who.mail, record_get(rec, "mail"));
	addressee_take_mail(&w->who);
	buf_put_span(&w->subject, record_get(rec, "subject"));
	return letter_date(record_get(rec, "text"), (enum language)i->out.language,
		w->order.today, &w->text, err);
}

/* What was sealed before the data went, with the date of today. */
static int read_prepared(struct issue *i, struct reader *rd, struct cu_err *err)
{
	int r = reader_record(rd, &i->out.paper, take_paper, i, err);

	return r == 0 ? cu_err_set(err, CU_ECORRUPT, "the letter that was prepared is lost") :
	       r < 0  ? r :
			0;
}

/* Something else was asked for than what was prepared. */
static bool is_other(const struct issue *i)
{
	return i->letter.recipients || i->is_waived || i->letter.order.language != (enum language)i->out.language;
}

static int look_for_prepared(struct issue *i, struct cu_err *err)
{
	struct store *store = i->x->daemon->house.store;
	struct reader *rd = store_reader_take(store);
	int r = reader_begin(rd, err);

	if (r == 0) {
		r = find_prepared(i, rd, err);
		if (r == 0 && i->is_prepared && (*i->recipient || !is_other(i))) {
			r = read_prepared(i, rd, err);
		}
		reader_end(rd);
	}
	store_reader_give(store, rd);
	return r;
}

/* --- sealed, then shown ----------------------------------------------------------- */

/* One that could not be sent is not tried beside the new one. */
static int drop_former(struct tx *tx, const struct row_outgoing *out, struct cu_err *err)
{
	struct row_message former = { .state = 0 };
	int r = id_is_nil(&out->message) ? 0 : tx_message_get(tx, &out->message, &former, err);

	if (r == CU_ENOENT) {
		return 0; /* forgotten long ago */
	}
	return r == 0 && !id_is_nil(&out->message) && former.state == MESSAGE_GIVEN_UP ?
		tx_message_drop(tx, &out->message, err) :
		r;
}

/* What was prepared is sent, or on its way. */
static int note_prepared(struct tx *tx, struct casework *c, struct issue *i, struct cu_err *err)
{
	int r = tx_outgoing_find(tx, &c->row, i->out.kind, i->recipient, &i->out, err);

	if (r <= 0 || (i->out.state == OUTGOING_SENT && !i->mail)) {
		return r;
	}
	if (i->out.state == OUTGOING_UNDERWAY) {
		return cu_err_set(err, CU_EBUSY,
			"it is on its way by mail: 'message list' shows it, 'message drop' stops it");
	}
	if (i->out.state == OUTGOING_SENT) {
		return cu_err_set(err, CU_EBUSY, "it was sent already: 'request letter' prints it again");
	}
	r = drop_former(tx, &i->out, err);
	if (r == 0 && i->mail) {
		i->out.message = i->mail->row.id;
	}
	return r < 0 ? r :
		       tx_outgoing_mark(tx, &c->row, &i->out,
			       i->mail ? OUTGOING_UNDERWAY : OUTGOING_SENT, err);
}

static int apply_issue(struct tx *tx, struct casework *c, struct cu_err *err)
{
	struct issue *i = c->ctx;
	struct request_letter *w = &i->letter;
	char kind[ENGINE_KEY_SIZE];
	const struct case_text texts[] = { { "address", buf_span(&w->who.address) },
		{ "subject", buf_span(&w->subject) }, { "text", buf_span(&w->text) },
		{ "recipient", span_str(i->recipient) } };
	int r;

	if (!request_is_as_was(w->row, &c->row)) { /* decided while it was written */
		return cu_err_set(err, CU_EBUSY,
			"request %u has changed while the letter was written, and is %s now: nothing was sealed; call it again",
			c->row.number, intl_word(request_state_word(c->row.state)));
	}
	snprintf(kind, sizeof(kind), "letter.%s", law_letter_word(w->order.kind));
	r = tx_dsr_paper(tx, &c->row, kind, texts, *i->recipient ? 4 : 3, NULL, err);
	if (r == 0 && i->mail) {
		r = letter_mail_make(i->mail, tx, err);
	}
	if (r == 0 && i->is_prepared) {
		r = note_prepared(tx, c, i, err);
	}
	return r < 0 ? r :
		       tx_dsr_put(tx, &c->row, i->mail ? LEAF_REQUEST_SEND : LEAF_REQUEST_NOTE, kind, err);
}

static int issue(struct issue *i, struct cu_err *err)
{
	struct casework c = { .number = i->letter.row->number, .fn = apply_issue, .ctx = i };

	if (!i->mail && exchange_flag(i->x, "draft")) {
		return casework_read_leaf(i->x, i->letter.row, "letter.draft", err);
	}
	return casework_change(i->x, &c, err);
}

static void show(const struct request_letter *w, struct json *out)
{
	json_strn(out, "address", (const char *)w->who.address.p, w->who.address.n);
	json_buf(out, "subject", &w->subject);
	json_buf(out, "text", &w->text);
}

static int no_such_recipient(const struct issue *i, struct cu_err *err)
{
	return cu_err_set(err, CU_ENOENT,
		"recipient: no notice of request %u goes to one of this key: 'request show %u' lists them",
		i->letter.row->number, i->letter.row->number);
}

/* As it was prepared, or written now. */
static int make(struct issue *i, struct cu_err *err)
{
	enum letter_kind kind = i->letter.order.kind;
	int r = look_for_prepared(i, err);

	if (r == 0 && kind == LETTER_KIND_NOTICE && !i->is_prepared) {
		return no_such_recipient(i, err);
	}
	if (r == 0 && !(i->is_prepared && !i->mail && exchange_flag(i->x, "draft"))) {
		r = require_time(i->letter.row, kind, err);
	}
	return r < 0 || i->letter.text.n > 0 ? r : request_letter_write(&i->letter, err);
}

/* What the call asks for, made; row lives as long as i. */
static int begin(struct issue *i, struct row_dsr *row, struct cu_err *err)
{
	struct exchange *x = i->x;
	const char *language = exchange_text(x, "language"), *to = exchange_text(x, "recipient");
	enum letter_kind kind;
	int r = casework_find(x, row, err);

	i->recipient = to ? to : "";
	(void)law_letter_parse(exchange_text(x, "letter"), &kind); /* the interface checked it */
	if (r == 0 && (kind == LETTER_KIND_NOTICE) != (to != NULL)) {
		r = cu_err_set(err, CU_EINVAL,
			to ? "recipient: only a notice goes to one" :
			     "recipient: say whom the notice goes to: 'request show' lists them");
	}
	if (r == 0) {
		r = request_letter_begin(&i->letter, x->daemon, row, kind, err);
	}
	if (r != 0) {
		return r;
	}
	if (language) {
		(void)language_parse(language, &i->letter.order.language);
	}
	i->letter.method = exchange_text(x, "method");
	i->letter.recipients = exchange_text(x, "recipients");
	return make(i, err);
}

int handle_REQUEST_LETTER(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct issue i = { .x = x };
	struct row_dsr row;
	int r = begin(&i, &row, err);

	if (r == 0) {
		r = issue(&i, err);
	}
	if (r == 0) {
		show(&i.letter, out);
	}
	request_letter_done(&i.letter);
	return r;
}

int handle_REQUEST_SEND(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct letter_mail mail;
	struct issue i = { .x = x, .mail = &mail };
	struct row_dsr row;
	int r = letter_mail_begin(&mail, x->policy, exchange_text(x, "route"), err);

	if (r == 0) {
		r = begin(&i, &row, err);
	}
	if (r == 0) {
		r = letter_mail_write(&mail, x->policy, &i.letter, i.recipient, err);
	}
	if (r == 0) {
		r = issue(&i, err);
	}
	if (r == 0) {
		post_office_wake(&x->daemon->office);
		json_hex(out, "message", mail.row.id.b, sizeof(mail.row.id.b));
		json_str(out, "route", mail.row.route);
		json_bool(out, "is_encrypted", mail.is_encrypted);
	}
	request_letter_done(&i.letter);
	letter_mail_done(&mail);
	return r;
}

/* --- or not sent ------------------------------------------------------------------ */

struct untold {
	const char *recipient, *text;
	unsigned why;
};

static int apply_untold(struct tx *tx, struct casework *c, struct cu_err *err)
{
	const struct untold *u = c->ctx;
	const struct case_text texts[] = { { "recipient", span_str(u->recipient) },
		{ "text", span_str(u->text) } };
	char why[ENGINE_KEY_SIZE];
	struct row_outgoing out;
	int r = tx_outgoing_find(tx, &c->row, LETTER_KIND_NOTICE, u->recipient, &out, err);

	if (r == 0) {
		return cu_err_set(err, CU_ENOENT,
			"recipient: no notice of request %u goes to one of this key: 'request show %u' lists them",
			c->row.number, c->row.number);
	}
	if (r > 0 && (out.state == OUTGOING_SENT || out.state == OUTGOING_UNDERWAY)) {
		return cu_err_set(err, CU_EBUSY, out.state == OUTGOING_SENT ?
				"recipient: this notice was sent already" :
				"recipient: this notice is on its way: 'message drop' stops it");
	}
	r = r < 0 ? r : tx_dsr_paper(tx, &c->row, "untold", texts, 2, &out.note, err);
	out.why = u->why;
	if (r == 0) {
		r = tx_outgoing_mark(tx, &c->row, &out, OUTGOING_WAIVED, err);
	}
	snprintf(why, sizeof(why), "untold.%s", outgoing_why_word(u->why));
	return r < 0 ? r : tx_dsr_put(tx, &c->row, LEAF_REQUEST_NOTE, why, err);
}

int handle_REQUEST_UNTOLD(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct untold u = { exchange_text(x, "recipient"), exchange_text(x, "text"),
		outgoing_why_parse(exchange_text(x, "because")) };
	struct casework c = { .fn = apply_untold, .ctx = &u };

	if (text_is_blank(u.text)) {
		return cu_err_set(err, CU_EINVAL, "text: expected why they are not told, in a few words");
	}
	return casework_run(x, &c, out, err);
}
