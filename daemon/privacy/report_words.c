/* What a report says, in English and in Chinese. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "privacy/report.h"

struct words {
	const char *key, *en, *zh; /* en NULL: the key, with blanks */
};

/* clang-format off */
static const struct { const char *en, *zh; } texts[] = {
	{ "Report on data protection", "个人信息保护合规报告" },
	{ "from", "自" }, { "to", "至" }, { "made on", "制作日期" }, { "store", "存储系统编号" },
	{ "Counts only: no person's data is in here. Requests are called by their running numbers.",
	  "本报告仅含统计数字，不含任何个人信息；请求以流水号表示。" },
	{ "No request was to be answered in this time.", "报告期内没有应答复的请求。" },
	{ "Nothing in this time.", "报告期内没有。" },
	{ "At a glance", "概览" }, { "What to look at", "需要关注的事项" },
	{ "There is nothing that somebody should look at.", "没有需要关注的事项。" },
	{ "Requests by month", "各月请求" }, { "What was asked for", "请求类型" }, { "By law", "适用法律" },
	{ "How requests ended", "请求的处理结果" }, { "Why requests were refused", "拒绝请求的理由" },
	{ "Days taken against the limit", "处理天数与法定期限" },
	{ "From the day on which the request came to the answer, or to the end of the time while it is open; the limit counts pauses and extensions. An erasure is answered when nothing live is left and every target knows; the last copies of keys in backups follow.",
	  "自收到请求之日起至答复之日；未答复的，计至报告期末；期限已计入中止和延长。删除请求以现存数据全部清除且各备份目标均已知悉为答复之日，备份中的密钥副本随后到期清除。" },
	{ "No request in this time.", "报告期内没有请求。" },
	{ "No request ended in this time.", "报告期内没有办结的请求。" },
	{ "No request was refused in this time.", "报告期内没有拒绝的请求。" },
	{ "Consents by month", "各月同意情况" },
	{ "As the log tells: also those of people who were forgotten since. Given counts renewals.",
	  "依审计日志统计，包括其后已被删除的个人；“同意”含再次同意。" },
	{ "Consents by purpose", "各处理目的的同意情况" },
	{ "Nobody said yes or no in this time.", "报告期内没有同意或拒绝的记录。" },
	{ "Erasures", "删除" },
	{ "The last copy: by when no backup holds a key of what was erased or ended until today, as seen at every target just now.",
	  "最后副本：截至今日已删除或到期信息的密钥，至何日起任何备份均不再保有；以本次查看各备份目标所见为准。" },
	{ "Retention by month", "各月到期删除" },
	{ "What ended because its time was over: keys of months of records, keys of single people, and the rows deleted.",
	  "因保存期限届满而删除的信息：按月密钥、个人密钥及已删除的记录数。" },
	{ "Retention", "保存期限" }, { "What is over and still there", "已到期而尚未删除的信息" },
	{ "By the rules in force today. It goes with the next run, unless a hold, a review or a second user stands before it.",
	  "依现行规则计算。除因保全、人工复核或待第二人确认外，将在下次运行时删除。" },
	{ "Nothing whose time is over is still there.", "没有已到期而尚未删除的信息。" },
	{ "Legal holds", "法律保全" }, { "Backups by month", "各月备份" }, { "Drills", "恢复演练" },
	{ "Level 3 is a whole restore and the only full proof; level 2 rebuilds the data sealed; level 1 compares bytes and is no test of a restore.",
	  "三级为完整恢复，是唯一的充分证明；二级在加密状态下重建数据；一级仅核对字节，不构成恢复测试。" },
	{ "No backup was tried in this time.", "报告期内没有进行恢复演练。" },
	{ "Restores", "恢复" }, { "Confirmed by a second user", "第二人确认" },
	{ "Nothing had to be confirmed in this time.", "报告期内没有需要确认的事项。" },
	{ "Who looked at data", "信息查阅" }, { "Each is an entry of the log.", "每次均记入审计日志。" },
	{ "Incidents with personal data", "个人信息安全事件" }, { "Who was told of incidents", "事件的报告与告知" },
	{ "Each duty of each law of the organisation; told is the first time.", "本机构适用的各项法律的各项义务；告知日期为首次告知之日。" },
	{ "There was no incident in this time.", "报告期内没有安全事件。" },
	{ "noticed", "发现" }, { "closed", "结案" }, { "people concerned, as computed", "查明的受影响人数" },
	{ "incident", "事件" }, { "kind", "种类" }, { "risk", "风险" }, { "whom", "对象" }, { "told", "告知" }, { "duty", "义务" },
	/* columns */
	{ "requests received", "收到请求" }, { "requests answered", "答复请求" },
	{ "answered in time", "按期答复" }, { "answered late", "逾期答复" }, { "requests open", "处理中" },
	{ "requests overdue", "已逾期未答复" }, { "requests refused", "拒绝请求" },
	{ "deadlines extended", "延长期限" }, { "what", "事项" }, { "number", "数量" },
	{ "month", "月份" }, { "received", "收到" }, { "answered", "答复" }, { "type", "类型" },
	{ "in time", "按期" }, { "late", "逾期" }, { "refused", "拒绝" }, { "open", "处理中" },
	{ "law", "法律" }, { "outcome", "结果" }, { "reason", "理由" }, { "request", "请求" },
	{ "due", "到期日" }, { "days taken", "处理天数" }, { "limit in days", "期限（天）" },
	{ "state", "状态" }, { "deadline", "期限" }, { "given", "同意" }, { "withdrawn", "撤回" },
	{ "objections", "反对" }, { "purpose", "处理目的" }, { "asked", "征询" }, { "found void", "认定无效" },
	{ "begun", "开始" }, { "done", "完成" }, { "cancelled", "取消" }, { "under way", "进行中" },
	{ "last copy of a key", "密钥的最后副本" }, { "gone by, or unbounded since", "清除日期（或自何日起无法确定）" },
	{ "keys of months", "按月密钥" }, { "keys of people", "个人密钥" }, { "records", "记录" },
	{ "runs done", "已完成的运行" }, { "waiting for a second user", "待第二人确认" },
	{ "denied or lapsed", "被拒绝或失效" }, { "shorter rules not confirmed", "未确认的缩短规则" },
	{ "collections without a rule", "无规则的信息类别" }, { "collection", "信息类别" },
	{ "records in them", "其中的记录" }, { "people", "人数" }, { "active", "有效" },
	{ "placed", "设立" }, { "released", "解除" }, { "deletions stopped by active ones", "有效保全阻止的删除" },
	{ "review is due", "应当复核" }, { "backups", "备份" }, { "drills passed", "通过的演练" },
	{ "drills failed", "未通过的演练" }, { "drill", "演练" }, { "day", "日期" }, { "target", "备份目标" },
	{ "level", "级别" }, { "result", "结论" }, { "records compared", "核对的记录" },
	{ "age of the data, minutes", "数据距今（分钟）" }, { "seconds to restore", "恢复用时（秒）" },
	{ "faults", "问题" }, { "this store was restored", "本系统恢复次数" },
	{ "gaps in the log accepted", "接受的日志缺口" },
	{ "searches of the targets for erased data", "在备份目标中查找已删信息的次数" },
	{ "traces of the erased found in raw files", "原始文件中发现已删信息痕迹的次数" },
	{ "last whole restore that passed", "最近一次通过的完整恢复" },
	{ "of what", "事项" }, { "granted", "确认" }, { "denied", "拒绝" }, { "lapsed", "失效" },
	{ "people read", "查阅个人" }, { "searches", "查找" }, { "exports", "批量导出" },
	{ "dossiers handed out", "提供信息副本" }, { "questions whether data may be used", "可否使用的查询" },
	{ "calls refused", "被拒绝的操作" },
	{ "Duties done again and again", "定期职责" },
	{ "By duties.yaml: reviews, training, tests, drills. Due and state are those of the moment at which this was made.",
	  "依 duties.yaml：审查、培训、测试、演练。到期日和状态以本报告制作之时为准。" },
	{ "There are no such duties.", "没有此类职责。" },
	{ "of the role", "负责角色" }, { "times done", "完成次数" }, { "times too late", "逾期次数" },
	{ "last done", "最近完成" },
};

