#include "control/drill_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/lines.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/path.h"
#include "base/text.h"
#include "control/house.h"
#include "crypto/hash.h"
#include "store/reader.h"

#define FOLDER      "drills"
#define NAME_SIZE   32
#define NOTE_MAX    65536
#define MAGIC       "custos drill report v1"
#define FAULT_MARK  "fault "

void drill_record_done(struct drill_record *d)
{
	buf_done(&d->faults);
}

void drill_record_fault(struct drill_record *d, const char *object, const char *text)
{
	char name[300], what[700];

	if (d->nfaults == DRILL_MAX_FAULTS) {
		return;
	}
	d->nfaults++;
	text_escape(object, name, sizeof(name));
	text_escape(text, what, sizeof(what));
	buf_putf(&d->faults, FAULT_MARK "%s: %s\n", name, what);
}

/* --- writing ---------------------------------------------------------------------- */

/* The lines between the head and the faults: one table for both ways.  X(word, count, ...):
 * the words of a line, each followed by its member. */
struct number {
	const char *word;
	size_t at; /* of the member in struct drill_report */
};
struct line {
	const char *word;
	struct number numbers[4];
};

#define N(word, member) { word, offsetof(struct drill_report, member) }

static const struct line lines[] = {
	{ "recovery-point-ms", { N(NULL, recovery_point_ms) } },
	{ "recovery-ms", { N(NULL, recovery_ms) } },
	{ "duration-ms", { N(NULL, duration_ms) } },
	{ "read", { N("manifests", manifests), N("objects", objects), N("bytes", bytes_read) } },
	{ "compared", { N("subjects", subjects), N("records", records),
			      N("collections", collections) } },
	{ "tried", { N("opened", opened), N("gone", gone), N("erased", erased) } },
	{ "log", { N("entries", log_size), N("generation", generation) } },
	{ "faults", { N(NULL, faults) } },
};
#define NLINES (sizeof(lines) / sizeof(lines[0]))

static uint64_t *member_of(struct drill_report *r, const struct number *n)
{
	return (uint64_t *)(void *)((char *)r + n->at); /* all of them have 64 bits */
}

static void put_line(struct buf *out, const struct line *l, struct drill_report *r)
{
	buf_put_str(out, l->word);
	for (size_t i = 0; i < 4 && (l->numbers[i].word || i == 0); i++) {
		if (l->numbers[i].word) {
			buf_putf(out, " %s", l->numbers[i].word);
		}
		buf_putf(out, " %" PRIu64, *member_of(r, &l->numbers[i]));
	}
	buf_put_str(out, "\n");
}

static void put_head(struct buf *out, const struct drill_record *d)
{
	const struct drill_report *r = &d->report;
	char id[ID_TEXT_SIZE], time[CIVIL_TIME_SIZE], hash[65];

	civil_format_time(d->time_ms, time);
	buf_putf(out, MAGIC "\nnumber %" PRIu64 "\ntime %s\n", d->number, time);
	id_format(&r->store, id);
	buf_putf(out, "store %s\n", id);
	id_format(&r->lineage, id);
	buf_putf(out, "lineage %s\ntarget %s\nlevel %d\n", id, d->target, (int)r->level);
	text_hex(r->manifest_hash, sizeof(r->manifest_hash), hash);
	civil_format_time(r->data_time_ms, time);
	buf_putf(out, "backup %" PRIu64 " %s %s\n", r->sequence, hash, time);
	buf_putf(out, "digests %s\n", r->has_digests ? "compared" : "none");
}

int drill_record_format(const struct drill_record *d, struct buf *out, struct cu_err *err)
{
	struct drill_report r = d->report;

	put_head(out, d);
	for (size_t i = 0; i < NLINES; i++) {
		put_line(out, &lines[i], &r);
	}
	buf_put_span(out, buf_span(&d->faults));
	buf_putf(out, "result %s\n", r.faults == 0 ? "passed" : "failed");
	return buf_check(out, err);
}

