/*
 * digest_words.h: the words of the digest, in each language that custos writes letters in.  Pure.
 */
#ifndef CU_CONTROL_DIGEST_WORDS_H
#define CU_CONTROL_DIGEST_WORDS_H
#include "policy/law.h"
#include "policy/said.h"

/* X(id, English, Chinese) */
/* clang-format off */
#define DIGEST_WORDS(X)                                                                 \
	X(TITLE_NEEDS, "What needs somebody now", "目前需要处理")                       \
	X(TITLE_DUE, "Due in the coming four weeks", "未来四周到期")                    \
	X(TITLE_DUTIES, "Duties of the coming four weeks", "未来四周的定期职责")          \
	X(DUTY, "duty", "定期职责")                                                     \
	X(TITLE_OPEN, "What is open", "未办结事项")                                     \
	X(TITLE_WEEK, "In the last seven days", "过去七天")                             \
	X(TITLE_TARGETS, "Backups", "备份")                                             \
	X(NOTHING, "nothing", "无")                                                     \
	X(IS_LATE, "LATE", "已逾期")                                                    \
	X(REQUEST, "answer to request", "答复个人请求")                                 \
	X(HOLD_REVIEW, "review of a legal hold", "复核法律保全")                        \
	X(TO_7_DAYS, "up to a week old", "一周以内")                                    \
	X(TO_30_DAYS, "up to 30 days", "30 天以内")                                     \
	X(OLDER, "older", "更早")                                                       \
	X(RECEIVED, "requests that came in the last seven days", "过去七天收到的请求")  \
	X(CLOSED, "requests that were closed in the last seven days", "过去七天办结的请求") \
	X(INCIDENTS_OPEN, "incidents that are open", "未结案的安全事件")                \
	X(INCIDENTS_NEW, "incidents noticed in the last seven days", "过去七天发现的安全事件") \
	X(HOLDS, "legal holds", "法律保全")                                             \
	X(ERASED, "erasures carried out", "已执行的删除")                               \
	X(CONSENTS, "consents given", "作出的同意")                                     \
	X(WITHDRAWN, "consents withdrawn", "撤回的同意")                                \
	X(OBJECTED, "objections", "提出的拒绝")                                         \
	X(EXPORTS, "exports of personal data", "个人信息导出")                          \
	X(REFUSED, "calls that were refused", "被拒绝的调用")                           \
	X(BACKUPS, "backups made", "完成的备份")                                        \
	X(DRILLS, "drills passed", "通过的演练")                                        \
	X(DRILLS_FAILED, "drills FAILED", "失败的演练")                                 \
	X(EXPIRED_COHORTS, "months of data that ended by retention.yaml", "按 retention.yaml 到期的月份批次") \
	X(EXPIRED_PEOPLE, "people's collections that ended by retention.yaml", "按 retention.yaml 到期的个人数据集") \
	X(EXPIRED_RECORDS, "records that ended with them", "随之结束的记录")            \
	X(ALARMS, "alarms sent", "发出的告警")                                          \
	X(GIVEN_UP, "messages that did not arrive", "未能送达的消息")                   \
	X(BACKUP, "newest backup", "最新备份")                                          \
	X(DRILL, "last drill", "上次演练")                                              \
	X(RESTORE, "last full restore", "上次完整恢复")                                 \
	X(NEVER, "never", "从未")
/* clang-format on */

enum digest_word {
#define X(id, en, zh) DIGEST_##id,
	DIGEST_WORDS(X)
#undef X
};

const char *digest_word(enum digest_word w, int language);
/* What is asked for: "access". */
const char *digest_request_word(enum request_type type, int language);

#endif
