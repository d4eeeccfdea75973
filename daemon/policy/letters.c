#include "policy/letters.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/faults.h"
#include "policy/lawbook.h"
#include "policy/yaml.h"

#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))
#define PARA(member) offsetof(struct letters_paragraph, member)
#define LETTER(member) offsetof(struct letters_letter, member)
#define NAME_MAX_SIZE 32 /* of a placeholder */

static const struct {
	const char *name, *text, *remedy;
} values[NLETTER_VALUES] = {
#define X(id, name, text, remedy) [LETTER_##id] = { name, text, remedy },
	LETTER_VALUES(X)
#undef X
};

const char *letters_value_name(enum letter_value v)
{
	return values[v].name;
}

const char *letters_value_remedy(enum letter_value v)
{
	return values[v].remedy;
}

static bool parse_value(const char *name, size_t n, enum letter_value *ret)
{
	for (int i = 0; i < NLETTER_VALUES; i++) {
		if (strlen(values[i].name) == n && memcmp(values[i].name, name, n) == 0) {
			*ret = (enum letter_value)i;
			return true;
		}
	}
	return false;
}

bool letters_value_parse(const char *name, enum letter_value *ret)
{
	return parse_value(name, strlen(name), ret);
}

const char *letters_next(const char *text, enum letter_value *ret)
{
	for (const char *at = text; (at = strchr(at, '{')) != NULL; at++) {
		size_t n = strcspn(at + 1, "{}");

		if (at[1 + n] == '}' && parse_value(at + 1, n, ret)) {
			return at + n + 2;
		}
	}
	return NULL;
}

/* --- rows -------------------------------------------------------------------------- */

/* Braces only around placeholders that there are. */
static const char *check_text(const char *text)
{
	while (*(text += strcspn(text, "{}"))) {
		size_t n = strcspn(text + 1, "{}");
		enum letter_value v;

		if (*text != '{' || text[1 + n] != '}' || !parse_value(text + 1, n, &v)) {
			return N_("has a brace that is no {placeholder} of README.md");
		}
		text += n + 2;
	}
	return NULL;
}

/* clang-format off */
static const struct row text_row[] = {
	{ "en", SET_TEXT, MUST, "In English.", offsetof(struct said, in[LANGUAGE_EN]),
	  .check = check_text },
	{ "zh", SET_TEXT, MUST, "In Chinese.", offsetof(struct said, in[LANGUAGE_ZH]),
	  .check = check_text },
};
static const struct rows text_rows = {
	"A text with placeholders", text_row, COUNT(text_row), sizeof(struct said),
	offsetof(struct said, node)
};

static const struct row paragraph_row[] = {
	{ "text", SET_MAP, MUST, "What it says.", PARA(text), .of = &text_rows },
	{ "laws", SET_NAMES, 0, "For which laws; for all by default.", PARA(laws) },
	{ "requests", SET_NAMES, 0, "For which requests; for all by default.", PARA(requests),
	  .check = law_check_request },
	{ "optional", SET_BOOLEAN, 0, "Left out when a placeholder in it has no value.",
	  PARA(is_optional), .standard = "no" },
};
static const struct rows paragraph_rows = {
	"A paragraph of a letter", paragraph_row, COUNT(paragraph_row),
	sizeof(struct letters_paragraph), PARA(node)
};

static const struct row letter_row[] = {
	{ "letter", SET_ENUM, MUST, "Which letter it is: the file's name without `.yaml`.",
	  LETTER(kind), .words = LAW_LETTER_WORDS },
	{ "subject", SET_MAP, MUST, "What it is about, in one line.", LETTER(subject),
	  .of = &text_rows },
	{ "paragraphs", SET_MAPS, MUST, "What it says, from its first line to its last.",
	  LETTER(paragraphs), LETTER(nparagraphs), .of = &paragraph_rows },
};
/* clang-format on */
const struct rows letters_rows = { "letters/*.yaml", letter_row, COUNT(letter_row),
	sizeof(struct letters_letter), LETTER(node) };

void letters_explain(struct buf *out)
{
	buf_put_str(out, "### Placeholders of letters\n\n| placeholder | what stands there |\n|---|---|\n");
	for (int i = 0; i < NLETTER_VALUES; i++) {
		buf_putf(out, "| `{%s}` | %s |\n", values[i].name, values[i].text);
	}
	buf_put_str(out, "\n");
}

/* --- reading ----------------------------------------------------------------------- */

