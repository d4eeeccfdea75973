#include "intake/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "intake/columns.h"

#define FIRST_LINE "custos-intake 1"

#define MAX_WORDS 8
#define MAX_LINES 4096 /* a schema has some hundred fields at most */

/* One line, cut at its TABs.  words[0] is what the line says. */
struct line {
	size_t number;
	char *words[MAX_WORDS];
	size_t n;
};

struct parser {
	struct plan *plan;
	bool has_format, has_header_line;
};

static int fault(struct cu_err *err, const struct line *l, const char *what)
{
	return cu_err_set(err, CU_EINVAL, "plan, line %zu: %s", l->number, what);
}

static struct plan_column column_of(char *word)
{
	return (struct plan_column){ .name = word[0] ? word : NULL };
}

static int read_bool(const struct line *l, const char *word, bool *ret, struct cu_err *err)
{
	if (strcmp(word, "0") != 0 && strcmp(word, "1") != 0) {
		return fault(err, l, "neither 0 nor 1");
	}
	*ret = word[0] == '1';
	return 0;
}

static int read_format(struct parser *p, const struct line *l, struct cu_err *err)
{
	if (strcmp(l->words[1], "csv") != 0) {
		return fault(err, l, "a format that this build does not read");
	}
	p->has_format = true;
	return 0;
}

static int read_charset(struct parser *p, const struct line *l, struct cu_err *err)
{
	if (l->words[1][0] == '\0') {
		return fault(err, l, "the charset has no name");
	}
	p->plan->charset = l->words[1];
	return 0;
}

static int read_language(struct parser *p, const struct line *l, struct cu_err *err)
{
	return intl_parse(l->words[1], &p->plan->language) ? 0 : fault(err, l, "a language that this build does not speak");
}

static int read_delimiter(struct parser *p, const struct line *l, struct cu_err *err)
{
	static const struct {
		const char *word;
		char delimiter;
	} rows[] = {
		{ "auto", '\0' },
		{ "comma", ',' },
		{ "semicolon", ';' },
		{ "tab", '\t' },
		{ "pipe", '|' },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].word, l->words[1]) == 0) {
			p->plan->delimiter = rows[i].delimiter;
			return 0;
		}
	}
	return fault(err, l, "not a delimiter");
}

static int read_header(struct parser *p, const struct line *l, struct cu_err *err)
{
	p->has_header_line = true;
	return read_bool(l, l->words[1], &p->plan->has_header, err);
}

static int read_subject(struct parser *p, const struct line *l, struct cu_err *err)
{
	bool creates; /* for custosd, which asked; here it only has to be right */

	if (p->plan->subject.name) {
		return fault(err, l, "a second subject");
	}
	if (l->words[2][0] == '\0') {
		return fault(err, l, "the subject has no key column");
	}
	p->plan->subject = column_of(l->words[2]);
	return read_bool(l, l->words[3], &creates, err);
}

static int read_key_kind(const struct line *l, struct plan_record *rec, struct cu_err *err)
{
	const char *word = l->words[3];

	if (strcmp(word, "subject") == 0) {
		rec->key_kind = PLAN_KEY_SUBJECT;
	} else if (strcmp(word, "row") == 0) {
		rec->key_kind = PLAN_KEY_ROW;
	} else if (strcmp(word, "column") == 0) {
		rec->key_kind = PLAN_KEY_COLUMN;
		rec->key = column_of(l->words[4]);
	} else {
		return fault(err, l, "the record's key is neither subject, column nor row");
	}
	if (rec->key_kind == PLAN_KEY_COLUMN && !rec->key.name) {
		return fault(err, l, "the record has no key column");
	}
	return 0;
}

static int read_record(struct parser *p, const struct line *l, struct cu_err *err)
{
	struct plan_record *rec = &p->plan->records[p->plan->nrecords];

	*rec = (struct plan_record){
		.anchor = column_of(l->words[5]),
		.skip = column_of(l->words[6]),
		.fields = p->plan->fields + p->plan->nfields,
	};
	p->plan->nrecords++;
	return read_key_kind(l, rec, err);
}

static int read_field(struct parser *p, const struct line *l, struct cu_err *err)
{
	struct plan *plan = p->plan;
	struct plan_record *rec;
	struct plan_field *f = &plan->fields[plan->nfields];
	bool is_column = strcmp(l->words[2], "column") == 0;

	if (plan->nrecords == 0) {
		return fault(err, l, "a field before the first record");
	}
	rec = &plan->records[plan->nrecords - 1];
	if (!is_column && strcmp(l->words[2], "value") != 0) {
		return fault(err, l, "a field is neither column nor value");
	}
	if (l->words[1][0] == '\0' || (is_column && l->words[3][0] == '\0')) {
		return fault(err, l, "a field without a name or a column");
	}
	for (size_t i = 0; i < rec->nfields; i++) {
		if (strcmp(rec->fields[i].key, l->words[1]) == 0) {
			return fault(err, l, "the field is there twice in its record");
		}
	}
	*f = (struct plan_field){ .key = l->words[1] };
	if (is_column) {
		f->column = column_of(l->words[3]);
		rec->has_columns = true;
	} else {
		f->value = l->words[3];
	}
	plan->nfields++;
	rec->nfields++;
	return 0;
}

