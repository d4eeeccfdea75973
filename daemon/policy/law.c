#include "policy/law.h"

#include <string.h>

#include "base/err.h"
#include "policy/faults.h"
#include "policy/letters.h"
#include "policy/yaml.h"

#define COUNT(a)       (sizeof(a) / sizeof((a)[0]))
#define PERIOD(member) offsetof(struct law_period, member)
#define REQ(member)    offsetof(struct law_request, member)
#define BREACH(member) offsetof(struct law_breach, member)
#define MIN_(member)   offsetof(struct law_minimum, member)
#define DEMAND(member) offsetof(struct law_letter, member)
#define COUNTING(member) offsetof(struct law_counting, member)
#define LAW(member)    offsetof(struct law, member)

static const char *const request_words[NREQUEST_TYPES] = {
#define X(id, word) word,
	REQUEST_TYPES(X)
#undef X
};
#define X(id, word) word " "
static const char requests[] = REQUEST_TYPES(X);
#undef X
static const char units[] = "at_once hours days working_days months years"; /* enum law_unit */
static const char told[] = "authority subjects";                          /* enum law_told */
#define X(id, word) word " "
static const char risks[] = LAW_RISKS(X);
#undef X

static const char *const letter_words[NLETTER_KINDS] = {
#define X(id, word) word,
	LETTER_KINDS(X)
#undef X
};

const char *law_letter_word(enum letter_kind kind)
{
	return letter_words[kind];
}

bool law_letter_parse(const char *word, enum letter_kind *ret)
{
	for (int i = 0; i < NLETTER_KINDS; i++) {
		if (strcmp(letter_words[i], word) == 0) {
			*ret = (enum letter_kind)i;
			return true;
		}
	}
	return false;
}

const char *law_request_word(enum request_type type)
{
	return request_words[type];
}

bool law_request_parse(const char *word, enum request_type *ret)
{
	for (int i = 0; i < NREQUEST_TYPES; i++) {
		if (strcmp(request_words[i], word) == 0) {
			*ret = (enum request_type)i;
			return true;
		}
	}
	return false;
}

const char *law_check_request(const char *word)
{
	enum request_type type;

	return law_request_parse(word, &type) ? NULL : N_("is no request");
}

static const char *check_value(const char *text)
{
	enum letter_value v;

	return letters_value_parse(text, &v) ? NULL : N_("is no placeholder of letters");
}

/* clang-format off */
static const struct row period_row[] = {
	{ "n", SET_INTEGER, 0, "How many; not with `at_once`.", PERIOD(n), .min = 1, .max = 10000 },
	{ "unit", SET_ENUM, MUST, "Of what. `at_once` is no period: the same day, the same hour.",
	  PERIOD(unit), .words = units },
	{ "cite", SET_MAP, MUST, "Where the law says so.", PERIOD(cite), .of = &said_rows },
};
static const struct rows period_rows = {
	"A period", period_row, COUNT(period_row), sizeof(struct law_period), PERIOD(node)
};

static const struct row request_row[] = {
	{ "request", SET_ENUM, MUST, "What is asked for.", REQ(type), .words = requests },
	{ "title", SET_MAP, MUST, "What the law calls it.", REQ(title), .of = &said_rows },
	{ "cite", SET_MAP, MUST, "Where the law grants it.", REQ(cite), .of = &said_rows },
	{ "at_once", SET_MAP, 0, "What has to happen before any period.", REQ(at_once),
	  .of = &said_rows },
	{ "recipients", SET_MAP, 0,
	  "Where it says that those who received the data are told; without it nobody is.",
	  REQ(recipients), .of = &said_rows },
	{ "answer", SET_MAPS, 0, "Until when it is answered; that of the law by default.",
	  REQ(answer), REQ(nanswers), .of = &period_rows },
	{ "has_extension", SET_BOOLEAN, 0, "Whether the law's extension holds for it.",
	  REQ(has_extension), .standard = "yes" },
};
static const struct rows request_rows = {
	"What a person may ask for", request_row, COUNT(request_row), sizeof(struct law_request),
	REQ(node)
};

static const struct row breach_row[] = {
	{ "to", SET_ENUM, MUST, "Who is told of a breach.", BREACH(to), .words = told },
	{ "within", SET_MAP, MUST, "Until when, from noticing it.", BREACH(within),
	  .of = &period_rows },
	{ "when", SET_MAP, 0, "On which condition.", BREACH(when), .of = &said_rows },
	{ "from_risk", SET_ENUM, 0, "How much it must endanger people; below that nobody need be told.",
	  BREACH(from_risk), .standard = "none", .words = risks },
	{ "unless_keys_safe", SET_BOOLEAN, 0,
	  "Not when the data was sealed and whoever has it has none of the keys.",
	  BREACH(unless_keys_safe), .standard = "no" },
	{ "contents", SET_MAPS, 0, "What is told.", BREACH(contents), BREACH(ncontents),
	  .of = &said_rows },
};
static const struct rows breach_rows = {
	"A notice of a breach", breach_row, COUNT(breach_row), sizeof(struct law_breach), BREACH(node)
};

