#include "backup/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/lines.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/minisign.h"

static const char magic_v1[] = "custos manifest v1";
static const char magic_v2[] = "custos manifest v2"; /* + digests */

void manifest_done(struct manifest *m)
{
	free(m->ranges);
	m->ranges = NULL;
	m->nranges = 0;
}

int manifest_add_range(struct manifest *m, const struct manifest_range *range,
	struct cu_err *err)
{
	/* the array doubles at each power of two, so its size need not be kept */
	if ((m->nranges & (m->nranges - 1)) == 0) {
		size_t cap = m->nranges ? 2 * m->nranges : 1;
		struct manifest_range *more = realloc(m->ranges, cap * sizeof(*more));

		if (!more) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		m->ranges = more;
	}
	m->ranges[m->nranges++] = *range;
	return 0;
}

uint64_t manifest_stored(const struct manifest *m)
{
	uint64_t n = m->vault.stored;

	for (size_t i = 0; i < m->nranges; i++) {
		n += m->ranges[i].object.stored;
	}
	return n;
}

/* --- rules ------------------------------------------------------------------------ */

static const char *broken_digest(const struct manifest *m)
{
	const struct digest *d = &m->digest;

	if (d->subjects.rows != m->subjects || digest_records(d) != m->records) {
		return "the digests are of other numbers than the counts";
	}
	for (size_t i = 1; i < d->ncollections; i++) {
		if (strcmp(d->collections[i - 1].name, d->collections[i].name) >= 0) {
			return "the collections do not ascend";
		}
	}
	return NULL;
}

/* What one line cannot say alone.  Returns NULL, or which rule is broken. */
static const char *broken_rule(const struct manifest *m)
{
	uint64_t at = 0;

	if (m->sequence < 1 || m->sequence > MANIFEST_MAX_SEQUENCE) {
		return "the sequence is out of range";
	}
	if (m->has_previous != (m->sequence > 1)) {
		return "only manifest 1 has no previous manifest";
	}
	if (m->page_size < 512 || m->page_size > 65536 ||
		(m->page_size & (m->page_size - 1)) != 0) {
		return "the page size is not one of SQLite's";
	}
	if (m->data_size == 0 || m->data_size % m->page_size != 0) {
		return "the data does not consist of whole pages";
	}
	for (size_t i = 0; i < m->nranges; i++) {
		const struct manifest_range *range = &m->ranges[i];

		if (range->offset != at || range->length == 0 ||
			range->length > MANIFEST_RANGE_MAX || range->object.stored == 0 ||
			range->length > m->data_size - at) {
			return "the ranges do not lie side by side";
		}
		at += range->length;
	}
	if (at != m->data_size) {
		return "the ranges do not cover the data";
	}
	if (m->generation == 0 || m->vault.stored == 0 || m->vault_size == 0) {
		return "the vault object is empty";
	}
	if (m->vault_log_size > m->log_size) {
		return "the vault object is newer than the log";
	}
	if (m->data_prints.n == 0 || m->vault_prints.n == 0) {
		return "there are no recipients";
	}
	return m->has_digests ? broken_digest(m) : NULL;
}

/* --- writing ---------------------------------------------------------------------- */

static void put_id(struct buf *out, const char *word, const struct id *id)
{
	char hex[ID_TEXT_SIZE];

	id_format(id, hex);
	buf_putf(out, "%s %s\n", word, hex);
}

static void put_hex(struct buf *out, const uint8_t hash[32])
{
	char hex[65];

	text_hex(hash, 32, hex);
	buf_put_str(out, hex);
}

static void put_prints(struct buf *out, const char *kind, const struct manifest_prints *p)
{
	buf_putf(out, "recipients %s", kind);
	for (size_t i = 0; i < p->n; i++) {
		buf_putf(out, " %s", p->at[i]);
	}
	buf_put_str(out, "\n");
}

