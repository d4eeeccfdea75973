/* What a notice says of each purpose, and of how long data is kept. */
#include "privacy/notice_purposes.h"

#include <stdio.h>
#include <string.h>

#include "policy/policy.h"
#include "privacy/dossier_forms.h"
#include "privacy/notice_blocks.h"

/* A basis in words, and where PIPL Art. 13(1) has it; NULL: nowhere. */
struct basis {
	const char *en, *zh, *pipl_en, *pipl_zh;
};

static const struct basis bases[] = {
	[BASIS_CONSENT] = { "your consent", "您的同意", "13(1)(1)", "第一项" },
	[BASIS_CONTRACT] = { "a contract with you, or steps before one", "订立、履行您作为一方当事人的合同所必需",
		"13(1)(2)", "第二项" },
	[BASIS_LEGAL] = { "a duty by law", "履行法定职责或者法定义务所必需", "13(1)(3)", "第三项" },
	[BASIS_VITAL] = { "somebody's vital interests", "紧急情况下为保护自然人的生命健康和财产安全所必需", "13(1)(4)",
		"第四项" },
	[BASIS_PUBLIC] = { "a task in the public interest", "为公共利益执行的任务", NULL, NULL },
	[BASIS_LEGITIMATE] = { "legitimate interests", "正当利益", NULL, NULL },
};

static const char *name_of(const struct privacy_notice *n, const struct purpose *u)
{
	const char *told = purpose_told(u, n->language);

	return told ? told : u->key;
}

/* --- purposes and bases ---------------------------------------------------------------- */

static void put_basis(struct privacy_notice *n, const struct purpose *u)
{
	const struct basis *b = &bases[u->basis];
	char text[400];
	int at = snprintf(text, sizeof(text), "%s", notice_in(n, b->en, b->zh));

	if (notice_has_law(n, "gdpr")) {
		at += snprintf(text + at, sizeof(text) - (size_t)at, notice_in(n, ", Art. %s GDPR", "，GDPR 第%s条"),
			purpose_basis_article((enum purpose_basis)u->basis));
	}
	if (notice_has_law(n, "pipl") && b->pipl_en) {
		snprintf(text + at, sizeof(text) - (size_t)at, notice_in(n, ", Art. %s PIPL", "，《个人信息保护法》第十三条第一款%s"),
			notice_in(n, b->pipl_en, b->pipl_zh));
	}
	notice_item(n, name_of(n, u), text);
	if (notice_has_law(n, "pipl") && !b->pipl_en) {
		notice_gap(n, notice_in(n, "purposes.yaml: %s: Art. 13 PIPL knows no basis '%s'",
				"purposes.yaml：%s：《个人信息保护法》第十三条没有“%s”这一依据"), u->key,
			notice_in(n, purpose_basis_word((enum purpose_basis)u->basis), b->zh));
	}
}

static void put_bases(struct privacy_notice *n)
{
	const struct purposes *all = policy_purposes(n->policy);

	notice_section(n, notice_in(n, "What we use data for, and why that is lawful", "处理目的与合法性依据"),
		notice_in(n, "13(1)(c), 14(1)(c)", "13(1)(c)、14(1)(c)"),
		notice_in(n, "17(1)(2), 13", "第十七条第一款第二项、第十三条"));
	for (size_t i = 0; i < all->n; i++) {
		put_basis(n, &all->v[i]);
		if (!purpose_told(&all->v[i], n->language)) {
			notice_gap(n, "purposes.yaml：%s：told：缺少中文说明", all->v[i].key);
		}
	}
}

/* --- what is said of each --------------------------------------------------------------- */

/* One section of texts that purposes.yaml has for some or all purposes. */
struct saying {
	const char *key;
	const char *en, *zh;           /* the heading */
	const char *gdpr, *gdpr_zh, *pipl, *pipl_zh;
	bool (*is_wanted)(const struct privacy_notice *n, const struct purpose *u);
	const struct said *(*of)(const struct purpose *u);
};

static bool is_always(const struct privacy_notice *n, const struct purpose *u)
{
	(void)n;
	(void)u;
	return true;
}

static bool is_of_interests(const struct privacy_notice *n, const struct purpose *u)
{
	(void)n;
	return u->basis == BASIS_LEGITIMATE;
}

