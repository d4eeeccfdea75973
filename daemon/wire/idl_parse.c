#include "wire/idl_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "wire/idl_scan.h"

#define TEXT_MAX    (256 * 1024)
#define NESTING_MAX 16 /* of types in types; the deepest of ours is 4 */
#define NAMES_MAX   500 /* in one struct or interface: each is compared with all others */

struct field_node {
	struct idl_field field;
	struct field_node *next;
};

/* A type used by name: resolved when all members are known. */
struct use {
	struct idl_type *type;
	struct idl_place at;
	struct use *next;
};

struct parser {
	struct idl *idl;
	const char *file;
	struct idl_scan scan;
	struct use *uses;
	struct idl_node *members, **members_end;
	size_t nmembers;
	struct cu_err *err;
};

__attribute__((format(printf, 3, 4))) static int fault_at(
	struct parser *ps, struct idl_place at, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return cu_err_set(
		ps->err, CU_EINVAL, "%s:%u:%u: %s", ps->file, at.line, at.column, why);
}

#define fault(ps, ...) fault_at((ps), (ps)->scan.at, __VA_ARGS__)

static int no_memory(struct parser *ps)
{
	return cu_err_set(ps->err, CU_ENOMEM, "%s: no memory", ps->file);
}

/* --- names ------------------------------------------------------------------------ */

/* The comment that stands before the token just reached; it is used up. */
static const char *take_doc(struct parser *ps)
{
	struct buf *b = &ps->scan.doc;
	const char *doc = b->is_failed ? NULL : idl_copy(ps->idl, b->p, b->n);

	buf_clear(b);
	return doc;
}

static int expect(struct parser *ps, const char *token, const char *where)
{
	return idl_scan_accept(&ps->scan, token)
		       ? 0
		       : fault(ps, "expected '%s' %s", token, where);
}

/* [A-Z][A-Za-z0-9]* */
static int parse_name(struct parser *ps, const char **ret, struct idl_place *ret_at)
{
	size_t n;

	idl_scan_skip(&ps->scan);
	n = idl_scan_word_at(ps->scan.p);
	if (n == 0 || *ps->scan.p < 'A' || *ps->scan.p > 'Z' ||
		memchr(ps->scan.p, '_', n)) {
		return fault(ps,
			"expected a name: a capital letter, then letters and digits");
	}
	*ret_at = ps->scan.at;
	if (!(*ret = idl_copy(ps->idl, ps->scan.p, n))) {
		return no_memory(ps);
	}
	idl_scan_passed(&ps->scan, n);
	return 0;
}

/* [A-Za-z](_?[A-Za-z0-9])* */
static int parse_field_name(struct parser *ps, const char **ret)
{
	size_t n = idl_scan_field_name_at(ps->scan.p);

	if (n == 0) {
		return fault(
			ps, "expected a field's name: letters, digits and single '_'");
	}
	if (!(*ret = idl_copy(ps->idl, ps->scan.p, n))) {
		return no_memory(ps);
	}
	idl_scan_passed(&ps->scan, n);
	return 0;
}

/* --- types ------------------------------------------------------------------------ */

static int parse_type(struct parser *ps, unsigned depth, const struct idl_type **ret);

static struct idl_type *new_type(struct parser *ps, enum idl_kind kind)
{
	struct idl_type *type = idl_alloc(ps->idl, sizeof(*type));

	if (type) {
		type->kind = kind;
	}
	return type;
}

/* One field of a struct, or one word of an enum: which, the first one decides. */
static int parse_field(struct parser *ps, struct idl_type *type, unsigned depth,
	struct idl_field *field, struct field_node *before)
{
	struct idl_place at;
	int r;

	idl_scan_skip(&ps->scan);
	at = ps->scan.at;
	if (!(field->doc = take_doc(ps))) {
		return no_memory(ps);
	}
	if ((r = parse_field_name(ps, &field->name)) < 0) {
		return r;
	}
	for (const struct field_node *f = before; f; f = f->next) {
		if (strcmp(f->field.name, field->name) == 0) {
			return fault_at(ps, at, "'%s' is declared twice", field->name);
		}
	}
	if (idl_scan_accept(&ps->scan, ":")) {
		if (type->kind == IDL_ENUM) {
			return fault_at(ps, at, "a word of an enum has no type");
		}
		return parse_type(ps, depth + 1, &field->type);
	}
	if (before && type->kind == IDL_STRUCT) {
		return fault(ps, "expected ':' and a type");
	}
	type->kind = IDL_ENUM;
	return 0;
}

static int set_fields(struct parser *ps, struct idl_type *type,
	const struct field_node *first, size_t n)
{
	struct idl_field *fields = idl_alloc(ps->idl, n * sizeof(*fields));

	if (!fields) {
		return no_memory(ps);
	}
	type->fields = fields;
	type->nfields = n;
	for (; first; first = first->next) {
		*fields++ = first->field;
	}
	return 0;
}

