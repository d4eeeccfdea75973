/* What a dossier says, in English and in Chinese. */
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "ledger/leaf.h"
#include "privacy/dossier_forms.h"

struct words {
	const char *en, *zh;
};

/* clang-format off */

/* Sentences: of the page, of the log, of the shipped schema.yaml. */
static const struct words texts[] = {
	{ "What is kept about you", "我们保存的关于您的信息" },
	{ "What is kept about this organisation", "我们保存的关于该组织的信息" },
	{ "This is everything that is kept about you in this store, with where it came from, how long it is kept, and who looked at it. The same is in data.json for programs, and in the folder csv for spreadsheets.",
	  "本文件列出本系统中保存的关于您的全部信息，以及信息的来源、保存期限和查阅记录。相同内容另见 data.json（供程序读取）和 csv 文件夹（供电子表格打开）。" },
	{ "This is a part of what is kept about you: what was asked for, as far as the purpose covers it, with where it came from, how long it is kept, and who looked at it. The same is in data.json for programs, and in the folder csv for spreadsheets.",
	  "本文件列出本系统中保存的关于您的部分信息（所申请的、且属于该处理目的范围内的类别），以及信息的来源、保存期限和查阅记录。相同内容另见 data.json（供程序读取）和 csv 文件夹（供电子表格打开）。" },
	{ "Contents", "目录" },
	{ "held by", "信息处理者" },
	{ "What machines decide", "自动化决策" },
	{ "decisions", "决策" },
	{ "The program that holds this data decides nothing about people by itself, and makes no profiles.",
	  "保存此信息的系统本身不对个人作出任何决定，也不进行画像。" },
	{ "Whether others decide about you with it by machines alone is not noted here: ask the organisation.",
	  "是否有他人利用该信息仅以机器对您作出决定，此处未作记载，请向本机构询问。" },
	{ "Who holds it, and whom to ask", "信息处理者与联系方式" },
	{ "controller", "个人信息处理者" },
	{ "representative", "代表" },
	{ "data protection officer", "个人信息保护负责人" },
	{ "supervisory authority", "监管机构" },
	{ "Who answers for this data stands in the letter that came with this document.",
	  "信息处理者的名称见随本文件寄送的信函。" },
	{ "You may complain to this authority, or to the one where you live or work.",
	  "您可以向上述机构或您居住地、工作地的监管机构投诉。" },
	{ "You may complain to the supervisory authority where you live or work.",
	  "您可以向您居住地或工作地的监管机构投诉。" },
	{ "made on", "制作日期" },
	{ "made for the purpose", "制作目的" },
	{ "made by operator", "制作人（操作员编号）" },
	{ "about", "信息主体编号" },
	{ "store", "存储系统编号" },
	{ "records", "记录数" },
	{ "Nothing is kept here:", "以下类别没有保存任何信息：" },
	{ "Nothing is kept about you in this store.", "本系统没有保存任何关于您的信息。" },
	{ "since", "记录于" },
	{ "last changed", "最近修改" },
	{ "source", "来源" },
	{ "Of this record alone holds:", "仅就本条记录：" },
	{ "it is used only for", "仅用于" }, { "it is not used for", "不用于" },
	{ "decided by machines alone", "仅由机器作出决定" }, { "it is seen only by", "仅限查看者" },
	{ "it is shared only with", "仅提供给" }, { "it is from", "来自" },
	{ "kind of data", "信息类别" },
	{ "its name there", "在来源中的名称" },
	{ "entered here", "在本系统录入" },
	{ "from outside, without a name", "来自外部，未注明来源" },
	{ "What you agreed or objected to", "同意与反对" },
	{ "you", "您的表示" }, { "by", "方式" }, { "notice", "告知文本" }, { "until", "有效期至" },
	{ "Nobody ever asked, and nothing was said.", "未曾征询，也没有相关表示。" },
	{ "in general", "全部渠道" },
	{ "asked, not answered yet", "已征询，尚未答复" }, { "agreed", "同意" }, { "said no", "拒绝" },
	{ "took it back", "撤回同意" }, { "was not obtained as the law wants it", "同意无效（取得方式不符合法律）" },
	{ "agreed again while it was live", "再次同意" }, { "objected to the purpose", "反对" },
	{ "the objection was taken back or overruled", "反对已撤回或未被采纳" },
	{ "a box was ticked", "勾选" }, { "a box was ticked and a message answered", "勾选并回复确认" },
	{ "in writing, with other things", "书面（与其他事项一起）" }, { "by word of mouth", "口头" },
	{ "in so many words, about this alone", "明示" }, { "a consent of its own, apart from all others", "单独同意" },
	{ "What it is used for", "用途" },
	{ "legal basis", "法律依据" }, { "data", "信息" }, { "who receives it", "接收方" },
	{ "nobody else", "无" }, { "by: ", "出境依据：" }, { ", ", "、" },
	{ "Where it comes from", "信息来源" },
	{ "Further sources are told with each record in data.json.", "其他来源见 data.json 中的各条记录。" },
	{ "This record also concerns others. What is known of them is not shown: it says \xe2\x80\x9c" "another person\xe2\x80\x9d instead.",
	  "此记录同时涉及他人。他人的已知信息不予显示，以“另一人”代替。" },
	{ "This record is kept about another person, and names you. What is known of that person is not shown: it says \xe2\x80\x9c" "another person\xe2\x80\x9d instead.",
	  "此记录属于另一人，其中涉及您。该人的已知信息不予显示，以“另一人”代替。" },
	{ "How long it is kept", "保存期限" },
	{ "after the last activity", "（自最近一次活动起算）" },
	{ "after the end of the relationship", "（自业务关系结束起算）" },
	{ "after the record's own date", "（自记录本身的日期起算）" },
	{ " years", "年" }, { " days", "天" }, { " hours", "小时" }, { " seconds", "秒" },
	{ "collection", "信息类别" },
	{ "kept for", "保存期限" },
	{ "reason", "理由" },
	{ "until it is no longer needed for its purpose, or is erased", "在实现处理目的所必需的期间内保存，或保存至被删除为止" },
	{ "a law wants it kept for", "法律要求至少保存" },
	{ ": ", "：" }, { ".", "。" },
	{ "Who searched for or exported many people's data is remembered for", "批量查询或导出所涉及人员的名单保存期限为" },
	{ "Who looked at it or changed it", "谁查阅或修改过" },
	{ "From the audit log, in which every access stands before anything is shown. An operator is a person or a program of the organisation, under a random number. Times are of UTC.",
	  "摘自审计日志：任何访问都在显示信息之前先行记录。操作员是本机构的人员或程序，以随机编号表示。时间为协调世界时（UTC）。" },
	{ "There is no entry.", "没有记录。" },
	{ "Later entries are left out here: there are too many.", "由于条目过多，其后的条目在此省略。" },
	{ "searches, exports or checks of many people are so long ago that it is no longer known whom they showed.",
	  "次批量查询、导出或核对因年代已久，已无法得知涉及哪些人。" },
	{ "day", "日期" },
	{ "what", "事项" },
	{ "purpose", "目的" },
	{ "operator", "操作员" },
	{ "times", "次数" },
	{ "the program itself", "系统自身" },
	{ "Your rights", "您的权利" },
	{ "You may ask that wrong data is corrected, that data is erased or its use restricted, and that what you gave is handed over in a form that programs read (data.json is one). You may object to its use, and withdraw a consent at any time, for the future. You may ask for an explanation of the rules by which your data is handled, and complain to a supervisory authority or go to court (Art. 15 to 22 and 77 to 79 GDPR; Art. 44 to 50 PIPL).",
	  "您有权要求更正错误的信息、删除信息或限制其处理，并有权要求以程序可读的形式转移您提供的信息（data.json 即为此种形式）。您可以反对对信息的处理，并可随时撤回同意，撤回自此生效。您有权要求说明个人信息处理规则，也有权向监管机构投诉或向法院起诉（《个人信息保护法》第四十四条至第五十条；《通用数据保护条例》第十五条至第二十二条、第七十七条至第七十九条）。" },
	{ "About this document", "关于本文件" },
	{ "Values stand here as they are kept. Random numbers (32 digits) stand for people, records and operators in the audit log.",
	  "各项内容按保存时的原样列出。32 位随机编号代表审计日志中的人员、记录和操作员。" },
	{ "Keep this archive as you keep your papers: whoever has it reads all of it.",
	  "请像保管重要证件一样保管本文件：任何得到它的人都能读到全部内容。" },
	{ "another person", "另一人" },
	/* README.txt */
	{ "the same for reading and printing; open it with any browser", "供阅读和打印，用任何浏览器打开" },
	{ "the text of each document, under the number of its record, if there are any", "各份文件的正文（如有），以其记录编号命名" },
	{ "the same for programs, in JSON", "相同内容，JSON 格式，供程序读取" },
	{ "the same for spreadsheets, a file for each collection in which there is something; a text that a spreadsheet would take for a formula has an apostrophe before it", "相同内容，供电子表格打开；每个有内容的类别一个文件；可能被电子表格当作公式的文本前加有撇号" },
	/* schema.yaml */
	{ "Who somebody is.", "身份信息。" },
	{ "How somebody can be reached.", "联系方式。" },
	{ "Under which numbers somebody is known elsewhere.", "在其他机构或系统中的编号。" },
	{ "What somebody ordered, and what became of it.", "订购的内容及其处理情况。" },
	{ "Money that was asked for, paid or given back.", "应付、已付或退还的款项。" },
	{ "A call, a letter, a visit, a message, in either direction.", "双方往来的电话、信函、来访和消息。" },
	{ "What somebody was seen to do, on a site, in an app, in a shop.", "在网站、应用或商店中的行为。" },
	{ "What somebody wants or is likely to want.", "需要或可能需要的内容。" },
	{ "Praise, complaints and answers to surveys.", "表扬、投诉和问卷回答。" },
	{ "Contracts, certificates and other papers.", "合同、证书和其他文件。" },
	/* purposes.yaml */
	{ "Concluding contracts with customers and doing what was agreed.", "与客户订立并履行合同。" },
	{ "Answering questions and complaints of customers, and keeping their data right.", "答复客户的咨询和投诉，并保持其信息准确。" },
	{ "Keeping books and answering authorities, as laws demand.", "依法记账并答复主管机关。" },
	{ "Telling people what is known about them.", "向个人告知所保存的其信息。" },
	{ "Forgetting people who ask for it, or whose time is over.", "应要求或在期限届满后删除个人信息。" },
	{ "Finding out whose data was disclosed, lost or altered, and telling them.", "查明哪些人的信息被泄露、丢失或篡改，并予以告知。" },
	{ "Sending news about products by e-mail.", "通过电子邮件发送产品资讯。" },
	{ "Asking people what they think of products and service.", "征询对产品和服务的意见。" },
	{ "Sending catalogues to customers by letter.", "向客户邮寄产品目录。" },
	{ "Learning what is bought and used, and by which kinds of customers.", "了解各类客户的购买和使用情况。" },
	{ "The company that sends our e-mail; it acts on our behalf.", "受我方委托发送电子邮件的公司。" },
	/* the log */
	{ "a data subject was added", "新增信息主体" },
	{ "a person's data was read", "查阅个人信息" },
	{ "a person's data was handed out as a dossier", "导出个人信息副本" },
	{ "somebody was looked up", "查找人员" },
	{ "data of many was exported", "批量导出信息" },
	{ "records were written", "写入记录" },
	{ "records were deleted, their key lives on", "删除记录" },
	{ "an erasure began; the subject is denied", "开始删除，停止访问" },
	{ "keys were shredded", "销毁密钥" },
	{ "an erasure is complete on this host", "删除完成" },
	{ "an erasure was cancelled; nothing was lost", "取消删除，信息未丢失" },
	{ "an erasure can no longer be cancelled", "删除已不可取消" },
	{ "what remains of a collection has a fresh key", "为保留的信息更换密钥" },
	{ "it was looked up who did what", "查询审计日志" },
	{ "a data subject's request was received", "收到个人的请求" },
	{ "a request has another state: the reason", "请求的状态变更" },
	{ "something was recorded about a request", "登记请求的有关事项" },
	{ "the papers of a request were read", "查阅请求材料" },
	{ "what is over ends; it cannot be stopped any more", "保存期限届满，开始删除" },
	{ "the rows of what ended are deleted", "期限届满的信息已删除" },
	{ "somebody was asked for a consent", "征求同意" },
	{ "a consent was given", "作出同意" },
	{ "a consent was refused", "拒绝同意" },
	{ "a consent was withdrawn", "撤回同意" },
	{ "a consent was found to be void", "同意被认定无效" },
	{ "a live consent was given again", "再次作出同意" },
	{ "somebody objected to a purpose", "反对某项处理目的" },
	{ "an objection was taken back or overruled", "反对已撤回或未被采纳" },
	{ "it was asked whether data may be used", "查询是否可以使用信息" },
	{ "it was read what somebody had consented to", "查阅同意记录" },
	{ "a person's data is only stored from now on", "限制处理，仅予保存" },
	{ "a person's data is used again", "解除限制处理" },
	{ "it was computed whom an incident is about", "查明安全事件涉及哪些人" },
};

