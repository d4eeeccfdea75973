/* What an erasure leaves in the files of a store: nothing. */
#include "erase_help.h"

#include <ctype.h>

#include "base/text.h"
#include "fault.h"

#define MAX_FORMS 16

struct needle {
	uint8_t bytes[128];
	size_t n;
};

static struct needle needles[MAX_FORMS];
static size_t nneedles, nfiles_searched;
static size_t nfound;

static void add_needle(const void *p, size_t n)
{
	assert_true(nneedles < MAX_FORMS && n <= sizeof(needles[0].bytes));
	memcpy(needles[nneedles].bytes, p, n);
	needles[nneedles++].n = n;
}

/* As it is, in UTF-16 of both orders, in hex of both cases, in base64 at all three offsets. */
static void look_for(const char *text)
{
	size_t n = strlen(text);
	char wide[128], hex[128], base64[128];

	nneedles = 0;
	add_needle(text, n);
	for (int order = 0; order < 2; order++) {
		memset(wide, 0, sizeof(wide));
		for (size_t i = 0; i < n; i++) {
			wide[2 * i + (size_t)order] = text[i];
		}
		add_needle(wide + order, 2 * n - 1);
	}
	text_hex((const uint8_t *)text, n, hex);
	add_needle(hex, 2 * n);
	for (size_t i = 0; i < 2 * n; i++) {
		hex[i] = (char)toupper((unsigned char)hex[i]);
	}
	add_needle(hex, 2 * n);
	for (size_t skip = 0; skip < 3; skip++) {
		uint8_t shifted[64] = { 0 };
		size_t len;

		memcpy(shifted + skip, text, n);
		text_base64(shifted, (n + skip) / 3 * 3, false, base64);
		len = strlen(base64);
		/* the first four characters hold what came before */
		add_needle(base64 + (skip ? 4 : 0), len - (skip ? 4 : 0));
	}
}

static int search_file(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	struct buf b = BUF_INIT;

	(void)st;
	(void)at;
	if (kind != FTW_F) {
		return 0;
	}
	nfiles_searched++;
	read_all(path, &b);
	for (size_t i = 0; i < nneedles; i++) {
		if (b.n > 0 && memmem(b.p, b.n, needles[i].bytes, needles[i].n)) {
			print_message("%s holds form %zu\n", path, i);
			nfound++;
		}
	}
	buf_done(&b);
	return 0;
}

/* In how many (file, form) pairs of a directory a text stands.  By another process, for our
 * close() would drop SQLite's locks on a store that is open. */
static int search_child(void *dir)
{
	nfiles_searched = nfound = 0;
	if (nftw(dir, search_file, 16, FTW_PHYS) != 0 || nfiles_searched < 8) {
		return -1;
	}
	return nfound == 0 ? 0 : -1;
}

static bool is_anywhere(const char *dir, const char *text)
{
	look_for(text);
	return fault_run(FAULT_ANY, 1L << 30, FAULT_COUNT, 0, search_child, (void *)(uintptr_t)dir) != 1;
}

static void the_search_finds_each_form(void **state)
{
	static const char text[] = "canary-7d1f";
	const char *dir = new_store_dir();

	(void)state;
	look_for(text);
	assert_int_equal(nneedles, 8);
	assert_memory_equal(needles[0].bytes, text, sizeof(text) - 1);
	assert_memory_equal(needles[3].bytes, "63616e6172792d37643166", 22);
	/* base64 of "canary-7d1f", ".canary-7d1f", "..canary-7d1f" */
	assert_memory_equal(needles[5].bytes, "Y2FuYXJ5LTdk", 12);
	assert_memory_equal(needles[6].bytes, "bmFyeS03ZDFm", 12);
	assert_memory_equal(needles[7].bytes, "YW5hcnktN2Qx", 12);
	assert_false(is_anywhere(dir, text));
	for (size_t i = 0; i < 8; i++) {
		look_for(text);
		write_all(in_dir(dir, "found"), span_of(needles[i].bytes, needles[i].n));
		assert_true(is_anywhere(dir, text));
	}
}

static void no_plaintext_lies_in_any_file(void **state)
{
	static const char *const texts[] = { "canary-7d1f", "canary-55aa", "a present",
		"Lovelace" };
	struct house h = { 0 };
	struct people p;
	struct erasure e;
	const char *dir = new_store_dir();

	(void)state;
	must_open(&h, dir);
	must_run(&h, STORE_CHANGE, add_both, &p);
	p.ada.name = "Ada canary-7d1f once more";
	must_run(&h, STORE_CHANGE, put_record, &p.ada);
	for (int round = 0; round < 4; round++) {
		if (round == 1) { /* from the write-ahead logs into the files */
			must_run(&h, STORE_ALONE, step_flush, NULL);
		} else if (round == 2) {
			e = (struct erasure){ .subject = p.ada.subject };
			erase(&h, &e);
		} else if (round == 3) {
			house_close(&h);
		}
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
			assert_false(is_anywhere(dir, texts[i]));
		}
	}
}

/* Sealed bytes too: of an erased person none remain, nor the ids of the records. */
static int copy_sealed(
	void *ctx, const struct row_record *row, const struct record *rec, struct cu_err *err)
{
	struct buf *b = ctx;

	(void)rec;
	(void)err;
	buf_put(b, row->sealed.p + 30, 16);
	buf_put(b, row->id.b, 16);
	return 0;
}

static void after_the_flush_no_sealed_byte_of_the_person_is_left(void **state)
{
	static const char *const names[] = { "data.db", "data.db-wal", "index.db", "index.db-wal" };
	struct house h = { 0 };
	struct people p;
	struct erasure e;
	struct reader *rd;
	struct buf marks = BUF_INIT;
	const char *dir = new_store_dir();
	size_t nthere = 0;

	(void)state;
	must_open(&h, dir);
	must_run(&h, STORE_CHANGE, add_both, &p);
	rd = store_reader_take(h.store);
	assert_int_equal(reader_records(rd, &p.ada.subject, NULL, copy_sealed, &marks, NULL), 0);
	store_reader_give(h.store, rd);
	assert_int_equal(marks.n, 4 * 32);
	e = (struct erasure){ .subject = p.ada.subject };
	for (int round = 0; round < 2; round++) {
		house_close(&h); /* so that the files may be read */
		nthere = 0;
		for (size_t f = 0; f < 4; f++) {
			struct buf b = BUF_INIT;

			read_all(in_dir(dir, names[f]), &b);
			for (size_t at = 0; at < marks.n; at += 16) {
				nthere += b.n > 0 && memmem(b.p, b.n, marks.p + at, 16) != NULL;
			}
			buf_done(&b);
		}
		assert_true(round == 0 ? nthere >= 8 : nthere == 0);
		must_open(&h, dir);
		if (round == 0) {
			erase(&h, &e);
		}
	}
	buf_done(&marks);
	house_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_search_finds_each_form),
		cmocka_unit_test(no_plaintext_lies_in_any_file),
		cmocka_unit_test(after_the_flush_no_sealed_byte_of_the_person_is_left),
	};

	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
