#include <inttypes.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

static bool is_word(const json_t *object, const char *name, const char *word)
{
	return strcmp(out_str(object, name), word) == 0;
}

static bool is_open_duty(const json_t *duty)
{
	return is_word(duty, "verdict", "due") || is_word(duty, "verdict", "overdue");
}

/* In the language in which the laws are quoted with it. */
__attribute__((format_arg(2), format_arg(3))) static const char *in(
	const json_t *e, const char *en, const char *zh)
{
	return is_word(e, "language", "zh") ? zh : en;
}

/* --- one incident ------------------------------------------------------------------ */

static const char *const kinds[][3] = {
	{ "disclosure", N_("disclosure: others saw data, or may have"), "泄露：他人看到或可能看到信息" },
	{ "loss", N_("loss: data is gone"), "丢失：信息已不存在" },
	{ "alteration", N_("alteration: data was changed"), "篡改：信息被更改" },
	{ "unavailability", N_("unavailability: data is out of reach"), "不可用：无法访问信息" } };
static const char *const risks[][3] = {
	{ "none", N_("none: people are unlikely to be harmed"), "无：不太可能危害个人" },
	{ "risk", N_("a risk to people"), "可能危害个人" },
	{ "high", N_("a high risk to people"), "可能严重危害个人" } };

static const char *said(const json_t *e, const char *const (*words)[3], size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i][0], word) == 0) {
			return in(e, _(words[i][1]), words[i][2]);
		}
	}
	return word;
}

static void show_facts(const json_t *e)
{
	out_field(in(e, _("incident"), "安全事件"), "%" PRId64 ", %s", out_int(e, "number"),
		json_is_true(json_object_get(e, "is_open")) ? in(e, _("open"), "处理中") :
							      in(e, _("closed"), "已结束"));
	out_field(in(e, _("kind"), "类型"), "%s", said(e, kinds, 4, out_str(e, "kind")));
	out_field(in(e, _("risk"), "风险"), "%s", said(e, risks, 3, out_str(e, "risk")));
	if (is_word(e, "keys", "safe")) {
		out_field(in(e, _("keys"), "密钥"), "%s",
			in(e, _("safe: what others have is sealed"), "安全：他人取得的是加密数据"));
	}
	out_optional(in(e, _("noticed"), "发现时间"), e, "noticed");
	out_optional(in(e, _("began"), "开始时间"), e, "began");
	out_optional(in(e, _("ended"), "结束时间"), e, "ended");
	if (json_object_get(e, "affected")) {
		out_field(in(e, _("people affected"), "涉及人数"), in(e, _("%" PRId64 ", as of %s"), "%" PRId64 "（截至 %s）"),
			out_int(e, "affected"), out_str(e, "scoped"));
	}
	out_optional(in(e, _("closed"), "结案时间"), e, "closed");
}

/* "noticed + 72 hours (GDPR Art. 33(1)) = 2026-02-02 10:15 CET". */
static void show_derivation(const json_t *e, const json_t *duty)
{
	if (json_is_true(json_object_get(duty, "at_once"))) {
		out_line(in(e, _("  at once (%s)"), "  立即（%s）"), out_str(duty, "cite"));
	} else {
		out_line(in(e, _("  noticed %s + %" PRId64 " hours (%s) = %s"), "  发现于 %s + %" PRId64 " 小时（%s）= %s"),
			out_str(e, "noticed"), out_int(duty, "hours"), out_str(duty, "cite"),
			out_str(duty, "until"));
	}
	if (json_object_get(duty, "when")) {
		out_line("  %s", out_str(duty, "when"));
	}
}

static void show_verdict(const json_t *e, const json_t *duty)
{
	const char *whom = is_word(duty, "to", "authority") ? in(e, _("the authority"), "主管部门") :
							      in(e, _("the people"), "受影响的个人");
	const char *law = out_str(duty, "law");
	int64_t left = out_int(duty, "hours_left");

	if (is_word(duty, "verdict", "not_needed")) {
		out_line(in(e, _("%s, %s: need not be told at this risk"), "%s，%s：按此风险无需告知"), whom, law);
	} else if (is_word(duty, "verdict", "keys_safe")) {
		out_line(in(e, _("%s, %s: need not be told, because the data is sealed and its keys are safe"),
				"%s，%s：数据已加密且密钥安全，无需告知"), whom, law);
	} else if (is_word(duty, "verdict", "told")) {
		out_line(in(e, _("%s, %s: told %s"), "%s，%s：已于 %s 告知"), whom, law, out_str(duty, "told"));
	} else if (is_word(duty, "verdict", "told_late")) {
		out_line(in(e, _("%s, %s: told %s, LATE"), "%s，%s：已于 %s 告知，逾期"), whom, law, out_str(duty, "told"));
	} else if (json_is_true(json_object_get(duty, "at_once"))) {
		out_line(in(e, _("%s, %s: to be told AT ONCE"), "%s，%s：应立即告知"), whom, law);
	} else if (left < 0) {
		out_line(in(e, _("%s, %s: to be told by %s: LATE by %" PRId64 " hours"),
				"%s，%s：应于 %s 前告知，已逾期 %" PRId64 " 小时"), whom, law,
			out_str(duty, "until"), -left);
	} else {
		out_line(in(e, _("%s, %s: to be told by %s: %" PRId64 " hours left"),
				"%s，%s：应于 %s 前告知，尚余 %" PRId64 " 小时"), whom, law,
			out_str(duty, "until"), left);
	}
}