static void put_head(struct buf *out, const struct manifest *m)
{
	char time[CIVIL_TIME_SIZE], verifier[NOTE_VERIFIER_SIZE];

	buf_put_str(out, m->has_digests ? magic_v2 : magic_v1);
	buf_put_str(out, "\n");
	put_id(out, "store", &m->store);
	put_id(out, "lineage", &m->lineage);
	buf_putf(out, "sequence %" PRIu64 "\nprevious ", m->sequence);
	if (m->has_previous) {
		put_hex(out, m->previous);
	} else {
		buf_put_str(out, "none");
	}
	civil_format_time(m->time_ms, time);
	buf_putf(out, "\ntime %s\nlog %" PRIu64 " ", time, m->log_size);
	put_hex(out, m->log_root);
	note_format_verifier(&m->log_key, verifier);
	buf_putf(out, "\nlog-key %s\n", verifier);
	put_prints(out, "data", &m->data_prints);
	put_prints(out, "vault", &m->vault_prints);
}

static void put_data(struct buf *out, const struct manifest *m)
{
	char time[CIVIL_TIME_SIZE];

	civil_format_time(m->data_time_ms, time);
	buf_putf(out, "data full %s %" PRIu32 " %" PRIu64 " ", time, m->page_size, m->data_size);
	put_hex(out, m->data_hash);
	buf_put_str(out, "\n");
	for (size_t i = 0; i < m->nranges; i++) {
		const struct manifest_range *range = &m->ranges[i];

		buf_putf(out, "range %zu %" PRIu64 " %" PRIu64 " ", i, range->offset,
			range->length);
		put_hex(out, range->hash);
		buf_put_str(out, " ");
		put_hex(out, range->object.hash);
		buf_putf(out, " %" PRIu64 "\n", range->object.stored);
	}
}

static void put_part(struct buf *out, const char *word, const struct digest_part *p)
{
	buf_putf(out, "digest %s%s%s %" PRIu64 " ", word, p->name[0] ? " " : "", p->name, p->rows);
	put_hex(out, p->hash);
	buf_put_str(out, "\n");
}

static void put_digests(struct buf *out, const struct manifest *m)
{
	char nonce[ID_TEXT_SIZE];

	put_part(out, "subjects", &m->digest.subjects);
	for (size_t i = 0; i < m->digest.ncollections; i++) {
		put_part(out, "records", &m->digest.collections[i]);
	}
	if (m->drill_day == 0) {
		buf_put_str(out, "drill none\n");
		return;
	}
	id_format(&m->drill_nonce, nonce);
	buf_putf(out, "drill %" PRIu32 " %s\n", m->drill_day, nonce);
}

int manifest_format(const struct manifest *m, struct buf *out, struct cu_err *err)
{
	const char *rule = broken_rule(m);
	size_t before = out->n;

	if (rule) {
		return cu_err_set(err, CU_EINTERNAL, "manifest: %s", rule);
	}
	put_head(out, m);
	put_data(out, m);
	if (m->has_digests) {
		put_digests(out, m);
	}
	buf_putf(out, "vault %" PRIu64 " ", m->generation);
	put_hex(out, m->vault.hash);
	buf_putf(out, " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", m->vault.stored, m->vault_size,
		m->vault_log_size);
	buf_putf(out, "counts subjects %" PRIu64 " records %" PRIu64 "\n", m->subjects,
		m->records);
	if (out->n - before > MANIFEST_MAX_SIZE) {
		return cu_err_set(err, CU_ELIMIT, "manifest: the database has too many ranges");
	}
	return buf_check(out, err);
}

/* --- reading ---------------------------------------------------------------------- */

/* The next line, whose first word must be this and which must have so many words. */
static bool next(struct lines *l, const char *word, size_t nwords)
{
	return lines_next(l) == 1 && lines_split(l) && strcmp(l->word[0], word) == 0 &&
		(nwords == 0 || l->nwords == nwords);
}

static bool parse_id(struct lines *l, const char *word, struct id *to)
{
	return next(l, word, 2) && lines_hex(l->word[1], to->b, sizeof(to->b));
}

static bool parse_time(const char *word, int64_t *to)
{
	char again[CIVIL_TIME_SIZE];

	if (!civil_parse_time(word, to)) {
		return false;
	}
	civil_format_time(*to, again);
	return strcmp(again, word) == 0;
}