/* --- reading ---------------------------------------------------------------------- */

static bool next(struct lines *l, const char *word, size_t nwords)
{
	return lines_next(l) == 1 && lines_split(l) && l->nwords == nwords &&
		strcmp(l->word[0], word) == 0;
}

static bool parse_id(struct lines *l, const char *word, struct id *to)
{
	return next(l, word, 2) && lines_hex(l->word[1], to->b, sizeof(to->b));
}

static bool parse_head(struct lines *l, struct drill_record *d)
{
	struct drill_report *r = &d->report;
	uint64_t level = 0;

	if (lines_next(l) != 1 || strcmp(l->text, MAGIC) != 0 || !next(l, "number", 2) ||
		!lines_u64(l->word[1], &d->number) || !next(l, "time", 2) ||
		!civil_parse_time(l->word[1], &d->time_ms) || !parse_id(l, "store", &r->store) ||
		!parse_id(l, "lineage", &r->lineage) || !next(l, "target", 2) ||
		strlen(l->word[1]) >= sizeof(d->target)) {
		return false;
	}
	strcpy(d->target, l->word[1]);
	if (!next(l, "level", 2) || !lines_u64(l->word[1], &level) || level < DRILL_BYTES ||
		level > DRILL_RESTORE) {
		return false;
	}
	r->level = (enum drill_level)level;
	if (!next(l, "backup", 4) || !lines_u64(l->word[1], &r->sequence) ||
		!lines_hex(l->word[2], r->manifest_hash, sizeof(r->manifest_hash)) ||
		!civil_parse_time(l->word[3], &r->data_time_ms) || !next(l, "digests", 2)) {
		return false;
	}
	r->has_digests = strcmp(l->word[1], "compared") == 0;
	return r->has_digests || strcmp(l->word[1], "none") == 0;
}

static bool parse_line(struct lines *l, const struct line *is, struct drill_report *r)
{
	size_t at = 1;

	if (lines_next(l) != 1 || !lines_split(l) || strcmp(l->word[0], is->word) != 0) {
		return false;
	}
	for (size_t i = 0; i < 4 && (is->numbers[i].word || i == 0); i++) {
		const char *word = is->numbers[i].word;

		if (word && (at >= l->nwords || strcmp(l->word[at++], word) != 0)) {
			return false;
		}
		if (at >= l->nwords || !lines_u64(l->word[at++], member_of(r, &is->numbers[i]))) {
			return false;
		}
	}
	return at == l->nwords;
}

static bool parse_faults(struct lines *l, struct drill_record *d)
{
	const char *result = d->report.faults == 0 ? "result passed" : "result failed";
	int r;

	while ((r = lines_next(l)) == 1 && strncmp(l->text, FAULT_MARK, strlen(FAULT_MARK)) == 0) {
		if (d->nfaults++ == DRILL_MAX_FAULTS) {
			return false;
		}
		buf_putf(&d->faults, "%s\n", l->text);
	}
	return r == 1 && strcmp(l->text, result) == 0 && lines_next(l) == 0;
}

int drill_record_parse(struct span text, struct drill_record *ret, struct cu_err *err)
{
	struct drill_record d = { .faults = BUF_INIT };
	struct lines l;
	bool is_good;
	int r;

	lines_init(&l, text);
	is_good = parse_head(&l, &d);
	for (size_t i = 0; is_good && i < NLINES; i++) {
		is_good = parse_line(&l, &lines[i], &d.report);
	}
	is_good = is_good && parse_faults(&l, &d);
	r = is_good ? buf_check(&d.faults, err) :
		      cu_err_set(err, CU_ECORRUPT,
			      "line %u is not what stands there in a drill's report", l.number);
	if (r < 0) {
		drill_record_done(&d);
		return r;
	}
	*ret = d;
	return 0;
}

/* --- files ------------------------------------------------------------------------ */

static void name_of(uint64_t number, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "%010" PRIu64 ".note", number);
}