/* Keys of the shipped policies. */
static const struct words keys[] = {
	{ "profile", "个人资料" }, { "contact_point", "联系方式" }, { "identifier", "编号" },
	{ "order", "订单" }, { "transaction", "交易" }, { "interaction", "往来记录" },
	{ "behaviour", "行为" }, { "need", "需求" }, { "feedback", "反馈" }, { "document", "文件" },
	{ "given_name", "名" }, { "family_name", "姓" }, { "full_name", "姓名" },
	{ "salutation", "称谓" }, { "organisation", "单位" }, { "job_title", "职务" },
	{ "birth_date", "出生日期" }, { "gender", "性别" }, { "language", "语言" },
	{ "status", "状态" }, { "customer_since", "成为客户的日期" }, { "acquired_by", "获客渠道" },
	{ "note", "备注" }, { "label", "标签" }, { "email", "电子邮箱" }, { "phone", "电话" },
	{ "fax", "传真" }, { "recipient", "收件人" }, { "street", "街道地址" },
	{ "district", "区县" }, { "city", "城市" }, { "state", "省份" },
	{ "postal_code", "邮政编码" }, { "country", "国家或地区" }, { "url", "网址" },
	{ "preferred", "首选" }, { "invalid_since", "失效日期" }, { "scheme", "编号种类" },
	{ "value", "数值" }, { "issuer", "签发机构" }, { "valid_until", "有效期至" },
	{ "date", "日期" }, { "number", "号码" }, { "items", "项目" }, { "amount", "金额" },
	{ "currency", "币种" }, { "ship_to", "收货地址" }, { "delivered", "送达日期" },
	{ "kind", "种类" }, { "method", "支付方式" }, { "quantity", "数量" },
	{ "bill_to", "账单地址" }, { "channel", "渠道" }, { "direction", "方向" },
	{ "subject", "主题" }, { "summary", "摘要" }, { "handled_by", "经办人" },
	{ "follow_up", "跟进日期" }, { "event", "事件" }, { "page", "页面" },
	{ "search", "搜索内容" }, { "product", "产品" }, { "campaign", "营销活动" },
	{ "device", "设备" }, { "topic", "主题" }, { "description", "说明" },
	{ "priority", "优先级" }, { "budget", "预算" }, { "wanted_by", "期望日期" },
	{ "about", "涉及内容" }, { "score", "评分" }, { "text", "正文" }, { "answer", "答复" },
	{ "title", "标题" }, { "file_name", "文件名" }, { "media_type", "文件类型" },
	{ "contract", "履行合同" }, { "customer_service", "客户服务" },
	{ "legal_obligation", "履行法定义务" }, { "access_request", "查阅复制请求" },
	{ "erasure_request", "删除请求" }, { "incident", "个人信息安全事件" }, { "marketing_email", "电子邮件营销" }, { "survey", "问卷调查" },
	{ "marketing_post", "邮寄营销" }, { "analytics", "分析统计" },
	{ "consent", "同意" }, { "vital_interests", "重大利益" }, { "public_interest", "公共利益" },
	{ "legitimate_interests", "正当利益" }, { "adequacy", "充分性认定" }, { "clauses", "标准合同条款" },
	{ "binding_rules", "有约束力的公司规则" },
};
/* clang-format on */

