/*
 * An interface definition, as a client may be handed one that is not ours.
 *
 * What is refused has a reason and a place.  What is taken is written down again from what was
 * understood, and means the same; a value that is drawn by a method's types passes its own check,
 * and does not with a member more.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "fuzz.h"
#include "shape.h"
#include "wire/idl.h"
#include "wire/message.h"

/* --- written down again ----------------------------------------------------------- */

static void put_doc(struct buf *to, const char *doc)
{
	while (*doc) {
		size_t n = strcspn(doc, "\n");

		buf_putf(to, "# %.*s\n", (int)n, doc);
		doc += n;
		if (*doc == '\n' && *++doc == '\0') {
			buf_put_str(to, "#\n");
		}
	}
}

static void put_type(struct buf *to, const struct idl_type *type);

static void put_fields(struct buf *to, const struct idl_type *type)
{
	buf_put_str(to, "(\n");
	for (size_t i = 0; i < type->nfields; i++) {
		const struct idl_field *f = &type->fields[i];

		put_doc(to, f->doc);
		buf_put_str(to, f->name);
		if (f->type) {
			buf_put_str(to, ": ");
			put_type(to, f->type);
		}
		buf_put_str(to, i + 1 < type->nfields ? ",\n" : "\n");
	}
	buf_put_str(to, ")");
}

static void put_type(struct buf *to, const struct idl_type *type)
{
	switch (type->kind) {
	case IDL_BOOL: buf_put_str(to, "bool"); return;
	case IDL_INT: buf_put_str(to, "int"); return;
	case IDL_FLOAT: buf_put_str(to, "float"); return;
	case IDL_STRING: buf_put_str(to, "string"); return;
	case IDL_OBJECT: buf_put_str(to, "object"); return;
	case IDL_ANY: buf_put_str(to, "any"); return;
	case IDL_STRUCT:
	case IDL_ENUM: put_fields(to, type); return;
	case IDL_NAMED: buf_put_str(to, type->name); return;
	case IDL_ARRAY: buf_put_str(to, "[]"); break;
	case IDL_MAP: buf_put_str(to, "[string]"); break;
	case IDL_MAYBE: buf_put_str(to, "?"); break;
	}
	put_type(to, type->of);
}

static void put_all(struct buf *to, const struct idl *idl)
{
	static const char *const words[] = { [IDL_TYPE] = "type", [IDL_METHOD] = "method",
		[IDL_ERROR] = "error" };

	put_doc(to, idl_doc(idl));
	buf_putf(to, "interface %s\n", idl_name(idl));
	for (size_t i = 0; i < idl_nmembers(idl); i++) {
		const struct idl_member *m = idl_member(idl, i);

		buf_put_str(to, "\n");
		put_doc(to, m->doc);
		buf_putf(to, "%s %s ", words[m->kind], m->name);
		put_type(to, m->in);
		if (m->out) {
			buf_put_str(to, " -> ");
			put_type(to, m->out);
		}
		buf_put_str(to, "\n");
	}
}

static void write_again(const struct idl *idl)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct idl *again = NULL;
	struct cu_err err = { 0 };

	put_all(&once, idl);
	if (idl_parse("again", buf_span(&once), &again, &err) < 0) {
		fuzz_must(err.code == CU_ELIMIT, err.msg); /* it may have become longer */
	} else {
		put_all(&twice, again);
		fuzz_must(span_eq(buf_span(&once), buf_span(&twice)), "it means what it meant");
	}
	idl_free(again);
	buf_done(&once);
	buf_done(&twice);
}

/* --- values ----------------------------------------------------------------------- */

static void check_drawn(const struct idl_type *type, uint64_t seed)
{
	struct fuzz_dice dice = { seed };
	json_t *value = shape_value(type, "parameters", &dice);
	char path[IDL_PATH_SIZE];
	struct cu_err err = { 0 };

	if (!value) {
		return;
	}
	if (idl_check(type, value, IDL_REFUSE_UNKNOWN, path, &err) < 0) {
		fuzz_must(false, err.msg);
	}
	json_object_set_new(value, "no name has a blank", json_null());
	fuzz_must(idl_check(type, value, IDL_IGNORE_UNKNOWN, path, &err) == 0 &&
			  idl_check(type, value, IDL_REFUSE_UNKNOWN, path, &err) == CU_EINVAL,
		"a member more is seen");
	json_decref(value);
}

static void use(const struct idl *idl)
{
	for (size_t i = 0; i < idl_nmembers(idl); i++) {
		const struct idl_member *m = idl_member(idl, i);

		fuzz_must(idl_find(idl, m->kind, m->name) == m, "each member is found");
		if (m->kind == IDL_METHOD && i < 8) {
			check_drawn(m->in, i);
			check_drawn(m->out, i);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct idl *idl = NULL;
	struct cu_err err = { 0 };
	int r = idl_parse("fuzz", span_of(data, size), &idl, &err);

	if (r < 0) {
		fuzz_must(err.code == r && strncmp(err.msg, "fuzz:", 5) == 0,
			"what is refused has a reason and a place");
		return 0;
	}
	fuzz_must(strlen(idl_text(idl)) == size, "the text is kept");
	write_again(idl);
	use(idl);
	idl_free(idl);
	return 0;
}