/* Behind the '('. */
static int parse_fields(struct parser *ps, unsigned depth, struct idl_type *type)
{
	struct field_node *first = NULL, **end = &first;
	size_t n = 0;

	if (idl_scan_accept(&ps->scan, ")")) {
		return 0;
	}
	do {
		struct field_node *node = idl_alloc(ps->idl, sizeof(*node));
		int r;

		if (!node) {
			return no_memory(ps);
		}
		if ((r = parse_field(ps, type, depth, &node->field, first)) < 0) {
			return r;
		}
		*end = node;
		end = &node->next;
		if (++n > NAMES_MAX) {
			return fault(ps, "more than %d fields", NAMES_MAX);
		}
	} while (idl_scan_accept(&ps->scan, ","));
	if (!idl_scan_accept(&ps->scan, ")")) {
		return fault(ps, "expected ',' or ')'");
	}
	return set_fields(ps, type, first, n);
}

static int parse_struct(
	struct parser *ps, const struct idl_type **ret, const char *where)
{
	struct idl_type *type = new_type(ps, IDL_STRUCT);
	struct idl_place at;
	int r;

	if (!type) {
		return no_memory(ps);
	}
	idl_scan_skip(&ps->scan);
	at = ps->scan.at;
	if ((r = expect(ps, "(", where)) < 0 || (r = parse_fields(ps, 0, type)) < 0) {
		return r;
	}
	if (type->kind != IDL_STRUCT) {
		return fault_at(ps, at, "an enum cannot stand %s", where);
	}
	*ret = type;
	return 0;
}

static int parse_named(struct parser *ps, const struct idl_type **ret)
{
	struct idl_type *type = new_type(ps, IDL_NAMED);
	struct use *use = idl_alloc(ps->idl, sizeof(*use));
	int r;

	if (!type || !use) {
		return no_memory(ps);
	}
	if ((r = parse_name(ps, &type->name, &use->at)) < 0) {
		return r;
	}
	use->type = type;
	use->next = ps->uses;
	ps->uses = use;
	*ret = type;
	return 0;
}

static int parse_word_type(struct parser *ps, const struct idl_type **ret)
{
	static const struct {
		const char *word;
		enum idl_kind kind;
	} words[] = {
		{ "bool", IDL_BOOL },
		{ "int", IDL_INT },
		{ "float", IDL_FLOAT },
		{ "string", IDL_STRING },
		{ "object", IDL_OBJECT },
		{ "any", IDL_ANY },
	};
	size_t n = idl_scan_word_at(ps->scan.p);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (n == strlen(words[i].word) &&
			memcmp(ps->scan.p, words[i].word, n) == 0) {
			idl_scan_passed(&ps->scan, n);
			*ret = new_type(ps, words[i].kind);
			return *ret ? 0 : no_memory(ps);
		}
	}
	if (*ps->scan.p < 'A' || *ps->scan.p > 'Z') {
		return fault(ps, "expected a type");
	}
	return parse_named(ps, ret);
}

static int parse_type(struct parser *ps, unsigned depth, const struct idl_type **ret)
{
	static const struct {
		const char *token;
		enum idl_kind kind;
	} prefixes[] = {
		{ "?", IDL_MAYBE },
		{ "[]", IDL_ARRAY },
		{ "[string]", IDL_MAP },
	};
	struct idl_type *type;

	if (depth > NESTING_MAX) {
		return cu_err_set(ps->err, CU_ELIMIT, "%s:%u:%u: nested deeper than %d",
			ps->file, ps->scan.at.line, ps->scan.at.column, NESTING_MAX);
	}
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (idl_scan_accept(&ps->scan, prefixes[i].token)) {
			if (!(type = new_type(ps, prefixes[i].kind))) {
				return no_memory(ps);
			}
			idl_scan_skip(&ps->scan);
			if (type->kind == IDL_MAYBE && *ps->scan.p == '?') {
				return fault(ps, "'?' stands twice");
			}
			*ret = type;
			return parse_type(ps, depth + 1, &type->of);
		}
	}
	if (idl_scan_accept(&ps->scan, "(")) {
		if (!(type = new_type(ps, IDL_STRUCT))) {
			return no_memory(ps);
		}
		*ret = type;
		return parse_fields(ps, depth, type);
	}
	return parse_word_type(ps, ret);
}

/* --- members ---------------------------------------------------------------------- */

static int parse_type_body(struct parser *ps, struct idl_member *m)
{
	struct idl_type *type = new_type(ps, IDL_STRUCT);
	int r;

	if (!type) {
		return no_memory(ps);
	}
	m->in = type;
	r = expect(ps, "(", "behind the type's name");
	return r < 0 ? r : parse_fields(ps, 0, type);
}

static int parse_body(struct parser *ps, struct idl_member *m)
{
	int r;

	switch (m->kind) {
	case IDL_TYPE: return parse_type_body(ps, m);
	case IDL_ERROR: return parse_struct(ps, &m->in, "behind the error's name");
	case IDL_METHOD: break;
	}
	if ((r = parse_struct(ps, &m->in, "behind the method's name")) < 0 ||
		(r = expect(ps, "->", "behind the method's input")) < 0) {
		return r;
	}
	return parse_struct(ps, &m->out, "behind '->'");
}

