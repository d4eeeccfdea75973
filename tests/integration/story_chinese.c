/* custosctl and custosd speak Chinese with whoever reads it, and English with everybody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/text.h"
#include "stage.h"

#define LETTER "请删除我的个人信息。\n王小明\n"

/* custosctl with LANG=zh_CN.UTF-8, which a bare Debian has not generated. */
static void chinese_input(struct stage *st, enum who who, const char *input, const char *const args[])
{
	char program[192], socket_option[192];
	const char *argv[24] = { "env", "-u", "LC_ALL", "-u", "LANGUAGE", "LANG=zh_CN.UTF-8", "NO_COLOR=1",
		stage_program("custosctl", program), socket_option };
	const struct run_options o = { .uid = stage_has_roles() ? stage_uid(who) : RUN_SAME_UID,
		.input = input, .ninput = input ? strlen(input) : 0 };
	size_t n = 9;

	snprintf(socket_option, sizeof(socket_option), "--socket=%s", st->socket);
	for (size_t i = 0; args[i]; i++) {
		argv[n++] = args[i];
	}
	ran_done(&st->last);
	run(&o, argv, &st->last);
}

#define chinese(st, who, ...) \
	chinese_input(st, who, NULL, (const char *const[]){ __VA_ARGS__, NULL })

static void assert_says(const struct stage *st, const char *text)
{
	if (!strstr(st->last.out, text) && !strstr(st->last.err, text)) {
		fail_msg("'%s' is not in: %s%s", text, st->last.out, st->last.err);
	}
}

static void open_request(struct stage *st)
{
	char received[40], day[CIVIL_DAY_SIZE];

	civil_format_day((int32_t)(time(NULL) / 86400) - 3, day);
	snprintf(received, sizeof(received), "--received=%s", day);
	chinese_input(st, AS_PRIVACY, LETTER,
		(const char *const[]){ "request", "open", "erasure", received, "--law=gdpr",
			"--channel=letter", NULL });
	stage_expect(st, 0);
}

/* --- what is shown ---------------------------------------------------------------------- */

static void a_request_is_led_through_in_chinese(void **state)
{
	struct stage *st = *state;

	open_request(st);
	assert_says(st, "请求事项");
	assert_says(st, "已收到");
	assert_says(st, "现在要做的：custosctl request next 1");

	chinese(st, AS_PRIVACY, "request", "next", "1");
	stage_expect(st, 0);
	assert_says(st, "查明是谁的数据。");
	assert_says(st, "custosctl request identify 1 <该个人的标识>");
	assert_says(st, "理由：");

	chinese(st, AS_PRIVACY, "request", "clock", "1");
	stage_expect(st, 0);
	assert_says(st, "《通用数据保护条例》第12条第3款");
}

static void what_is_refused_is_refused_in_chinese(void **state)
{
	struct stage *st = *state;

	chinese(st, AS_PRIVACY, "request", "show", "7"); /* by custosd */
	stage_expect(st, 66);
	assert_string_equal(st->last.err, "custosctl: 没有此编号的请求：“request list”\n");
	chinese(st, AS_PRIVACY, "request", "shwo", "7"); /* by custosctl */
	stage_expect(st, 64);
	assert_says(st, "是否指 “request show”？");
	chinese(st, AS_PRIVACY, "request", "duplicate", "1", "--of=9"); /* by the writer's thread */
	assert_int_not_equal(st->last.status, 0);
	assert_says(st, "请求");
	chinese(st, AS_PRIVACY, "subject", "get", "0123456789abcdef0123456789abcdef", "--purpose=" STAGE_PURPOSE);
	assert_int_not_equal(st->last.status, 0);
	assert_says(st, "没有这个个人信息主体");
}

