/* Letters: what each law demands of each is in it, in both languages, and nothing stays empty. */
#include "base/civil.h"
#include "check.h"
#include "policy/faults.h"
#include "policy/policy.h"
#include "privacy/letter.h"

static const char *shipped;
static struct policy *policy; /* with an organisation that has everything */

static const char whole[] =
	"laws: [gdpr, pipl]\n"
	"controller: {name: Example GmbH, address: 'Musterstraße 1, Berlin', contact: privacy@example.com}\n"
	"dpo: {name: Dr. Lind, contact: dpo@example.com}\n"
	"authority: {name: Berliner Beauftragte, contact: https://example.org}\n";

static void put(const char *dir, const char *name, const char *text)
{
	write_all(in_dir(dir, name), span_of((const uint8_t *)text, strlen(text)));
}

static const char *policies_with(const char *organisation)
{
	const char *dir = fresh_dir();
	char command[1024];

	snprintf(command, sizeof(command), "cd '%s' && cp -r schema.yaml purposes.yaml law letters '%s'",
		shipped, dir);
	assert_int_equal(system(command), 0);
	put(dir, "roles.yaml", "roles:\n  - {role: r, operations: [status]}\n");
	put(dir, "organisation.yaml", organisation);
	return dir;
}

static struct policy *load(const char *dir)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;
	struct cu_err err = { 0 };

	assert_ok(policy_load(dir, &faults, &p, &err), &err);
	return p;
}

/* Every value that a request can give, as text that is found again. */
static struct letter_order order(const char *law, enum request_type type, enum letter_kind kind,
	enum language language)
{
	static const char *const given[NLETTER_VALUES] = {
#define X(id, name, text, remedy) [LETTER_##id] = "<" name ">",
		LETTER_VALUES(X)
#undef X
	};
	struct letter_order o = { policy_find_law(policy, law), type, kind, language,
		civil_to_day((struct civil){ 2026, 3, 2 }), { NULL } };

	memcpy(o.given, given, sizeof(given));
	return o;
}

/* What a law's demand looks like in a finished letter. */
static const char *trace(const struct letter_order *o, enum letter_value v)
{
	enum language language = o->language;
	const struct law_request *q = law_find_request(o->law, o->type);

	switch (v) {
	case LETTER_REMEDIES: return o->law->remedies.in[language];
	case LETTER_RIGHT: return q->title.in[language];
	case LETTER_RIGHT_CITE: return q->cite.in[language];
	case LETTER_NOTICE_CITE: return q->recipients.in[language];
	default: return o->given[v];
	}
}

static unsigned check_demand(const struct law *law, const struct law_letter *need,
	enum request_type type, enum language language)
{
	struct letter_order o = order(law->key, type, (enum letter_kind)need->kind, language);
	struct buf subject = BUF_INIT, text = BUF_INIT;
	struct cu_err err = { 0 };

	assert_ok(letter_write(policy, &o, &subject, &text, &err), &err);
	for (size_t i = 0; i < need->needs.n; i++) {
		enum letter_value v;

		assert_true(letters_value_parse(need->needs.v[i], &v));
		if (!strstr(buf_cstr(&text), trace(&o, v))) {
			fail_msg("%s %s %s: no '%s' in:\n%s", law->key, law_request_word(type),
				law_letter_word(o.kind), trace(&o, v), buf_cstr(&text));
		}
	}
	buf_done(&subject);
	buf_done(&text);
	return (unsigned)need->needs.n;
}

static void every_letter_says_what_its_law_demands_for_each_request(void **state)
{
	static const char *const laws[] = { "gdpr", "pipl" };
	unsigned n = 0;

	(void)state;
	for (size_t l = 0; l < 2; l++) {
		const struct law *law = policy_find_law(policy, laws[l]);

		for (size_t k = 0; k < law->nletters; k++) {
			const struct law_letter *need = &law->letters[k];

			for (int type = 0; type < NREQUEST_TYPES; type++) {
				const char *word = law_request_word((enum request_type)type);
				bool is_extension = need->kind == LETTER_KIND_EXTEND &&
					!law_find_request(law, (enum request_type)type)->has_extension;

				if (!names_allow(&need->requests, word) || is_extension) {
					continue;
				}
				n += check_demand(law, need, (enum request_type)type, LANGUAGE_EN);
				n += check_demand(law, need, (enum request_type)type, LANGUAGE_ZH);
			}
		}
	}
	printf("%u demands\n", n);
	assert_true(n >= 100);
}