static const struct words keys[] = {
	/* what to look at */
	{ "answered_late", "requests were answered late", "逾期答复的请求" },
	{ "requests_overdue", "requests are overdue", "已逾期未答复的请求" },
	{ "deadline_unknown", "deadlines are not known: the calendar of a year or a law is missing", "期限未知的请求（缺少某年日历或法律规则）" },
	{ "last_copy_unbounded", "a target cannot say by when the last copies of keys are gone", "有备份目标无法确定密钥副本何时清除" },
	{ "retention_waits", "lists of what is over wait for a second user", "待第二人确认的到期清单" },
	{ "shorter_rule_not_confirmed", "rules that keep less wait for a second user", "待第二人确认的缩短规则" },
	{ "collection_without_rule", "collections have no rule how long they are kept", "没有保存期限规则的信息类别" },
	{ "hold_review_due", "legal holds should be reviewed", "应当复核的法律保全" },
	{ "no_backup", "no backup was made in this time", "报告期内没有备份" },
	{ "drill_failed", "drills failed", "未通过的演练" },
	{ "no_whole_restore_tried", "no whole restore passed within 90 days", "九十天内没有通过的完整恢复演练" },
	{ "traces_found", "raw files held traces of the erased", "原始文件中发现已删信息的痕迹" },
	/* duties of the shipped file, and how they stand */
	{ "duty_late", "duties are late", "已逾期的定期职责" },
	{ "not_due", NULL, "未到期" }, { "due_soon", NULL, "即将到期" }, { "due_now", NULL, "已到期" },
	{ "given_up", "not asked for any more", "不再要求" },
	{ "privacy", NULL, "隐私" }, { "admin", NULL, "管理员" },
	{ "compliance-review", "compliance review", "合规审计" }, { "policy-review", "policy review", "规则审查" },
	{ "access-review", "access review", "权限审查" }, { "training", NULL, "教育培训" },
	{ "dpia-review", "review of impact assessments", "影响评估审查" },
	{ "processor-review", "review of processors", "受托方审查" },
	{ "incident-exercise", "incident exercise", "安全事件演练" },
	{ "identity-check", "check of the identity's copies", "身份密钥副本检查" },
	{ "restore-drill", "restore by hand", "人工恢复演练" },
	{ "penetration-test", "penetration test", "渗透测试" },
	/* types, states, deadlines */
	{ "access", NULL, "查阅复制" }, { "portability", NULL, "转移" }, { "rectification", NULL, "更正补充" },
	{ "erasure", NULL, "删除" }, { "restriction", NULL, "限制处理" }, { "objection", NULL, "反对" },
	{ "withdrawal", NULL, "撤回同意" },
	{ "received", NULL, "已收到" }, { "identity_pending", NULL, "核验身份" }, { "scoping", NULL, "确定范围" },
	{ "awaiting_approval", NULL, "待确认" }, { "approved", NULL, "已确认" }, { "cooling_off", NULL, "宽限期" },
	{ "executing", NULL, "执行中" }, { "needs_input", NULL, "待办理" }, { "live_done", NULL, "现存数据已删除" },
	{ "backups_pending", NULL, "待备份到期" }, { "fulfilled", NULL, "已完成" },
	{ "partially_fulfilled", NULL, "部分完成" }, { "denied", "refused", "已拒绝" }, { "revoked", "taken back", "已撤回" },
	{ "duplicate", NULL, "重复请求" }, { "lapsed", NULL, "已失效" }, { "on_hold", NULL, "法律保全" },
	{ "open", NULL, "处理中" }, { "in_time", NULL, "按期" }, { "late", NULL, "逾期" },
	{ "overdue", NULL, "已逾期" },
	{ "running", NULL, "未到期" }, { "not_owed", "no answer owed", "无需答复" }, { "unknown", "not known", "未知" },
	{ "passed", NULL, "通过" }, { "failed", NULL, "未通过" },
	/* horizons */
	{ "nothing_erased", NULL, "没有删除" }, { "this-host-only", "no target ever held one", "备份目标从未保有" },
	{ "gone", NULL, "已清除" }, { "by", "gone by that day", "届时清除" }, { "unbounded", "nobody can say", "无法确定" },
	
	/* what a second user confirms */
	{ "erase.now", "erasures without the grace period", "不经宽限期的删除" },
	{ "erase.cap", "erasures above the daily cap", "超过每日上限的删除" },
	{ "request", "requests", "个人的请求" }, { "log.gap", "gaps in the log", "日志缺口" },
	{ "retention.run", "what is over", "到期信息的删除" }, { "retention.clock", "a clock that jumped", "时钟跳变" },
	{ "retention.policy", "rules that keep less", "缩短的保存期限" },
	/* incidents */
	{ "disclosure", NULL, "泄露" }, { "loss", NULL, "丢失" }, { "alteration", NULL, "篡改" },
	{ "unavailability", NULL, "不可用" }, { "none", NULL, "无" }, { "risk", NULL, "有" }, { "high", NULL, "高" },
	{ "authority", NULL, "监管机构" }, { "subjects", "the people concerned", "个人" },
	{ "due", "to be told", "待告知" }, { "told", NULL, "已告知" }, { "told_late", NULL, "逾期告知" },
	{ "not_needed", "not needed: the risk is too low", "风险较低，无需告知" },
	{ "keys_safe", "not needed: it is sealed, and the keys are safe", "已加密且密钥安全，无需告知" },
	{ "incident_told_late", "somebody was told of an incident too late", "逾期的事件告知" },
	{ "incident_not_told", "somebody was to be told of an incident by now", "逾期未作的事件告知" },
	{ "incident_open", "incidents are open", "未结案的安全事件" },
	{ "incident", NULL, "个人信息安全事件" },
	/* refusals of the shipped laws */
	{ "manifestly_unfounded", NULL, "明显无理由" }, { "excessive", NULL, "过度重复" },
	{ "identity_not_proven", NULL, "身份未能证明" }, { "cannot_identify", NULL, "无法识别" },
	{ "no_data", NULL, "没有相关信息" }, { "rights_of_others", NULL, "损害他人权益" },
	{ "not_portable", NULL, "不属于可转移的信息" }, { "accurate", NULL, "信息准确" },
	{ "no_ground", NULL, "没有法定事由" }, { "expression", NULL, "表达自由" },
	{ "public_health", NULL, "公共卫生" }, { "archiving", NULL, "存档与研究" },
	{ "legal_claims", NULL, "法律请求" }, { "no_restriction_ground", NULL, "没有限制处理的事由" },
	{ "compelling_grounds", NULL, "优先的正当理由" }, { "no_consent", NULL, "不存在同意" },
	{ "abuse_of_rights", NULL, "滥用权利" }, { "trade_secrets", NULL, "商业秘密" },
	{ "confidential_by_law", NULL, "依法保密" }, { "retention_not_over", NULL, "保存期限未满" },
	{ "law_provides_otherwise", NULL, "法律另有规定" },
	/* laws, purposes, collections of the shipped policies */
	{ "gdpr", "GDPR", "《通用数据保护条例》" }, { "pipl", "PIPL", "《个人信息保护法》" },
	{ "contract", NULL, "履行合同" }, { "customer_service", NULL, "客户服务" },
	{ "legal_obligation", NULL, "履行法定义务" }, { "access_request", NULL, "查阅复制请求" },
	{ "erasure_request", NULL, "删除请求" }, { "marketing_email", NULL, "电子邮件营销" },
	{ "marketing_post", NULL, "邮寄营销" }, { "survey", NULL, "问卷调查" }, { "analytics", NULL, "分析统计" },
	{ "profile", NULL, "个人资料" }, { "contact_point", NULL, "联系方式" }, { "identifier", NULL, "编号" },
	{ "order", NULL, "订单" }, { "transaction", NULL, "交易" }, { "interaction", NULL, "往来记录" },
	{ "behaviour", NULL, "行为" }, { "need", NULL, "需求" }, { "feedback", NULL, "反馈" }, { "document", NULL, "文件" },
};
/* clang-format on */

