#include "control/request_letter.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/zone.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/erase.h"
#include "control/linger.h"
#include "policy/policy.h"
#include "privacy/outgoing.h"

static const char *say(const struct request_letter *w, const char *en, const char *zh)
{
	return w->order.language == LANGUAGE_ZH ? zh : en;
}

int request_letter_begin(struct request_letter *w, struct daemon *d, const struct row_dsr *row,
	enum letter_kind kind, struct cu_err *err)
{
	*w = (struct request_letter){ .daemon = d, .row = row, .subject = BUF_INIT_WIPE,
		.text = BUF_INIT_WIPE, .reasons = BUF_INIT_WIPE, .done = BUF_INIT_WIPE,
		.told = BUF_INIT_WIPE, .who = { .person = BUF_INIT_WIPE, .address = BUF_INIT_WIPE, .represented = BUF_INIT_WIPE, .mail = BUF_INIT_WIPE },
		.order = { .type = (enum request_type)row->type, .kind = kind,
			.language = (enum language)row->language, .today = casework_today(d) } };
	return casework_law(d, row, &w->order.law, err);
}

void request_letter_done(struct request_letter *w)
{
	addressee_done(&w->who);
	buf_done(&w->subject);
	buf_done(&w->text);
	buf_done(&w->reasons);
	buf_done(&w->done);
	buf_done(&w->told);
}

/* --- what it says ----------------------------------------------------------------- */

