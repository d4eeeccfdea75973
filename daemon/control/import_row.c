/* A row as custos-intake gives it, checked by schema and map, with its records' names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "control/build.h"
#include "control/daemon.h"
#include "control/import.h"
#include "crypto/hash.h"

/* --- the name of a record --------------------------------------------------------- */

static int key_of_content(struct import_seen *seen, const struct map_record *m,
	const char *subject, const struct record *rec, char **ret, struct cu_err *err)
{
	struct buf content = BUF_INIT_WIPE;
	uint8_t digest[HASH_SIZE];
	char hex[2 * HASH_SIZE + 1];
	uint32_t count = 0;
	int r;

	buf_putf(&content, "%s\n%s\n%s\n", rec->collection, m->name, subject);
	for (unsigned i = 0; i < rec->nfields; i++) {
		buf_put_u32(&content, (uint32_t)rec->fields[i].name.n);
		buf_put_span(&content, rec->fields[i].name);
		buf_put_u32(&content, (uint32_t)rec->fields[i].value.n);
		buf_put_span(&content, rec->fields[i].value);
	}
	r = buf_check(&content, err);
	if (r == 0) {
		r = import_seen_count(seen, buf_span(&content), &count, err);
	}
	if (r == 0) {
		hash_blake2b(buf_span(&content), digest);
		text_hex(digest, 16, hex);
		r = asprintf(ret, "%s/%u", hex, count) < 0 ?
			cu_err_set(err, CU_ENOMEM, "out of memory") :
			0;
	}
	buf_done(&content);
	return r;
}

/* Sealed with the record, and in the index only as a token. */
static int name_record(struct import_seen *seen, const struct map_record *m,
	const char *subject, const json_t *given, const struct record *rec, char **ret,
	struct cu_err *err)
{
	const char *key = json_string_value(json_object_get(given, "key"));
	int n = 0;

	switch (m->key_kind) {
	case MAP_KEY_ROW: return key_of_content(seen, m, subject, rec, ret, err);
	case MAP_KEY_COLUMN:
		if (!key || !*key) {
			return cu_err_set(err, CU_EINVAL, "%s: the column that names the record is empty",
				rec->collection);
		}
		n = asprintf(ret, "%s/%s", m->name, key);
		break;
	case MAP_KEY_SUBJECT: n = asprintf(ret, "%s//%s", m->name, subject); break;
	}
	return n < 0 ? cu_err_set(err, CU_ENOMEM, "out of memory") : 0;
}

/* --- the row ---------------------------------------------------------------------- */

static int read_record(struct exchange *x, const struct map *map, struct import_seen *seen,
	const char *subject, const json_t *given, struct import_record *ret, struct cu_err *err)
{
	json_int_t which = json_integer_value(json_object_get(given, "record"));
	const char *anchor = json_string_value(json_object_get(given, "anchor"));
	const struct map_record *m;
	const struct collection *c;
	int r;

	if (which < 0 || (size_t)which >= map->nrecords) {
		return cu_err_set(err, CU_EPROTO, "custos-intake names a record that the map lacks");
	}
	m = &map->records[which];
	r = build_begin(x->daemon->policy, m->collection->key, &ret->rec, &c, err);
	if (r == 0) {
		r = build_fields(c, json_object_get(given, "fields"), &ret->rec, err);
	}
	if (r == 0) {
		r = build_finish(c, anchor, &ret->rec, err);
	}
	if (r == 0) {
		r = name_record(seen, m, subject, given, &ret->rec, &ret->key, err);
	}
	if (r == 0) {
		ret->rec.origin = RECORD_EXTERNAL;
		ret->rec.source = span_str(map->source);
		ret->rec.key = span_str(ret->key);
	}
	return r;
}

int import_row_read(struct exchange *x, const struct map *map, struct import_seen *seen,
	json_t *root, struct import_row *ret, struct cu_err *err)
{
	const json_t *records = json_object_get(root, "records");
	size_t n = json_array_size(records);
	struct import_row row = { .root = root,
		.line = (uint64_t)json_integer_value(json_object_get(root, "line")),
		.last = (uint64_t)json_integer_value(json_object_get(root, "last")),
		.subject = json_string_value(json_object_get(root, "subject")) };
	int r = 0;

	if (!row.subject || !*row.subject || n > IMPORT_MAX_RECORDS) {
		return cu_err_set(err, CU_EPROTO, "custos-intake sent a row of another form");
	}
	row.records = calloc(n + 1, sizeof(*row.records));
	if (!row.records) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	json_incref(root);
	for (size_t i = 0; r == 0 && i < n; i++) {
		row.records[i].old = (struct buf)BUF_INIT_WIPE;
		row.nrecords++;
		r = read_record(x, map, seen, row.subject, json_array_get(records, i),
			&row.records[i], err);
	}
	if (r < 0) {
		import_row_done(&row);
		return r;
	}
	*ret = row;
	return 0;
}

void import_row_done(struct import_row *row)
{
	for (size_t i = 0; i < row->nrecords; i++) {
		free(row->records[i].key);
		buf_done(&row->records[i].old);
	}
	free(row->records);
	json_decref(row->root);
	*row = (struct import_row){ 0 };
}