static void remedies_name_the_authority_and_the_court(void **state)
{
	static const char *const wanted[][3] = { { "gdpr", "Art. 77", "Art. 79" },
		{ "pipl", "Art. 65", "Art. 50" } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const char *text = policy_find_law(policy, wanted[i][0])->remedies.in[LANGUAGE_EN];

		assert_non_null(strstr(text, wanted[i][1]));
		assert_non_null(strstr(text, wanted[i][2]));
	}
}

/* What the laws demand, written down once more by article: the files may not forget it. */
static void the_laws_demand_what_their_articles_say(void **state)
{
	static const struct {
		const char *law;
		enum letter_kind kind;
		enum request_type type;
		const char *need;
	} wanted[] = {
		{ "gdpr", LETTER_KIND_EXTEND, REQUEST_ACCESS, "reasons" },        /* 12(3) */
		{ "gdpr", LETTER_KIND_EXTEND, REQUEST_ACCESS, "extended_due" },   /* 12(3) */
		{ "gdpr", LETTER_KIND_REFUSE, REQUEST_ERASURE, "reasons" },       /* 12(4) */
		{ "gdpr", LETTER_KIND_REFUSE, REQUEST_ERASURE, "remedies" },      /* 12(4) */
		{ "gdpr", LETTER_KIND_FULFIL, REQUEST_ACCESS, "enclosed" },       /* 15(3) */
		{ "gdpr", LETTER_KIND_FULFIL, REQUEST_ACCESS, "remedies" },       /* 15(1)(f) */
		{ "gdpr", LETTER_KIND_FULFIL, REQUEST_PORTABILITY, "enclosed" },  /* 20(1) */
		{ "gdpr", LETTER_KIND_FULFIL, REQUEST_RECTIFICATION, "recipients" }, /* 19 */
		{ "gdpr", LETTER_KIND_FULFIL, REQUEST_ERASURE, "recipients" },    /* 19 */
		{ "gdpr", LETTER_KIND_FULFIL, REQUEST_RESTRICTION, "recipients" }, /* 19 */
		{ "gdpr", LETTER_KIND_BACKUPS, REQUEST_ERASURE, "last_copy" },
		{ "gdpr", LETTER_KIND_NOTICE, REQUEST_RECTIFICATION, "whom" },    /* 19 */
		{ "gdpr", LETTER_KIND_NOTICE, REQUEST_ERASURE, "data" },          /* 19 */
		{ "gdpr", LETTER_KIND_NOTICE, REQUEST_RESTRICTION, "notice_cite" }, /* 19 */
		{ "pipl", LETTER_KIND_NOTICE, REQUEST_ERASURE, "whom" },
		{ "pipl", LETTER_KIND_REFUSE, REQUEST_ACCESS, "reasons" },        /* 50(1) */
		{ "pipl", LETTER_KIND_REFUSE, REQUEST_ACCESS, "remedies" },       /* 50(2), 65 */
		{ "pipl", LETTER_KIND_FULFIL, REQUEST_PORTABILITY, "enclosed" },  /* 45(3) */
		{ "pipl", LETTER_KIND_BACKUPS, REQUEST_ERASURE, "last_copy" },    /* 47(2) */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const struct law *law = policy_find_law(policy, wanted[i].law);
		bool is_there = false;

		for (size_t k = 0; k < law->nletters; k++) {
			const struct law_letter *need = &law->letters[k];

			is_there = is_there ||
				(need->kind == (int)wanted[i].kind &&
					names_allow(&need->requests,
						law_request_word(wanted[i].type)) &&
					names_allow(&need->needs, wanted[i].need));
		}
		if (!is_there) {
			fail_msg("%s does not demand %s (%zu)", wanted[i].law, wanted[i].need, i);
		}
	}
}

/* Every letter, law, request and language; each value in turn is taken away. */
static void no_letter_is_written_with_an_empty_placeholder(void **state)
{
	unsigned nrefused = 0;

	(void)state;
	for (int kind = 0; kind < NLETTER_KINDS; kind++) {
		for (int type = 0; type < NREQUEST_TYPES; type++) {
			for (int v = 0; v < NLETTER_VALUES; v++) {
				struct letter_order o = order("gdpr", (enum request_type)type,
					(enum letter_kind)kind, LANGUAGE_EN);
				struct buf subject = BUF_INIT, text = BUF_INIT;
				struct cu_err err = { 0 };
				int r;

				o.given[v] = v % 2 ? "" : NULL;
				r = letter_write(policy, &o, &subject, &text, &err);
				if (r == CU_ENOENT) {
					char name[40];

					snprintf(name, sizeof(name), "{%s} has no value: ",
						letters_value_name((enum letter_value)v));
					assert_non_null(strstr(err.msg, name));
					nrefused++;
				} else {
					assert_true(r == 0 || r == CU_EUNSUP);
					assert_null(strstr(buf_cstr(&text), "{"));
					assert_null(strstr(buf_cstr(&subject), "{"));
				}
				buf_done(&subject);
				buf_done(&text);
			}
		}
	}
	assert_true(nrefused > 150);
}

