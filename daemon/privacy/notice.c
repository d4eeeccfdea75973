/* What a notice tells, section by section: who, whom else, rights, complaints. */
#include "privacy/notice.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "policy/law.h"
#include "policy/policy.h"
#include "privacy/notice_blocks.h"
#include "privacy/notice_purposes.h"

static const struct organisation *organisation_of(const struct privacy_notice *n)
{
	return policy_organisation(n->policy);
}

bool notice_has_law(const struct privacy_notice *n, const char *law)
{
	const struct organisation *o = organisation_of(n);

	for (size_t i = 0; i < o->laws.n; i++) {
		if (strcmp(o->laws.v[i], law) == 0) {
			return true;
		}
	}
	return false;
}

void notice_section(struct privacy_notice *n, const char *text, const char *gdpr, const char *pipl)
{
	char articles[200] = "";

	if (*gdpr && notice_has_law(n, "gdpr")) {
		snprintf(articles, sizeof(articles), notice_in(n, "Art. %s GDPR", "GDPR 第%s条"), gdpr);
	}
	if (*pipl && notice_has_law(n, "pipl")) {
		size_t at = strlen(articles);

		snprintf(articles + at, sizeof(articles) - at, "%s%s%s%s",
			at > 0 ? notice_in(n, "; ", "；") : "", notice_in(n, "Art. ", "《个人信息保护法》"), pipl,
			notice_in(n, " PIPL", ""));
	}
	notice_heading(n, text, articles);
}

/* --- who ------------------------------------------------------------------------------ */

static void put_contact(struct privacy_notice *n, const char *role,
	const struct organisation_contact *c)
{
	char text[1200];

	if (!c->node) {
		return;
	}
	snprintf(text, sizeof(text), "%s%s%s%s%s", c->name, c->address ? ", " : "",
		c->address ? c->address : "", c->contact ? ", " : "", c->contact ? c->contact : "");
	notice_item(n, role, text);
}

static void put_who(struct privacy_notice *n)
{
	const struct organisation *o = organisation_of(n);

	notice_section(n, notice_in(n, "Who we are", "我们是谁"), notice_in(n, "13(1)(a), 14(1)(a)", "13(1)(a)、14(1)(a)"),
		notice_in(n, "17(1)(1)", "第十七条第一款第一项"));
	put_contact(n, notice_in(n, "Controller", "个人信息处理者"), &o->controller);
	put_contact(n, notice_in(n, "Representative", "代表"), &o->representative);
	if (!o->controller.node) {
		notice_gap(n, "%s", notice_in(n, "organisation.yaml: controller: who answers for the data, and how to reach them",
			"organisation.yaml：controller：个人信息处理者的名称和联系方式"));
	} else if (!o->controller.contact && !o->controller.address) {
		notice_gap(n, "%s", notice_in(n, "organisation.yaml: controller: contact", "organisation.yaml：controller：联系方式"));
	}
	notice_section(n, notice_in(n, "Our data protection officer", "个人信息保护负责人"),
		notice_in(n, "13(1)(b), 14(1)(b)", "13(1)(b)、14(1)(b)"), notice_in(n, "52", "第五十二条"));
	put_contact(n, notice_in(n, "Data protection officer", "个人信息保护负责人"), &o->dpo);
	if (!o->dpo.node) {
		notice_paragraph(n, notice_in(n, "We have named none.", "我们未指定个人信息保护负责人。"));
	}
}

/* --- who else --------------------------------------------------------------------------- */

static void put_recipient(struct privacy_notice *n, const struct recipient *r)
{
	static const char *const rests[][2] = { { "", "" },
		{ "an adequacy decision", "充分性认定" }, { "standard contractual clauses", "标准合同" },
		{ "binding corporate rules", "有约束力的公司规则" }, { "your explicit consent", "您的明示同意" },
		{ "a contract with you or in your interest", "与您订立或为您利益订立的合同" },
		{ "another ground of the law", "法律规定的其他条件" } };
	const char *told = recipient_told(r, n->language);
	char text[1000];

	if (!told) {
		notice_gap(n, notice_in(n, "purposes.yaml: the recipient %s: told, in English",
				"purposes.yaml：接收方 %s：told，缺少中文说明"), r->key);
		return;
	}
	snprintf(text, sizeof(text), "%s%s%s%s%s%s", r->contact ? r->contact : "", r->contact && r->country ? ", " : "",
		r->country ? r->country : "", r->transfer != TRANSFER_NONE ? notice_in(n, "; the transfer rests on ", "；出境依据：") : "",
		rests[r->transfer][n->language == LANGUAGE_ZH],
		r->transfer != TRANSFER_NONE ? notice_in(n, ". Ask us for a copy of the safeguards.", "。您可向我们索取相关保障措施的副本。") : "");
	if (*text) {
		notice_item(n, told, text);
	} else {
		notice_paragraph(n, told);
	}
	if (!r->country) {
		notice_gap(n, notice_in(n, "purposes.yaml: the country of the recipient %s (Art. 13(1)(f) GDPR)",
				"purposes.yaml：接收方 %s 所在国家（是否向境外提供）"), r->key);
	}
	if (!r->contact && notice_has_law(n, "pipl")) {
		notice_gap(n, notice_in(n, "purposes.yaml: the recipient %s: its name and contact (Art. 23, 39 PIPL)",
				"purposes.yaml：接收方 %s 的名称和联系方式（《个人信息保护法》第二十三、三十九条）"), r->key);
	}
}

