/*
 * A CSV file in any charset, cut into pieces: the same rows, however it is cut.
 *
 * Bytes: which charset, which delimiter, the length of a piece, the file.
 */
#include <iconv.h>

#include "base/err.h"
#include "fuzz.h"
#include "intake/charset.h"
#include "intake/csv.h"

/* Not UTF-7: what glibc makes of bytes that are none of it depends on the cut. */
static const char *const charsets[] = { "UTF-8", "WINDOWS-1252", "UTF-16", "UTF-16LE",
	"SHIFT_JIS", "ISO-2022-JP", "GB18030" };
static const char delimiters[] = { ',', ';', '\t', '|' };

struct reading {
	struct csv *csv;
	uint64_t hash, last_line;
};

static int on_row(void *ctx, const struct csv_row *row, struct cu_err *err)
{
	struct reading *r = ctx;

	(void)err;
	fuzz_must(row->line > 0 && row->line <= row->last_line, "a row has lines");
	fuzz_must(row->line > r->last_line || r->last_line == 0, "rows come in order");
	fuzz_must(
		row->fault == CSV_FINE || row->nfields == 0, "a bad row has no fields");
	r->last_line = row->last_line;
	r->hash = fuzz_hash(r->hash, &row->last_line, sizeof(row->last_line));
	r->hash = fuzz_hash(r->hash, &row->fault, sizeof(row->fault));
	for (size_t i = 0; i < row->nfields; i++) {
		const struct csv_field *f = &row->fields[i];

		fuzz_must(f->text[f->n] == '\0', "a field ends with a NUL");
		r->hash = fuzz_hash(r->hash, f->text, f->n + 1);
		r->hash = fuzz_hash(r->hash, &f->line, sizeof(f->line));
		r->hash = fuzz_hash(r->hash, &f->character, sizeof(f->character));
	}
	return 0;
}

static int put(void *ctx, struct span utf8, struct cu_err *err)
{
	return csv_feed(((struct reading *)ctx)->csv, utf8, err);
}

static uint64_t read_file(
	struct span in, const char *charset, char delimiter, size_t piece)
{
	struct reading r = { .hash = FUZZ_HASH_INIT };
	struct charset *cs = NULL;
	struct cu_err err;
	int code = 0;

	fuzz_must(charset_open(charset, &cs, &err) == 0, "the charset is known");
	fuzz_must(
		csv_new(delimiter, on_row, &r, &r.csv, &err) == 0, "a reader is made");
	while (in.n > 0 && code == 0) {
		size_t now = in.n < piece ? in.n : piece;

		code = charset_feed(cs, span_of(in.p, now), put, &r, &err);
		in = span_of(in.p + now, in.n - now);
	}
	if (code == 0) {
		code = charset_end(cs, put, &r, &err);
	}
	if (code == 0) {
		code = csv_end(r.csv, &err);
	}
	csv_free(r.csv);
	charset_close(cs);
	return fuzz_hash(r.hash, &code, sizeof(code));
}

/* iconv then keeps their modules: loading them is most of what opening one costs. */
static void keep_charsets(void)
{
	static iconv_t kept[sizeof(charsets) / sizeof(charsets[0])];

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]) && !kept[i]; i++) {
		kept[i] = iconv_open("UTF-8", charsets[i]);
		fuzz_must(kept[i] != (iconv_t)-1, "the charset is known");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	const char *charset =
		charsets[fuzz_take(&in) % (sizeof(charsets) / sizeof(charsets[0]))];
	char delimiter = delimiters[fuzz_take(&in) % sizeof(delimiters)];
	size_t piece = 1 + (size_t)fuzz_take(&in);

	keep_charsets();
	(void)csv_detect(in, true);
	(void)csv_detect(in, false);
	fuzz_must(read_file(in, charset, delimiter, SIZE_MAX) ==
			  read_file(in, charset, delimiter, piece),
		"rows do not depend on how the file is cut");
	return 0;
}