static const char *find(const struct words *v, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].en, text) == 0) {
			return v[i].zh;
		}
	}
	return NULL;
}

static const char *say(enum dossier_language language, const char *text)
{
	const char *zh = language == DOSSIER_ZH ?
		find(texts, sizeof(texts) / sizeof(texts[0]), text) :
		NULL;

	return zh ? zh : text;
}

const char *dossier_say(const struct dossier *d, const char *text)
{
	return say(d->language, text);
}

const char *words_duration(enum dossier_language language, struct duration d, char out[WORDS_DURATION_SIZE])
{
	snprintf(out, WORDS_DURATION_SIZE, "%d%s", d.n,
		say(language, d.unit == 'y' ? " years" : d.unit == 'd' ? " days" : d.unit == 'h' ? " hours" : " seconds"));
	return out;
}

const char *dossier_another(const struct dossier *d)
{
	return dossier_say(d, "another person");
}

const char *words_label(enum dossier_language language, const char *key, char out[ENGINE_KEY_SIZE])
{
	const char *zh = language == DOSSIER_ZH ?
		find(keys, sizeof(keys) / sizeof(keys[0]), key) :
		NULL;

	snprintf(out, ENGINE_KEY_SIZE, "%s", zh ? zh : key);
	for (char *at = out; !zh && *at; at++) {
		*at = *at == '_' ? ' ' : *at;
	}
	return out;
}