static void what_the_organisation_lacks_is_named_with_the_file_and_the_key(void **state)
{
	struct policy *before = policy;
	struct buf subject = BUF_INIT, text = BUF_INIT;
	struct letter_order o;
	struct cu_err err = { 0 };

	(void)state;
	policy = load(policies_with("laws: gdpr\ncontroller: {name: Example GmbH}\n"));
	o = order("gdpr", REQUEST_ERASURE, LETTER_KIND_ACKNOWLEDGE, LANGUAGE_EN);
	assert_ok(letter_write(policy, &o, &subject, &text, &err), &err);
	assert_null(strstr(buf_cstr(&text), "officer"));
	policy_unref(policy);

	buf_clear(&text);
	policy = load(policies_with("laws: gdpr\n"));
	o = order("gdpr", REQUEST_ERASURE, LETTER_KIND_ACKNOWLEDGE, LANGUAGE_EN);
	assert_fails(letter_write(policy, &o, &subject, &text, &err), CU_ENOENT, &err,
		"{controller} has no value: set 'controller' in organisation.yaml");
	assert_non_null(strstr(err.msg, "letters/acknowledge.yaml:"));
	policy_unref(policy);
	policy = before;
	buf_done(&subject);
	buf_done(&text);
}

static void a_law_without_extension_has_no_letter_for_it(void **state)
{
	struct letter_order o = order("pipl", REQUEST_ACCESS, LETTER_KIND_EXTEND, LANGUAGE_ZH);
	struct buf subject = BUF_INIT, text = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	assert_fails(letter_write(policy, &o, &subject, &text, &err), CU_EUNSUP, &err,
		"law/pipl.yaml: knows no extension for 'access'");
	o = order("gdpr", REQUEST_WITHDRAWAL, LETTER_KIND_EXTEND, LANGUAGE_ZH);
	assert_fails(letter_write(policy, &o, &subject, &text, &err), CU_EUNSUP, &err,
		"knows no extension for 'withdrawal'");
	buf_done(&subject);
	buf_done(&text);
}

static void a_refusal_in_chinese_reads_as_one(void **state)
{
	struct letter_order o = order("pipl", REQUEST_ERASURE, LETTER_KIND_REFUSE, LANGUAGE_ZH);
	struct buf subject = BUF_INIT, text = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	o.given[LETTER_PERSON] = "王小明女士";
	o.given[LETTER_REPRESENTED] = NULL;
	o.given[LETTER_NUMBER] = "17";
	o.given[LETTER_RECEIVED] = "2026年2月9日（星期一）";
	o.given[LETTER_REASONS] = "发票须依法保存十年（《会计档案管理办法》）";
	assert_ok(letter_write(policy, &o, &subject, &text, &err), &err);
	assert_string_equal(buf_cstr(&subject), "您的请求17：不予办理的说明");
	assert_string_equal(buf_cstr(&text),
		"王小明女士：\n\n"
		"我们于2026年2月9日（星期一）收到您的请求（删除，《个人信息保护法》第四十七条），对该请求的全部"
		"或者部分不予办理。\n\n"
		"理由如下：发票须依法保存十年（《会计档案管理办法》）。\n\n"
		"依法须保存的信息（如有）仅为该目的保存，除存储和采取必要的安全保护措施外不作其他处理。\n\n"
		"您可以向履行个人信息保护职责的部门投诉、举报（《个人信息保护法》第六十五条），也可以依法向人民法院"
		"提起诉讼（第五十条）。\n\n"
		"负责的主管机关：Berliner Beauftragte, https://example.org。\n\n"
		"如有疑问，请联系：privacy@example.com。\n\n"
		"个人信息保护负责人：Dr. Lind, dpo@example.com。\n\n"
		"Example GmbH，2026年3月2日（星期一）\n");
	buf_done(&subject);
	buf_done(&text);
}

