#include "intake/csv.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum state {
	AT_FILE,   /* a byte order mark may come */
	AT_ROW,    /* nothing of a row yet: line ends are empty lines */
	AT_FIELD,  /* a field is due, even if nothing comes any more */
	IN_PLAIN,  /* within an unquoted field */
	IN_QUOTED, /* within quotes */
	AT_QUOTE,  /* after a quote within quotes: doubled, or the closing one */
};

/* What a byte is to a scan.  CLASS_TRAIL is added up: those bytes begin no character. */
enum { CLASS_TEXT = 0, CLASS_TRAIL = 1, CLASS_STOP = 2 };

struct csv {
	uint8_t plain_class[256], quoted_class[256];
	uint8_t delimiter;
	enum state state;
	bool was_cr; /* the last byte was a CR, which counted as the line's end */
	unsigned nbom;
	int code; /* what on_row returned */
	uint64_t line, nchars; /* the line, and the characters read of it */
	csv_row_fn *on_row;
	void *ctx;
	struct csv_row row;
	struct csv_field field; /* the one being read */
	struct csv_field fields[CSV_MAX_FIELDS];
	char *to; /* where the next byte goes in text */
	char text[CSV_MAX_ROW_BYTES];
};

static const uint8_t bom[3] = { 0xef, 0xbb, 0xbf };

static void classify(struct csv *c)
{
	static const uint8_t stops[] = { '"', '\r', '\n', '\0', CSV_BAD_CHARACTER_MARK };

	for (unsigned b = 0; b < 256; b++) {
		uint8_t class = (b & 0xc0) == 0x80 ? CLASS_TRAIL : CLASS_TEXT;

		c->plain_class[b] = c->quoted_class[b] = class;
	}
	for (size_t i = 0; i < sizeof(stops); i++) {
		c->plain_class[stops[i]] = c->quoted_class[stops[i]] = CLASS_STOP;
	}
	c->plain_class[c->delimiter] = CLASS_STOP;
}

int csv_new(char delimiter, csv_row_fn *on_row, void *ctx, struct csv **ret,
	struct cu_err *err)
{
	struct csv *c;

	if (delimiter == '\0' || !strchr(",;\t|", delimiter)) {
		return cu_err_set(err, CU_EINVAL, "not a delimiter");
	}
	/* Not calloc: what no row ever reaches shall not become real memory. */
	c = malloc(sizeof(*c));
	if (!c) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	memset(c, 0, offsetof(struct csv, fields));
	c->delimiter = (uint8_t)delimiter;
	c->line = 1;
	c->on_row = on_row;
	c->ctx = ctx;
	c->to = c->text;
	classify(c);
	*ret = c;
	return 0;
}

void csv_free(struct csv *c)
{
	free(c);
}

static void set_fault(struct csv *c, enum csv_fault fault, uint64_t line, uint64_t character)
{
	if (c->row.fault == CSV_FINE || fault == CSV_UNTERMINATED) {
		c->row.fault = fault;
		c->row.fault_field = c->row.nfields + 1;
		c->row.fault_line = line;
		c->row.fault_character = character;
	}
}

/* At the character that comes next. */
static void set_fault_here(struct csv *c, enum csv_fault fault)
{
	set_fault(c, fault, c->line, c->nchars + 1);
}

/* Limits are told at the field's beginning: that place is the same however the text was cut. */
static void set_fault_of_field(struct csv *c, enum csv_fault fault)
{
	set_fault(c, fault, c->field.line, c->field.character);
}

/* Nothing of a faulty row is kept; it is only followed to its end. */
static void keep(struct csv *c, const uint8_t *p, size_t n)
{
	size_t in_field = CSV_MAX_FIELD_BYTES - c->field.n;
	size_t in_row = (size_t)(c->text + sizeof(c->text) - c->to);

	if (c->row.fault != CSV_FINE) {
		return;
	}
	/* The limit that is met first, were the bytes to come one by one. */
	if (n > in_field && in_field <= in_row) {
		set_fault_of_field(c, CSV_FIELD_TOO_LONG);
	} else if (n > in_row) {
		set_fault_of_field(c, CSV_ROW_TOO_LONG);
	} else {
		memcpy(c->to, p, n);
		c->to += n;
		c->field.n += n;
	}
}

static void start_line(struct csv *c)
{
	c->line++;
	c->nchars = 0;
}

static void start_row(struct csv *c)
{
	c->row = (struct csv_row){ .line = c->line };
	c->to = c->text;
	c->state = AT_FIELD;
}

static void start_field(struct csv *c)
{
	c->field = (struct csv_field){ .text = c->to, .line = c->line, .character = c->nchars + 1 };
}

