#include "policy/map.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/faults.h"
#include "policy/field.h"
#include "policy/policy.h"
#include "policy/rows.h"
#include "policy/yaml.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define MAX_COLUMN_BYTES 512
#define MAX_CHARSET      40 /* the longest name of glibc's iconv has 24 */

/* As written; struct map is made from it. */
struct written_subject {
	int kind;
	const char *key;
	bool creates;
	const struct yaml_node *node;
};

struct written_record {
	const char *collection;
	const char *name;
	const char *key;
	const char *anchor;
	const char *skip;
	const struct yaml_node *fields;
	const struct yaml_node *node;
};

struct written_field {
	const char *column;
	const char *value;
	const struct yaml_node *node;
};

struct written {
	const char *source;
	int format;
	const char *charset;
	int delimiter;
	bool has_header;
	struct written_subject subject;
	struct written_record *records;
	size_t nrecords;
	const struct yaml_node *node;
};

/* The text of a column or constant goes into the plan between TABs; that it has no control
 * characters is tested for every text. */
static const char *check_column(const char *text)
{
	return strlen(text) > MAX_COLUMN_BYTES ? N_("is too long for a column") : NULL;
}

/* Only the form: whether iconv knows the name is found out by the process that converts.
 * Here iconv_open would load code into the process with the keys. */
static const char *check_charset(const char *text)
{
	for (const char *c = text; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("-_.:+", *c)) {
			return N_("is not a charset's name");
		}
	}
	return strlen(text) > MAX_CHARSET ? N_("is too long for a charset's name") : NULL;
}

#define SUBJECT(member) offsetof(struct written_subject, member)
#define RECORD(member)  offsetof(struct written_record, member)
#define FIELD(member)   offsetof(struct written_field, member)
#define WRITTEN(member) offsetof(struct written, member)

/* clang-format off */
static const struct row subject_row[] = {
	{ "kind", SET_ENUM, MUST, "What the subjects are.", SUBJECT(kind),
	  .words = "person organisation" },
	{ "key", SET_TEXT, MUST, "The column that names the subject, in its source.",
	  SUBJECT(key), .check = check_column },
	{ "create", SET_BOOLEAN, 0, "Subjects that are not known yet are made.",
	  SUBJECT(creates), .standard = "yes" },
};
static const struct rows subject_rows = {
	"The subject of a row", subject_row, COUNT(subject_row), sizeof(struct written_subject),
	SUBJECT(node)
};

static const struct row record_row[] = {
	{ "collection", SET_NAME, MUST, "The collection that the record goes to.",
	  RECORD(collection) },
	{ "name", SET_NAME, 0,
	  "Tells this record from others of its collection; its number in the list by default.",
	  RECORD(name) },
	{ "key", SET_TEXT, 0,
	  "The column that names the record, or `row`: each other content of the row is another "
	  "record. By default there is one for each subject.", RECORD(key),
	  .check = check_column },
	{ "anchor", SET_TEXT, 0,
	  "The column with the event's date; that of the anchor field by default.",
	  RECORD(anchor), .check = check_column },
	{ "skip_if_empty", SET_TEXT, 0, "No record is made where this column is empty.",
	  RECORD(skip), .check = check_column },
	{ "fields", SET_NODE, MUST,
	  "`field: Column`, `field: {column: Column}` or `field: {value: constant}`.",
	  RECORD(fields) },
};
static const struct rows record_rows = {
	"A record of a row", record_row, COUNT(record_row), sizeof(struct written_record),
	RECORD(node)
};

static const struct row field_row[] = {
	{ "column", SET_TEXT, 0, "The column that the value is taken from.", FIELD(column),
	  .check = check_column },
	{ "value", SET_TEXT, 0, "A constant.", FIELD(value) },
};
static const struct rows field_rows = {
	"A field's source", field_row, COUNT(field_row), sizeof(struct written_field),
	FIELD(node)
};

static const char delimiters[] = "auto comma semicolon tab pipe";
static const char *const delimiter_words[] = { "auto", "comma", "semicolon", "tab", "pipe" };

