#include "control/alarm_words.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/zone.h"
#include "policy/said.h"
#include "store/engine_alarm.h"
#include "store/engine_message.h"

/* '@' stands for what it is about. */
struct words {
	const char *subject, *text;
};

static const struct alarm {
	const char *word; /* of policy/alarms.h, or ALARM_TEST */
	struct words in[NLANGUAGES];
} alarms[] = {
	{ ALARM_TEST,
		{ { "a test", "This is a test: messages by the route @ arrive.\n" },
			{ "测试", "这是一封测试消息：经由 @ 的消息可以送达。\n" } } },
	{ "drill_failed",
		{ { "the last drill of target @ failed",
			  "A backup at the target @ was tried, and it cannot be restored as it is.\n"
			  "What to do now: custosctl drill list, then custosctl drill show NUMBER\n" },
			{ "备份目标 @ 的恢复演练失败",
				"已对目标 @ 上的备份进行演练，该备份目前无法恢复。\n"
				"请执行：custosctl drill list，然后 custosctl drill show 编号\n" } } },
	{ "drill_missing",
		{ { "no backup at target @ was restored within 90 days",
			  "A backup counts only once it has been restored.\n"
			  "What to do now: custosctl drill run --identity=FILE\n" },
			{ "90 天内没有恢复过备份目标 @ 上的备份",
				"备份只有经过恢复验证才算数。\n"
				"请执行：custosctl drill run --identity=文件\n" } } },
	{ "target_behind",
		{ { "target @ lacks the newest keys",
			  "Since the last backup there, keys were shredded or replaced, and the target @ does not\n"
			  "confirm it: an erasure is not complete until it does.\n"
			  "What to do now: make the target reachable; custosd brings it up to date by itself.\n" },
			{ "备份目标 @ 没有最新的密钥",
				"自上次备份以来有密钥被销毁或更换，而目标 @ 尚未确认：在此之前删除并未完成。\n"
				"请使该目标恢复可达；之后 custosd 会自行更新。\n" } } },
	{ "residue_left",
		{ { "raw files still hold traces of erased people",
			  "The nightly search found something that it could not wipe.\n"
			  "What to do now: custosctl erase scan\n" },
			{ "原始文件中仍有已删除个人的痕迹",
				"夜间检查发现了无法擦除的内容。\n"
				"请执行：custosctl erase scan\n" } } },
	{ "request_late",
		{ { "data subject's request @ is late",
			  "It was to be answered by now, and is open.\n"
			  "What to do now: custosctl request next @\n" },
			{ "个人请求 @ 已超过期限",
				"该请求的答复期限已过，仍未办结。\n"
				"请执行：custosctl request next @\n" } } },
	{ "request_nobodys",
		{ { "data subject's request @ is nobody's work yet",
			  "It came days ago, and nobody has taken it.\n"
			  "What to do now: custosctl request assign @ --to=me\n" },
			{ "个人请求 @ 尚无经办人",
				"该请求已收到数日，尚无人经办。\n"
				"请执行：custosctl request assign @ --to=me\n" } } },
	{ "request_soon",
		{ { "data subject's request @ is due soon",
			  "It is open, and a law says by when it has to be answered.\n"
			  "What to do now: custosctl request next @\n" },
			{ "个人请求 @ 即将到期",
				"该请求尚未办结，须在法定期限内答复。\n"
				"请执行：custosctl request next @\n" } } },
	{ "backup_late",
		{ { "the newest backup at target @ is too old",
			  "What happened since would be lost with this host.\n"
			  "What to do now: custosctl job show backup; the journal of the system says why\n" },
			{ "备份目标 @ 上最新的备份过旧",
				"如果本机损坏，此后的数据将会丢失。\n"
				"请执行：custosctl job show backup；原因见系统日志\n" } } },
	{ "drill_late",
		{ { "no drill was held at target @ when schedule.yaml says",
			  "Whether its backups can be restored is not known.\n"
			  "What to do now: custosctl job show drill, or custosctl drill run\n" },
			{ "备份目标 @ 未按 schedule.yaml 进行恢复演练",
				"无法确认该处的备份能否恢复。\n"
				"请执行：custosctl job show drill，或 custosctl drill run\n" } } },
	{ "disk_full",
		{ { "hardly any room is left at @",
			  "Writes will be refused when there is none.\n"
			  "What to do now: make room where it lies\n" },
			{ "@ 所在磁盘空间即将用尽",
				"空间用尽后将拒绝写入。\n请尽快腾出空间。\n" } } },
	{ "disk_low",
		{ { "little room is left at @",
			  "Writes will be refused when there is none.\n"
			  "What to do now: make room where it lies\n" },
			{ "@ 所在磁盘空间不足", "空间用尽后将拒绝写入。\n请腾出空间。\n" } } },
	{ "retention_waits",
		{ { "what is over is not ended",
			  "Data whose time is over waits for somebody, or for the clock.\n"
			  "What to do now: custosctl status, custosctl approval list\n" },
			{ "到期的数据尚未处理",
				"到期的数据正在等待确认，或等待时钟恢复正常。\n"
				"请执行：custosctl status，custosctl approval list\n" } } },
	{ "route_unusable",
		{ { "the route @ cannot be used",
			  "Its plugin refuses its settings.\n"
			  "What to do now: custosctl agent status\n" },
			{ "通道 @ 无法使用", "插件拒绝了其设置。\n请执行：custosctl agent status\n" } } },
	{ "sealed",
		{ { "the store is sealed",
			  "Nothing is answered, backed up or ended until somebody loads its root key.\n"
			  "What to do now: custosctl unseal\n" },
			{ "存储已封存",
				"在加载根密钥之前，不会应答、备份或删除任何数据。\n"
				"请执行：custosctl unseal\n" } } },
	{ "quarantined",
		{ { "the store is in quarantine",
			  "A target proves that this store was further once: it is an older copy. Nothing is read or changed.\n"
			  "What to do now: custosctl status\n" },
			{ "存储已被隔离",
				"备份目标证明本存储是较旧的副本，因此不读取也不更改任何数据。\n"
				"请执行：custosctl status\n" } } },
	{ "incident_open",
		{ { "incident @ with personal data is open",
			  "Somebody may have to be told of it within hours.\n"
			  "What to do now: custosctl incident show @\n" },
			{ "个人信息安全事件 @ 未结案",
				"可能须在数小时内通知有关方面。\n"
				"请执行：custosctl incident show @\n" } } },
	{ "job_failed",
		{ { "the job @ fails",
			  "What schedule.yaml says is to be done by itself was not. It is tried again, later each time.\n"
			  "What to do now: custosctl job show @; the journal of the system says why\n" },
			{ "定时任务 @ 失败",
				"schedule.yaml 规定自动执行的任务未能完成，将逐次延后重试。\n"
				"请执行：custosctl job show @；原因见系统日志\n" } } },
	{ "hold_review",
		{ { "legal holds are to be reviewed",
			  "The day has come on which somebody wanted to look whether they are needed still.\n"
			  "What to do now: custosctl hold list\n" },
			{ "有法律保留需要复核",
				"已到约定的复核日期。\n请执行：custosctl hold list\n" } } },
	{ "duty_late",
		{ { "the duty @ is late",
			  "Nobody has said yet that it was done.\n"
			  "What to do now: custosctl duty show @, then custosctl duty done @\n" },
			{ "定期职责 @ 已逾期",
				"尚无人记录其已完成。\n请执行：custosctl duty show @，然后 custosctl duty done @\n" } } },
	{ "duty_soon",
		{ { "the duty @ is due soon",
			  "What to do, and what to write down: custosctl duty show @\n" },
			{ "定期职责 @ 即将到期", "应做事项及应记录的内容：custosctl duty show @\n" } } },
	{ "message_given_up",
		{ { "messages by the route @ do not arrive",
			  "One was given up after many attempts.\n"
			  "What to do now: custosctl message list, custosctl agent status\n" },
			{ "经由 @ 的消息无法送达",
				"多次尝试后已放弃发送。\n"
				"请执行：custosctl message list，custosctl agent status\n" } } },
};

