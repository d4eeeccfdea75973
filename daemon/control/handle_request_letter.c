/* Requests of data subjects: the letters to the person, whole or not at all. */
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/zone.h"
#include "control/addressee.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/erase.h"
#include "control/handle.h"
#include "control/linger.h"
#include "policy/policy.h"
#include "privacy/letter.h"

/* One letter in the making; texts are the letter's and wiped. */
struct writing {
	struct exchange *x;
	const struct row_dsr *row;
	const struct law *law;
	struct letter_order order;
	struct addressee who;
	struct buf subject, text;
	struct buf reasons, done;
	char number[12], received[LETTER_DAY_SIZE], due[LETTER_DAY_SIZE], extended[LETTER_DAY_SIZE],
		last_copy[LETTER_DAY_SIZE];
};

static const char *say(const struct writing *w, const char *en, const char *zh)
{
	return w->order.language == LANGUAGE_ZH ? zh : en;
}

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
	case NLETTER_KINDS: break;
	}
	return false;
}

static int require_time(const struct row_dsr *row, enum letter_kind kind, struct cu_err *err)
{
	static const char *const whens[] = { [LETTER_KIND_ACKNOWLEDGE] = "while it is open",
		[LETTER_KIND_IDENTIFY] = "before 'request verify'",
		[LETTER_KIND_EXTEND] = "after 'request extend', while it is open",
		[LETTER_KIND_REFUSE] = "after 'request deny' or 'request exempt'",
		[LETTER_KIND_FULFIL] = "once it was carried out",
		[LETTER_KIND_BACKUPS] = "once an erasure was carried out" };

	return is_time(row, kind) ?
		0 :
		cu_err_set(err, CU_EBUSY, "request %u is %s: this letter is for %s", row->number,
			request_state_word(row->state), whens[kind]);
}

/* --- what it says ----------------------------------------------------------------- */

struct kept {
	struct writing *w;
	size_t n;
};

static int take_exemption(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct kept *k = ctx;
	struct span kind = record_get(rec, "kind"), what = record_get(rec, "collection"),
		    cite = record_get(rec, "citation");

	(void)row;
	(void)err;
	if (kind.n == strlen("exemption") && memcmp(kind.p, "exemption", kind.n) == 0) {
		buf_putf(&k->w->reasons, "%s%.*s (%.*s)", k->n++ > 0 ? "; " : "", (int)what.n,
			(const char *)what.p, (int)cite.n, (const char *)cite.p);
	}
	return 0;
}

/* Of a denial that of the law; of a part what is kept, with the citations. */
static int find_reasons(struct writing *w, struct reader *rd, struct cu_err *err)
{
	const struct law_refusal *f =
		law_find_refusal(w->law, (enum request_type)w->row->type, w->row->reason);
	enum language in = w->order.language;
	struct kept kept = { w, 0 };

	if (w->order.kind == LETTER_KIND_EXTEND) {
		buf_put_str(&w->reasons,
			w->row->extension == EXTENSION_NUMBER ?
				say(w, "we have received a large number of requests", "收到的请求数量较多") :
				say(w, "your request is complex", "您的请求较为复杂"));
		return 0;
	}
	if (w->order.kind == LETTER_KIND_IDENTIFY) {
		buf_put_str(&w->reasons, say(w, "the request alone does not show that it comes from you",
						 "仅凭该请求无法确认由您本人提出"));
		return 0;
	}
	if (f) {
		buf_putf(&w->reasons, "%s (%s)", f->text.in[in], f->cite.in[in]);
		return 0;
	}
	return reader_records(rd, &w->row->kase, REQUEST_COLLECTION, take_exemption, &kept, err);
}

static const char *identity_text(const struct writing *w)
{
	const char *method = exchange_text(w->x, "method");

	switch (method ? request_method_parse(method) : 0) {
	case METHOD_CODE:
		return say(w, "the one-time code that we sent to you", "我们发送给您的一次性验证码");
	case METHOD_DOCUMENT:
		return say(w, "a copy of an identity document, on which you may black out everything but your name, address and date of birth",
			"身份证件复印件，除姓名、住址和出生日期外均可遮盖");
	case METHOD_IN_PERSON: return say(w, "nothing, but visit us", "无需邮寄材料，请亲自到访");
	case METHOD_ACCOUNT:
		return say(w, "the request once more, from your account with us", "请登录您的账户再次提出请求");
	case METHOD_CALL_BACK:
		return say(w, "nothing: we call you at the number that we know", "无需材料，我们将拨打已登记的号码与您联系");
	default: return NULL;
	}
}