static void end_field(struct csv *c)
{
	if (c->row.fault != CSV_FINE) {
		/* only counted */
	} else if (c->row.nfields == CSV_MAX_FIELDS) {
		set_fault_of_field(c, CSV_TOO_MANY_FIELDS);
	} else if (c->to == c->text + sizeof(c->text)) {
		set_fault_of_field(c, CSV_ROW_TOO_LONG);
	} else {
		*c->to++ = '\0';
		c->fields[c->row.nfields] = c->field;
	}
	c->row.nfields++;
	c->state = AT_FIELD;
}

static void end_row(struct csv *c, struct cu_err *err)
{
	/* An open quote may have taken the last line's end: no line begins there. */
	c->row.last_line = c->nchars == 0 && c->line > c->row.line ? c->line - 1 : c->line;
	c->row.fields = c->fields;
	if (c->row.fault != CSV_FINE) {
		c->row.fields = NULL;
		c->row.nfields = 0;
	}
	c->state = AT_ROW;
	c->code = c->on_row(c->ctx, &c->row, err);
}

/* The byte that ends a field: the delimiter, CR or LF. */
static void end_field_at(struct csv *c, uint8_t byte, struct cu_err *err)
{
	end_field(c);
	if (byte == c->delimiter) {
		c->nchars++;
		return;
	}
	end_row(c, err);
	start_line(c);
	c->was_cr = byte == '\r';
}

/* To the next byte that means something; what lies between belongs to the field. */
static const uint8_t *keep_run(struct csv *c, const uint8_t class_of[256], const uint8_t *p,
	const uint8_t *end)
{
	const uint8_t *run = p;
	size_t ntrail = 0;

	while (p < end && class_of[*p] < CLASS_STOP) {
		ntrail += class_of[*p];
		p++;
	}
	if (p > run) {
		keep(c, run, (size_t)(p - run));
		c->nchars += (size_t)(p - run) - ntrail;
		c->was_cr = false;
	}
	return p;
}

static const uint8_t *feed_row(struct csv *c, const uint8_t *p)
{
	bool is_second_of_crlf = *p == '\n' && c->was_cr;

	c->was_cr = *p == '\r';
	if (*p == '\r' || *p == '\n') {
		if (!is_second_of_crlf) {
			start_line(c);
		}
		return p + 1;
	}
	start_row(c);
	return p;
}

static const uint8_t *feed_field(struct csv *c, const uint8_t *p)
{
	start_field(c);
	if (*p != '"') {
		c->state = IN_PLAIN;
		return p;
	}
	c->field.is_quoted = true;
	c->state = IN_QUOTED;
	c->nchars++;
	return p + 1;
}

static bool is_blank_so_far(const struct csv *c)
{
	for (const char *p = c->field.text; p < c->to; p++) {
		if (*p != ' ' && *p != '\t') {
			return false;
		}
	}
	return true;
}

/* NUL, or the mark of a bad character: in and out of quotes alike. */
static void feed_no_text(struct csv *c, uint8_t byte)
{
	set_fault_here(c, byte == '\0' ? CSV_NUL : CSV_BAD_CHARACTER);
	c->nchars++;
}

static const uint8_t *feed_plain(struct csv *c, const uint8_t *p, const uint8_t *end,
	struct cu_err *err)
{
	p = keep_run(c, c->plain_class, p, end);
	if (p == end) {
		return p;
	}
	if (*p == c->delimiter || *p == '\r' || *p == '\n') {
		end_field_at(c, *p, err);
	} else if (*p != '"') {
		feed_no_text(c, *p);
	} else if (c->row.fault == CSV_FINE && is_blank_so_far(c)) {
		/* Meant as an opening quote, and followed as one: read as plain text, line
		 * ends within it would begin rows that are a part of somebody's note. */
		set_fault_here(c, CSV_BLANK_BEFORE_QUOTE);
		c->state = IN_QUOTED;
		c->nchars++;
	} else {
		keep(c, p, 1);
		c->nchars++;
	}
	return p + 1;
}

static const uint8_t *feed_quoted(struct csv *c, const uint8_t *p, const uint8_t *end)
{
	p = keep_run(c, c->quoted_class, p, end);
	if (p == end) {
		return p;
	}
	if (*p == '"') {
		c->state = AT_QUOTE;
		c->nchars++;
	} else if (*p == '\r' || *p == '\n') {
		keep(c, p, 1);
		if (*p == '\r' || !c->was_cr) {
			start_line(c);
		}
	} else {
		feed_no_text(c, *p);
	}
	c->was_cr = *p == '\r';
	return p + 1;
}

static const uint8_t *feed_quote(struct csv *c, const uint8_t *p, struct cu_err *err)
{
	if (*p == '"') {
		keep(c, p, 1);
		c->nchars++;
		c->state = IN_QUOTED;
		return p + 1;
	}
	if (*p == c->delimiter || *p == '\r' || *p == '\n') {
		end_field_at(c, *p, err);
		return p + 1;
	}
	set_fault_here(c, CSV_TEXT_AFTER_QUOTE);
	c->state = IN_PLAIN;
	return p;
}