#define CLEAR  "clear."
#define ALARM  "alarm."
#define SEVERAL "several"

static const char *word_of(const char *kind)
{
	return strncmp(kind, ALARM, sizeof(ALARM) - 1) == 0 ? kind + sizeof(ALARM) - 1 :
		strncmp(kind, CLEAR, sizeof(CLEAR) - 1) == 0 ? kind + sizeof(CLEAR) - 1 :
							       kind;
}

static bool is_clear(const struct row_message *row)
{
	return strncmp(row->kind, CLEAR, sizeof(CLEAR) - 1) == 0;
}

bool alarm_is_several(const struct row_message *row)
{
	return strcmp(word_of(row->kind), SEVERAL) == 0 && word_of(row->kind) != row->kind;
}

static const struct alarm *find(const char *word)
{
	for (size_t i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++) {
		if (strcmp(alarms[i].word, word) == 0) {
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

static void write_several(const struct row_message *row, int language, const char *list, size_t n,
	struct buf *subject, struct buf *text)
{
	bool is_zh = language == LANGUAGE_ZH;

	if (is_clear(row)) {
		buf_put_str(subject, is_zh ? "若干问题已解决" : "several things are over");
	}
	if (n == 0) {
		buf_put_str(is_clear(row) ? text : subject,
			is_zh ? "没有需要处理的事项" : "nothing needs anybody any more");
		buf_put_str(text, is_clear(row) ? (is_zh ? "。\n" : ".\n") : "custosctl status\n");
		return;
	}
	if (!is_clear(row)) {
		buf_putf(subject, is_zh ? "有 %zu 件事需要处理" : "%zu things need somebody", n);
	}
	buf_put_str(text, is_zh ? "目前需要处理：\n\n" : "What needs somebody now:\n\n");
	buf_put_str(text, list);
	buf_put_str(text, is_zh ? "\n请执行：custosctl status\n" : "\nWhat to do now: custosctl status\n");
}

static void write_one(const struct row_message *row, int language, struct buf *subject,
	struct buf *text)
{
	static const struct words unknown = { "@", "custosctl status\n" };
	const struct alarm *a = find(word_of(row->kind));
	const struct words *w = a ? &a->in[language] : &unknown;
	const char *about = a ? row->about : row->kind;

	if (is_clear(row)) {
		buf_put_str(subject, language == LANGUAGE_ZH ? "已解除：" : "over: ");
		buf_put_str(text, language == LANGUAGE_ZH ? "此前报告的问题已不存在。\n" :
							    "What was told before is so no more.\n");
	} else {
		fill(text, w->text, about);
	}
	fill(subject, w->subject, about);
}

void alarm_write(const struct row_message *row, int language, const char *list, size_t n, struct json *j)
{
	struct buf subject = BUF_INIT, text = BUF_INIT;

	buf_put_str(&subject, "custos: ");
	if (alarm_is_several(row)) {
		write_several(row, language, list, n, &subject, &text);
	} else {
		write_one(row, language, &subject, &text);
	}
	json_buf(j, "subject", &subject);
	json_buf(j, "text", &text);
	buf_done(&subject);
	buf_done(&text);
}

void alarm_write_line(const struct row_alarm *row, int language, struct buf *to)
{
	const struct alarm *a = find(row->kind);
	char since[ZONE_TIME_SIZE];

	buf_put_str(to, "- ");
	fill(to, a ? a->in[language].subject : "@", a ? row->about : row->kind);
	if (row->since_ms > 0) {
		zone_format_time(row->since_ms, since);
		buf_putf(to, language == LANGUAGE_ZH ? "（自 %s 起）" : " (since %s)", since);
	}
	buf_put_str(to, "\n");
}
