/*
 * letters.h: the letters that are written to people: letters/<kind>.yaml.
 *
 * A letter is a list of paragraphs in each language, of which some are for certain laws or
 * requests only.  A {name} in a paragraph is a placeholder of the table below.  What a law
 * demands of a letter it lists itself (law.h), and a letter that lacks it is a fault.
 * Immutable; lives as long as its policy.
 */
#ifndef CU_POLICY_LETTERS_H
#define CU_POLICY_LETTERS_H
#include <stdbool.h>
#include <stddef.h>

#include "policy/law.h"
#include "policy/rows.h"
#include "policy/said.h"

struct cu_err;
struct faults;
struct lawbook;
struct yaml;
struct yaml_node;

/* X(id, name, what it is, how it is given when it is missing) */
/* clang-format off */
#define LETTER_VALUES(X)                                                                  \
	X(CONTROLLER,     "controller",     "who answers for the data", "set 'controller' in organisation.yaml") \
	X(CONTACT,        "contact",        "how to reach it", "set 'controller.contact' in organisation.yaml") \
	X(DPO,            "dpo",            "the data protection officer", "set 'dpo' in organisation.yaml") \
	X(AUTHORITY,      "authority",      "where to complain", "set 'authority' in organisation.yaml") \
	X(RIGHT,          "right",          "what was asked for, as the law calls it", "it is the law's 'title'") \
	X(RIGHT_CITE,     "right_cite",     "where the law grants it", "it is the law's 'cite'") \
	X(EXTENSION_CITE, "extension_cite", "where the law allows more time", "the law knows no extension") \
	X(REMEDIES,       "remedies",       "where a person who was refused can turn to", "it is the law's 'remedies'") \
	X(TODAY,          "today",          "the letter's date", "it is today") \
	X(PERSON,         "person",         "how the person is addressed", "it comes from the request") \
	X(REPRESENTED,    "represented",    "for whom the addressee asks", "the person asks") \
	X(NUMBER,         "number",         "the request's number", "it comes from the request") \
	X(RECEIVED,       "received",       "when the request was received", "it comes from the request") \
	X(DUE,            "due",            "until when it is answered", "it comes from the request's clock") \
	X(EXTENDED_DUE,   "extended_due",   "until when with an extension", "it comes from the request's clock") \
	X(REASONS,        "reasons",        "why", "whoever decides has to give reasons") \
	X(IDENTITY,       "identity",       "what is asked for to recognise the person", "whoever asks has to say what for") \
	X(DONE,           "done",           "what was done", "it comes from the request") \
	X(ENCLOSED,       "enclosed",       "what is enclosed, and how it is opened", "it comes from the dossier") \
	X(RECIPIENTS,     "recipients",     "who received the data and was told", "it comes from the request") \
	X(LAST_COPY,      "last_copy",      "by when the last copy of the keys is gone", "it comes from the erasure's certificate") \
	X(RECIPIENT,      "recipient",      "whom a notice goes to", "it is the recipient's 'name' in purposes.yaml") \
	X(WHOM,           "whom",           "whose data a notice is about, by what the recipient was given", "it comes from the request") \
	X(DATA,           "data",           "which collections a notice is about", "it comes from the request") \
	X(NOTICE_CITE,    "notice_cite",    "where the law says that recipients are told", "the law does not say so")
/* clang-format on */

enum letter_value {
#define X(id, name, text, remedy) LETTER_##id,
	LETTER_VALUES(X)
#undef X
	NLETTER_VALUES
};

struct letters_paragraph {
	struct said text;
	struct names laws;     /* none: of every law */
	struct names requests; /* none: of every request */
	bool is_optional;      /* left out when a placeholder in it has no value */
	const struct yaml_node *node;
};

struct letters_letter {
	int kind; /* enum letter_kind of law.h */
	struct said subject;
	struct letters_paragraph *paragraphs;
	size_t nparagraphs;
	const char *file; /* "letters/refuse.yaml" */
	const struct yaml_node *node;
};

struct letters {
	struct yaml *trees[NLETTER_KINDS];
	struct letters_letter v[NLETTER_KINDS]; /* node is NULL: there is no such file */
};

extern const struct rows letters_rows;

/* Reads dir/letters; no such directory is no letters.  What is wrong with the files is in faults;
 * 0, CU_EIO, CU_ENOMEM.  Undone by letters_done, also after a failure. */
int letters_load(const char *dir, struct faults *faults, struct letters *ret,
	struct cu_err *err);
void letters_done(struct letters *l);

/* Does every letter say, for each request, what each law demands of it? */
void letters_check(const struct letters *l, const struct lawbook *book, struct faults *faults);

/* Is this paragraph for that law and request? */
bool letters_is_for(const struct letters_paragraph *p, const char *law, enum request_type type);

/* The next placeholder of a text that is of the table, in *ret, and what follows it; NULL when
 * there is none left. */
const char *letters_next(const char *text, enum letter_value *ret);

const char *letters_value_name(enum letter_value v);
const char *letters_value_remedy(enum letter_value v);
bool letters_value_parse(const char *name, enum letter_value *ret);

/* The reference of the placeholders, in Markdown. */
struct buf;
void letters_explain(struct buf *out);

#endif