static void show_duties(const json_t *e, bool with_contents)
{
	json_t *duty, *line;
	size_t i, j;

	if (json_array_size(json_object_get(e, "duties")) == 0) {
		out_line("%s", in(e, _("No clock runs: organisation.yaml names no law that wants anybody to be told."),
				"没有期限：organisation.yaml 所列法律均未要求告知。"));
	}
	json_array_foreach(json_object_get(e, "duties"), i, duty) {
		show_verdict(e, duty);
		show_derivation(e, duty);
		if (with_contents && is_open_duty(duty)) {
			json_array_foreach(json_object_get(duty, "contents"), j, line) {
				out_line("  - %s", json_string_value(line));
			}
		}
	}
}

/* --- what to do now ---------------------------------------------------------------- */

static void show_telling(const json_t *e, const json_t *duty)
{
	out_line("%s", is_word(duty, "to", "authority") ?
			in(e, _("Tell the authority (phases are fine; what is missing follows), and note that you did:"),
				"告知主管部门（可分阶段报告，其余内容随后补充），并记录告知时间：") :
			in(e, _("Tell the people, and note that you did:"), "告知受影响的个人，并记录告知时间："));
	out_line("    custosctl incident letter %" PRId64 " %s", out_int(e, "number"), out_str(duty, "to"));
	out_line("    custosctl incident tell %" PRId64 " %s --law=%s --at=\"YYYY-MM-DD HH:MM\"",
		out_int(e, "number"), out_str(duty, "to"), out_str(duty, "law"));
	if (is_word(duty, "verdict", "overdue")) {
		out_line("%s", in(e, _("    with --reasons=FILE: why it is late"), "    并附 --reasons=文件：说明逾期原因"));
	}
}

static bool has_paper(const json_t *papers, const char *kind)
{
	json_t *paper;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)papers, i, paper) {
		if (is_word(paper, "kind", kind)) {
			return true;
		}
	}
	return false;
}

static void show_next(const json_t *e, const json_t *papers)
{
	int64_t number = out_int(e, "number");
	bool is_done = has_paper(papers, "effects") && has_paper(papers, "measures");
	json_t *duty;
	size_t i;

	out_line("%s", "");
	out_line("%s", in(e, _("What to do now:"), "现在应做："));
	json_array_foreach(json_object_get(e, "duties"), i, duty) {
		if (is_open_duty(duty)) {
			show_telling(e, duty);
			is_done = false;
		}
	}
	if (!json_object_get(e, "affected") && !is_word(e, "kind", "unavailability")) {
		out_line("%s", in(e, _("Find out whom it is about (their ids go into FILE):"), "查明涉及哪些人（编号写入文件）："));
		out_line("    custosctl incident scope %" PRId64 " FILE --purpose=incident --actor=UID", number);
	}
	if (!has_paper(papers, "effects")) {
		out_line("%s", in(e, _("Write down what it may mean for people; --risk=none or --risk=high if that is so:"),
				"记录可能对个人造成的危害；如情况如此，使用 --risk=none 或 --risk=high："));
		out_line("    custosctl incident note %" PRId64 " --about=effects", number);
	}
	if (!has_paper(papers, "measures")) {
		out_line("%s", in(e, _("Write down what was done about it:"), "记录已采取的补救措施："));
		out_line("    custosctl incident note %" PRId64 " --about=measures", number);
	}
	if (is_done) {
		out_line("%s", in(e, _("Nothing is missing:"), "材料已齐备："));
		out_line("    custosctl incident close %" PRId64, number);
	}
}

/* --- texts ------------------------------------------------------------------------- */

static const char *const abouts[][3] = { { "facts", N_("facts"), "事实" }, { "effects", N_("effects"), "影响" },
	{ "measures", N_("remedial action"), "补救措施" }, { "delay", N_("reasons for the delay"), "逾期原因" } };