/* A letter that forgets what a law demands does not get as far as a person. */
static void a_letter_that_lacks_a_demand_is_a_fault_of_the_policies(void **state)
{
	static const char *const broken[][2] = {
		{ "letter: refuse\nsubject: {en: e, zh: z}\nparagraphs:\n"
		  "  - text: {en: '{reasons}', zh: '{reasons}{remedies}'}\n"
		  "  - {optional: yes, text: {en: '{remedies}', zh: z}}\n",
			"letters/refuse.yaml:1: access: does not say {remedies} (en) as law/gdpr.yaml "
			"demands: GDPR Art. 12(4)" },
		{ "letter: extend\nsubject: {en: e, zh: z}\nparagraphs: []\n",
			"letters/refuse.yaml:1: letter: is not 'refuse', as the file's name says" },
		{ "letter: refuse\nsubject: {en: '{reason}', zh: z}\nparagraphs: []\n",
			"letters/refuse.yaml:2: en: '{reason}' has a brace that is no {placeholder} of README.md" },
		{ "letter: refuse\nsubject: {en: e, zh: z}\nparagraphs:\n"
		  "  - {requests: [deletion], text: {en: e, zh: z}}\n",
			"letters/refuse.yaml:4: requests: 'deletion' is no request" },
		{ "letter: refuse\nsubject: {en: e, zh: z}\nparagraphs:\n"
		  "  - {laws: [ccpa], text: {en: e, zh: z}}\n"
		  "  - text: {en: '{reasons}{remedies}', zh: '{reasons}{remedies}'}\n",
			"letters/refuse.yaml:4: laws: there is no law/ccpa.yaml" },
	};
	const char *dir = policies_with(whole);

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct faults faults = FAULTS_INIT;
		struct policy *p = NULL;

		put(dir, "letters/refuse.yaml", broken[i][0]);
		assert_int_equal(policy_load(dir, &faults, &p, NULL), CU_EINVAL);
		assert_string_equal(faults.text[0], broken[i][1]);
		faults_done(&faults);
	}
}

/* It is written before what it tells is done, and dated when it is sent. */
static void a_letter_that_was_left_open_is_dated_when_it_is_sent(void **state)
{
	static const char *const days[] = { "Thursday 5 March 2026", "2026年3月5日" };

	(void)state;
	for (int in = 0; in < NLANGUAGES; in++) {
		struct letter_order o = order("gdpr", REQUEST_ERASURE, LETTER_KIND_NOTICE,
			(enum language)in);
		struct buf subject = BUF_INIT, text = BUF_INIT, dated = BUF_INIT;
		struct cu_err err = { 0 };

		o.today = CIVIL_NO_DAY;
		o.given[LETTER_WHOM] = "Bobby {name}"; /* what people are called is no placeholder */
		assert_ok(letter_write(policy, &o, &subject, &text, &err), &err);
		assert_non_null(strstr(buf_cstr(&text), "{today}"));
		assert_ok(letter_date(buf_span(&text), (enum language)in,
				  civil_to_day((struct civil){ 2026, 3, 5 }), &dated, &err),
			&err);
		assert_null(strstr(buf_cstr(&dated), "{today}"));
		assert_non_null(strstr(buf_cstr(&dated), days[in]));
		assert_non_null(strstr(buf_cstr(&dated), "Bobby {name}"));
		buf_done(&subject);
		buf_done(&text);
		buf_done(&dated);
	}
}

static int set_up(void **state)
{
	if (make_tmp(state) < 0) {
		return -1;
	}
	policy = load(policies_with(whole));
	return 0;
}

static int tear_down(void **state)
{
	policy_unref(policy);
	return drop_tmp(state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_letter_says_what_its_law_demands_for_each_request),
		cmocka_unit_test(remedies_name_the_authority_and_the_court),
		cmocka_unit_test(the_laws_demand_what_their_articles_say),
		cmocka_unit_test(no_letter_is_written_with_an_empty_placeholder),
		cmocka_unit_test(a_letter_that_was_left_open_is_dated_when_it_is_sent),
		cmocka_unit_test(what_the_organisation_lacks_is_named_with_the_file_and_the_key),
		cmocka_unit_test(a_law_without_extension_has_no_letter_for_it),
		cmocka_unit_test(a_refusal_in_chinese_reads_as_one),
		cmocka_unit_test(a_letter_that_lacks_a_demand_is_a_fault_of_the_policies),
	};

	shipped = argc > 1 ? argv[1] : "policies";
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