static void feed(struct csv *c, const uint8_t *p, const uint8_t *end, struct cu_err *err)
{
	while (p < end && c->code == 0) {
		switch (c->state) {
		case AT_FILE: return; /* not reached: feed_bom has left it */
		case AT_ROW: p = feed_row(c, p); break;
		case AT_FIELD: p = feed_field(c, p); break;
		case IN_PLAIN: p = feed_plain(c, p, end, err); break;
		case IN_QUOTED: p = feed_quoted(c, p, end); break;
		case AT_QUOTE: p = feed_quote(c, p, err); break;
		}
	}
}

/* What began like a mark and is none was text after all. */
static void leave_bom(struct csv *c, struct cu_err *err)
{
	c->state = AT_ROW;
	if (c->nbom < sizeof(bom)) {
		feed(c, bom, bom + c->nbom, err);
	}
}

static const uint8_t *feed_bom(struct csv *c, const uint8_t *p, const uint8_t *end,
	struct cu_err *err)
{
	while (p < end && c->nbom < sizeof(bom) && *p == bom[c->nbom]) {
		p++;
		c->nbom++;
	}
	if (p < end || c->nbom == sizeof(bom)) {
		leave_bom(c, err);
	}
	return p;
}

int csv_feed(struct csv *c, struct span text, struct cu_err *err)
{
	const uint8_t *p = text.p, *end;

	if (text.n == 0) {
		return c->code;
	}
	end = p + text.n;
	if (c->state == AT_FILE) {
		p = feed_bom(c, p, end, err);
	}
	feed(c, p, end, err);
	return c->code;
}

int csv_end(struct csv *c, struct cu_err *err)
{
	if (c->state == AT_FILE) {
		leave_bom(c, err);
	}
	if (c->code != 0 || c->state == AT_ROW) {
		return c->code;
	}
	if (c->state == AT_FIELD) {
		start_field(c);
	}
	if (c->state == IN_QUOTED) {
		set_fault_of_field(c, CSV_UNTERMINATED);
	}
	end_field(c);
	end_row(c, err);
	return c->code;
}

const char *csv_fault_text(enum csv_fault fault)
{
	switch (fault) {
	case CSV_FINE: return "";
#define X(name, text) \
	case name: return text;
		CSV_FAULTS(X)
#undef X
	}
	return "";
}

/* -- which delimiter -- */

#define DETECT_ROWS 64

static const char candidates[] = ",;\t|";

#define NCANDIDATES (sizeof(candidates) - 1)

struct tally {
	size_t nrows;
	size_t now[NCANDIDATES];    /* in the row being read */
	size_t first[NCANDIDATES];  /* in the first row */
	size_t agreed[NCANDIDATES]; /* later rows with as many as the first */
};

static void tally_row(struct tally *t)
{
	for (size_t k = 0; k < NCANDIDATES; k++) {
		if (t->nrows == 0) {
			t->first[k] = t->now[k];
		} else if (t->now[k] == t->first[k]) {
			t->agreed[k]++;
		}
		t->now[k] = 0;
	}
	t->nrows++;
}

/* The place after a quoted field's closing quote, or end. */
static const uint8_t *skip_quoted(const uint8_t *p, const uint8_t *end)
{
	for (p++; p < end; p++) {
		if (*p != '"') {
			continue;
		}
		if (p + 1 == end || p[1] != '"') {
			return p + 1;
		}
		p++;
	}
	return end;
}

static void tally_text(struct tally *t, const uint8_t *p, const uint8_t *end, bool is_whole)
{
	const uint8_t *row = p, *field = p; /* where they begin */

	while (p < end && t->nrows < DETECT_ROWS) {
		const char *k;

		if (*p == '"' && p == field) {
			p = skip_quoted(p, end);
			continue;
		}
		if (*p == '\r' || *p == '\n') {
			if (p > row) {
				tally_row(t);
			}
			row = field = p + 1;
		} else if (*p && (k = strchr(candidates, *p)) != NULL) {
			t->now[k - candidates]++;
			field = p + 1;
		}
		p++;
	}
	/* A row that was cut off has too few; but better than no row at all. */
	if (p > row && t->nrows < DETECT_ROWS && (is_whole || t->nrows == 0)) {
		tally_row(t);
	}
}

char csv_detect(struct span text, bool is_whole)
{
	const uint8_t *p = text.p, *end = text.n > 0 ? p + text.n : p;
	struct tally t = { 0 };
	size_t best = 0;

	if (text.n >= sizeof(bom) && memcmp(p, bom, sizeof(bom)) == 0) {
		p += sizeof(bom);
	}
	tally_text(&t, p, end, is_whole);
	for (size_t k = 1; k < NCANDIDATES; k++) {
		if (t.first[k] == 0) {
			continue;
		}
		if (t.first[best] == 0 || t.agreed[k] > t.agreed[best] ||
			(t.agreed[k] == t.agreed[best] && t.first[k] > t.first[best])) {
			best = k;
		}
	}
	return candidates[best];
}