static bool may_be_required(const struct privacy_notice *n, const struct purpose *u)
{
	(void)n;
	return u->basis == BASIS_CONTRACT || u->basis == BASIS_LEGAL;
}

static bool is_sensitive(const struct privacy_notice *n, const struct purpose *u)
{
	return u->sensitive != NULL && notice_has_law(n, "pipl");
}

static const struct said *interests(const struct purpose *u)
{
	return &u->interests;
}

static const struct said *required(const struct purpose *u)
{
	return &u->required;
}

static const struct said *necessity(const struct purpose *u)
{
	return &u->necessity;
}

static const struct said *source(const struct purpose *u)
{
	return &u->source;
}

static const struct said *decisions(const struct purpose *u)
{
	return &u->decisions;
}

/* clang-format off */
static const struct saying sayings[] = {
	{ "interests", "Our legitimate interests", "正当利益", "13(1)(d), 14(2)(b)", "13(1)(d)、14(2)(b)", "", "",
	  is_of_interests, interests },
	{ "necessity", "Sensitive data: why it is needed, and what it means for you", "敏感个人信息：处理的必要性及对您权益的影响",
	  "9(2)", "9(2)", "30", "第三十条", is_sensitive, necessity },
	{ "required", "Whether you have to give it", "您是否必须提供", "13(2)(e)", "13(2)(e)", "16", "第十六条", may_be_required,
	  required },
	{ "source", "Where it comes from", "信息来源", "14(2)(f)", "14(2)(f)", "", "", is_always, source },
	{ "decisions", "What machines decide", "自动化决策", "13(2)(f), 14(2)(g), 22", "13(2)(f)、14(2)(g)、22", "24",
	  "第二十四条", is_always, decisions },
};
/* clang-format on */

/* Purposes that say the same stand together. */
static bool was_said(const struct purposes *all, size_t i, const struct saying *s, enum language l)
{
	for (size_t k = 0; k < i; k++) {
		const char *before = s->of(&all->v[k])->in[l];

		if (before && strcmp(before, s->of(&all->v[i])->in[l]) == 0) {
			return true;
		}
	}
	return false;
}

static void put_names(const struct privacy_notice *n, size_t first, const struct saying *s, struct buf *to)
{
	const struct purposes *all = policy_purposes(n->policy);
	const char *text = s->of(&all->v[first])->in[n->language];

	for (size_t i = first; i < all->n; i++) {
		const char *other = s->of(&all->v[i])->in[n->language];

		if (other && strcmp(other, text) == 0) {
			buf_put_str(to, i > first ? " " : "");
			buf_put_str(to, name_of(n, &all->v[i]));
		}
	}
}

static void put_saying(struct privacy_notice *n, const struct saying *s)
{
	const struct purposes *all = policy_purposes(n->policy);
	struct buf names = BUF_INIT;
	bool has_heading = false;

	for (size_t i = 0; i < all->n; i++) {
		const char *text = s->of(&all->v[i])->in[n->language];

		if (!text && !s->is_wanted(n, &all->v[i])) {
			continue;
		}
		if (!has_heading) {
			notice_section(n, notice_in(n, s->en, s->zh), notice_in(n, s->gdpr, s->gdpr_zh),
				notice_in(n, s->pipl, s->pipl_zh));
			has_heading = true;
		}
		if (!text) {
			notice_gap(n, notice_in(n, "purposes.yaml: %s: %s (%s)", "purposes.yaml：%s：%s（%s，缺少中文说明）"),
				all->v[i].key, s->key, notice_in(n, s->en, s->zh));
		} else if (!was_said(all, i, s, n->language)) {
			buf_clear(&names);
			put_names(n, i, s, &names);
			notice_item(n, buf_cstr(&names), text);
		}
	}
	n->is_failed |= names.is_failed;
	buf_done(&names);
}

/* --- which data -------------------------------------------------------------------------- */

static void put_data_of(struct privacy_notice *n, const struct purpose *u)
{
	const struct schema *s = policy_schema(n->policy);
	enum dossier_language l = n->language == LANGUAGE_ZH ? DOSSIER_ZH : DOSSIER_EN;
	char label[ENGINE_KEY_SIZE];
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < s->ncollections; i++) {
		if (purpose_covers(u, s->collections[i].key)) {
			buf_put_str(&text, text.n > 0 ? notice_in(n, ", ", "、") : "");
			buf_put_str(&text, words_label(l, s->collections[i].key, label));
		}
	}
	notice_item(n, name_of(n, u), buf_cstr(&text));
	n->is_failed |= text.is_failed;
	buf_done(&text);
}