static int parse_keyword(struct parser *ps, enum idl_member_kind *ret)
{
	if (idl_scan_accept_word(&ps->scan, "type")) {
		*ret = IDL_TYPE;
	} else if (idl_scan_accept_word(&ps->scan, "method")) {
		*ret = IDL_METHOD;
	} else if (idl_scan_accept_word(&ps->scan, "error")) {
		*ret = IDL_ERROR;
	} else {
		return fault(ps, "expected 'type', 'method' or 'error'");
	}
	return 0;
}

static int parse_member(struct parser *ps)
{
	struct idl_node *node = idl_alloc(ps->idl, sizeof(*node));
	struct idl_place at;
	int r;

	if (!node || !(node->member.doc = take_doc(ps))) {
		return no_memory(ps);
	}
	if (!ps->scan.saw_break) {
		return fault(ps, "expected a new line");
	}
	node->member.line = ps->scan.at.line;
	if ((r = parse_keyword(ps, &node->member.kind)) < 0 ||
		(r = parse_name(ps, &node->member.name, &at)) < 0) {
		return r;
	}
	for (const struct idl_node *m = ps->members; m; m = m->next) {
		if (strcmp(m->member.name, node->member.name) == 0) {
			return fault_at(ps, at,
				"'%s' is declared twice, before in line %u",
				m->member.name, m->member.line);
		}
	}
	if (++ps->nmembers > NAMES_MAX) {
		return fault(ps, "more than %d members", NAMES_MAX);
	}
	*ps->members_end = node;
	ps->members_end = &node->next;
	return parse_body(ps, &node->member);
}

static int parse_head(struct parser *ps)
{
	size_t n;

	idl_scan_skip(&ps->scan);
	if (!(ps->idl->doc = idl_copy(ps->idl, ps->scan.doc.p, ps->scan.doc.n))) {
		return no_memory(ps);
	}
	if (!idl_scan_accept_word(&ps->scan, "interface")) {
		return fault(ps, "expected 'interface'");
	}
	idl_scan_skip(&ps->scan);
	if ((n = idl_scan_interface_name_at(ps->scan.p)) == 0) {
		return fault(ps, "expected the interface's name, as org.example.name");
	}
	if (!(ps->idl->name = idl_copy(ps->idl, ps->scan.p, n))) {
		return no_memory(ps);
	}
	idl_scan_passed(&ps->scan, n);
	return 0;
}

static int set_members(struct parser *ps)
{
	struct idl *idl = ps->idl;

	if (!(idl->members = idl_alloc(idl, ps->nmembers * sizeof(*idl->members)))) {
		return no_memory(ps);
	}
	for (const struct idl_node *m = ps->members; m; m = m->next) {
		idl->members[idl->nmembers++] = m->member;
	}
	return 0;
}

/* Of several names that are not declared, the first in the file is reported. */
static int resolve_uses(struct parser *ps)
{
	const struct use *lost = NULL;

	for (const struct use *use = ps->uses; use; use = use->next) {
		const struct idl_member *m =
			idl_find(ps->idl, IDL_TYPE, use->type->name);

		if (m) {
			use->type->of = m->in;
		} else {
			lost = use; /* uses are in the reverse order of the file */
		}
	}
	return lost ? fault_at(ps, lost->at, "type '%s' is not declared",
			      lost->type->name)
		    : 0;
}

static int parse_all(struct parser *ps)
{
	int r = parse_head(ps);

	if (r < 0) {
		return r;
	}
	for (idl_scan_skip(&ps->scan); *ps->scan.p; idl_scan_skip(&ps->scan)) {
		if ((r = parse_member(ps)) < 0) {
			return r;
		}
	}
	if (!ps->members) {
		return fault(ps, "expected 'type', 'method' or 'error'");
	}
	if ((r = set_members(ps)) < 0) {
		return r;
	}
	return resolve_uses(ps);
}

int idl_parse(const char *name, struct span text, struct idl **ret, struct cu_err *err)
{
	struct parser ps = { .file = name, .err = err };
	int r;

	if (text.n > TEXT_MAX) {
		return cu_err_set(
			err, CU_ELIMIT, "%s: longer than %d bytes", name, TEXT_MAX);
	}
	if (!text_is_utf8((const char *)text.p, text.n) ||
		memchr(text.p, '\0', text.n)) {
		return cu_err_set(err, CU_EINVAL, "%s:1:1: not a text in UTF-8", name);
	}
	ps.members_end = &ps.members;
	if (!(ps.idl = calloc(1, sizeof(*ps.idl))) ||
		!(ps.idl->text = idl_copy(ps.idl, text.p, text.n))) {
		r = no_memory(&ps);
	} else {
		ps.scan = idl_scan_of(ps.idl->text);
		r = parse_all(&ps);
	}
	buf_done(&ps.scan.doc);
	if (r < 0) {
		idl_free(ps.idl);
		return r;
	}
	*ret = ps.idl;
	return 0;
}