static int folder_of(const struct house *h, char out[PATH_SIZE], struct cu_err *err)
{
	return path_join(out, h->dir, FOLDER, err);
}

int drill_record_save(struct house *h, const struct drill_record *d, uint8_t ret_hash[32],
	struct cu_err *err)
{
	struct buf text = BUF_INIT, note = BUF_INIT;
	char folder[PATH_SIZE], name[NAME_SIZE];
	int r = folder_of(h, folder, err);

	if (r == 0) {
		r = path_make_dir(folder, 0700, err);
	}
	if (r == 0) {
		r = drill_record_format(d, &text, err);
	}
	if (r == 0) {
		r = note_sign(h->signer, buf_span(&text), &note, err);
	}
	if (r == 0) {
		name_of(d->number, name);
		r = path_put_file(folder, name, buf_span(&note), 0600, err);
	}
	if (r == 0) {
		hash_sha256(buf_span(&note), ret_hash);
	}
	buf_done(&text);
	buf_done(&note);
	return r < 0 ? cu_err_wrap(err, r, "the drill's report") : 0;
}

int drill_record_last(struct house *h, uint64_t *ret, struct cu_err *err)
{
	struct reader *rd = store_reader_take(h->store);
	int r;

	*ret = 0;
	r = reader_note(rd, DRILL_NOTE_LAST, ret, err);
	store_reader_give(h->store, rd);
	return r < 0 ? r : 0;
}

static int no_such(uint64_t number, struct cu_err *err)
{
	return cu_err_set(err, CU_ENOENT, "there is no drill %" PRIu64, number);
}

int drill_record_load(struct house *h, uint64_t number, struct drill_record *ret,
	struct buf *note, struct cu_err *err)
{
	struct buf file = BUF_INIT;
	char folder[PATH_SIZE], path[PATH_SIZE], name[NAME_SIZE];
	struct span text;
	uint64_t last;
	int r = drill_record_last(h, &last, err);

	name_of(number, name);
	if (r == 0 && number > last) {
		r = no_such(number, err);
	}
	if (r == 0) {
		r = folder_of(h, folder, err);
	}
	if (r == 0) {
		r = path_join(path, folder, name, err);
	}
	if (r == 0) {
		r = path_read_file(path, NOTE_MAX, &file, err);
		r = r == CU_ENOENT ? no_such(number, err) : r;
	}
	if (r == 0) {
		r = note_verify(buf_span(&file), &h->verifier, &text, err);
	}
	if (r == 0) {
		r = drill_record_parse(text, ret, err);
	}
	if (r == 0 && note) {
		buf_put_span(note, buf_span(&file));
		r = buf_check(note, err);
	}
	buf_done(&file);
	return r < 0 && r != CU_ENOENT ? cu_err_wrap(err, r, FOLDER "/%s", name) : r;
}

static bool number_of(const char *name, uint64_t *ret)
{
	char again[NAME_SIZE];
	char *end;

	*ret = strtoull(name, &end, 10);
	name_of(*ret, again);
	return *ret > 0 && strcmp(name, again) == 0;
}

int drill_record_numbers(struct house *h, uint64_t **ret, size_t *ret_n, struct cu_err *err)
{
	char folder[PATH_SIZE], **names = NULL;
	uint64_t *numbers, last;
	size_t n = 0, kept = 0;
	int r = drill_record_last(h, &last, err);

	if (r == 0) {
		r = folder_of(h, folder, err);
	}
	if (r == 0) {
		r = path_list(folder, &names, &n, err);
		r = r == CU_ENOENT ? 0 : r; /* none was held yet */
	}
	if (r < 0) {
		return r;
	}
	numbers = calloc(n + 1, sizeof(*numbers));
	for (size_t i = 0; numbers && i < n; i++) {
		kept += number_of(names[i], &numbers[kept]) && numbers[kept] <= last;
	}
	path_free_names(names, n);
	if (!numbers) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	*ret = numbers;
	*ret_n = kept;
	return 0;
}
