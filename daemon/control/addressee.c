#include "control/addressee.h"

#include <string.h>

#include "privacy/request.h"

/* Collections and fields of schema.yaml. */
#define PROFILE "profile"
#define CONTACT "contact_point"
#define PAPER   "addressee"
#define ASKER   "representative"

void addressee_done(struct addressee *a)
{
	buf_done(&a->person);
	buf_done(&a->address);
	buf_done(&a->represented);
	buf_done(&a->mail);
}

static bool is_text(struct span has, const char *text)
{
	return has.n == strlen(text) && memcmp(has.p, text, has.n) == 0;
}

/* A paper of a kind, as last said. */
struct last {
	const char *kind;
	struct addressee *to;
	int64_t said_ms;
	bool is_there;
};

static int take_last(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct last *l = ctx;

	(void)err;
	if (!is_text(record_get(rec, "kind"), l->kind) || row->updated_ms < l->said_ms) {
		return 0;
	}
	addressee_done(l->to);
	buf_put_span(&l->to->person, record_get(rec, "person"));
	buf_put_span(&l->to->address, record_get(rec, "address"));
	buf_put_span(&l->to->represented, record_get(rec, "represented"));
	buf_put_span(&l->to->mail, record_get(rec, "mail"));
	l->said_ms = row->updated_ms;
	l->is_there = true;
	return 0;
}

/* 1, 0 or a code. */
static int find_last(struct reader *rd, const struct row_dsr *row, const char *kind,
	struct addressee *to, struct cu_err *err)
{
	struct last l = { .kind = kind, .to = to };
	int r = reader_records(rd, &row->kase, REQUEST_COLLECTION, take_last, &l, err);

	return r < 0 ? r : l.is_there;
}

/* Several parts in one line. */
static void put_line(struct buf *to, const struct record *rec, const char *const *names)
{
	bool is_begun = false;

	for (; *names; names++) {
		struct span part = record_get(rec, *names);

		if (part.n > 0) {
			buf_put_str(to, is_begun ? " " : to->n > 0 ? "\n" : "");
			buf_put_span(to, part);
			is_begun = true;
		}
	}
}

static void take_name(struct addressee *a, const struct record *rec)
{
	static const char *const full[] = { "full_name", NULL };
	static const char *const parts[] = { "given_name", "family_name", NULL };
	static const char *const organisation[] = { "organisation", NULL };

	if (a->person.n == 0) {
		put_line(&a->person, rec, full);
	}
	if (a->person.n == 0) {
		put_line(&a->person, rec, parts);
	}
	if (a->person.n == 0) {
		put_line(&a->person, rec, organisation);
	}
}

/* The first that letters can be sent to; by post before by mail. */
static void take_address(struct addressee *a, const struct record *rec)
{
	static const char *const lines[][4] = { { "recipient", NULL }, { "street", NULL },
		{ "postal_code", "city", "district", NULL }, { "state", "country", NULL } };
	static const char *const mail[] = { "email", NULL };

	if (a->mail.n == 0) {
		put_line(&a->mail, rec, mail);
	}
	if (record_get(rec, "street").n > 0) {
		buf_clear(&a->address);
		for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
			put_line(&a->address, rec, lines[i]);
		}
	} else if (a->address.n == 0) {
		put_line(&a->address, rec, mail);
	}
}

static int take_record(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct addressee *a = ctx;

	(void)err;
	if (strcmp(row->collection, PROFILE) == 0) {
		take_name(a, rec);
	} else if (strcmp(row->collection, CONTACT) == 0) {
		take_address(a, rec);
	}
	return 0;
}

/* Letters go to who asks for the person, and say for whom they are. */
static int find_asker(struct reader *rd, const struct row_dsr *row, struct addressee *to,
	struct cu_err *err)
{
	struct buf person = to->person;
	int r;

	to->person = (struct buf)BUF_INIT_WIPE;
	r = find_last(rd, row, ASKER, to, err);
	buf_done(&to->represented); /* a paper of this kind has none */
	to->represented = person;
	return r;
}

static int find_on_file(struct reader *rd, const struct row_dsr *row, struct addressee *to,
	struct cu_err *err)
{
	int r = reader_records(rd, &row->subject, PROFILE, take_record, to, err);

	return r < 0 ? r : reader_records(rd, &row->subject, CONTACT, take_record, to, err);
}

void addressee_take_mail(struct addressee *a)
{
	const char *at = a->address.n > 0 ? memchr(a->address.p, '@', a->address.n) : NULL;

	if (a->mail.n == 0 && at && !memchr(a->address.p, ' ', a->address.n) &&
		!memchr(a->address.p, '\n', a->address.n)) {
		buf_put_span(&a->mail, buf_span(&a->address));
	}
}

int addressee_find(struct reader *rd, const struct row_dsr *row, struct addressee *ret,
	struct cu_err *err)
{
	int r = 0;

	*ret = (struct addressee){ .person = BUF_INIT_WIPE, .address = BUF_INIT_WIPE,
		.represented = BUF_INIT_WIPE, .mail = BUF_INIT_WIPE };
	/* of an erasure that was cancelled it says nothing: somebody else may be meant since */
	if (!id_is_nil(&row->erasure)) {
		r = find_last(rd, row, PAPER, ret, err);
		ret->is_sealed = r > 0;
	}
	if (r == 0 && !id_is_nil(&row->subject)) {
		r = find_on_file(rd, row, ret, err);
	}
	if (r >= 0 && !ret->is_sealed && row->acts_as) {
		r = find_asker(rd, row, ret, err);
	}
	addressee_take_mail(ret);
	if (r >= 0) {
		r = buf_check(&ret->person, err);
	}
	if (r >= 0) {
		r = buf_check(&ret->mail, err);
	}
	if (r >= 0) {
		r = buf_check(&ret->represented, err);
	}
	return r < 0 ? r : buf_check(&ret->address, err);
}

int addressee_seal(struct tx *tx, const struct row_dsr *row, const struct addressee *a,
	struct cu_err *err)
{
	const struct case_text texts[] = { { "person", buf_span(&a->person) },
		{ "address", buf_span(&a->address) }, { "mail", buf_span(&a->mail) },
		{ "represented", buf_span(&a->represented) } };

	return a->is_sealed || (a->person.n == 0 && a->address.n == 0) ?
		0 :
		tx_dsr_paper(tx, row, PAPER, texts, a->represented.n > 0 ? 4 : 3, NULL, err);
}
