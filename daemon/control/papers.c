#include "control/papers.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "store/reader.h"

struct papers {
	struct exchange *x;
	struct json *out;
	const char *const *but;
};

static int show_paper(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct papers *p = ctx;
	struct span kind = record_get(rec, "kind");

	(void)err;
	for (const char *const *but = p->but; but && *but; but++) {
		if (span_eq(kind, span_str(*but))) {
			return 0;
		}
	}
	json_open_object(p->out, NULL);
	json_hex(p->out, "paper", row->id.b, sizeof(row->id.b));
	json_strn(p->out, "kind", (const char *)kind.p, kind.n);
	json_int(p->out, "at_ms", rec->at_ms);
	json_bool(p->out, "by_me", id_eq(&rec->actor, &p->x->actor));
	json_open_object(p->out, "texts");
	for (unsigned i = 0; i < rec->nfields; i++) {
		const struct record_field *f = &rec->fields[i];
		char name[ENGINE_KEY_SIZE];

		snprintf(name, sizeof(name), "%.*s", (int)f->name.n, (const char *)f->name.p);
		if (strcmp(name, "kind") != 0) {
			json_strn(p->out, name, (const char *)f->value.p, f->value.n);
		}
	}
	json_close_object(p->out);
	json_close_object(p->out);
	return 0;
}

int papers_show(struct exchange *x, struct json *out, const struct id *kase,
	const char *collection, const char *const *but, struct cu_err *err)
{
	struct papers p = { x, out, but };
	struct reader *rd = store_reader_take(x->daemon->house.store);
	int r = reader_begin(rd, err);

	json_open_array(out, "papers");
	if (r == 0) {
		r = reader_records(rd, kase, collection, show_paper, &p, err);
		reader_end(rd);
	}
	json_close_array(out);
	store_reader_give(x->daemon->house.store, rd);
	return r;
}