struct kept {
	struct request_letter *w;
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
static int find_reasons(struct request_letter *w, struct reader *rd, struct cu_err *err)
{
	const struct law_refusal *f =
		law_find_refusal(w->order.law, (enum request_type)w->row->type, w->row->reason);
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

static const char *identity_text(const struct request_letter *w)
{
	switch (w->method ? request_method_parse(w->method) : 0) {
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

static void put_done(struct request_letter *w)
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
		buf_put_str(to, say(w, "your withdrawal has taken effect", "您的撤回已生效"));
		break;
	case NREQUEST_TYPES: break;
	}
}

/* A date that is computed; none, when nobody can name one. */
static int find_last_copy(struct request_letter *w, struct cu_err *err)
{
	struct lingering linger = { 0 };
	struct erase_result e = { 0 };
	int64_t at_ms = clock_now_ms(&w->daemon->house.clock);
	int r = erase_get(w->daemon, &w->row->erasure, &e, err);

	if (r == 0) {
		r = linger_of(w->daemon, e.row.generation, e.row.shredded_ms, &linger, err);
	}
	if (r == 0 && linger.all.state != HORIZON_UNBOUNDED) {
		at_ms = linger.all.state == HORIZON_BY ? linger.all.date_ms : at_ms;
		letter_day(w->order.language, zone_day_of_ms(at_ms), w->last_copy);
	}
	linger_done(&linger);
	return r;
}

static void put_days(struct request_letter *w, const struct deadline *d)
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

static void fill_order(struct request_letter *w)
{
	const char **given = w->order.given;

	snprintf(w->number, sizeof(w->number), "%u", w->row->number);
	/* whoever has not shown who they are is not told whom we think of */
	given[LETTER_PERSON] = w->row->method != 0 && w->who.person.n > 0 ?
		buf_cstr(&w->who.person) :
		say(w, "Sir or Madam", "尊敬的先生/女士");
	given[LETTER_REPRESENTED] = w->row->method != 0 && w->who.represented.n > 0 ?
		buf_cstr(&w->who.represented) :
		NULL;
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
	given[LETTER_RECIPIENTS] = w->recipients ? w->recipients : buf_cstr(&w->told);
	given[LETTER_LAST_COPY] = w->last_copy;
	given[LETTER_RECIPIENT] = w->to;
	given[LETTER_WHOM] = w->whom;
	given[LETTER_DATA] = w->data;
}

void request_letter_put_told(struct request_letter *w, const char *recipient)
{
	const struct recipient *e = !recipient ?
		NULL :
		purposes_find_recipient(policy_purposes(w->daemon->policy), recipient);

	if (!recipient) {
		buf_put_str(&w->told, say(w, "nobody received it", "无接收方"));
		return;
	}
	buf_putf(&w->told, "%s%s", w->told.n > 0 ? say(w, ", ", "、") : "",
		e && e->name ? e->name : recipient);
}

/* Somebody said why this one is not told; who never got anything is no recipient. */
static void put_untold(struct request_letter *w, const struct row_outgoing *out)
{
	if (out->why == WHY_NOT_DISCLOSED) {
		return;
	}
	request_letter_put_told(w, out->recipient);
	buf_put_str(&w->told,
		out->why == WHY_IMPOSSIBLE ?
			say(w, " (not told, as that is impossible)", "（无法通知）") :
			say(w, " (not told, as that would take disproportionate effort)", "（通知需付出不成比例的努力，未予通知）"));
}

/* Those that a notice is for; "nobody" once it is known that there is none. */
static int find_told(struct request_letter *w, struct reader *rd, struct cu_err *err)
{
	struct row_outgoing out, *after = NULL;
	int r;

	if (w->row->prepared_ms == 0) {
		return 0;
	}
	while ((r = reader_dsr_outgoing(rd, w->row, after, &out, err)) > 0) {
		after = &out;
		if (out.recipient[0] && out.state == OUTGOING_WAIVED) {
			put_untold(w, &out);
		} else if (out.recipient[0]) {
			request_letter_put_told(w, out.recipient);
		}
	}
	if (r == 0 && w->told.n == 0) {
		request_letter_put_told(w, NULL);
	}
	return r;
}

/* All that the store knows, in one view. */
static int look(struct request_letter *w, struct cu_err *err)
{
	struct deadline d = { .due = CIVIL_NO_DAY, .extended_due = CIVIL_NO_DAY };
	struct reader *rd = store_reader_take(w->daemon->house.store);
	int r = reader_begin(rd, err);

	if (r == 0) {
		r = addressee_find(rd, w->row, &w->who, err);
		if (r == 0) {
			r = find_reasons(w, rd, err);
		}
		if (r >= 0 && w->order.kind == LETTER_KIND_FULFIL && w->told.n == 0) {
			r = find_told(w, rd, err);
		}
		reader_end(rd);
	}
	if (r >= 0) {
		/* where it is not known the letter says that it lacks */
		(void)casework_deadline(w->daemon, rd, w->row, &d, NULL, NULL);
		put_days(w, &d);
	}
	store_reader_give(w->daemon->house.store, rd);
	return r < 0 ? r : 0;
}

/* Those that purposes.yaml names. */
static int ask_for_recipients(const struct request_letter *w, struct cu_err *err)
{
	const struct purposes *p = policy_purposes(w->daemon->policy);
	char all[120] = "";

	for (size_t i = 0; i < p->nrecipients; i++) {
		size_t n = strlen(all);

		snprintf(all + n, sizeof(all) - n, "%s%s", n > 0 ? ", " : "", p->recipients[i].key);
	}
	return cu_err_set(err, CU_ENOENT,
		"say by --recipients who was told of it, or 'nobody'; purposes.yaml names: %s",
		all[0] ? all : "nobody");
}

/* A letter says all of it, or is not written. */
static int check_parts(const struct request_letter *w, struct cu_err *err)
{
	const struct buf *const parts[] = { &w->who.person, &w->who.represented, &w->reasons, &w->done, &w->told };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		r = buf_check(parts[i], err);
	}
	return r;
}

int request_letter_write(struct request_letter *w, struct cu_err *err)
{
	int r = look(w, err);

	if (r == 0 && w->order.kind == LETTER_KIND_BACKUPS) {
		r = find_last_copy(w, err);
	}
	if (r == 0) {
		put_done(w);
		fill_order(w);
		r = check_parts(w, err);
	}
	if (r == 0) {
		r = letter_write(w->daemon->policy, &w->order, &w->subject, &w->text, err);
	}
	/* what is a policy's to say is named by the letter itself */
	if (r == CU_ENOENT && strstr(err->msg, "{identity}")) {
		return cu_err_wrap(err, r, "say by --method what is asked for");
	}
	return r == CU_ENOENT && strstr(err->msg, "{recipients}") ? ask_for_recipients(w, err) : r;
}
