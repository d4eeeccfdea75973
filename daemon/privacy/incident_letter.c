#include "privacy/incident_letter.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/zone.h"
#include "policy/organisation.h"
#include "privacy/incident.h"
#include "store/engine_incident.h"

static const char *in(const struct incident_letter *l, const char *en, const char *zh)
{
	return l->language == LANGUAGE_ZH ? zh : en;
}

/* --- what has to be known --------------------------------------------------------------- */

static const struct organisation_contact *contact_of(const struct organisation *o)
{
	return o->dpo.node && o->dpo.contact ? &o->dpo : &o->controller;
}

static int require_all(const struct incident_letter *l, struct cu_err *err)
{
	const struct {
		const struct span *text;
		const char *about, *cite;
	} needed[] = { { &l->facts, INCIDENT_FACTS, "GDPR Art. 33(3)(a); PIPL Art. 57(1)(1)" },
		{ &l->effects, INCIDENT_EFFECTS, "GDPR Art. 33(3)(c); PIPL Art. 57(1)(1)" },
		{ &l->measures, INCIDENT_MEASURES, "GDPR Art. 33(3)(d); PIPL Art. 57(1)(2)" } };

	if (!l->organisation->controller.node || !contact_of(l->organisation)->contact) {
		return cu_err_set(err, CU_EBUSY,
			"organisation.yaml: controller: name and contact are missing: a letter names whom to ask "
			"(GDPR Art. 33(3)(b); PIPL Art. 57(1)(3))");
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (needed[i].text->n == 0) {
			return cu_err_set(err, CU_EBUSY,
				"its %s are not noted yet (%s): 'incident note %u --about=%s'", needed[i].about,
				needed[i].cite, l->row->number, needed[i].about);
		}
	}
	return 0;
}

/* --- its parts ---------------------------------------------------------------------------- */

static void put_section(const char *title, struct span text, struct buf *to)
{
	buf_putf(to, "\n%s\n", title);
	buf_put_span(to, text);
	if (text.n > 0 && text.p[text.n - 1] != '\n') {
		buf_put_u8(to, '\n');
	}
}

static const char *kind_of(const struct incident_letter *l)
{
	switch ((enum incident_kind)l->row->kind) {
	case INCIDENT_DISCLOSURE: return in(l, "Personal data was seen by others, or may have been.", "个人信息发生或可能发生泄露。");
	case INCIDENT_LOSS: return in(l, "Personal data was lost.", "个人信息丢失。");
	case INCIDENT_ALTERATION: return in(l, "Personal data was altered.", "个人信息被篡改。");
	case INCIDENT_UNAVAILABILITY: return in(l, "Personal data is out of reach.", "个人信息无法访问。");
	case INCIDENT_NO_KIND_: break;
	}
	return "";
}

static void put_time(const char *before, int64_t ms, const char *after, struct buf *to)
{
	char text[ZONE_TIME_SIZE];

	if (ms != 0) {
		zone_format_time(ms, text);
		buf_putf(to, "%s%s%s\n", before, text, after);
	}
}

static void put_head(const struct incident_letter *l, struct buf *to)
{
	const struct organisation_contact *c = &l->organisation->controller;
	char day[CIVIL_DAY_SIZE];

	civil_format_day(l->day, day);
	buf_putf(to, "%s\n%s%s%s\n", c->name, c->address ? c->address : "", c->address ? "\n" : "", day);
	buf_putf(to, "\n%s\n", l->to == LAW_SUBJECTS ?
			in(l, "We write to you because this is about your data.", "因事件涉及您的个人信息，特此告知。") :
			in(l, "We notify you of a personal data breach.", "现就个人信息安全事件向贵部门报告。"));
	buf_putf(to, "\n%s\n", kind_of(l));
	put_time(in(l, "Since ", "开始时间："), l->row->from_ms, in(l, ".", "。"), to);
	put_time(in(l, "Until ", "结束时间："), l->row->to_ms, in(l, ".", "。"), to);
	put_time(in(l, "We noticed it at ", "发现时间："), l->row->noticed_ms, in(l, ".", "。"), to);
}

/* What only an authority is told. */
static void put_extent(const struct incident_letter *l, struct buf *to)
{
	if (l->to != LAW_AUTHORITY) {
		return;
	}
	if (l->row->scoped_ms != 0) {
		buf_putf(to, "%s%" PRIu64 "\n", in(l, "People affected, as computed from our audit log: ", "涉及人数（根据审计日志计算）："),
			(uint64_t)l->row->naffected);
	}
	if (l->row->keys_are_safe) {
		buf_putf(to, "%s\n", in(l, "What others have is sealed, and they have no key.", "他人取得的是加密数据，且未取得密钥。"));
	}
	if (l->delay.n > 0) {
		put_section(in(l, "Why this comes late", "逾期原因"), l->delay, to);
	}
}

static void put_contact(const struct incident_letter *l, struct buf *to)
{
	const struct organisation_contact *c = contact_of(l->organisation);

	buf_putf(to, "\n%s\n%s, %s\n", in(l, "Whom to ask", "联系方式"), c->name, c->contact);
	if (l->to == LAW_SUBJECTS && l->organisation->authority.node) {
		buf_putf(to, "%s%s%s%s\n", in(l, "You may complain to: ", "您可以向以下机构投诉："), l->organisation->authority.name,
			l->organisation->authority.contact ? ", " : "",
			l->organisation->authority.contact ? l->organisation->authority.contact : "");
	}
}

int incident_letter_write(const struct incident_letter *l, struct buf *ret_subject,
	struct buf *ret_text, struct cu_err *err)
{
	bool is_to_people = l->to == LAW_SUBJECTS;
	int r = require_all(l, err);

	if (r < 0) {
		return r;
	}
	buf_put_str(ret_subject, in(l, is_to_people ? "A breach of your personal data" : "Notification of a personal data breach",
			is_to_people ? "个人信息安全事件告知书" : "个人信息安全事件报告"));
	put_head(l, ret_text);
	put_extent(l, ret_text);
	put_section(in(l, "What happened", "事件经过"), l->facts, ret_text);
	put_section(in(l, is_to_people ? "What it may mean for you" : "What may come of it",
			"可能造成的危害"), l->effects, ret_text);
	put_section(in(l, is_to_people ? "What we did, and what you can do" : "What was done",
			is_to_people ? "已采取的补救措施和您可以采取的措施" : "已采取的补救措施"), l->measures, ret_text);
	put_contact(l, ret_text);
	r = buf_check(ret_subject, err);
	return r < 0 ? r : buf_check(ret_text, err);
}
