#include "control/alarm_words.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "policy/said.h"
#include "store/engine_message.h"

/* '@' stands for what it is about. */
struct words {
	const char *subject, *text;
};

static const struct alarm {
	const char *kind;
	struct words in[NLANGUAGES];
} alarms[] = {
	{ ALARM_TEST,
		{ { "a test", "This is a test: messages by the route @ arrive.\n" },
			{ "测试", "这是一封测试消息：经由 @ 的消息可以送达。\n" } } },
	{ "alarm.drill_failed",
		{ { "the last drill of target @ failed",
			  "A backup at the target @ was tried, and it cannot be restored as it is.\n"
			  "What to do now: custosctl drill list, then custosctl drill show NUMBER\n" },
			{ "备份目标 @ 的恢复演练失败",
				"已对目标 @ 上的备份进行演练，该备份目前无法恢复。\n"
				"请执行：custosctl drill list，然后 custosctl drill show 编号\n" } } },
	{ "alarm.drill_missing",
		{ { "no backup at target @ was restored within 90 days",
			  "A backup counts only once it has been restored.\n"
			  "What to do now: custosctl drill run --identity=FILE\n" },
			{ "90 天内没有恢复过备份目标 @ 上的备份",
				"备份只有经过恢复验证才算数。\n"
				"请执行：custosctl drill run --identity=文件\n" } } },
	{ "alarm.target_behind",
		{ { "target @ lacks the newest keys",
			  "Since the last backup there, keys were shredded or replaced, and the target @ does not\n"
			  "confirm it: an erasure is not complete until it does.\n"
			  "What to do now: make the target reachable; custosd brings it up to date by itself.\n" },
			{ "备份目标 @ 没有最新的密钥",
				"自上次备份以来有密钥被销毁或更换，而目标 @ 尚未确认：在此之前删除并未完成。\n"
				"请使该目标恢复可达；之后 custosd 会自行更新。\n" } } },
	{ "alarm.residue_left",
		{ { "raw files still hold traces of erased people",
			  "The nightly search found something that it could not wipe.\n"
			  "What to do now: custosctl erase scan\n" },
			{ "原始文件中仍有已删除个人的痕迹",
				"夜间检查发现了无法擦除的内容。\n"
				"请执行：custosctl erase scan\n" } } },
	{ "alarm.request_late",
		{ { "a data subject's request is late",
			  "A request was to be answered by now, and is open.\n"
			  "What to do now: custosctl request list, then custosctl request next NUMBER\n" },
			{ "个人请求已超过期限",
				"一项请求的答复期限已过，仍未办结。\n"
				"请执行：custosctl request list，然后 custosctl request next 编号\n" } } },
	{ "alarm.incident_open",
		{ { "an incident with personal data is open",
			  "Somebody may have to be told of it within hours.\n"
			  "What to do now: custosctl incident list, then custosctl incident show NUMBER\n" },
			{ "有未结案的个人信息安全事件",
				"可能须在数小时内通知有关方面。\n"
				"请执行：custosctl incident list，然后 custosctl incident show 编号\n" } } },
	{ "alarm.job_failed",
		{ { "the job @ fails",
			  "What schedule.yaml says is to be done by itself was not. It is tried again, later each time.\n"
			  "What to do now: custosctl job show @; the journal of the system says why\n" },
			{ "定时任务 @ 失败",
				"schedule.yaml 规定自动执行的任务未能完成，将逐次延后重试。\n"
				"请执行：custosctl job show @；原因见系统日志\n" } } },
	{ "alarm.hold_review",
		{ { "legal holds are to be reviewed",
			  "The day has come on which somebody wanted to look whether they are needed still.\n"
			  "What to do now: custosctl hold list\n" },
			{ "有法律保留需要复核",
				"已到约定的复核日期。\n请执行：custosctl hold list\n" } } },
	{ "alarm.duty_late",
		{ { "the duty @ is late",
			  "Nobody has said yet that it was done.\n"
			  "What to do now: custosctl duty show @, then custosctl duty done @\n" },
			{ "定期职责 @ 已逾期",
				"尚无人记录其已完成。\n请执行：custosctl duty show @，然后 custosctl duty done @\n" } } },
	{ "alarm.duty_soon",
		{ { "the duty @ is due soon",
			  "What to do, and what to write down: custosctl duty show @\n" },
			{ "定期职责 @ 即将到期", "应做事项及应记录的内容：custosctl duty show @\n" } } },
	{ "alarm.message_given_up",
		{ { "messages by the route @ do not arrive",
			  "One was given up after many attempts.\n"
			  "What to do now: custosctl message list, custosctl agent status\n" },
			{ "经由 @ 的消息无法送达",
				"多次尝试后已放弃发送。\n"
				"请执行：custosctl message list，custosctl agent status\n" } } },
};

static const struct alarm *find(const char *kind)
{
	for (size_t i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++) {
		if (strcmp(alarms[i].kind, kind) == 0) {
			return &alarms[i];
		}
	}
	return NULL;
}

static void fill(struct buf *to, const char *pattern, const char *about)
{
	for (const char *p = pattern; *p; p++) {
		if (*p == '@') {
			buf_put_str(to, about);
		} else {
			buf_put(to, p, 1);
		}
	}
}

void alarm_write(const struct row_message *row, int language, struct json *j)
{
	static const struct words unknown = { "@", "custosctl status\n" };
	const struct alarm *a = find(row->kind);
	const struct words *w = a ? &a->in[language] : &unknown;
	const char *about = a ? row->about : row->kind;
	struct buf subject = BUF_INIT, text = BUF_INIT;

	buf_put_str(&subject, "custos: ");
	fill(&subject, w->subject, about);
	fill(&text, w->text, about);
	json_str(j, "subject", buf_cstr(&subject));
	json_str(j, "text", buf_cstr(&text));
	buf_done(&subject);
	buf_done(&text);
}
