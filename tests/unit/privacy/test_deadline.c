/* Due days, by the hand-worked cases of tests/data/deadlines/cases.txt. */
#include "base/civil.h"
#include "base/zone.h"
#include "check.h"
#include "policy/faults.h"
#include "policy/policy.h"
#include "privacy/deadline.h"

#define CASES      "tests/data/deadlines/cases.txt"
#define CASES_MIN  120
#define MAX_PAUSES 4

static struct policy *policy;
static const char *shipped;

/* --- one line ---------------------------------------------------------------------- */

struct worked {
	unsigned line;
	char law[16], request[16], calendar[16], received[64];
	struct deadline_pause pauses[MAX_PAUSES];
	struct deadline_facts facts;
	char *wanted; /* what stands behind "=>" */
};

static int32_t day_of(unsigned line, const char *text)
{
	int32_t day = 0;

	if (strlen(text) != 10 || !civil_parse_day(text, &day)) {
		fail_msg(CASES ":%u: '%s' is no day", line, text);
	}
	return day;
}

/* "2026-03-31", or a time and the zone that it is read in. */
static int32_t read_received(const struct worked *w)
{
	const char *at = strchr(w->received, '@');
	char time[CIVIL_TIME_SIZE];
	int64_t ms;

	if (!at) {
		return day_of(w->line, w->received);
	}
	snprintf(time, sizeof(time), "%s", w->received);
	assert_true(zone_is_known(at + 1));
	if (!civil_parse_time(time, &ms)) {
		fail_msg(CASES ":%u: '%s' is no time", w->line, w->received);
	}
	zone_use(at + 1);
	return zone_day_of_ms(ms);
}

static void read_fact(struct worked *w, char *fact)
{
	char *value = strchr(fact, '=');

	if (strcmp(fact, "extended") == 0) {
		w->facts.is_extended = true;
		return;
	}
	if (!value) {
		fail_msg(CASES ":%u: what is '%s'?", w->line, fact);
		return;
	}
	*value++ = '\0';
	if (strcmp(fact, "today") == 0) {
		w->facts.today = day_of(w->line, value);
	} else if (strcmp(fact, "told") == 0) {
		w->facts.is_extended = true;
		w->facts.extension_told = day_of(w->line, value);
	} else if (strcmp(fact, "pause") == 0 && w->facts.npauses < MAX_PAUSES) {
		struct deadline_pause *p = &w->pauses[w->facts.npauses++];
		char *to = strstr(value, "..");

		assert_non_null(to);
		*to = '\0';
		p->from = day_of(w->line, value);
		p->to = to[2] ? day_of(w->line, to + 2) : CIVIL_NO_DAY;
	} else {
		fail_msg(CASES ":%u: what is '%s'?", w->line, fact);
	}
}

static void read_case(struct worked *w, char *line)
{
	char *arrow = strstr(line, "=>"), *why = strstr(line, " # "), *save = NULL;
	int used = 0;

	if (!arrow) {
		fail_msg(CASES ":%u: no '=>'", w->line);
		return;
	}
	if (why) {
		*why = '\0';
	}
	*arrow = '\0';
	w->wanted = arrow + 2;
	if (sscanf(line, "%15s %15s %15s %63s%n", w->law, w->request, w->calendar, w->received,
		    &used) != 4) {
		fail_msg(CASES ":%u: not four words", w->line);
	}
	if (strcmp(w->request, "breach") == 0) {
		return;
	}
	w->facts.received = w->facts.today = read_received(w);
	w->facts.extension_told = CIVIL_NO_DAY;
	for (char *f = strtok_r(line + used, " ", &save); f; f = strtok_r(NULL, " ", &save)) {
		read_fact(w, f);
	}
	w->facts.pauses = w->pauses;
}

/* --- what came out ----------------------------------------------------------------- */

static unsigned nwrong;

static void wrong(const struct worked *w, const char *what, const char *wanted, const char *got)
{
	fprintf(stderr, CASES ":%u: %s %s: %s is '%s' instead of '%s'\n", w->line, w->law,
		w->received, what, got, wanted);
	nwrong++;
}

static void expect_day(const struct worked *w, const char *what, const char *wanted, int32_t got)
{
	char text[CIVIL_DAY_SIZE] = "none";

	if (got != CIVIL_NO_DAY) {
		civil_format_day(got, text);
	}
	if (strcmp(text, wanted) != 0) {
		wrong(w, what, wanted, text);
	}
}

