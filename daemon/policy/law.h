/*
 * law.h: what a law asks of whoever holds personal data: its clocks, with their citations.
 *
 * One file for each law, law/<key>.yaml.  Immutable; lives as long as its policy.
 */
#ifndef CU_POLICY_LAW_H
#define CU_POLICY_LAW_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/refusal.h"
#include "policy/rows.h"
#include "policy/said.h"

struct faults;
struct yaml;
struct yaml_node;

/* X(id, word).  Append only: the numbers are stored. */
#define REQUEST_TYPES(X)                 \
	X(ACCESS,        "access")        \
	X(PORTABILITY,   "portability")   \
	X(RECTIFICATION, "rectification") \
	X(ERASURE,       "erasure")       \
	X(RESTRICTION,   "restriction")   \
	X(OBJECTION,     "objection")     \
	X(WITHDRAWAL,    "withdrawal")

enum request_type {
#define X(id, word) REQUEST_##id,
	REQUEST_TYPES(X)
#undef X
	NREQUEST_TYPES
};

const char *law_request_word(enum request_type type);
bool law_request_parse(const char *word, enum request_type *ret);
/* NULL when it is one, else why not; as struct row's check. */
const char *law_check_request(const char *word);

/* X(id, word): what is written to people.  Append only. */
#define LETTER_KINDS(X)              \
	X(ACKNOWLEDGE, "acknowledge") \
	X(IDENTIFY,    "identify")    \
	X(EXTEND,      "extend")      \
	X(REFUSE,      "refuse")      \
	X(FULFIL,      "fulfil")      \
	X(BACKUPS,     "backups")     \
	X(NOTICE,      "notice")

enum letter_kind {
#define X(id, word) LETTER_KIND_##id,
	LETTER_KINDS(X)
#undef X
	NLETTER_KINDS
};

#define LAW_LETTER_WORD_(id, word) word " "
#define LAW_LETTER_WORDS           LETTER_KINDS(LAW_LETTER_WORD_) /* by blanks, as rows want them */

const char *law_letter_word(enum letter_kind kind);
bool law_letter_parse(const char *word, enum letter_kind *ret);

/* In the order of law.c's words. */
enum law_unit { LAW_AT_ONCE, LAW_HOURS, LAW_DAYS, LAW_WORKING_DAYS, LAW_MONTHS, LAW_YEARS };

/* A length of time, and where it is written. */
struct law_period {
	int64_t n; /* 0 with LAW_AT_ONCE */
	int unit;  /* enum law_unit */
	struct said cite;
	const struct yaml_node *node;
};

/* What holds for one type of request; what is absent is that of the law. */
struct law_request {
	int type; /* enum request_type */
	struct said title;
	struct said cite;
	struct said at_once; /* what must happen before any period; may be absent */
	struct said recipients; /* where it says that whoever received the data is told; absent: nobody is */
	struct law_period *answer; /* each of them holds: the earliest counts */
	size_t nanswers;
	bool has_extension;              /* that of the law, if it has one */
	const struct yaml_node *node;
};

enum law_told { LAW_AUTHORITY, LAW_SUBJECTS };

/* X(id, word): how much a breach endangers the people whose data it is about.  Append only: the
 * numbers are stored. */
#define LAW_RISKS(X)      \
	X(NONE, "none")    \
	X(SOME, "risk")    \
	X(HIGH, "high")

enum law_risk {
#define X(id, word) LAW_RISK_##id,
	LAW_RISKS(X)
#undef X
};

struct law_breach {
	int to; /* enum law_told */
	struct law_period within;
	struct said when; /* on which condition; may be absent */
	int from_risk;    /* enum law_risk: below it nobody need be told */
	bool unless_keys_safe; /* nor when the data was sealed and its keys are safe */
	struct said *contents; /* what is told */
	size_t ncontents;
	const struct yaml_node *node;
};

/* What must be kept at least. */
struct law_minimum {
	const char *what; /* LAW_LOG, or a name that only people read */
	struct law_period keep;
	const struct yaml_node *node;
};
#define LAW_LOG "log"

/* What a letter has to say; letters.h has the letters. */
struct law_letter {
	int kind;              /* enum letter_kind */
	struct names requests; /* none: for all */
	struct names needs;    /* of LETTER_VALUES */
	struct said cite;
	const struct yaml_node *node;
};

/* Why periods are counted as they are. */
struct law_counting {
	struct said first_day, short_month, rest_day;
	struct said pause; /* absent: the clock never stands still */
	const struct yaml_node *node;
};

struct law {
	const char *key;
	struct said name;
	const char *calendar; /* NULL: that of the organisation's country */
	bool next_of_kin;     /* may ask for somebody who died */
	struct law_counting counting;
	struct law_period *answer; /* of requests that have none of their own */
	size_t nanswers;
	struct law_period extension; /* node is NULL: the law knows none */
	struct law_period confirm;   /* likewise */
	struct said refusal;         /* where it says until when, and how, a refusal is told */
	struct said remedies;        /* where a person can turn to who was refused */
	struct law_refusal *refusals;
	size_t nrefusals;
	struct law_letter *letters;
	size_t nletters;
	struct law_request *requests;
	size_t nrequests;
	struct law_breach *breaches;
	size_t nbreaches;
	struct law_minimum *minimums;
	size_t nminimums;
	const char *file; /* "law/gdpr.yaml" */
	const struct yaml_node *node;
};

extern const struct rows law_rows;

/* Fills ret from a tree, both passes; everything borrows from y.  0, also when there are faults;
 * CU_ENOMEM. */
int law_read(struct yaml *y, struct faults *faults, struct law *ret);

/* NULL when the law does not know it. */
const struct law_request *law_find_request(const struct law *law, enum request_type type);
/* One for this type of request; NULL: there is none of this key. */
const struct law_refusal *law_find_refusal(const struct law *law, enum request_type type,
	const char *key);
const struct law_minimum *law_find_minimum(const struct law *law, const char *what);

/* The longest that it can be, in days: for comparing, not for calendars.  Not of hours. */
int64_t law_period_days(const struct law_period *p);

#endif