/* By custos-intake, which is told the language with its plan. */
static void rows_that_cannot_be_taken_say_why_in_chinese(void **state)
{
	struct stage *st = *state;
	const char *map = stage_text(st, "map.yaml",
		"source: crm\nsubject: {kind: person, key: id}\n"
		"records:\n  - collection: profile\n    fields: {full_name: name}\n"),
		   *rows = stage_text(st, "rows.csv", "id,name\n1,王小明\n2,李华,多余\n3,\"a\"b\n");
	char option[256];

	snprintf(option, sizeof(option), "--map=%s", map);
	chinese(st, AS_PRIVACY, "import", rows, option, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 65);
	assert_says(st, "第 3 行：有 3 列，而表头有 2 列");
	assert_says(st, "列 2（name）：结束引号之后有文本，在第 4 行第");
	assert_says(st, "拒收的行");
}

static void status_and_help_are_in_chinese(void **state)
{
	struct stage *st = *state;

	chinese(st, AS_ADMIN, "status");
	stage_expect(st, 0);
	assert_says(st, "存储库");
	assert_says(st, "运行中");
	assert_says(st, "根密钥是本机上的文件");
	chinese(st, AS_ADMIN, "help", "erase");
	stage_expect(st, 0);
	assert_says(st, "彻底删除一个人，且可证明。");
}

/* Where the second column begins in a line, in columns of a terminal. */
static size_t second_column(const char *line, size_t n)
{
	size_t at = 0;

	while (at + 1 < n && !(line[at] == ' ' && line[at + 1] == ' ')) {
		at++;
	}
	while (at < n && line[at] == ' ') {
		at++;
	}
	return text_width(line, at);
}

static void columns_stand_below_each_other(void **state)
{
	struct stage *st = *state;
	size_t want = 0, nlines = 0;

	chinese(st, AS_ADMIN, "key", "list");
	stage_expect(st, 0);
	for (const char *line = strstr(st->last.out, "来源"); line && *line;) {
		size_t n = strcspn(line, "\n"), has = second_column(line, n);

		want = want ? want : has;
		assert_int_equal(has, want);
		nlines++;
		line += n + (line[n] == '\n');
	}
	assert_in_range(nlines, 2, 10);
}

/* --- and to everybody else -------------------------------------------------------------- */

static void programs_get_the_same_in_every_language(void **state)
{
	struct stage *st = *state;
	char *there;

	stage_ctl(st, AS_PRIVACY, "--json", "request", "next", "1");
	stage_expect(st, 0);
	there = strdup(st->last.out);
	chinese(st, AS_PRIVACY, "--json", "request", "next", "1");
	stage_expect(st, 0);
	assert_string_equal(st->last.out, there);
	free(there);
}

static void the_same_custosd_answers_the_next_caller_in_english(void **state)
{
	struct stage *st = *state;

	for (int i = 0; i < 20; i++) {
		chinese(st, AS_PRIVACY, "request", "show", "7");
		assert_says(st, "没有此编号的请求");
		stage_ctl(st, AS_PRIVACY, "request", "show", "7");
		assert_string_equal(st->last.err, "custosctl: there is no request of this number: 'request list'\n");
	}
}

static void what_is_signed_has_one_language(void **state)
{
	struct stage *st = *state;

	chinese(st, AS_ADMIN, "log", "checkpoint");
	stage_expect(st, 0);
	for (const char *p = st->last.out; *p && strncmp(p, "\n\n", 2) != 0; p++) {
		assert_true((unsigned char)*p < 0x80);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_led_through_in_chinese),
		cmocka_unit_test(what_is_refused_is_refused_in_chinese),
		cmocka_unit_test(rows_that_cannot_be_taken_say_why_in_chinese),
		cmocka_unit_test(status_and_help_are_in_chinese),
		cmocka_unit_test(columns_stand_below_each_other),
		cmocka_unit_test(programs_get_the_same_in_every_language),
		cmocka_unit_test(the_same_custosd_answers_the_next_caller_in_english),
		cmocka_unit_test(what_is_signed_has_one_language),
	};

	return cmocka_run_group_tests_name("chinese", tests, stage_up, stage_down);
}