static bool parse_prints(struct lines *l, const char *kind, struct manifest_prints *to)
{
	uint8_t probe[(RECIPIENTS_PRINT_SIZE - 1) / 2];

	if (!next(l, "recipients", 0) || l->nwords < 3 || l->nwords > 2 + RECIPIENTS_MAX ||
		strcmp(l->word[1], kind) != 0) {
		return false;
	}
	for (size_t i = 2; i < l->nwords; i++) {
		if (!lines_hex(l->word[i], probe, sizeof(probe))) {
			return false;
		}
		strcpy(to->at[to->n++], l->word[i]);
	}
	return true;
}

static bool parse_key(struct lines *l, struct note_verifier *to)
{
	char again[NOTE_VERIFIER_SIZE];

	if (!next(l, "log-key", 2) || note_parse_verifier(l->word[1], to, NULL) < 0) {
		return false;
	}
	note_format_verifier(to, again);
	return strcmp(again, l->word[1]) == 0;
}

static bool parse_head(struct lines *l, struct manifest *m)
{
	if (lines_next(l) != 1 ||
		(strcmp(l->text, magic_v1) != 0 && strcmp(l->text, magic_v2) != 0)) {
		return false;
	}
	m->has_digests = strcmp(l->text, magic_v2) == 0;
	if (!parse_id(l, "store", &m->store) || !parse_id(l, "lineage", &m->lineage) ||
		!next(l, "sequence", 2) || !lines_u64(l->word[1], &m->sequence) ||
		!next(l, "previous", 2)) {
		return false;
	}
	m->has_previous = strcmp(l->word[1], "none") != 0;
	if (m->has_previous && !lines_hex(l->word[1], m->previous, 32)) {
		return false;
	}
	return next(l, "time", 2) && parse_time(l->word[1], &m->time_ms) && next(l, "log", 3) &&
		lines_u64(l->word[1], &m->log_size) && lines_hex(l->word[2], m->log_root, 32) &&
		parse_key(l, &m->log_key) && parse_prints(l, "data", &m->data_prints) &&
		parse_prints(l, "vault", &m->vault_prints);
}

static bool parse_data(struct lines *l, struct manifest *m)
{
	uint64_t page_size;

	if (!next(l, "data", 6) || strcmp(l->word[1], "full") != 0 ||
		!parse_time(l->word[2], &m->data_time_ms) || !lines_u64(l->word[3], &page_size) ||
		page_size > 65536 || !lines_u64(l->word[4], &m->data_size) ||
		!lines_hex(l->word[5], m->data_hash, 32)) {
		return false;
	}
	m->page_size = (uint32_t)page_size;
	return true;
}

/* l holds a line that begins with "range". */
static bool parse_range(struct lines *l, size_t number, struct manifest_range *to)
{
	uint64_t is = 0;

	return l->nwords == 7 && lines_u64(l->word[1], &is) && is == number &&
		lines_u64(l->word[2], &to->offset) && lines_u64(l->word[3], &to->length) &&
		lines_hex(l->word[4], to->hash, 32) && lines_hex(l->word[5], to->object.hash, 32) &&
		lines_u64(l->word[6], &to->object.stored);
}

/* All lines "range"; then l holds the line after them.  1, 0 for a bad line, or a code. */
static int parse_ranges(struct lines *l, struct manifest *m, struct cu_err *err)
{
	struct manifest_range range;
	int r;

	for (;;) {
		if (lines_next(l) != 1 || !lines_split(l)) {
			return 0;
		}
		if (strcmp(l->word[0], "range") != 0) {
			return 1;
		}
		if (!parse_range(l, m->nranges, &range)) {
			return 0;
		}
		r = manifest_add_range(m, &range, err);
		if (r < 0) {
			return r;
		}
	}
}

/* "digest subjects N HASH" or "digest records COLLECTION N HASH". */
static bool parse_part(struct lines *l, const char *word, struct digest_part *to)
{
	size_t at = strcmp(word, "records") == 0 ? 3 : 2;

	if (l->nwords != at + 2 || strcmp(l->word[1], word) != 0 ||
		!lines_u64(l->word[at], &to->rows) || !lines_hex(l->word[at + 1], to->hash, 32)) {
		return false;
	}
	if (at == 3) {
		if (strlen(l->word[2]) >= sizeof(to->name)) {
			return false;
		}
		strcpy(to->name, l->word[2]);
	}
	return true;
}

