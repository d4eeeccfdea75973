#include "policy/aggregate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/intl.h"
#include "base/buf.h"
#include "base/civil.h"
#include "policy/faults.h"
#include "policy/schema.h"
#include "policy/yaml.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define AT(member) offsetof(struct aggregate_field, member)
#define MAX_WHOLE  (INT64_MAX / AGGREGATE_SCALE / 10) /* so that one digit more fits */

/* clang-format off */
static const struct row aggregate_row[] = {
	{ "field", SET_NAME, MUST, "A field of the collection.", AT(field) },
	{ "as", SET_ENUM, MUST,
	  "What is made of it. `value`: one of `words`, or of the field's own, anything else is "
	  "'other'; `month`, `year`: of a date; `band`: of a number, as wide as `width`. These form the "
	  "groups in which records are counted. `sum`: added up in each group.",
	  AT(as), .words = "value month year band sum" },
	{ "width", SET_INTEGER, 0, "Of a band: 50 makes 0-50, 50-100 and so on.", AT(width),
	  .min = 1, .max = 1000000000 },
	{ "words", SET_NAMES, 0,
	  "Values that may be seen, in small letters; a capital counts as the same.", AT(words) },
};
/* clang-format on */
const struct rows aggregate_rows = { "What of records stays as numbers", aggregate_row,
	COUNT(aggregate_row), sizeof(struct aggregate_field), AT(node) };

/* --- check ------------------------------------------------------------------------ */

static const struct names *words_of(const struct aggregate_field *f, const struct field *in)
{
	return f->words.n > 0 ? &f->words : &in->words;
}

static bool is_number(const struct field *f)
{
	return f->type == FIELD_DECIMAL || f->type == FIELD_INTEGER;
}

/* Why this may not be made of the field; NULL: it may. */
static const char *fault_of(const struct aggregate_field *f, const struct field *in)
{
	if (in->type == FIELD_EMAIL || in->type == FIELD_PHONE) {
		return "singles somebody out: nothing of it may stay";
	}
	switch ((enum aggregate_as)f->as) {
	case AGGREGATE_MONTH:
	case AGGREGATE_YEAR:
		return in->type == FIELD_DATE ? NULL : N_("is of a date only");
	case AGGREGATE_BAND:
		return !is_number(in)  ? "is of a number only" :
		       f->width == 0 ? N_("needs a 'width'") :
				       NULL;
	case AGGREGATE_SUM: return is_number(in) ? NULL : N_("is of a number only");
	case AGGREGATE_VALUE: break;
	}
	if (in->type == FIELD_BOOLEAN || words_of(f, in)->n > 0) {
		return NULL;
	}
	return in->type == FIELD_DATE || is_number(in) ?
		"a date stays as 'month' or 'year', a number as 'band' or 'sum'" :
		"what was typed may single somebody out: list the 'words' of it that may be seen";
}

static bool is_twice(const struct aggregate_field *v, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (v[j].field && strcmp(v[j].field, v[i].field) == 0 &&
			(v[j].as == AGGREGATE_SUM) == (v[i].as == AGGREGATE_SUM)) {
			return true;
		}
	}
	return false;
}

static void check_one(const struct aggregate_field *v, size_t i, const struct collection *c,
	const char *file, struct faults *faults)
{
	const struct yaml_node *key = yaml_find(v[i].node, "field");
	unsigned line = key ? key->line : v[i].node->line;
	const struct field *in = collection_find_field(c, v[i].field);
	const char *fault = in ? fault_of(&v[i], in) : NULL;

	if (!in) {
		faults_add(faults, file, line, "field", "'%.64s' has no field '%.64s'", c->key,
			v[i].field);
	} else if (fault) {
		faults_add(faults, file, line, v[i].field, "%s", fault);
	} else if (is_twice(v, i)) {
		faults_add(faults, file, line, v[i].field, "stands here twice");
	}
}