static void expect_flag(const struct worked *w, const char *what, bool wanted, bool got)
{
	if (wanted != got) {
		wrong(w, what, wanted ? "yes" : "no", got ? "yes" : "no");
	}
}

static void expect(const struct worked *w, const struct deadline *d)
{
	bool is_void = false, is_untold = false, is_open = false;
	char *save = NULL, number[16];

	for (char *at = strtok_r(w->wanted, " ", &save); at; at = strtok_r(NULL, " ", &save)) {
		if (strncmp(at, "due=", 4) == 0) {
			expect_day(w, "due", at + 4, d->due);
		} else if (strncmp(at, "ext=", 4) == 0) {
			expect_day(w, "ext", at + 4, d->extended_due);
		} else if (strncmp(at, "tell=", 5) == 0) {
			expect_day(w, "tell", at + 5, d->tell_by);
		} else if (strncmp(at, "refuse=", 7) == 0) {
			expect_day(w, "refuse", at + 7, d->refuse_by);
		} else if (strncmp(at, "confirm=", 8) == 0) {
			expect_day(w, "confirm", at + 8, d->confirm_by);
		} else if (strncmp(at, "paused=", 7) == 0) {
			snprintf(number, sizeof(number), "%d", (int)d->paused_days);
			if (strcmp(number, at + 7) != 0) {
				wrong(w, "paused", at + 7, number);
			}
		} else {
			is_void = is_void || strcmp(at, "void") == 0;
			is_untold = is_untold || strcmp(at, "untold") == 0;
			is_open = is_open || strcmp(at, "open") == 0;
		}
	}
	expect_flag(w, "void", is_void, d->is_extension_void);
	expect_flag(w, "untold", is_untold, d->is_extension_untold);
	expect_flag(w, "open", is_open, d->is_paused);
}

/* --- requests and breaches --------------------------------------------------------- */

static void compute(const struct worked *w, enum language language, struct deadline *ret,
	struct buf *derivation)
{
	const struct law *law = policy_find_law(policy, w->law);
	const struct holidays *calendar = policy_find_calendar(policy, w->calendar);
	const char *fails = strstr(w->wanted, "fails=");
	enum request_type type;
	struct cu_err err = { 0 };
	int r;

	if (!law || !calendar || !law_request_parse(w->request, &type)) {
		fail_msg(CASES ":%u: no such law, calendar or request", w->line);
		return;
	}
	r = deadline_compute(law, type, &w->facts, calendar, language, ret, derivation, &err);
	if (!fails && r < 0) {
		wrong(w, "outcome", w->wanted, err.msg);
	} else if (fails && (r == 0 || !strstr(err.msg, fails + 6))) {
		wrong(w, "outcome", fails, r == 0 ? "a day" : err.msg);
	} else if (r == 0 && language == LANGUAGE_EN) {
		expect(w, ret);
	}
}

/* A derivation ends with what came out, and every placeholder has its value. */
static void check_derivation(const struct worked *w, const struct deadline *d,
	enum language language, struct buf *derivation)
{
	struct civil c = civil_of_day(d->due);
	const char *text = buf_cstr(derivation);
	char last[32];

	if (language == LANGUAGE_ZH) {
		snprintf(last, sizeof(last), "截止：%d年%d月%d日", c.year, c.month, c.day);
	} else {
		snprintf(last, sizeof(last), "Due by the end of ");
	}
	if (!strstr(text, last) || strchr(text, '{') || text[strlen(text) - 1] != '\n') {
		wrong(w, "derivation", last, text);
	}
}

static void run_request(const struct worked *w)
{
	for (int language = 0; language < NLANGUAGES; language++) {
		struct deadline d = { .due = CIVIL_NO_DAY };
		struct buf derivation = BUF_INIT;

		compute(w, (enum language)language, &d, &derivation);
		if (d.due != CIVIL_NO_DAY) {
			check_derivation(w, &d, (enum language)language, &derivation);
		}
		buf_done(&derivation);
	}
}

static void run_breach(const struct worked *w)
{
	const struct law *law = policy_find_law(policy, w->law);
	int to = strcmp(w->calendar, "authority") == 0 ? LAW_AUTHORITY : LAW_SUBJECTS;
	const char *wanted = strstr(w->wanted, "until=");
	char until[CIVIL_TIME_SIZE] = "nobody", cut[CIVIL_TIME_SIZE];
	int64_t ms;

	assert_non_null(law);
	assert_non_null(wanted);
	assert_true(civil_parse_time(w->received, &ms));
	for (size_t i = 0; i < law->nbreaches; i++) {
		if (law->breaches[i].to == to) {
			civil_format_time(deadline_breach_ms(&law->breaches[i], ms), until);
		}
	}
	snprintf(cut, sizeof(cut), "%s", wanted + strlen("until="));
	if (strcmp(cut, until) != 0) {
		wrong(w, "until", cut, until);
	}
}

