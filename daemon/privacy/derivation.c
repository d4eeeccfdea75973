#include "privacy/derivation.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/civil.h"
#include "policy/law.h"

/* clang-format off */
static const char *const sentences[NSENTENCES][NLANGUAGES] = {
	[SAY_RECEIVED] = {
		"Received on {day}. That day does not count ({cite}).",
		"收到日期：{day}，当日不计入（{cite}）。" },
	[SAY_RECEIVED_AT_ONCE] = {
		"Received on {day}.",
		"收到日期：{day}。" },
	[SAY_AT_ONCE] = {
		"At once: {what}.",
		"即刻：{what}。" },
	[SAY_NO_PERIOD] = {
		"No period: the day itself, {day} ({cite}).",
		"无期限：即当日，{day}（{cite}）。" },
	[SAY_PERIOD] = {
		"{length} ({cite}): to {day}.",
		"{length}（{cite}）：至{day}。" },
	[SAY_SHORT_MONTH] = {
		"{length} ({cite}): that month has no day {number}, so its last day, {day} ({why}).",
		"{length}（{cite}）：该月无{number}日，以月末日{day}为最后一日（{why}）。" },
	[SAY_DAYS_OFF] = {
		"Not counted besides weekends: {from} to {to} ({name}).",
		"周末之外不计入：{from}至{to}（{name}）。" },
	[SAY_DAY_OFF] = {
		"Not counted: {day} ({name}).",
		"不计入：{day}（{name}）。" },
	[SAY_MADE_UP] = {
		"Counted, though a weekend, for it is worked instead: {day}.",
		"调休上班，计入：{day}。" },
	[SAY_PAUSE] = {
		"The person was asked on {from} and answered on {to}; not counted: {length} ({cite}).",
		"{from}向本人询问，{to}收到答复：{length}不计入（{cite}）。" },
	[SAY_PAUSE_OPEN] = {
		"The person was asked on {from} and has not answered by {to}; not counted so far: {length}; the date moves on with each day ({cite}).",
		"{from}向本人询问，至{to}尚未答复：目前{length}不计入，期限逐日顺延（{cite}）。" },
	[SAY_PAUSE_NONE] = {
		"The person was asked on {from}: this law knows no pause, and the clock runs on.",
		"{from}向本人询问：该法未规定中止，期限继续计算。" },
	[SAY_PAUSE_LATE] = {
		"The person was asked on {from}, when the period was over: that changes nothing.",
		"{from}向本人询问时期限已届满：不影响期限。" },
	[SAY_PAUSED_TO] = {
		"With the days that are not counted: to {day}.",
		"加上不计入的日数：至{day}。" },
	[SAY_REST_DAY] = {
		"{day} is no working day ({name}): to the next one, {next} ({cite}).",
		"{day}非工作日（{name}）：顺延至下一工作日{next}（{cite}）。" },
	[SAY_EARLIEST] = {
		"Each of these holds; the earliest is {day}.",
		"以上期限均适用，最早者为{day}。" },
	[SAY_EXTENDED] = {
		"With the extension by {length} ({cite}), counted from receipt:",
		"延长{length}（{cite}），自收到之日起合并计算：" },
	[SAY_EXTENSION_OFFERED] = {
		"It may be extended by {length}, to {day}, if the person is told so with reasons by {by} ({cite}).",
		"可延长{length}，至{day}，但须于{by}前（含当日）告知本人并说明理由（{cite}）。" },
	[SAY_TOLD] = {
		"The person was told on {day}, in time: by {by}.",
		"已于{day}告知本人，未逾{by}，延长有效。" },
	[SAY_TOLD_LATE] = {
		"The person was told on {day}, too late: by {by} was the last day. The extension does not count ({cite}).",
		"于{day}告知本人，已逾{by}：延长无效（{cite}）。" },
	[SAY_UNTOLD] = {
		"The person has not been told: the extension counts once that is done, with reasons, by {by}.",
		"尚未告知本人：须于{by}前（含当日）告知并说明理由，延长方为有效。" },
	[SAY_UNTOLD_LATE] = {
		"The person has not been told, and {by} was the last day for it: the extension does not count ({cite}).",
		"尚未告知本人，且已逾{by}：延长无效（{cite}）。" },
	[SAY_NO_EXTENSION] = {
		"This law knows no extension here: none counts.",
		"该法对此未规定延长：延长无效。" },
	[SAY_REFUSAL] = {
		"A refusal is told, with reasons, by {day}, also after an extension ({cite}).",
		"拒绝的，无论是否延长，均须于{day}前（含当日）告知并说明理由（{cite}）。" },
	[SAY_CONFIRM] = {
		"That it was received is confirmed by {day} ({cite}).",
		"须于{day}前（含当日）确认收到（{cite}）。" },
	[SAY_CONFIRM_AT_ONCE] = {
		"That it was received is confirmed at once ({cite}).",
		"即刻确认收到（{cite}）。" },
	[SAY_DUE] = {
		"Due by the end of {day}.",
		"截止：{day}终了。" },
};
/* clang-format on */

static const char *const weekdays[NLANGUAGES][7] = {
	{ "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" },
	{ "星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日" },
};
static const char *const months[] = { "January", "February", "March", "April", "May", "June",
	"July", "August", "September", "October", "November", "December" };

void derivation_say(const struct derivation *d, enum sentence s, const struct fill_value *v,
	size_t n)
{
	if (!d->to) {
		return;
	}
	/* a sentence and its caller belong together: test_deadline says every one */
	(void)fill(sentences[s][d->language], v, n, d->to, NULL);
	buf_put_u8(d->to, '\n');
}

const char *derivation_weekday(const struct derivation *d, int32_t day)
{
	return weekdays[d->language][civil_weekday(day)];
}

const char *derivation_day(const struct derivation *d, int32_t day, char out[DERIVATION_SIZE])
{
	struct civil c = civil_of_day(day);

	if (d->language == LANGUAGE_ZH) {
		snprintf(out, DERIVATION_SIZE, "%d年%d月%d日（%s）", c.year, c.month, c.day,
			derivation_weekday(d, day));
	} else {
		snprintf(out, DERIVATION_SIZE, "%s %d %s %d", derivation_weekday(d, day), c.day,
			months[c.month - 1], c.year);
	}
	return out;
}

const char *derivation_length(const struct derivation *d, int unit, int64_t n,
	char out[DERIVATION_SIZE])
{
	static const char *const units[][3] = {
		[LAW_AT_ONCE] = { "", "", "" }, /* has no length */
		[LAW_HOURS] = { "hour", "hours", "小时" },
		[LAW_DAYS] = { "day", "days", "日" },
		[LAW_WORKING_DAYS] = { "working day", "working days", "个工作日" },
		[LAW_MONTHS] = { "calendar month", "calendar months", "个月" },
		[LAW_YEARS] = { "year", "years", "年" },
	};

	if (d->language == LANGUAGE_ZH) {
		snprintf(out, DERIVATION_SIZE, "%" PRId64 "%s", n, units[unit][2]);
	} else {
		snprintf(out, DERIVATION_SIZE, "%" PRId64 " %s", n, units[unit][n == 1 ? 0 : 1]);
	}
	return out;
}

const char *derivation_number(int64_t n, char out[DERIVATION_SIZE])
{
	snprintf(out, DERIVATION_SIZE, "%" PRId64, n);
	return out;
}