static bool parse_drill(struct lines *l, struct manifest *m)
{
	uint64_t day;

	if (l->nwords == 2) {
		return strcmp(l->word[1], "none") == 0;
	}
	if (l->nwords != 3 || !lines_u64(l->word[1], &day) || day < 10000101 || day > 99991231 ||
		!lines_hex(l->word[2], m->drill_nonce.b, sizeof(m->drill_nonce.b))) {
		return false;
	}
	m->drill_day = (uint32_t)day;
	return true;
}

/* l holds the line after the ranges; afterwards the line "vault". */
static bool parse_digests(struct lines *l, struct manifest *m)
{
	struct digest *d = &m->digest;

	if (strcmp(l->word[0], "digest") != 0 || !parse_part(l, "subjects", &d->subjects)) {
		return false;
	}
	while (lines_next(l) == 1 && lines_split(l) && strcmp(l->word[0], "digest") == 0) {
		if (d->ncollections == DIGEST_MAX_COLLECTIONS ||
			!parse_part(l, "records", &d->collections[d->ncollections++])) {
			return false;
		}
	}
	return l->nwords > 0 && strcmp(l->word[0], "drill") == 0 && parse_drill(l, m) &&
		lines_next(l) == 1 && lines_split(l);
}

static bool parse_tail(struct lines *l, struct manifest *m)
{
	if (m->has_digests && !parse_digests(l, m)) {
		return false;
	}
	return strcmp(l->word[0], "vault") == 0 && l->nwords == 6 &&
		lines_u64(l->word[1], &m->generation) && lines_hex(l->word[2], m->vault.hash, 32) &&
		lines_u64(l->word[3], &m->vault.stored) && lines_u64(l->word[4], &m->vault_size) &&
		lines_u64(l->word[5], &m->vault_log_size) && next(l, "counts", 5) &&
		strcmp(l->word[1], "subjects") == 0 && lines_u64(l->word[2], &m->subjects) &&
		strcmp(l->word[3], "records") == 0 && lines_u64(l->word[4], &m->records);
}

int manifest_parse(struct span text, struct manifest *ret, struct cu_err *err)
{
	struct manifest m = { 0 };
	const char *rule = NULL;
	struct lines l;
	int r;

	if (text.n > MANIFEST_MAX_SIZE) {
		return cu_err_set(err, CU_ECORRUPT, "is larger than a manifest may be");
	}
	lines_init(&l, text);
	r = parse_head(&l, &m) && parse_data(&l, &m) ? parse_ranges(&l, &m, err) : 0;
	if (r == 0 || (r > 0 && !parse_tail(&l, &m))) {
		r = cu_err_set(err, CU_ECORRUPT, "line %u is not what stands there in a manifest",
			l.number);
	}
	if (r > 0 && lines_next(&l) != 0) {
		r = cu_err_set(err, CU_ECORRUPT, "line %u follows the last line", l.number);
	}
	if (r > 0 && (rule = broken_rule(&m)) != NULL) {
		r = cu_err_set(err, CU_ECORRUPT, "%s", rule);
	}
	if (r < 0) {
		manifest_done(&m);
		return r;
	}
	*ret = m;
	return 0;
}

/* --- signatures ------------------------------------------------------------------- */

int manifest_sign(const struct manifest *m, struct span text, const struct signer *signer,
	struct buf *out, struct cu_err *err)
{
	char trusted[128], id[ID_TEXT_SIZE];

	/* minisign shows this line to whoever checks by hand */
	id_format(&m->lineage, id);
	snprintf(trusted, sizeof(trusted), "custos manifest %" PRIu64 " of lineage %s",
		m->sequence, id);
	return minisign_sign(signer, text, trusted, out, err);
}

int manifest_verify(struct span text, struct span sig, const struct note_verifier *by,
	struct manifest *ret, struct cu_err *err)
{
	int r = minisign_verify(sig, text, by, err);

	return r < 0 ? r : manifest_parse(text, ret, err);
}
