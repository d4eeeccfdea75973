/* A CSV for each collection (RFC 4180, UTF-8 with a mark), for people with a spreadsheet. */
#include <string.h>

#include "base/civil.h"
#include "privacy/dossier_forms.h"

/* What begins so is a formula to one spreadsheet or another; the last four are the wide forms
 * of = + - @, which those of East Asia take as well. */
static bool is_formula_start(struct span s)
{
	static const char *const wide[] = { "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d",
		"\xef\xbc\xa0" };

	if (s.n == 0) {
		return false;
	}
	if (memchr("=+-@\t\r\n", s.p[0], 7)) {
		return true;
	}
	for (size_t i = 0; i < 4; i++) {
		if (s.n >= 3 && memcmp(s.p, wide[i], 3) == 0) {
			return true;
		}
	}
	return false;
}

/* Amounts and telephone numbers: nothing of them can call anything. */
static bool is_number(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!memchr("0123456789+-.,()/ ", s.p[i], 18)) {
			return false;
		}
	}
	return true;
}

void dossier_put_csv(struct buf *to, struct span text)
{
	buf_put_u8(to, '"');
	if (is_formula_start(text) && !is_number(text)) {
		buf_put_u8(to, '\'');
	}
	for (size_t at = 0, end; at < text.n; at = end) {
		const uint8_t *quote = memchr(text.p + at, '"', text.n - at);

		end = quote ? (size_t)(quote - text.p) + 1 : text.n;
		buf_put(to, text.p + at, end - at);
		if (quote) {
			buf_put_u8(to, '"');
		}
	}
	buf_put_u8(to, '"');
}

static void put_text(struct buf *to, const char *text)
{
	dossier_put_csv(to, span_str(text));
}

/* Of the record itself; its fields follow. */
static const char *const about[] = { "_record", "_version", "_date", "_created", "_updated",
	"_origin", "_source", "_key", "_of_another" };

static void csv_part_begin(struct dossier_pen *p, const struct dossier_part *part)
{
	buf_put_str(p->to, "\xef\xbb\xbf"); /* or the usual spreadsheet takes it for Latin-1 */
	for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
		buf_put_str(p->to, i > 0 ? "," : "");
		put_text(p->to, about[i]);
	}
	for (size_t i = 0; i < part->ncolumns; i++) {
		buf_put_u8(p->to, ',');
		put_text(p->to, part->columns[i].name);
	}
	buf_put_str(p->to, "\r\n");
}

static void put_about(struct buf *to, const struct row_record *row, const struct record *rec,
	bool is_of_another)
{
	char id[ID_TEXT_SIZE], day[CIVIL_DAY_SIZE] = "", time[CIVIL_TIME_SIZE];

	id_format(&row->id, id);
	put_text(to, id);
	buf_putf(to, ",%u,", row->version);
	if (rec->anchor_day != CIVIL_NO_DAY) {
		civil_format_day(rec->anchor_day, day);
	}
	put_text(to, day);
	civil_format_time(row->created_ms, time);
	buf_putf(to, ",%s,", time);
	civil_format_time(row->updated_ms, time);
	buf_putf(to, "%s,%s,", time, rec->origin == RECORD_EXTERNAL ? "external" : "internal");
	dossier_put_csv(to, rec->source);
	buf_put_u8(to, ',');
	dossier_put_csv(to, rec->key);
	buf_put_str(to, is_of_another ? ",yes" : ",no");
}

static void csv_record(struct dossier_pen *p, const struct dossier_part *part,
	const struct row_record *row, const struct record *rec)
{
	put_about(p->to, row, rec, dossier_is_of_another(p->d, row));
	for (size_t i = 0; i < part->ncolumns; i++) {
		struct span value = record_get(rec, part->columns[i].name);

		buf_put_u8(p->to, ',');
		if (value.n > 0) {
			dossier_put_csv(p->to, value);
		}
	}
	buf_put_str(p->to, "\r\n");
}

static void csv_part_end(struct dossier_pen *p, const struct dossier_part *part)
{
	(void)p;
	(void)part;
}

const struct dossier_form dossier_csv = { NULL, csv_part_begin, csv_record, csv_part_end, NULL };
