/*
 * Texts that nobody would write, made from a seed: the same rows come out however they are cut,
 * and what a careful writer writes is read back.  Its worth is under the sanitizers.
 *
 * argv[1]: how many texts (2000); argv[2]: the seed (1).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "intake/csv.h"
#include "rows.h"

static unsigned long ntexts = 2000;
static uint64_t seed = 1;

/* splitmix64 (Steele, Lea, Flood 2014): any seed will do. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static size_t below(uint64_t *state, size_t n)
{
	return (size_t)(next_random(state) % n);
}

/* -- mutations -- */

static const char *const seeds[] = {
	"a,b,c\n1,\"ha \"\"ha\"\" ha\",3\n4,5,6\n",
	"\xef\xbb\xbfid;name\r\n1;\"M\xc3\xbcller; \r\nAnna\"\r\n",
	"x\ty\n\"\"\t\"\"\n\n\n5\" pipe\tz\r",
	"a|b\r\"1|2\"|\"\"\"\"\r\n",
	",,,\n\",\",\"\n\",\"\r\"\n",
	"one field alone",
	" \"a\", \"b\"\n\"a\" ,\"b\"c\n",
};

#define NSEEDS (sizeof(seeds) / sizeof(seeds[0]))

#define MAX_TEXT 4096

/* The bytes that the reader looks for are worth more than others. */
static uint8_t some_byte(uint64_t *rnd)
{
	static const uint8_t special[] = { '"', '"', ',', ';', '\t', '|', '\r', '\n', '\0', ' ',
		0xff, 0xef, 0xbb, 0xbf, 'a' };

	return below(rnd, 4) > 0 ? special[below(rnd, sizeof(special))]
				 : (uint8_t)next_random(rnd);
}

static void insert(uint8_t *p, size_t *n, size_t at, const uint8_t *what, size_t nwhat)
{
	if (*n + nwhat <= MAX_TEXT) {
		memmove(p + at + nwhat, p + at, *n - at);
		memcpy(p + at, what, nwhat);
		*n += nwhat;
	}
}

static void mutate(uint64_t *rnd, uint8_t *p, size_t *n)
{
	size_t at = below(rnd, *n + 1), len = *n > at ? below(rnd, *n - at) + 1 : 0;
	const char *other = seeds[below(rnd, NSEEDS)];
	uint8_t block[MAX_TEXT], byte = some_byte(rnd);

	switch (below(rnd, 5)) {
	case 0: insert(p, n, at, &byte, 1); break;
	case 1: insert(p, n, at, (const uint8_t *)other, strlen(other)); break;
	case 2:
		if (at < *n) {
			p[at] = byte;
		}
		break;
	case 3:
		memmove(p + at, p + at + len, *n - at - len);
		*n -= len;
		break;
	default:
		memcpy(block, p + at, len);
		insert(p, n, at, block, len);
		break;
	}
}

static size_t make_text(uint64_t *rnd, uint8_t *p)
{
	const char *from = seeds[below(rnd, NSEEDS)];
	size_t n = strlen(from), times = below(rnd, 12);

	memcpy(p, from, n);
	for (size_t i = 0; i < times; i++) {
		mutate(rnd, p, &n);
	}
	return n;
}

/* -- what holds for every text -- */

struct check {
	struct buf rows;
	uint64_t line;
};

static int check_row(void *ctx, const struct csv_row *row, struct cu_err *err)
{
	struct check *c = ctx;

	assert_true(row->line > c->line);
	assert_true(row->last_line >= row->line);
	c->line = row->last_line;
	assert_int_equal(row->fault == CSV_FINE, row->nfields > 0);
	if (row->fault != CSV_FINE) {
		assert_true(row->fault_line >= row->line && row->fault_line <= row->last_line);
		assert_true(row->fault_field > 0 && row->fault_character > 0);
	}
	for (size_t i = 0; i < row->nfields; i++) {
		const struct csv_field *f = &row->fields[i];

		assert_int_equal(strlen(f->text), f->n);
		assert_null(memchr(f->text, 0xff, f->n));
		assert_true(f->line >= row->line && f->line <= row->last_line);
	}
	return rows_put(&c->rows, row, err);
}