static void every_case_worked_by_hand_comes_out(void **state)
{
	char line[512];
	FILE *f = fopen(CASES, "r");
	unsigned n = 0, number = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		struct worked w = { .line = ++number };

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0') {
			continue;
		}
		read_case(&w, line);
		if (strcmp(w.request, "breach") == 0) {
			run_breach(&w);
		} else {
			run_request(&w);
		}
		n++;
	}
	fclose(f);
	zone_use("UTC");
	printf("%u cases, %u wrong\n", n, nwrong);
	assert_int_equal(nwrong, 0);
	assert_true(n >= CASES_MIN);
}

/* --- derivations, word for word ---------------------------------------------------- */

static void expect_text(const char *law, const char *calendar, enum request_type type,
	const struct deadline_facts *facts, enum language language, const char *wanted)
{
	struct buf text = BUF_INIT;
	struct deadline d;
	struct cu_err err = { 0 };

	assert_ok(deadline_compute(policy_find_law(policy, law), type, facts,
			  policy_find_calendar(policy, calendar), language, &d, &text, &err),
		&err);
	assert_string_equal(buf_cstr(&text), wanted);
	buf_done(&text);
}

static struct deadline_facts received(const char *day)
{
	int32_t d = day_of(0, day);

	return (struct deadline_facts){ .received = d, .today = d,
		.extension_told = CIVIL_NO_DAY };
}

static void a_derivation_can_be_followed_with_law_and_calendar_in_hand(void **state)
{
	struct deadline_facts facts = received("2026-01-31");

	(void)state;
	expect_text("gdpr", "de", REQUEST_ACCESS, &facts, LANGUAGE_EN,
		"Received on Saturday 31 January 2026. That day does not count (Reg. 1182/71 Art. 3(1)).\n"
		"1 calendar month (GDPR Art. 12(3)): that month has no day 31, so its last day, "
		"Saturday 28 February 2026 (Reg. 1182/71 Art. 3(2)(c)).\n"
		"Saturday 28 February 2026 is no working day (Saturday): to the next one, Monday 2 March "
		"2026 (Reg. 1182/71 Art. 3(4)).\n"
		"It may be extended by 2 calendar months, to Thursday 30 April 2026, if the person is "
		"told so with reasons by Monday 2 March 2026 (GDPR Art. 12(3), second and third "
		"sentence).\n"
		"A refusal is told, with reasons, by Monday 2 March 2026, also after an extension (GDPR "
		"Art. 12(4)).\n"
		"Due by the end of Monday 2 March 2026.\n");
}

static void a_derivation_lists_what_a_wall_calendar_does_not_show(void **state)
{
	struct deadline_facts facts = received("2026-09-18");

	(void)state;
	expect_text("pipl", "cn", REQUEST_ERASURE, &facts, LANGUAGE_ZH,
		"收到日期：2026年9月18日（星期五），当日不计入（《民法典》第二百零一条）。\n"
		"即刻：法定保存期限未届满或者删除在技术上难以实现的，停止除存储和采取必要的安全保护措施之外的处理（"
		"《个人信息保护法》第四十七条第二款）。\n"
		"即刻确认收到（《网络数据安全管理条例》第二十三条：应当及时受理）。\n"
		"15个工作日（《App违法违规收集使用个人信息行为认定方法》第六条第三项）：至2026年10月15日（星期四）"
		"。\n"
		"调休上班，计入：2026年9月20日（星期日）。\n"
		"周末之外不计入：2026年9月25日（星期五）至2026年9月27日（星期日）（中秋节）。\n"
		"周末之外不计入：2026年10月1日（星期四）至2026年10月7日（星期三）（国庆节）。\n"
		"调休上班，计入：2026年10月10日（星期六）。\n"
		"30日（GB/T 35273-2020 第8.7条）：至2026年10月18日（星期日）。\n"
		"以上期限均适用，最早者为2026年10月15日（星期四）。\n"
		"拒绝的，无论是否延长，均须于2026年10月15日（星期四）前（含当日）告知并说明理由（"
		"《个人信息保护法》第五十条）。\n"
		"截止：2026年10月15日（星期四）终了。\n");
}