static void put_done(struct writing *w)
{
	struct buf *to = &w->done;

	switch ((enum request_type)w->row->type) {
	case REQUEST_ACCESS:
	case REQUEST_PORTABILITY:
		buf_put_str(to, say(w, "your data was put together for you", "已为您汇集您的个人信息"));
		break;
	case REQUEST_RECTIFICATION:
		buf_put_str(to, say(w, "your data was corrected", "已更正您的个人信息"));
		break;
	case REQUEST_ERASURE:
		buf_put_str(to, w->row->nkept > 0 ?
				say(w, "your data was erased, but for what we have to keep", "已删除您的个人信息，依法须保存的除外") :
				say(w, "your data was erased", "已删除您的个人信息"));
		break;
	case REQUEST_RESTRICTION:
		buf_put_str(to, say(w, "your data is only stored from now on", "自即日起仅存储您的个人信息"));
		break;
	case REQUEST_OBJECTION:
		buf_put_str(to, say(w, "your data is no longer used for this", "已停止为该目的处理您的个人信息"));
		break;
	case REQUEST_WITHDRAWAL:
		buf_put_str(to, say(w, "your withdrawal took effect at once", "您的撤回已即时生效"));
		break;
	case NREQUEST_TYPES: break;
	}
}

/* A date that is computed; none, when nobody can name one. */
static int find_last_copy(struct writing *w, struct cu_err *err)
{
	struct lingering linger = { 0 };
	struct erase_result e = { 0 };
	int64_t at_ms = clock_now_ms(&w->x->daemon->house.clock);
	int r = erase_get(w->x->daemon, &w->row->erasure, &e, err);

	if (r == 0) {
		r = linger_of(w->x->daemon, e.row.generation, e.row.shredded_ms, &linger, err);
	}
	if (r == 0 && linger.all.state != HORIZON_UNBOUNDED) {
		at_ms = linger.all.state == HORIZON_BY ? linger.all.date_ms : at_ms;
		letter_day(w->order.language, zone_day_of_ms(at_ms), w->last_copy);
	}
	linger_done(&linger);
	return r;
}

static void put_days(struct writing *w, const struct deadline *d)
{
	enum language in = w->order.language;

	letter_day(in, w->row->received_day, w->received);
	if (d->due != CIVIL_NO_DAY) {
		letter_day(in, w->order.kind == LETTER_KIND_EXTEND ? d->first_due : d->due, w->due);
	}
	if (d->extended_due != CIVIL_NO_DAY) {
		letter_day(in, d->extended_due, w->extended);
	}
}

static void fill_order(struct writing *w)
{
	const char **given = w->order.given;

	snprintf(w->number, sizeof(w->number), "%u", w->row->number);
	/* whoever has not shown who they are is not told whom we think of */
	given[LETTER_PERSON] = w->row->method != 0 && w->who.person.n > 0 ?
		buf_cstr(&w->who.person) :
		say(w, "Sir or Madam", "尊敬的先生/女士");
	given[LETTER_NUMBER] = w->number;
	given[LETTER_RECEIVED] = w->received;
	given[LETTER_DUE] = w->due;
	given[LETTER_EXTENDED_DUE] = w->extended;
	given[LETTER_REASONS] = buf_cstr(&w->reasons);
	given[LETTER_IDENTITY] = identity_text(w);
	given[LETTER_DONE] = buf_cstr(&w->done);
	given[LETTER_ENCLOSED] = say(w,
		"a ZIP archive with a page to read and to print (index.html), the same for programs (data.json), and tables (CSV); "
		"if its name ends in .age, it is encrypted for the key that you gave: 'age -d -i KEY FILE' opens it "
		"(age-encryption.org)",
		"ZIP 压缩文件，含可阅读和打印的页面（index.html）、供程序使用的数据（data.json）和表格（CSV）；如文件名以 .age "
		"结尾，则已用您提供的密钥加密，可用 age 打开：age -d -i 密钥 文件（age-encryption.org）");
	given[LETTER_RECIPIENTS] = exchange_text(w->x, "recipients");
	given[LETTER_LAST_COPY] = w->last_copy;
}

/* All that the store knows, in one view. */
static int look(struct writing *w, struct cu_err *err)
{
	struct deadline d = { .due = CIVIL_NO_DAY, .extended_due = CIVIL_NO_DAY };
	struct reader *rd = store_reader_take(w->x->daemon->house.store);
	int r = reader_begin(rd, err);

	if (r == 0) {
		r = addressee_find(rd, w->row, &w->who, err);
		if (r == 0) {
			r = find_reasons(w, rd, err);
		}
		reader_end(rd);
	}
	if (r >= 0) {
		/* where it is not known the letter says that it lacks */
		(void)casework_deadline(w->x->daemon, rd, w->row, &d, NULL, NULL);
		put_days(w, &d);
	}
	store_reader_give(w->x->daemon->house.store, rd);
	return r < 0 ? r : 0;
}