static void put_recipients(struct privacy_notice *n)
{
	const struct purposes *all = policy_purposes(n->policy);

	notice_section(n, notice_in(n, "Who receives data", "向谁提供"),
		notice_in(n, "13(1)(e), (f), 14(1)(e), (f)", "13(1)(e)、(f)，14(1)(e)、(f)"), notice_in(n, "23, 39", "第二十三条、第三十九条"));
	for (size_t i = 0; i < all->nrecipients; i++) {
		put_recipient(n, &all->recipients[i]);
	}
	if (all->nrecipients == 0) {
		notice_paragraph(n, notice_in(n, "Nobody outside.", "不向外部提供。"));
	}
}

/* --- rights and complaints -------------------------------------------------------------- */

static void put_rights_of(struct privacy_notice *n, const struct law *law)
{
	notice_paragraph(n, law->name.in[n->language]);
	for (size_t i = 0; i < law->nrequests; i++) {
		notice_item(n, law->requests[i].title.in[n->language], law->requests[i].cite.in[n->language]);
	}
}

static void put_rights(struct privacy_notice *n)
{
	const struct organisation *o = organisation_of(n);

	notice_section(n, notice_in(n, "Your rights", "您的权利"),
		notice_in(n, "13(2)(b), (c), 14(2)(c), (d)", "13(2)(b)、(c)，14(2)(c)、(d)"),
		notice_in(n, "17(1)(3), 44 to 50", "第十七条第一款第三项、第四十四条至第五十条"));
	notice_paragraph(n, notice_in(n, "Write to us, by any of the ways above; it costs nothing. You may ask for:",
		"您可通过上述任一联系方式免费向我们提出请求："));
	for (size_t i = 0; i < o->laws.n; i++) {
		put_rights_of(n, policy_find_law(n->policy, o->laws.v[i]));
	}
	notice_paragraph(n, notice_in(n, "A consent can be withdrawn at any time, as easily as it was given. What was done until then "
		"stays lawful.", "您可随时撤回同意，且与作出同意同样便捷；撤回不影响撤回前已进行的处理的效力。"));
}

static void put_complaints(struct privacy_notice *n)
{
	const struct organisation *o = organisation_of(n);

	notice_section(n, notice_in(n, "Where to complain", "投诉途径"), notice_in(n, "13(2)(d), 14(2)(e)", "13(2)(d)、14(2)(e)"),
		notice_in(n, "50, 65", "第五十条、第六十五条"));
	for (size_t i = 0; i < o->laws.n; i++) {
		const struct law *law = policy_find_law(n->policy, o->laws.v[i]);

		if (law->remedies.in[n->language]) {
			notice_paragraph(n, law->remedies.in[n->language]);
		}
	}
	put_contact(n, notice_in(n, "Authority", "监管机构"), &o->authority);
	if (!o->authority.node) {
		notice_gap(n, "%s", notice_in(n, "organisation.yaml: authority: where people can complain",
			"organisation.yaml：authority：受理投诉的监管机构"));
	}
}

int privacy_notice_make(const struct policy *p, enum language language, int32_t day,
	struct privacy_notice *ret, struct cu_err *err)
{
	*ret = (struct privacy_notice){ .language = language, .policy = p, .day = day, .text = BUF_INIT };
	put_who(ret);
	notice_put_purposes(ret);
	put_recipients(ret);
	notice_put_keeping(ret);
	put_rights(ret);
	notice_put_objections(ret);
	put_complaints(ret);
	return ret->is_failed ? cu_err_set(err, CU_ENOMEM, "out of memory") : buf_check(&ret->text, err);
}