static const struct row minimum_row[] = {
	{ "what", SET_NAME, MUST,
	  "What has to be kept. `log` bounds `access_journal` of retention.yaml.", MIN_(what) },
	{ "keep", SET_MAP, MUST, "How long at least.", MIN_(keep), .of = &period_rows },
};
static const struct rows minimum_rows = {
	"What must be kept", minimum_row, COUNT(minimum_row), sizeof(struct law_minimum), MIN_(node)
};

static const struct row letter_row[] = {
	{ "letter", SET_ENUM, MUST, "Which letter.", DEMAND(kind), .words = LAW_LETTER_WORDS },
	{ "requests", SET_NAMES, 0, "To which requests; to all by default.", DEMAND(requests),
	  .check = law_check_request },
	{ "needs", SET_NAMES, MUST, "The placeholders that it must have.", DEMAND(needs),
	  .check = check_value },
	{ "cite", SET_MAP, MUST, "Where the law says so.", DEMAND(cite), .of = &said_rows },
};
static const struct rows letter_rows = {
	"What a letter must say", letter_row, COUNT(letter_row), sizeof(struct law_letter), DEMAND(node)
};

static const struct row counting_row[] = {
	{ "first_day", SET_MAP, MUST, "Why the day of receipt does not count.",
	  COUNTING(first_day), .of = &said_rows },
	{ "short_month", SET_MAP, MUST, "Why a period ends with a month that is too short.",
	  COUNTING(short_month), .of = &said_rows },
	{ "rest_day", SET_MAP, MUST, "Why it does not end on a day off.", COUNTING(rest_day),
	  .of = &said_rows },
	{ "pause", SET_MAP, 0,
	  "Why the clock stands still while the person is asked something. Without it, it does not.",
	  COUNTING(pause), .of = &said_rows },
};
static const struct rows counting_rows = {
	"How a law counts", counting_row, COUNT(counting_row), sizeof(struct law_counting),
	COUNTING(node)
};

static const struct row law_row[] = {
	{ "law", SET_NAME, MUST, "Its key: the file's name without `.yaml`.", LAW(key) },
	{ "name", SET_MAP, MUST, "What it is called.", LAW(name), .of = &said_rows },
	{ "next_of_kin", SET_BOOLEAN, 0,
	  "Whether close relatives may ask for the data of somebody who died.", LAW(next_of_kin),
	  .standard = "no" },
	{ "calendar", SET_NAME, 0,
	  "Whose days off count, a key of `law/calendar`; those of the organisation's country by "
	  "default.", LAW(calendar) },
	{ "counting", SET_MAP, MUST, "How periods are counted, with citations.", LAW(counting),
	  .of = &counting_rows },
	{ "answer", SET_MAPS, MUST,
	  "Until when a request is answered. Each entry holds: the earliest day counts.",
	  LAW(answer), LAW(nanswers), .of = &period_rows },
	{ "extension", SET_MAP, 0,
	  "How much longer it may take, if the person is told so, with reasons, in the first period.",
	  LAW(extension), .of = &period_rows },
	{ "confirm", SET_MAP, 0, "Until when a receipt is confirmed.", LAW(confirm),
	  .of = &period_rows },
	{ "refusal", SET_MAP, MUST,
	  "Where it says that a refusal is told, with reasons. It never waits for an extension.",
	  LAW(refusal), .of = &said_rows },
	{ "letters", SET_MAPS, 0, "What letters must say.", LAW(letters), LAW(nletters),
	  .of = &letter_rows },
	{ "requests", SET_MAPS, MUST, "What a person may ask for.", LAW(requests), LAW(nrequests),
	  .of = &request_rows },
	{ "breaches", SET_MAPS, 0, "Who is told of a breach, and until when.", LAW(breaches),
	  LAW(nbreaches), .of = &breach_rows },
	{ "remedies", SET_MAP, MUST, "Where a person can turn to who was refused, a sentence or two: `{remedies}` of letters.",
	  LAW(remedies), .of = &said_rows },
	{ "refusals", SET_MAPS, MUST, "Why a request may be refused.", LAW(refusals), LAW(nrefusals),
	  .of = &refusal_rows },
	{ "minimums", SET_MAPS, 0, "What has to be kept, and how long at least.", LAW(minimums),
	  LAW(nminimums), .of = &minimum_rows },
};
/* clang-format on */
const struct rows law_rows = { "law/*.yaml", law_row, COUNT(law_row), sizeof(struct law),
	LAW(node) };

static bool is_one_of(int unit, const int *units_allowed, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (units_allowed[i] == unit) {
			return true;
		}
	}
	return false;
}

/* What a period of this use may be counted in. */
static const int for_answers[] = { LAW_AT_ONCE, LAW_DAYS, LAW_WORKING_DAYS, LAW_MONTHS };
static const int for_more[] = { LAW_DAYS, LAW_WORKING_DAYS, LAW_MONTHS };
static const int for_breaches[] = { LAW_AT_ONCE, LAW_HOURS };
static const int for_keeping[] = { LAW_DAYS, LAW_MONTHS, LAW_YEARS };