const char *dossier_label(
	const struct dossier *d, const char *key, char out[ENGINE_KEY_SIZE])
{
	return words_label(d->language, key, out);
}

const char *dossier_day(const struct dossier *d, int32_t day, char out[DOSSIER_DAY_SIZE])
{
	static const char *const months[] = { "January", "February", "March", "April", "May",
		"June", "July", "August", "September", "October", "November", "December" };
	struct civil c = civil_of_day(day);

	if (d->language == DOSSIER_ZH) {
		snprintf(out, DOSSIER_DAY_SIZE, "%d年%d月%d日", c.year, c.month, c.day);
	} else {
		snprintf(out, DOSSIER_DAY_SIZE, "%d %s %d", c.day, months[c.month - 1], c.year);
	}
	return out;
}

/* --- README.txt ------------------------------------------------------------------- */

void dossier_readme(const struct dossier *d, struct buf *to)
{
	char day[DOSSIER_DAY_SIZE];
	const char *title = d->kind == SUBJECT_ORGANISATION ?
		"What is kept about this organisation" :
		"What is kept about you";

	buf_putf(to, "%s\n%s\n\n", dossier_say(d, title),
		dossier_day(d, civil_day_of_ms(d->made_ms), day));
	buf_putf(to, "index.html  %s\n", dossier_say(d, "the same for reading and printing; open it with any browser"));
	buf_putf(to, "data.json   %s\n", dossier_say(d, "the same for programs, in JSON"));
	buf_putf(to, "documents/  %s\n", dossier_say(d, "the text of each document, under the number of its record, if there are any"));
	buf_putf(to, "csv/        %s\n\n", dossier_say(d, "the same for spreadsheets, a file for each collection in which there is something; a text that a spreadsheet would take for a formula has an apostrophe before it"));
	buf_putf(to, "%s\n", dossier_say(d, "Keep this archive as you keep your papers: whoever has it reads all of it."));
}