const char *report_say(const struct report *r, const char *text)
{
	for (size_t i = 0; r->language == LANGUAGE_ZH && i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(texts[i].en, text) == 0) {
			return texts[i].zh;
		}
	}
	return text;
}

const char *report_label(const struct report *r, const char *key, char out[REPORT_WORD_SIZE])
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *text = r->language == LANGUAGE_ZH ? keys[i].zh : keys[i].en;

		if (text && strcmp(keys[i].key, key) == 0) {
			return text;
		}
	}
	snprintf(out, REPORT_WORD_SIZE, "%s", key);
	for (char *at = out; *at; at++) {
		*at = *at == '_' ? ' ' : *at;
	}
	return out;
}

const char *report_show(const struct report *r, const struct report_column *c,
	const struct report_cell *cell, char out[REPORT_SHOWN_SIZE])
{
	char day[CIVIL_DAY_SIZE];

	if (c->kind == REPORT_WORD) {
		return report_label(r, cell->word, out);
	}
	if (cell->n == REPORT_NOTHING) {
		return "";
	}
	if (c->kind == REPORT_COUNT) {
		snprintf(out, REPORT_SHOWN_SIZE, "%" PRId64, cell->n);
		return out;
	}
	civil_format_day((int32_t)cell->n, day);
	snprintf(out, REPORT_SHOWN_SIZE, c->kind == REPORT_MONTH ? "%.7s" : "%s", day);
	return out;
}