static int read_line(struct parser *p, const struct line *l, struct cu_err *err)
{
	static const struct {
		const char *word;
		size_t nwords;
		int (*read)(struct parser *, const struct line *, struct cu_err *);
	} rows[] = {
		{ "format", 2, read_format },
		{ "charset", 2, read_charset },
		{ "delimiter", 2, read_delimiter },
		{ "header", 2, read_header },
		{ "language", 2, read_language },
		{ "subject", 4, read_subject },
		{ "record", 7, read_record },
		{ "field", 4, read_field },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].word, l->words[0]) == 0) {
			return rows[i].nwords == l->n ? rows[i].read(p, l, err)
						      : fault(err, l, "not its number of words");
		}
	}
	return fault(err, l, "not a line of a plan");
}

static int split(char *text, struct line *l, struct cu_err *err)
{
	char *tab;

	for (l->n = 0; l->n < MAX_WORDS; text = tab + 1) {
		l->words[l->n++] = text;
		tab = strchr(text, '\t');
		if (!tab) {
			return 0;
		}
		*tab = '\0';
	}
	return fault(err, l, "too many words");
}

static int read_lines(struct parser *p, char *text, struct cu_err *err)
{
	struct line l = { 0 };
	char *end;
	int r;

	for (; *text; text = end + 1) {
		l.number++;
		end = strchr(text, '\n');
		if (!end) {
			return fault(err, &l, "cut off");
		}
		*end = '\0';
		if (l.number == 1) {
			if (strcmp(text, FIRST_LINE) != 0) {
				return fault(err, &l, "not a plan of version 1");
			}
			continue;
		}
		r = split(text, &l, err);
		if (r == 0) {
			r = read_line(p, &l, err);
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int check_complete(const struct parser *p, struct cu_err *err)
{
	if (!p->has_format || !p->plan->charset || !p->has_header_line ||
		!p->plan->subject.name) {
		return cu_err_set(err, CU_EINVAL,
			"plan: it needs format, charset, header and subject");
	}
	return 0;
}

static struct plan *plan_new(struct span text, size_t nlines)
{
	struct plan *p = calloc(1, sizeof(*p));

	if (!p) {
		return NULL;
	}
	p->text = malloc(text.n + 1);
	p->records = calloc(nlines, sizeof(*p->records));
	p->fields = calloc(nlines, sizeof(*p->fields));
	if (!p->text || !p->records || !p->fields) {
		plan_free(p);
		return NULL;
	}
	memcpy(p->text, text.p, text.n);
	p->text[text.n] = '\0';
	return p;
}

int plan_parse(struct span text, struct plan **ret, struct cu_err *err)
{
	struct parser p = { 0 };
	size_t nlines = 1;
	int r;

	if (text.n == 0 || text.n > PLAN_MAX_BYTES || memchr(text.p, '\0', text.n) ||
		!text_is_utf8((const char *)text.p, text.n)) {
		return cu_err_set(err, CU_EINVAL, "plan: not a text of at most 1 MiB");
	}
	for (size_t i = 0; i < text.n; i++) {
		nlines += text.p[i] == '\n';
	}
	if (nlines > MAX_LINES) {
		return cu_err_set(err, CU_EINVAL, "plan: over %d lines", MAX_LINES);
	}
	p.plan = plan_new(text, nlines);
	if (!p.plan) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r = read_lines(&p, p.plan->text, err);
	if (r == 0) {
		r = check_complete(&p, err);
	}
	if (r < 0) {
		plan_free(p.plan);
		return r;
	}
	*ret = p.plan;
	return 0;
}

void plan_free(struct plan *p)
{
	if (p) {
		free(p->text);
		free(p->records);
		free(p->fields);
		free(p);
	}
}

static int bind(struct plan_column *c, const struct columns *columns, struct cu_err *err)
{
	return c->name ? columns_find(columns, c->name, &c->at, err) : 0;
}

int plan_bind(struct plan *p, const struct columns *columns, struct cu_err *err)
{
	int r = bind(&p->subject, columns, err);

	for (size_t i = 0; r == 0 && i < p->nrecords; i++) {
		r = bind(&p->records[i].key, columns, err);
		if (r == 0) {
			r = bind(&p->records[i].anchor, columns, err);
		}
		if (r == 0) {
			r = bind(&p->records[i].skip, columns, err);
		}
	}
	for (size_t i = 0; r == 0 && i < p->nfields; i++) {
		r = bind(&p->fields[i].column, columns, err);
	}
	return r;
}