/* Those that purposes.yaml names. */
static int ask_for_recipients(const struct writing *w, struct cu_err *err)
{
	const struct purposes *p = policy_purposes(w->x->daemon->policy);
	char all[120] = "";

	for (size_t i = 0; i < p->nrecipients; i++) {
		size_t n = strlen(all);

		snprintf(all + n, sizeof(all) - n, "%s%s", n > 0 ? ", " : "", p->recipients[i].key);
	}
	return cu_err_set(err, CU_ENOENT,
		"say by --recipients who was told of it, or 'nobody'; purposes.yaml names: %s",
		all[0] ? all : "nobody");
}

static int write_letter(struct writing *w, struct cu_err *err)
{
	int r = look(w, err);

	if (r == 0 && w->order.kind == LETTER_KIND_BACKUPS) {
		r = find_last_copy(w, err);
	}
	if (r == 0) {
		put_done(w);
		fill_order(w);
		r = letter_write(w->x->daemon->policy, &w->order, &w->subject, &w->text, err);
	}
	/* what is a policy's to say is named by the letter itself */
	if (r == CU_ENOENT && strstr(err->msg, "{identity}")) {
		return cu_err_wrap(err, r, "say by --method what is asked for");
	}
	return r == CU_ENOENT && strstr(err->msg, "{recipients}") ? ask_for_recipients(w, err) : r;
}

/* --- sealed, then shown ----------------------------------------------------------- */

static int apply_issue(struct tx *tx, struct casework *c, struct cu_err *err)
{
	struct writing *w = c->ctx;
	char kind[ENGINE_KEY_SIZE];
	const struct case_text texts[] = { { "address", buf_span(&w->who.address) },
		{ "subject", buf_span(&w->subject) }, { "text", buf_span(&w->text) } };
	int r;

	if (!request_is_as_was(w->row, &c->row)) { /* decided while it was written */
		return cu_err_set(err, CU_EBUSY,
			"request %u has changed while the letter was written, and is %s now: nothing was sealed; call it again",
			c->row.number, request_state_word(c->row.state));
	}
	snprintf(kind, sizeof(kind), "letter.%s", law_letter_word((enum letter_kind)w->order.kind));
	r = tx_dsr_paper(tx, &c->row, kind, texts, 3, NULL, err);
	return r < 0 ? r : tx_dsr_put(tx, &c->row, LEAF_REQUEST_NOTE, kind, err);
}

static int issue(struct writing *w, struct cu_err *err)
{
	struct casework c = { .number = w->row->number, .fn = apply_issue, .ctx = w };

	if (exchange_flag(w->x, "draft")) {
		return casework_read_leaf(w->x, w->row, "letter.draft", err);
	}
	return casework_change(w->x, &c, err);
}

static void show(struct writing *w, struct json *out)
{
	json_strn(out, "address", (const char *)w->who.address.p, w->who.address.n);
	json_strn(out, "subject", (const char *)w->subject.p, w->subject.n);
	json_strn(out, "text", (const char *)w->text.p, w->text.n);
}

static void writing_done(struct writing *w)
{
	addressee_done(&w->who);
	buf_done(&w->subject);
	buf_done(&w->text);
	buf_done(&w->reasons);
	buf_done(&w->done);
}

int handle_REQUEST_LETTER(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct writing w = { .x = x, .subject = BUF_INIT_WIPE, .text = BUF_INIT_WIPE,
		.reasons = BUF_INIT_WIPE, .done = BUF_INIT_WIPE };
	const char *language = exchange_text(x, "language");
	enum letter_kind kind;
	struct row_dsr row;
	int r = casework_find(x, &row, err);

	(void)law_letter_parse(exchange_text(x, "letter"), &kind); /* the interface checked it */
	if (r == 0) {
		r = require_time(&row, kind, err);
	}
	if (r == 0) {
		r = casework_law(x->daemon, &row, &w.law, err);
	}
	if (r < 0) {
		return r;
	}
	w.row = &row;
	w.order = (struct letter_order){ .law = w.law, .type = (enum request_type)row.type,
		.kind = kind, .language = (enum language)row.language, .today = casework_today(x->daemon) };
	if (language) {
		(void)language_parse(language, &w.order.language);
	}
	r = write_letter(&w, err);
	if (r == 0) {
		r = issue(&w, err);
	}
	if (r == 0) {
		show(&w, out);
	}
	writing_done(&w);
	return r;
}
