/* A privacy notice: what each article asks for is there, or is named as a gap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "policy/faults.h"
#include "policy/policy.h"
#include "privacy/notice.h"

static const char *shipped; /* the policies' folder */
static char own[] = "/tmp/custos-notice-XXXXXX";

static const struct policy *load(const char *from)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;
	struct cu_err err;

	if (policy_load(from, &faults, &p, &err) < 0) {
		fail_msg("%s: %s", err.msg, faults.n > 0 ? faults.text[0] : "");
	}
	faults_done(&faults);
	return p;
}

static void put_file(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", own, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* The shipped set, with what is asked for in a notice filled in; more of purposes.yaml at its end. */
static void make_own(const char *organisation, const char *more)
{
	char command[600], text[2000];

	snprintf(command, sizeof(command), "rm -rf %s && cp -r %s %s", own, shipped, own);
	assert_int_equal(system(command), 0);
	put_file("organisation.yaml", organisation);
	snprintf(text, sizeof(text), "purposes:\n  - purpose: contract\n    text: Selling <tables>.\n    told: {zh: 销售。}\n"
		"    use: essential.service\n    basis: contract\n    special_basis: health_care\n    data: [profile]\n"
		"    required: {en: The contract needs it., zh: 合同所必需。}\n    source: {en: From you., zh: 由您提供。}\n"
		"    decisions: {en: None., zh: 无。}\n%s", more);
	put_file("purposes.yaml", text);
	put_file("roles.yaml", "roles:\n  - {role: admin, text: A., operations: [status]}\noperators:\n  - {uid: 0, roles: [admin]}\n");
	put_file("duties.yaml", "duties: []\n");
	put_file("schema.yaml", "collections:\n  - collection: profile\n    text: Who.\n    category: user\n    level: confidential\n"
		"    anchor: activity\n    fields:\n      - {field: full_name, type: text, max: 400, category: user.name}\n"
		"      - {field: illness, type: text, max: 400, category: user.health.condition}\n");
	put_file("retention.yaml", "access_journal: 2y\nrules:\n  - {collection: profile, keep: 3y, reason: 'x'}\n"
		"minimums:\n  - {collection: profile, keep: 2y, citation: 'Act 7'}\n");
}

#define WHO \
	"controller: {name: 'Muster & Co', address: Berlin, contact: privacy@muster.example}\n" \
	"dpo: {name: Erika, contact: dpo@muster.example}\n" \
	"authority: {name: The Commissioner, contact: 'https://authority.example'}\n"
#define GDPR "laws: [gdpr]\ncountry: none\ntime_zone: UTC\nlanguage: en\n"
#define BOTH "laws: [gdpr, pipl]\ncountry: none\ntime_zone: UTC\nlanguage: en\n"

static char *write_it(const char *from, enum language language, enum notice_form f, size_t *ret_gaps)
{
	const struct policy *p = load(from);
	struct privacy_notice n;
	struct buf to = BUF_INIT;
	struct cu_err err;
	char *text;

	assert_int_equal(privacy_notice_make(p, language, 20000, &n, &err), 0);
	assert_int_equal(privacy_notice_write(&n, f, &to, &err), 0);
	text = strdup(buf_cstr(&to));
	*ret_gaps = n.ngaps;
	privacy_notice_done(&n);
	buf_done(&to);
	policy_unref((struct policy *)(uintptr_t)p);
	return text;
}

static void expect_all(const char *text, const char *const parts[])
{
	for (size_t i = 0; parts[i]; i++) {
		if (!strstr(text, parts[i])) {
			fail_msg("'%s' is not in:\n%s", parts[i], text);
		}
	}
}
#define EXPECT(text, ...) expect_all(text, (const char *const[]){ __VA_ARGS__, NULL })

static void each_element_of_articles_13_and_14_is_there(void **state)
{
	size_t ngaps;
	char *text;

	(void)state;
	make_own(GDPR WHO, "  - purpose: post\n    text: Sending catalogues.\n    use: marketing.communications\n"
		"    basis: legitimate_interests\n    data: [profile.full_name]\n    interests: {en: Selling., zh: 销售。}\n"
		"    source: {en: From a dealer., zh: 经销商。}\n    decisions: {en: None., zh: 无。}\n    recipients: [printer]\n"
		"    told: {zh: 邮寄。}\n"
		"recipients:\n  - {recipient: printer, text: Who prints., told: {zh: 印刷厂}, country: US, transfer: clauses}\n");
	text = write_it(own, LANGUAGE_EN, NOTICE_AS_TEXT, &ngaps);
	assert_int_equal(ngaps, 0);
	assert_null(strstr(text, "draft"));
	assert_null(strstr(text, "PIPL"));
	EXPECT(text, "Privacy notice\n", "13(1)(a)", "Muster & Co, Berlin, privacy@muster.example", /* who */
		"13(1)(b)", "Erika, dpo@muster.example",                                      /* the officer */
		"13(1)(c)", "Selling <tables>.: a contract with you, or steps before one, Art. 6(1)(b) GDPR", /* bases */
		"13(1)(d)", "Sending catalogues.: Selling.",                                  /* interests */
		"14(1)(d)", "Sending catalogues.: profile",                                   /* categories */
		"13(1)(e)", "Who prints.: US; the transfer rests on standard contractual clauses. Ask us for a copy",
		"13(2)(a)", "profile: 3 years after the last activity; a law wants it kept for 2 years (Act 7)",
		"13(2)(b)", "- access: GDPR Art. 15", "- erasure: GDPR Art. 17", "- data portability: GDPR Art. 20",
		"A consent can be withdrawn at any time",                                     /* 13(2)(c) */
		"13(2)(d)", "Authority: The Commissioner, https://authority.example", "GDPR Art. 77",
		"13(2)(e)", "Selling <tables>.: The contract needs it.",                      /* required */
		"13(2)(f)", "None.",                                                          /* decisions */
		"14(2)(f)", "Sending catalogues.: From a dealer.",                            /* source */
		"21(4)", "Sending catalogues.: You may object at any time, and it ends.");
	free(text);
}

static void each_element_of_article_17_is_there_in_chinese(void **state)
{
	size_t ngaps;
	char *text;

	(void)state;
	make_own("laws: [pipl]\ncountry: none\ntime_zone: UTC\nlanguage: zh\n" WHO,
		"    necessity: {en: To deliver., zh: 为送货所必需，影响很小。}\n"
		"    recipients: [printer]\nrecipients:\n"
		"  - {recipient: printer, text: Who prints., told: {zh: 印刷厂}, country: CN, contact: 北京印刷厂 010-1}\n");
	text = write_it(own, LANGUAGE_ZH, NOTICE_AS_TEXT, &ngaps);
	assert_null(strstr(text, "GDPR 第"));
	EXPECT(text, "个人信息保护告知书", "第十七条第一款第一项", "Muster & Co, Berlin, privacy@muster.example", /* 名称、联系方式 */
		"第十七条第一款第二项", "销售。: 订立、履行您作为一方当事人的合同所必需，《个人信息保护法》第十三条第一款第二项", /* 目的 */
		"处理的个人信息种类", "销售。: 个人资料",                                          /* 种类 */
		"保存期限", "个人资料: 3年（自最近一次活动起算）",
		"第三十条", "为送货所必需，影响很小。",                                             /* 敏感个人信息 */
		"第二十三条", "印刷厂: 北京印刷厂 010-1, CN",                                       /* 接收方 */
		"第十七条第一款第三项", "查阅、复制: 《个人信息保护法》第四十五条", "可随时撤回同意",    /* 权利的方式和程序 */
		"第二十四条", "第六十五条", "第五十二条");
	assert_int_equal(ngaps, 0);
	free(text);
}

static void what_the_policies_do_not_say_is_a_gap_and_no_blank(void **state)
{
	size_t ngaps, more;
	char *text;

	(void)state;
	text = write_it(shipped, LANGUAGE_EN, NOTICE_AS_TEXT, &ngaps);
	EXPECT(text, "Privacy notice: a draft", "Not finished: the policies do not say this yet",
		"- organisation.yaml: controller", "- organisation.yaml: authority",
		"- retention.yaml: until when profile is kept", "- purposes.yaml: contract: decisions",
		"- purposes.yaml: the country of the recipient mailing",
		"- purposes.yaml: analytics: Art. 13 PIPL knows no basis 'legitimate_interests'");
	assert_true(ngaps > 20);
	assert_null(strstr(text, "()"));
	assert_null(strstr(text, ": \n"));
	free(text);

	make_own(BOTH WHO, "");
	text = write_it(own, LANGUAGE_EN, NOTICE_AS_TEXT, &ngaps);
	EXPECT(text, "purposes.yaml: contract: necessity"); /* illness is sensitive */
	free(text);
	make_own(BOTH WHO, "  - purpose: other\n    text: Only in English.\n    use: essential.service\n    basis: vital_interests\n"
		"    data: [profile.full_name]\n");
	text = write_it(own, LANGUAGE_ZH, NOTICE_AS_TEXT, &more);
	EXPECT(text, "个人信息保护告知书（草稿）", "请勿以此版本发布", "purposes.yaml：other：told：缺少中文说明");
	assert_true(more > ngaps);
	free(text);
}

static void each_form_says_the_same_and_escapes_it(void **state)
{
	size_t ngaps;
	char *html, *md;

	(void)state;
	make_own(BOTH WHO, "");
	html = write_it(own, LANGUAGE_EN, NOTICE_AS_HTML, &ngaps);
	md = write_it(own, LANGUAGE_EN, NOTICE_AS_MD, &ngaps);
	EXPECT(html, "<html lang=\"en\">", "Selling &lt;tables&gt;.", "Muster &amp; Co", "<dl class=\"told\">", "class=\"draft\"",
		"<li>purposes.yaml: contract: necessity (Sensitive data: why it is needed, and what it means for you)</li>",
		"<p>Missing: see above.</p>");
	EXPECT(md, "# Privacy notice: a draft", "\n## Who we are\n\n*Art. 13(1)(a), 14(1)(a) GDPR; Art. 17(1)(1) PIPL*\n",
		"- **Selling \\<tables\\>.** a contract with you");
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "<tables>"));
	free(html);
	free(md);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_element_of_articles_13_and_14_is_there),
		cmocka_unit_test(each_element_of_article_17_is_there_in_chinese),
		cmocka_unit_test(what_the_policies_do_not_say_is_a_gap_and_no_blank),
		cmocka_unit_test(each_form_says_the_same_and_escapes_it),
	};
	char command[80];
	int r;

	if (argc != 2 || !mkdtemp(own)) {
		fprintf(stderr, "usage: test_notice POLICIES\n");
		return 64;
	}
	shipped = argv[1];
	r = cmocka_run_group_tests_name("notice", tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", own);
	(void)!system(command);
	return r;
}