static const struct row map_row[] = {
	{ "source", SET_NAME, MUST, "The key under which the records' keys are remembered.",
	  WRITTEN(source) },
	{ "format", SET_ENUM, 0, "The file's format.", WRITTEN(format), .standard = "csv",
	  .words = "csv" },
	{ "charset", SET_TEXT, 0, "Any charset that glibc's iconv knows.", WRITTEN(charset),
	  .standard = "utf-8", .check = check_charset },
	{ "delimiter", SET_ENUM, 0, "What parts the columns.", WRITTEN(delimiter),
	  .standard = "auto", .words = delimiters },
	{ "header", SET_BOOLEAN, 0,
	  "The first line names the columns. Without it they are named 1, 2, 3 and so on.",
	  WRITTEN(has_header), .standard = "yes" },
	{ "subject", SET_MAP, MUST, "Whose data a row is.", WRITTEN(subject),
	  .of = &subject_rows },
	{ "records", SET_MAPS, MUST, "What a row becomes.", WRITTEN(records),
	  WRITTEN(nrecords), .of = &record_rows },
};
static const struct rows map_rows = {
	"An import's map", map_row, COUNT(map_row), sizeof(struct written), WRITTEN(node)
};
/* clang-format on */

void map_explain(struct buf *out)
{
	rows_explain(&map_rows, out);
	rows_explain(&field_rows, out);
}

/* One reading of one map. */
struct read {
	struct map *m;
	struct written w;
	struct faults *faults;
	bool is_out_of_memory;
};

static unsigned line_of(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *value = yaml_find(node, key);

	return value ? value->line : node->line;
}

#define FAULT(rd, line, item, ...)                                                      \
	faults_add((rd)->faults, yaml_file((rd)->m->yaml), line, item, __VA_ARGS__)

static void *alloc(struct read *rd, size_t n)
{
	void *p = yaml_alloc(rd->m->yaml, n);

	if (!p) {
		rd->is_out_of_memory = true;
	}
	return p;
}

/* False when 'header: no' was said; a header that is at fault says nothing about columns. */
static bool has_names(const struct read *rd)
{
	const struct yaml_node *node = yaml_find(yaml_root(rd->m->yaml), "header");

	return rd->w.has_header || !node || node->kind != YAML_SCALAR ||
		(strcmp(node->text, "no") != 0 && strcmp(node->text, "false") != 0);
}

/* Without a header, columns are numbers from 1. */
static void check_number(struct read *rd, const char *column, unsigned line,
	const char *item)
{
	size_t n = column ? strlen(column) : 0;

	if (!column || has_names(rd)) {
		return;
	}
	if (n > 4 || column[0] == '0' || strspn(column, "0123456789") != n) {
		FAULT(rd, line, item,
			"'%.64s' is not a column's number; 'header: no' leaves no names",
			column);
	}
}

/* ---- fields ---- */

static void check_constant(struct read *rd, const struct map_field *f, unsigned line)
{
	struct cu_err why;

	/* the message names the field and never has the value */
	if (field_check_value(f->field, f->value, strlen(f->value), &why) < 0) {
		FAULT(rd, line, "value", "%s", why.msg);
	}
}

/* field: {column: X} or {value: x} */
static void read_field_map(struct read *rd, const struct yaml_node *node,
	struct map_field *f)
{
	struct written_field w = { 0 };
	int r = rows_read(&field_rows, rd->m->yaml, node, rd->faults, &w);

	if (r < 0) {
		rd->is_out_of_memory = true;
	}
	if (r != 0) {
		return;
	}
	if (!w.column == !w.value) {
		FAULT(rd, node->line, node->key, "needs either a column or a value");
	} else if (w.value) {
		f->value = w.value;
		check_constant(rd, f, line_of(node, "value"));
	} else {
		f->column = w.column;
		check_number(rd, w.column, line_of(node, "column"), "column");
	}
}

/* field: X is short for field: {column: X} */
static void read_field(struct read *rd, const struct yaml_node *node, struct map_field *f)
{
	struct written_field w = { 0 };
	struct yaml_node short_map = { .kind = YAML_MAP, .line = node->line };
	struct yaml_node column = *node;

	if (node->kind != YAML_SCALAR) {
		read_field_map(rd, node, f);
		return;
	}
	if (yaml_is_empty(node)) {
		FAULT(rd, node->line, node->key, "has no value");
		return;
	}
	column.key = "column";
	column.next = NULL;
	short_map.first = &column;
	short_map.nchildren = 1;
	if (rows_read(&field_rows, rd->m->yaml, &short_map, rd->faults, &w) == 0) {
		f->column = w.column;
		check_number(rd, w.column, node->line, node->key);
	}
}