static void check_period(const char *file, const struct law_period *p, const int *allowed,
	size_t n, const char *item, struct faults *faults)
{
	if (!p->node) {
		return;
	}
	if (p->unit != LAW_AT_ONCE && p->n == 0) {
		faults_add(faults, file, p->node->line, "n", "is missing");
	} else if (p->unit == LAW_AT_ONCE && p->n > 0) {
		faults_add(faults, file, p->node->line, "n", "has no meaning with at_once");
	}
	if (!is_one_of(p->unit, allowed, n)) {
		faults_add(faults, file, p->node->line, item, "is not counted in this unit");
	}
}

#define CHECK(file, p, use, item, faults) check_period(file, p, use, COUNT(use), item, faults)

/* An extension is added to each answer, so both are counted alike. */
static void check_answers(const char *file, const struct law_period *answer, size_t n,
	const struct law_period *extension, struct faults *faults)
{
	for (size_t i = 0; i < n; i++) {
		CHECK(file, &answer[i], for_answers, "answer", faults);
		if (extension && extension->node && answer[i].unit != extension->unit) {
			faults_add(faults, file, answer[i].node->line, "answer",
				"is not counted in the unit of 'extension'");
		}
	}
}

static void check_requests(const char *file, const struct law *law, struct faults *faults)
{
	for (size_t i = 0; i < law->nrequests; i++) {
		const struct law_request *q = &law->requests[i];

		if (law_find_request(law, (enum request_type)q->type) != q) {
			faults_add(faults, file, q->node->line, "request", "'%s' stands twice",
				request_words[q->type]);
		}
		check_answers(file, q->answer, q->nanswers,
			q->has_extension ? &law->extension : NULL, faults);
	}
}

static void check_refusals(const char *file, const struct law *law, struct faults *faults)
{
	for (size_t i = 0; i < law->nrefusals; i++) {
		const struct law_refusal *f = &law->refusals[i];
		enum request_type type;

		for (size_t n = 0; n < f->requests.n; n++) {
			if (!law_request_parse(f->requests.v[n], &type)) {
				faults_add(faults, file, f->node->line, "requests",
					"'%s' is no type of request", f->requests.v[n]);
			}
		}
		for (size_t n = 0; n < i; n++) {
			if (strcmp(law->refusals[n].key, f->key) == 0) {
				faults_add(faults, file, f->node->line, "refusal", "'%s' stands twice",
					f->key);
			}
		}
	}
}

int law_read(struct yaml *y, struct faults *faults, struct law *ret)
{
	const char *file = yaml_file(y);
	int r = rows_read(&law_rows, y, yaml_root(y), faults, ret);

	ret->file = file;
	if (r != 0) { /* what a row found wrong is zero, and would be found again */
		return r < 0 ? r : 0;
	}
	if (ret->nanswers == 0) {
		faults_add(faults, file, yaml_find(ret->node, "answer")->line, "answer", "is empty");
	}
	check_answers(file, ret->answer, ret->nanswers, &ret->extension, faults);
	CHECK(file, &ret->extension, for_more, "extension", faults);
	CHECK(file, &ret->confirm, for_answers, "confirm", faults);
	check_requests(file, ret, faults);
	check_refusals(file, ret, faults);
	for (size_t i = 0; i < ret->nbreaches; i++) {
		CHECK(file, &ret->breaches[i].within, for_breaches, "within", faults);
	}
	for (size_t i = 0; i < ret->nminimums; i++) {
		CHECK(file, &ret->minimums[i].keep, for_keeping, "keep", faults);
	}
	return 0;
}

const struct law_request *law_find_request(const struct law *law, enum request_type type)
{
	for (size_t i = 0; i < law->nrequests; i++) {
		if (law->requests[i].type == (int)type) {
			return &law->requests[i];
		}
	}
	return NULL;
}

const struct law_refusal *law_find_refusal(const struct law *law, enum request_type type,
	const char *key)
{
	for (size_t i = 0; i < law->nrefusals; i++) {
		const struct law_refusal *f = &law->refusals[i];

		if (strcmp(f->key, key) == 0 && refusal_is_for(f, law_request_word(type))) {
			return f;
		}
	}
	return NULL;
}

const struct law_minimum *law_find_minimum(const struct law *law, const char *what)
{
	for (size_t i = 0; i < law->nminimums; i++) {
		const char *key = law->minimums[i].what; /* NULL: at fault, which is known */

		if (key && strcmp(key, what) == 0) {
			return &law->minimums[i];
		}
	}
	return NULL;
}

int64_t law_period_days(const struct law_period *p)
{
	/* the longest run of so many months, as from July or December on */
	static const int64_t runs[] = { 0, 31, 62, 92, 123, 153, 184, 215, 245, 276, 306, 337 };

	switch ((enum law_unit)p->unit) {
	case LAW_YEARS: return p->n * 366;
	case LAW_MONTHS: return p->n / 12 * 366 + runs[p->n % 12];
	case LAW_WORKING_DAYS:
	case LAW_DAYS: return p->n;
	case LAW_HOURS:
	case LAW_AT_ONCE: break;
	}
	return 0;
}