static size_t random_cuts(uint64_t *rnd, size_t n, size_t *cuts)
{
	size_t ncuts = 0;

	for (size_t at = 0; at < n;) {
		at += below(rnd, 9);
		if (at < n) {
			cuts[ncuts++] = at;
		}
		if (below(rnd, 40) == 0) {
			break;
		}
	}
	return ncuts;
}

static void every_text_gives_the_same_rows_however_it_is_cut(void **state)
{
	static const char delimiters[] = ",;\t|";
	static uint8_t text[MAX_TEXT];
	uint64_t rnd = seed;

	(void)state;
	for (unsigned long i = 0; i < ntexts; i++) {
		size_t n = make_text(&rnd, text), *cuts = calloc(16 * MAX_TEXT, sizeof(*cuts));
		char delimiter = delimiters[below(&rnd, 4)];
		struct span copy = rows_copy((const char *)text, n);
		struct check whole = { 0 }, cut = { 0 };

		assert_non_null(cuts);
		rows_read_cut(delimiter, copy, NULL, 0, check_row, &whole);
		rows_read_cut(delimiter, copy, cuts, random_cuts(&rnd, n, cuts), check_row, &cut);
		if (!span_eq(buf_span(&whole.rows), buf_span(&cut.rows))) {
			fail_msg("text %lu of seed %llu differs when cut", i,
				(unsigned long long)seed);
		}
		assert_non_null(strchr(delimiters, csv_detect(copy, below(&rnd, 2) == 0)));

		buf_done(&whole.rows);
		buf_done(&cut.rows);
		rows_free_copy(copy);
		free(cuts);
	}
}

/* -- what a careful writer writes -- */

/* Appends a random field as the CSV has it to csv, and as rows_put has it to rows. */
static void write_field(uint64_t *rnd, struct buf *csv, struct buf *rows, uint64_t *line)
{
	size_t n = below(rnd, 12);
	bool was_cr = false;

	buf_put_u8(csv, '"');
	buf_put_u8(rows, '[');
	for (size_t i = 0; i < n; i++) {
		static const char letters[] = "\"\",;\r\n\t| ab";
		char ch = letters[below(rnd, sizeof(letters) - 1)];

		buf_put(csv, "\"", ch == '"');
		buf_put(csv, &ch, 1);
		buf_put(rows, &ch, 1);
		*line += ch == '\r' || (ch == '\n' && !was_cr);
		was_cr = ch == '\r';
	}
	buf_put_u8(csv, '"');
	buf_put_u8(rows, ']');
}

static void write_row(uint64_t *rnd, struct buf *csv, struct buf *rows, uint64_t *line)
{
	static const char *const ends[] = { "\n", "\r\n", "\r" };
	size_t nfields = below(rnd, 5) + 1;

	buf_putf(rows, "%llu: ", (unsigned long long)*line);
	for (size_t i = 0; i < nfields; i++) {
		buf_put(csv, ",", i > 0);
		write_field(rnd, csv, rows, line);
	}
	buf_put_str(csv, ends[below(rnd, 3)]);
	buf_put_str(rows, "\n");
	++*line;
}

static void what_is_written_with_quotes_is_read_back(void **state)
{
	uint64_t rnd = seed;
	size_t *cuts = calloc(1 << 16, sizeof(*cuts));

	(void)state;
	assert_non_null(cuts);
	for (unsigned long i = 0; i < ntexts / 10 + 1; i++) {
		struct buf csv = BUF_INIT, want = BUF_INIT, got = BUF_INIT;
		uint64_t line = 1;

		for (size_t nrows = below(&rnd, 30); nrows > 0; nrows--) {
			write_row(&rnd, &csv, &want, &line);
		}
		rows_read_cut(',', buf_span(&csv), cuts, random_cuts(&rnd, csv.n, cuts), rows_put,
			&got);
		assert_string_equal(buf_cstr(&got), buf_cstr(&want));

		buf_done(&csv);
		buf_done(&want);
		buf_done(&got);
	}
	free(cuts);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_text_gives_the_same_rows_however_it_is_cut),
		cmocka_unit_test(what_is_written_with_quotes_is_read_back),
	};

	if (argc > 1) {
		ntexts = strtoul(argv[1], NULL, 10);
	}
	if (argc > 2) {
		seed = strtoull(argv[2], NULL, 10);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