static const struct map_field *find_field(const struct map_record *rec, const char *key)
{
	for (size_t i = 0; i < rec->nfields; i++) {
		if (strcmp(rec->fields[i].field->key, key) == 0) {
			return &rec->fields[i];
		}
	}
	return NULL;
}

static void check_required(struct read *rd, const struct written_record *w,
	const struct map_record *rec)
{
	for (size_t i = 0; i < rec->collection->nfields; i++) {
		const struct field *f = &rec->collection->fields[i];

		if (f->is_required && !find_field(rec, f->key)) {
			FAULT(rd, w->fields->line, "fields",
				"'%s' is required by collection '%s'", f->key,
				rec->collection->key);
		}
	}
}

static void read_fields(struct read *rd, const struct written_record *w,
	struct map_record *rec)
{
	struct map_field *fields;

	if (w->fields->kind != YAML_MAP) {
		FAULT(rd, w->fields->line, "fields",
			"must be a mapping of fields to columns");
		return;
	}
	fields = alloc(rd, w->fields->nchildren * sizeof(*fields));
	if (!fields) {
		return;
	}
	for (const struct yaml_node *at = w->fields->first; at; at = at->next) {
		struct map_field *f = &fields[rec->nfields];

		f->field = collection_find_field(rec->collection, at->key);
		if (f->field) {
			read_field(rd, at, f);
			rec->nfields++;
		} else {
			FAULT(rd, at->key_line, at->key,
				"is not a field of collection '%s'", rec->collection->key);
		}
	}
	rec->fields = fields;
	check_required(rd, w, rec);
}

/* ---- records ---- */

static void take_collection(struct read *rd, const struct written_record *w,
	struct map_record *rec)
{
	unsigned line = line_of(w->node, "collection");

	rec->collection = policy_find_collection(rd->m->policy, w->collection);
	if (!rec->collection) {
		FAULT(rd, line, "collection", "there is no collection '%s'", w->collection);
	}
}

/* The name, or the number of the record in the list. */
static void take_name(struct read *rd, const struct written_record *w,
	struct map_record *rec)
{
	struct buf number = BUF_INIT;
	char *name = NULL;

	rec->name = w->name;
	if (rec->name) {
		return;
	}
	buf_putf(&number, "%zu", (size_t)(rec - rd->m->records) + 1);
	name = alloc(rd, number.n + 1);
	if (name && buf_check(&number, NULL) == 0) {
		memcpy(name, number.p, number.n);
	}
	rec->name = name;
	buf_done(&number);
}

static void check_name(struct read *rd, const struct written_record *w,
	const struct map_record *rec)
{
	for (const struct map_record *at = rd->m->records; at < rec; at++) {
		if (at->collection == rec->collection && at->name && rec->name &&
			strcmp(at->name, rec->name) == 0) {
			FAULT(rd, line_of(w->node, "name"), "name",
				"'%s' is the name of another record of collection '%s'",
				rec->name, rec->collection->key);
			return;
		}
	}
}

static void take_key(struct read *rd, const struct written_record *w,
	struct map_record *rec)
{
	rec->key_kind = MAP_KEY_SUBJECT;
	if (w->key && strcmp(w->key, "row") == 0) {
		rec->key_kind = MAP_KEY_ROW;
	} else if (w->key) {
		rec->key_kind = MAP_KEY_COLUMN;
		rec->key_column = w->key;
		check_number(rd, w->key, line_of(w->node, "key"), "key");
	}
	rec->skip_column = w->skip;
	check_number(rd, w->skip, line_of(w->node, "skip_if_empty"), "skip_if_empty");
}

/* An event's record needs its date from the row, since the date decides which key it gets. */
static void take_anchor(struct read *rd, const struct written_record *w,
	struct map_record *rec)
{
	unsigned line = line_of(w->node, "anchor");
	const struct map_field *f;

	if (rec->collection->anchor != ANCHOR_EVENT) {
		if (w->anchor) {
			FAULT(rd, line, "anchor",
				"collection '%s' does not count from an event",
				rec->collection->key);
		}
		return;
	}
	f = find_field(rec, rec->collection->anchor_field);
	rec->anchor_column = w->anchor ? w->anchor : f ? f->column : NULL;
	if (f && f->value && !w->anchor) {
		FAULT(rd, w->fields->line, rec->collection->anchor_field,
			"must come from a column: collection '%s' counts from it",
			rec->collection->key);
	}
	check_number(rd, w->anchor, line, "anchor");
}