void notice_put_purposes(struct privacy_notice *n)
{
	const struct purposes *all = policy_purposes(n->policy);

	put_bases(n);
	notice_section(n, notice_in(n, "Which data", "处理的个人信息种类"), "14(1)(d)",
		notice_in(n, "17(1)(2)", "第十七条第一款第二项"));
	for (size_t i = 0; i < all->n; i++) {
		put_data_of(n, &all->v[i]);
	}
	for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++) {
		put_saying(n, &sayings[i]);
	}
}

/* --- how long ----------------------------------------------------------------------------- */

static void put_keep(struct privacy_notice *n, const struct collection *c, const char *class_key)
{
	static const char *const from[][2] = { { "", "" }, { " after the last activity", "（自最近一次活动起算）" },
		{ " after the record's own date", "（自记录本身的日期起算）" },
		{ " after the end of the relationship", "（自业务关系结束起算）" } };
	const struct retention *all = policy_retention(n->policy);
	const struct retention_rule *rule = retention_find(all, c->key, class_key);
	const struct retention_minimum *minimum = retention_minimum(all, c->key, class_key);
	enum dossier_language l = n->language == LANGUAGE_ZH ? DOSSIER_ZH : DOSSIER_EN;
	char label[2 * ENGINE_KEY_SIZE + 2], text[800], keep[40], least[40];
	size_t at;

	words_label(l, c->key, label);
	if (strcmp(class_key, RETENTION_DEFAULT) != 0) {
		at = strlen(label);
		snprintf(label + at, sizeof(label) - at, ": ");
		words_label(l, class_key, label + at + 2);
	}
	if (!rule) {
		notice_gap(n, notice_in(n, "retention.yaml: until when %s is kept", "retention.yaml：%s 的保存期限"), c->key);
		return;
	}
	words_duration(l, rule->keep, keep);
	snprintf(text, sizeof(text), "%s%s%s%s%s%s%s", keep, from[c->anchor][l == DOSSIER_ZH],
		minimum ? notice_in(n, "; a law wants it kept for ", "；法律要求至少保存") : "",
		minimum ? words_duration(l, minimum->keep, least) : "", minimum ? " (" : "",
		minimum ? minimum->citation : "", minimum ? ")" : "");
	notice_item(n, label, text);
}

void notice_put_keeping(struct privacy_notice *n)
{
	const struct schema *s = policy_schema(n->policy);

	notice_section(n, notice_in(n, "How long we keep it", "保存期限"), notice_in(n, "13(2)(a), 14(2)(a)", "13(2)(a)、14(2)(a)"),
		notice_in(n, "17(1)(2), 19", "第十七条第一款第二项、第十九条"));
	for (size_t i = 0; i < s->ncollections; i++) {
		const char *key;

		for (size_t j = 0; (key = retention_class_key(policy_retention(n->policy),
					    s->collections[i].key, j)) != NULL; j++) {
			put_keep(n, &s->collections[i], key);
		}
	}
}

/* --- the right to object, which has to stand apart (Art. 21(4) GDPR) ------------------------ */

void notice_put_objections(struct privacy_notice *n)
{
	const struct purposes *all = policy_purposes(n->policy);
	bool has_heading = false;

	for (size_t i = 0; i < all->n; i++) {
		const struct purpose *u = &all->v[i];

		if (u->objection == OBJECTION_NONE) {
			continue;
		}
		if (!has_heading) {
			notice_section(n, notice_in(n, "Your right to object", "您的反对权"), "21(4)",
				notice_in(n, "44", "第四十四条"));
			has_heading = true;
		}
		notice_item(n, name_of(n, u), u->objection == OBJECTION_ABSOLUTE ?
				notice_in(n, "You may object at any time, and it ends.", "您可随时反对，我们将停止处理。") :
				notice_in(n, "You may object, on grounds of your situation; it ends unless ours outweigh them.",
					"您可基于自身情况反对；除非我们有更重要的理由，否则将停止处理。"));
	}
}
