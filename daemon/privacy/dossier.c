/* The archive: its files in order, and one walk over the records for each form. */
#include "privacy/dossier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "privacy/dossier_forms.h"
#include "privacy/dossier_zip.h"

/* An escape has up to six bytes for one, and a record's frame some hundreds. */
#define HUGE_AT(d)   ((d)->nbytes * 6 + (d)->nrecords * 2048 >= (3ull << 30))

/* One file: what the form appends goes into the archive whenever the walk rests. */
struct file {
	const struct dossier_form *form;
	const struct dossier_part *part;
	struct dossier_pen pen;
	struct dossier_zip *zip; /* NULL: straight to the sink */
	const struct dossier_sink *sink;
	struct buf text; /* wiped */
	uint64_t nrecords;
	uint8_t seen[32];
};

static int pass_on(void *to, struct cu_err *err)
{
	struct file *f = to;
	int r = buf_check(&f->text, err);

	if (r == 0 && f->text.n > 0) {
		r = f->zip ? dossier_zip_put(f->zip, buf_span(&f->text), err) :
			     f->sink->put(f->sink->ctx, buf_span(&f->text), err);
	}
	buf_clear(&f->text);
	return r;
}

static int take(void *to, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct file *f = to;

	f->pen.n++;
	f->nrecords++;
	dossier_see(f->seen, row);
	f->form->record(&f->pen, f->part, row, rec);
	return buf_check(&f->text, err);
}

static int put_part(struct file *f, const struct dossier_part *part,
	const struct dossier_records *records, struct cu_err *err)
{
	int r;

	f->part = part;
	f->pen.n = 0;
	f->form->part_begin(&f->pen, part);
	r = part->nrecords == 0 ? 0 : records->each(records->ctx, part, take, pass_on, f, err);
	if (r == 0) {
		f->form->part_end(&f->pen, part);
		r = pass_on(f, err);
	}
	return r;
}

/* All forms tell of what was surveyed, or there is no archive. */
static int check_seen(const struct file *f, struct cu_err *err)
{
	const struct dossier *d = f->pen.d;

	if (f->nrecords == d->nrecords && memcmp(f->seen, d->seen, sizeof(d->seen)) == 0) {
		return 0;
	}
	return cu_err_set(err, CU_EBUSY,
		"this person's data was changed while the dossier was written: make it again");
}

static void begin_file(struct file *f, const struct dossier_form *form)
{
	f->form = form;
	f->pen.json = json_to(&f->text);
	f->nrecords = 0;
	memset(f->seen, 0, sizeof(f->seen));
}

/* One file of everything. */
static int put_whole(struct file *f, const struct dossier_form *form,
	const struct dossier_records *records, struct cu_err *err)
{
	const struct dossier *d = f->pen.d;
	int r = 0;

	begin_file(f, form);
	form->begin(&f->pen);
	for (size_t i = 0; r == 0 && i < d->nparts; i++) {
		r = put_part(f, &d->parts[i], records, err);
	}
	if (r == 0) {
		form->end(&f->pen);
		r = pass_on(f, err);
	}
	return r < 0 ? r : check_seen(f, err);
}

/* One file for each collection in which there is something. */
static int put_each(struct file *f, const struct dossier_records *records, struct cu_err *err)
{
	const struct dossier *d = f->pen.d;
	char name[ENGINE_KEY_SIZE + 16];
	int r = 0;

	begin_file(f, &dossier_csv);
	for (size_t i = 0; r == 0 && i < d->nparts; i++) {
		if (d->parts[i].nrecords > 0) {
			snprintf(name, sizeof(name), "csv/%s.csv", d->parts[i].key);
			r = dossier_zip_file(f->zip, name, err);
			r = r < 0 ? r : put_part(f, &d->parts[i], records, err);
		}
	}
	return r < 0 ? r : check_seen(f, err);
}

/* --- documents, each as a file ------------------------------------------------------ */

#define FILE_NAME "file_name" /* a collection that has both holds documents */
#define FILE_TEXT "text"

static bool holds_documents(const struct dossier_part *part)
{
	const struct dossier_column *text = dossier_column(part, span_str(FILE_TEXT));

	return part->collection && text && text->is_used && dossier_column(part, span_str(FILE_NAME));
}

static int take_document(void *to, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct file *f = to;

	(void)row;
	buf_put_span(&f->text, record_get(rec, FILE_TEXT));
	return buf_check(&f->text, err);
}

static int pass_document(void *to, struct cu_err *err)
{
	struct file *f = to;
	char id[ID_TEXT_SIZE], name[ID_TEXT_SIZE + 20];
	int r;

	if (f->text.n == 0) { /* it has a title, and no text */
		return 0;
	}
	id_format(&f->part->places[0].id, id);
	snprintf(name, sizeof(name), "documents/%s.txt", id);
	r = dossier_zip_file(f->zip, name, err);
	return r < 0 ? r : pass_on(f, err);
}

/* One record in a walk, which ends before its file begins.  First of all, for what changes meanwhile
 * is noticed by the forms that follow. */
static int put_documents(struct file *f, const struct dossier_records *records, struct cu_err *err)
{
	const struct dossier *d = f->pen.d;
	int r = 0;

	for (size_t i = 0; i < d->nparts; i++) {
		struct dossier_part one = d->parts[i];

		if (!holds_documents(&one)) {
			continue;
		}
		for (size_t at = 0; r == 0 && at < d->parts[i].nrecords; at++) {
			one.places = &d->parts[i].places[at];
			one.nrecords = 1;
			f->part = &one;
			r = records->each(records->ctx, &one, take_document, pass_document, f, err);
		}
	}
	return r;
}

int dossier_write(const struct dossier *d, const struct dossier_records *records,
	const struct dossier_sink *sink, struct cu_err *err)
{
	struct file f = { .text = BUF_INIT_WIPE };
	int r = dossier_zip_new(sink, d->made_ms, HUGE_AT(d), &f.zip, err);

	f.pen = (struct dossier_pen){ .d = d, .to = &f.text };
	if (r == 0) {
		r = dossier_zip_file(f.zip, "README.txt", err);
	}
	if (r == 0) {
		dossier_readme(d, &f.text);
		r = pass_on(&f, err);
	}
	if (r == 0) {
		r = put_documents(&f, records, err);
	}
	if (r == 0) {
		r = dossier_zip_file(f.zip, "index.html", err);
	}
	if (r == 0) {
		r = put_whole(&f, &dossier_html, records, err);
	}
	if (r == 0) {
		r = dossier_zip_file(f.zip, "data.json", err);
	}
	if (r == 0) {
		r = put_whole(&f, &dossier_json, records, err);
	}
	if (r == 0) {
		r = put_each(&f, records, err);
	}
	if (r == 0) {
		r = dossier_zip_finish(f.zip, err);
	}
	dossier_zip_free(f.zip);
	buf_done(&f.text);
	return r;
}

int dossier_write_data(const struct dossier *d, const struct dossier_records *records,
	const struct dossier_sink *sink, struct cu_err *err)
{
	struct file f = { .sink = sink, .text = BUF_INIT_WIPE };
	int r;

	f.pen = (struct dossier_pen){ .d = d, .to = &f.text };
	r = put_whole(&f, &dossier_json, records, err);
	buf_done(&f.text);
	return r;
}