static void show_papers(const json_t *e, const json_t *papers)
{
	json_t *paper;
	char when[32];
	size_t i;

	for (size_t k = 0; k < sizeof(abouts) / sizeof(abouts[0]); k++) {
		json_array_foreach((json_t *)(uintptr_t)papers, i, paper) {
			if (is_word(paper, "kind", abouts[k][0])) {
				out_field(in(e, _(abouts[k][1]), abouts[k][2]), "%s", out_time(out_int(paper, "at_ms"), when));
				out_lines("", out_str(json_object_get(paper, "texts"), "text"));
			}
		}
	}
}

/* --- the commands ------------------------------------------------------------------ */

void cmd_incident(const struct args *a, const json_t *reply)
{
	const json_t *e = json_object_get(reply, "incident");

	(void)a;
	show_facts(e);
	show_duties(e, false);
	if (json_is_true(json_object_get(e, "is_open"))) {
		out_line("%s custosctl incident show %" PRId64, in(e, _("What to do now:"), "现在应做："), out_int(e, "number"));
	}
}

void cmd_incident_show(const struct args *a, const json_t *reply)
{
	const json_t *e = json_object_get(reply, "incident"), *papers = json_object_get(reply, "papers");

	(void)a;
	show_facts(e);
	out_line("%s", "");
	show_duties(e, true);
	if (json_is_true(json_object_get(e, "is_open"))) {
		show_next(e, papers);
	}
	out_line("%s", "");
	show_papers(e, papers);
}

void cmd_incident_letter(const struct args *a, const json_t *reply)
{
	(void)a;
	out_line("%s", out_str(reply, "subject"));
	out_line("%s", "");
	out_text("", out_str(reply, "text"));
}

/* The first that is to be told by a time, or at once. */
static const json_t *next_duty(const json_t *e)
{
	const json_t *first = NULL;
	json_t *duty;
	size_t i;

	json_array_foreach(json_object_get(e, "duties"), i, duty) {
		if (is_open_duty(duty) &&
			(!first || out_int(duty, "until_ms") < out_int(first, "until_ms"))) {
			first = duty;
		}
	}
	return first;
}

static void put_next(struct out_table *t, const json_t *duty)
{
	if (!duty) {
		out_cell(t, "-");
		out_cell(t, "-");
	} else if (json_is_true(json_object_get(duty, "at_once"))) {
		out_cell(t, "%s", _("at once"));
		out_cell(t, "-");
	} else {
		out_cell(t, "%s", out_str(duty, "until"));
		out_cell(t, "%" PRId64 "%s", out_int(duty, "hours_left"),
			out_int(duty, "hours_left") < 0 ? _(" LATE") : "");
	}
}

void cmd_incident_list(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("INCIDENT"), N_("STATE"), N_("KIND"), N_("RISK"),
		N_("NOTICED"), N_("TELL SOMEBODY BY"), N_("HOURS LEFT"), NULL };
	const json_t *all = json_object_get(reply, "incidents");
	struct out_table *t;
	json_t *e;
	size_t i;

	if (json_array_size(all) == 0) {
		out_nothing(args_is_set(a, "all") ? _("There are no incidents.") :
						    _("There are no open incidents."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		out_cell(t, "%" PRId64, out_int(e, "number"));
		out_cell(t, "%s", json_is_true(json_object_get(e, "is_open")) ? _("open") : _("closed"));
		out_cell(t, "%s", out_word(e, "kind"));
		out_cell(t, "%s", out_word(e, "risk"));
		out_cell(t, "%s", out_str(e, "noticed"));
		put_next(t, next_duty(e));
	}
	out_table_end(t);
}

void cmd_incident_scope(const struct args *a, const json_t *reply)
{
	const json_t *r = json_object_get(reply, "result");

	(void)a;
	out_field(_("people affected"), "%" PRId64, out_int(r, "affected"));
	if (out_int(r, "gone") > 0) {
		out_field(_("of them erased by now"), "%" PRId64, out_int(r, "gone"));
	}
	out_field(_("entries of the log"), "%" PRId64, out_int(r, "entries"));
	if (out_int(r, "unknown") > 0) {
		out_line(_("! %" PRId64 " searches and exports showed up to %" PRId64 " people more, and it is not known any more whom."),
			out_int(r, "unknown"), out_int(r, "hidden"));
	}
}

void cmd_incident_register(const struct args *a, const json_t *reply)
{
	const json_t *all = json_object_get(reply, "register");
	json_t *entry;
	size_t i;

	(void)a;
	if (json_array_size(all) == 0) {
		out_nothing(_("The register is empty: there were no incidents."));
		return;
	}
	json_array_foreach((json_t *)(uintptr_t)all, i, entry) {
		if (i > 0) {
			out_line("%s", "");
		}
		show_facts(json_object_get(entry, "incident"));
		show_duties(json_object_get(entry, "incident"), false);
		show_papers(json_object_get(entry, "incident"), json_object_get(entry, "papers"));
	}
}