void aggregate_check(const struct aggregate_field *v, size_t n, const struct collection *c,
	const char *file, struct faults *faults)
{
	size_t nsums = 0;

	for (size_t i = 0; i < n; i++) {
		nsums += v[i].as == AGGREGATE_SUM;
		if (v[i].field) {
			check_one(v, i, c, file, faults);
		}
		if (v[i].as == AGGREGATE_SUM && nsums == AGGREGATE_MAX_SUMS + 1) {
			faults_add(faults, file, v[i].node->line, "as", "at most %d sums",
				AGGREGATE_MAX_SUMS);
		}
	}
}

/* --- generalise ------------------------------------------------------------------- */

bool aggregate_number(const char *text, size_t len, int64_t *ret)
{
	bool is_negative = len > 0 && text[0] == '-';
	int64_t n = 0, scale = 0;
	size_t i = len > 0 && (text[0] == '-' || text[0] == '+');

	if (i == len) {
		return false;
	}
	for (; i < len; i++) {
		if (text[i] == '.' && scale == 0) {
			scale = 1;
		} else if (text[i] < '0' || text[i] > '9') {
			return false;
		} else if (scale < AGGREGATE_SCALE) {
			if (n > MAX_WHOLE / AGGREGATE_SCALE) {
				return false;
			}
			n = n * 10 + (text[i] - '0');
			scale *= 10;
		}
	}
	for (scale = scale == 0 ? 1 : scale; scale < AGGREGATE_SCALE; scale *= 10) {
		n *= 10;
	}
	*ret = is_negative ? -n : n;
	return true;
}

static void put_band(const struct aggregate_field *f, const char *text, size_t len,
	struct buf *to)
{
	int64_t width = f->width * AGGREGATE_SCALE, n, band;

	if (f->width == 0 || !aggregate_number(text, len, &n)) {
		buf_put_str(to, "other");
		return;
	}
	band = n / width - (n % width < 0);
	if (band < 0) {
		buf_put_str(to, "below-0"); /* few are: no bands of them */
	} else {
		buf_putf(to, "%" PRId64 "-%" PRId64, band * f->width, (band + 1) * f->width);
	}
}

static void put_date(const struct aggregate_field *f, const char *text, size_t len,
	struct buf *to)
{
	char day[32];
	int32_t n;
	struct civil c;

	snprintf(day, sizeof(day), "%.*s", (int)(len < 31 ? len : 31), text);
	if (!civil_parse_day(day, &n)) {
		buf_put_str(to, "other");
		return;
	}
	c = civil_of_day(n);
	if (f->as == AGGREGATE_MONTH) {
		buf_putf(to, "%04d-%02d", c.year, c.month);
	} else {
		buf_putf(to, "%04d", c.year);
	}
}

/* Yes, true and 1 are one value. */
static void put_boolean(const char *text, size_t len, struct buf *to)
{
	char c = len > 0 ? text[0] : '\0';

	buf_put_str(to, c == 'y' || c == 'Y' || c == 't' || c == 'T' || c == '1' ? "yes" : "no");
}

static void put_word(const struct names *words, const char *text, size_t len, struct buf *to)
{
	while (len > 0 && (text[0] == ' ' || text[0] == '\t')) {
		text++;
		len--;
	}
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t')) {
		len--;
	}
	for (size_t i = 0; i < words->n; i++) {
		if (strlen(words->v[i]) == len && strncasecmp(words->v[i], text, len) == 0) {
			buf_put_str(to, words->v[i]);
			return;
		}
	}
	buf_put_str(to, "other");
}

void aggregate_generalise(const struct aggregate_field *f, const struct collection *c,
	const char *text, size_t len, struct buf *to)
{
	const struct field *in = collection_find_field(c, f->field);

	if (len == 0 || !in) {
		buf_put_str(to, "none");
		return;
	}
	switch ((enum aggregate_as)f->as) {
	case AGGREGATE_MONTH:
	case AGGREGATE_YEAR: put_date(f, text, len, to); break;
	case AGGREGATE_BAND: put_band(f, text, len, to); break;
	case AGGREGATE_VALUE:
		if (in->type == FIELD_BOOLEAN) {
			put_boolean(text, len, to);
		} else {
			put_word(words_of(f, in), text, len, to);
		}
		break;
	case AGGREGATE_SUM: break;
	}
}