static int load_letter(const char *dir, enum letter_kind kind, struct faults *faults,
	struct letters *l, struct cu_err *err)
{
	struct letters_letter *letter = &l->v[kind];
	char file[64];
	int r;

	snprintf(file, sizeof(file), "letters/%s.yaml", law_letter_word(kind));
	r = yaml_load(dir, file, faults, &l->trees[kind], err);
	if (r < 0) { /* there is none, or its faults are known */
		return r == CU_ENOENT || r == CU_EINVAL ? 0 : r;
	}
	letter->file = yaml_file(l->trees[kind]);
	r = rows_read(&letters_rows, l->trees[kind], yaml_root(l->trees[kind]), faults, letter);
	if (r == 0 && letter->kind != (int)kind) {
		faults_add(faults, letter->file, letter->node->line, "letter",
			"is not '%s', as the file's name says", law_letter_word(kind));
	}
	return r < 0 ? cu_err_set(err, r, "out of memory") : 0;
}

int letters_load(const char *dir, struct faults *faults, struct letters *ret,
	struct cu_err *err)
{
	int r = 0;

	for (int kind = 0; r == 0 && kind < NLETTER_KINDS; kind++) {
		r = load_letter(dir, (enum letter_kind)kind, faults, ret, err);
	}
	return r;
}

void letters_done(struct letters *l)
{
	for (int kind = 0; kind < NLETTER_KINDS; kind++) {
		yaml_free(l->trees[kind]);
	}
	memset(l, 0, sizeof(*l));
}

/* --- what laws demand -------------------------------------------------------------- */

bool letters_is_for(const struct letters_paragraph *p, const char *law, enum request_type type)
{
	return names_allow(&p->laws, law) && names_allow(&p->requests, law_request_word(type));
}

static bool has_value(const char *text, enum letter_value wanted)
{
	enum letter_value v;

	while (text && (text = letters_next(text, &v)) != NULL) {
		if (v == wanted) {
			return true;
		}
	}
	return false;
}

/* What is optional may be left out, so it satisfies nobody. */
static bool says(const struct letters_letter *letter, const char *law, enum request_type type,
	enum language language, enum letter_value wanted)
{
	for (size_t i = 0; i < letter->nparagraphs; i++) {
		const struct letters_paragraph *p = &letter->paragraphs[i];

		if (!p->is_optional && letters_is_for(p, law, type) &&
			has_value(p->text.in[language], wanted)) {
			return true;
		}
	}
	return false;
}

static void check_need(const struct letters_letter *letter, const struct law *law,
	const struct law_letter *need, enum request_type type, struct faults *faults)
{
	for (size_t i = 0; i < need->needs.n; i++) {
		for (int language = 0; language < NLANGUAGES; language++) {
			enum letter_value v;

			if (letters_value_parse(need->needs.v[i], &v) &&
				!says(letter, law->key, type, (enum language)language, v)) {
				faults_add(faults, letter->file, letter->node->line,
					law_request_word(type),
					"does not say {%s} (%s) as %s demands: %s", need->needs.v[i],
					language_word((enum language)language), law->file,
					need->cite.in[LANGUAGE_EN]);
			}
		}
	}
}

static void check_laws(const struct letters_letter *letter, const struct lawbook *book,
	struct faults *faults)
{
	for (size_t i = 0; i < letter->nparagraphs; i++) {
		const struct letters_paragraph *p = &letter->paragraphs[i];

		for (size_t k = 0; k < p->laws.n; k++) {
			if (!lawbook_find(book, p->laws.v[k])) {
				faults_add(faults, letter->file, p->node->line, "laws",
					"there is no law/%s.yaml", p->laws.v[k]);
			}
		}
	}
}

void letters_check(const struct letters *l, const struct lawbook *book, struct faults *faults)
{
	for (int kind = 0; kind < NLETTER_KINDS; kind++) {
		check_laws(&l->v[kind], book, faults);
	}
	for (size_t i = 0; i < book->nlaws; i++) {
		const struct law *law = &book->laws[i];

		for (size_t k = 0; k < law->nletters; k++) {
			const struct law_letter *need = &law->letters[k];
			const struct letters_letter *letter = &l->v[need->kind];

			for (int type = 0; letter->node && type < NREQUEST_TYPES; type++) {
				if (names_allow(&need->requests,
					    law_request_word((enum request_type)type))) {
					check_need(letter, law, need, (enum request_type)type,
						faults);
				}
			}
		}
	}
}