static void a_derivation_tells_pauses_and_what_became_of_an_extension(void **state)
{
	struct deadline_pause pause = { day_of(0, "2026-03-05"), day_of(0, "2026-03-10") };
	struct deadline_facts facts = received("2026-03-03");

	(void)state;
	facts.pauses = &pause;
	facts.npauses = 1;
	facts.is_extended = true;
	facts.extension_told = day_of(0, "2026-04-09");
	expect_text("gdpr", "de", REQUEST_WITHDRAWAL, &facts, LANGUAGE_EN,
		"Received on Tuesday 3 March 2026.\n"
		"At once: what rests on this consent ends (GDPR Art. 7(3)).\n"
		"No period: the day itself, Tuesday 3 March 2026 (GDPR Art. 7(3): withdrawing is as easy "
		"as giving; no period is granted).\n"
		"This law knows no extension here: none counts.\n"
		"Due by the end of Tuesday 3 March 2026.\n");
	expect_text("gdpr", "de", REQUEST_PORTABILITY, &facts, LANGUAGE_EN,
		"Received on Tuesday 3 March 2026. That day does not count (Reg. 1182/71 Art. 3(1)).\n"
		"1 calendar month (GDPR Art. 12(3)): to Friday 3 April 2026.\n"
		"The person was asked on Thursday 5 March 2026 and answered on Tuesday 10 March 2026; not "
		"counted: 5 days (GDPR Art. 12(6); EDPB Guidelines 01/2022, para. 159).\n"
		"With the days that are not counted: to Wednesday 8 April 2026.\n"
		"With the extension by 2 calendar months (GDPR Art. 12(3), second and third sentence), "
		"counted from receipt:\n"
		"3 calendar months (GDPR Art. 12(3)): to Wednesday 3 June 2026.\n"
		"The person was asked on Thursday 5 March 2026 and answered on Tuesday 10 March 2026; not "
		"counted: 5 days (GDPR Art. 12(6); EDPB Guidelines 01/2022, para. 159).\n"
		"With the days that are not counted: to Monday 8 June 2026.\n"
		"The person was told on Thursday 9 April 2026, too late: by Wednesday 8 April 2026 was "
		"the last day. The extension does not count (GDPR Art. 12(3), second and third "
		"sentence).\n"
		"A refusal is told, with reasons, by Wednesday 8 April 2026, also after an extension (GDPR "
		"Art. 12(4)).\n"
		"Due by the end of Wednesday 8 April 2026.\n");
}

/* --- properties -------------------------------------------------------------------- */

/* Ten years of days: never on a day off, never more than four days late for weekends and
 * holidays, and never earlier for a later receipt. */
static void days_of_receipt_keep_their_order(void **state)
{
	static const char *const calendars[] = { "none", "de", "fr", "ie" };
	const struct law *law = policy_find_law(policy, "gdpr");

	(void)state;
	for (size_t i = 0; i < sizeof(calendars) / sizeof(calendars[0]); i++) {
		const struct holidays *h = policy_find_calendar(policy, calendars[i]);
		struct deadline before = { .due = 0 };

		for (int32_t day = day_of(0, "2024-01-01"); day < day_of(0, "2034-01-01"); day++) {
			struct deadline_facts facts = { .received = day, .today = day,
				.extension_told = CIVIL_NO_DAY };
			struct deadline d;
			struct cu_err err = { 0 };

			assert_ok(deadline_compute(law, REQUEST_ACCESS, &facts, h, LANGUAGE_EN, &d,
					  NULL, &err),
				&err);
			assert_true(d.due >= before.due && d.extended_due >= before.extended_due);
			assert_true(d.due - civil_add_months(day, 1, NULL) <= 4);
			assert_true(d.extended_due > d.due);
			before = d;
		}
	}
}

static int set_up(void **state)
{
	struct faults faults = FAULTS_INIT;

	(void)state;
	return policy_load(shipped, &faults, &policy, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	policy_unref(policy);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_worked_by_hand_comes_out),
		cmocka_unit_test(a_derivation_can_be_followed_with_law_and_calendar_in_hand),
		cmocka_unit_test(a_derivation_lists_what_a_wall_calendar_does_not_show),
		cmocka_unit_test(a_derivation_tells_pauses_and_what_became_of_an_extension),
		cmocka_unit_test(days_of_receipt_keep_their_order),
	};

	shipped = argc > 1 ? argv[1] : "policies";
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