static void read_record(struct read *rd, const struct written_record *w,
	struct map_record *rec)
{
	if (!w->collection || !w->fields) {
		return; /* pass 1 has said so */
	}
	take_collection(rd, w, rec);
	take_name(rd, w, rec);
	take_key(rd, w, rec);
	if (rec->collection) {
		check_name(rd, w, rec);
		read_fields(rd, w, rec);
		take_anchor(rd, w, rec);
	}
}

static void read_records(struct read *rd)
{
	struct map_record *records = alloc(rd, rd->w.nrecords * sizeof(*records));

	if (!records) {
		return;
	}
	rd->m->records = records;
	rd->m->nrecords = rd->w.nrecords;
	for (size_t i = 0; i < rd->w.nrecords; i++) {
		read_record(rd, &rd->w.records[i], &records[i]);
	}
}

static void read_map(struct read *rd)
{
	struct map *m = rd->m;
	const struct yaml_node *records;

	if (rows_read(&map_rows, m->yaml, yaml_root(m->yaml), rd->faults, &rd->w) < 0) {
		rd->is_out_of_memory = true;
		return;
	}
	m->source = rd->w.source;
	m->charset = rd->w.charset;
	m->delimiter = delimiter_words[rd->w.delimiter];
	m->has_header = rd->w.has_header;
	m->kind = (enum map_kind)rd->w.subject.kind;
	m->subject_key = rd->w.subject.key;
	m->creates = rd->w.subject.creates;
	if (m->subject_key) {
		check_number(rd, m->subject_key, line_of(rd->w.subject.node, "key"), "key");
	}
	records = yaml_find(yaml_root(m->yaml), "records");
	if (records && records->kind == YAML_LIST && records->nchildren == 0) {
		FAULT(rd, records->line, "records", "is empty");
	}
	read_records(rd);
}

int map_parse(struct span text, const char *file, struct policy *policy,
	struct faults *faults, struct map **ret, struct cu_err *err)
{
	struct read rd = { .faults = faults };
	int r;

	rd.m = calloc(1, sizeof(*rd.m));
	if (!rd.m) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	rd.m->policy = policy_ref(policy);
	r = yaml_parse(text, file, faults, &rd.m->yaml, err);
	if (r == 0) {
		read_map(&rd);
		r = rd.is_out_of_memory ? cu_err_set(err, CU_ENOMEM, "out of memory") :
					  faults_check(faults, err);
	}
	if (r < 0) {
		map_free(rd.m);
		return r;
	}
	*ret = rd.m;
	return 0;
}

void map_free(struct map *m)
{
	if (m) {
		yaml_free(m->yaml);
		policy_unref(m->policy);
		free(m);
	}
}

/* ---- the plan ---- */

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void plan_record(const struct map_record *rec, struct buf *out)
{
	static const char *const kinds[] = { "subject", "column", "row" };

	buf_putf(out, "record\t%s\t%s\t%s\t%s\t%s\t%s\n", rec->collection->key, rec->name,
		kinds[rec->key_kind], or_empty(rec->key_column),
		or_empty(rec->anchor_column), or_empty(rec->skip_column));
	for (size_t i = 0; i < rec->nfields; i++) {
		const struct map_field *f = &rec->fields[i];

		buf_putf(out, "field\t%s\t%s\t%s\n", f->field->key,
			f->column ? "column" : "value", f->column ? f->column : f->value);
	}
}

int map_set_charset(struct map *m, const char *charset, struct cu_err *err)
{
	const char *fault = check_charset(charset);

	if (fault) {
		return cu_err_set(err, CU_EINVAL, "charset: %s", fault);
	}
	m->charset = charset;
	return 0;
}

void map_plan(const struct map *m, struct buf *out)
{
	static const char *const kinds[] = { "person", "organisation" };

	buf_put_str(out, "custos-intake 1\nformat\tcsv\n");
	buf_putf(out, "charset\t%s\ndelimiter\t%s\nheader\t%d\n", m->charset, m->delimiter,
		m->has_header);
	buf_putf(out, "subject\t%s\t%s\t%d\n", kinds[m->kind], m->subject_key, m->creates);
	for (size_t i = 0; i < m->nrecords; i++) {
		plan_record(&m->records[i], out);
	}
}
