#include "wire/idl.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

/* Values nest no deeper than frames do (FRAME_DEPTH_MAX); names and '?' count too here. */
#define DEPTH_MAX 128

struct check {
	char path[IDL_PATH_SIZE];
	size_t n;
	enum idl_unknown unknown;
	unsigned depth;
	struct cu_err *err;
};

static int check_type(
	struct check *c, const struct idl_type *type, const json_t *value);

__attribute__((format(printf, 2, 3))) static int fault(
	struct check *c, const char *fmt, ...)
{
	char why[100];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return cu_err_set(c->err, CU_EINVAL, "parameters%s%s: %s", c->n > 0 ? "." : "",
		c->path, why);
}

/* Goes down one step; a path that is too long stays cut.  Returns what to go back to. */
__attribute__((format(printf, 2, 3))) static size_t enter(
	struct check *c, const char *fmt, ...)
{
	size_t before = c->n;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(c->path + c->n, sizeof(c->path) - c->n, fmt, ap);
	va_end(ap);
	c->n += n > 0 ? (size_t)n : 0;
	if (c->n >= sizeof(c->path)) {
		c->n = sizeof(c->path) - 1;
	}
	return before;
}

/* Only after success: on failure the path stays for the caller to see. */
static void leave(struct check *c, size_t before)
{
	c->n = before;
	c->path[before] = '\0';
}

static int check_field(
	struct check *c, const struct idl_field *field, const json_t *value)
{
	size_t before = enter(c, "%s%s", c->n > 0 ? "." : "", field->name);
	int r;

	if (value) {
		r = check_type(c, field->type, value);
	} else {
		r = field->type->kind == IDL_MAYBE ? 0 : fault(c, "is missing");
	}
	if (r == 0) {
		leave(c, before);
	}
	return r;
}

static int check_struct(
	struct check *c, const struct idl_type *type, const json_t *value)
{
	size_t nknown = 0;

	if (!json_is_object(value)) {
		return fault(c, "expected an object");
	}
	for (size_t i = 0; i < type->nfields; i++) {
		const json_t *v = json_object_get(value, type->fields[i].name);
		int r = check_field(c, &type->fields[i], v);

		if (r < 0) {
			return r;
		}
		nknown += v != NULL;
	}
	if (c->unknown == IDL_REFUSE_UNKNOWN && json_object_size(value) > nknown) {
		return fault(c, "has a field that is not declared");
	}
	return 0;
}

static int check_enum(struct check *c, const struct idl_type *type, const json_t *value)
{
	const char *word = json_string_value(value);
	struct buf words = BUF_INIT;
	int r;

	if (word && idl_field_find(type, word)) {
		return 0;
	}
	for (size_t i = 0; i < type->nfields; i++) {
		buf_putf(&words, "%s%s", i > 0 ? ", " : "", type->fields[i].name);
	}
	r = fault(c, "expected one of: %s", buf_cstr(&words));
	buf_done(&words);
	return r;
}

static int check_array(
	struct check *c, const struct idl_type *type, const json_t *value)
{
	if (!json_is_array(value)) {
		return fault(c, "expected an array");
	}
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t before = enter(c, "[%zu]", i);
		int r = check_type(c, type->of, json_array_get(value, i));

		if (r < 0) {
			return r;
		}
		leave(c, before);
	}
	return 0;
}

static int check_map(struct check *c, const struct idl_type *type, const json_t *value)
{
	size_t before = c->n;
	void *at;

	if (!json_is_object(value)) {
		return fault(c, "expected an object");
	}
	enter(c, "[]");
	/* jansson's iterator wants a pointer to what it will not change */
	for (at = json_object_iter((json_t *)(uintptr_t)value); at;
		at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
		int r = check_type(c, type->of, json_object_iter_value(at));

		if (r < 0) {
			return r;
		}
	}
	leave(c, before);
	return 0;
}

static int check_simple(struct check *c, bool is_right, const char *expected)
{
	return is_right ? 0 : fault(c, "expected %s", expected);
}

static int check_kind(struct check *c, const struct idl_type *type, const json_t *value)
{
	switch (type->kind) {
	case IDL_BOOL: return check_simple(c, json_is_boolean(value), "a bool");
	case IDL_INT: return check_simple(c, json_is_integer(value), "an integer");
	case IDL_FLOAT: return check_simple(c, json_is_number(value), "a number");
	case IDL_STRING: return check_simple(c, json_is_string(value), "a string");
	case IDL_OBJECT: return check_simple(c, json_is_object(value), "an object");
	case IDL_ANY: return check_simple(c, !json_is_null(value), "a value");
	case IDL_STRUCT: return check_struct(c, type, value);
	case IDL_ENUM: return check_enum(c, type, value);
	case IDL_NAMED: return check_type(c, type->of, value);
	case IDL_ARRAY: return check_array(c, type, value);
	case IDL_MAP: return check_map(c, type, value);
	case IDL_MAYBE: return json_is_null(value) ? 0 : check_type(c, type->of, value);
	}
	return cu_err_set(c->err, CU_EINTERNAL, "a type of no kind");
}

static int check_type(struct check *c, const struct idl_type *type, const json_t *value)
{
	int r;

	if (++c->depth > DEPTH_MAX) {
		return fault(c, "nested too deeply");
	}
	r = check_kind(c, type, value);
	c->depth--;
	return r;
}

int idl_check(const struct idl_type *type, const json_t *value,
	enum idl_unknown unknown, char ret_path[IDL_PATH_SIZE], struct cu_err *err)
{
	struct check c = { .unknown = unknown, .err = err };
	int r = check_type(&c, type, value);

	if (r < 0 && ret_path) {
		snprintf(
			ret_path, IDL_PATH_SIZE, "%s", c.n > 0 ? c.path : "parameters");
	}
	return r;
}
