#include "wire/message.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

#define SERVICE_PREFIX "org.varlink.service."

/* --- memory ----------------------------------------------------------------------- */

/* The size stands in front, because free() is not told it. */
union header {
	size_t n;
	max_align_t align;
};

/* jansson passes over a character of a text for which there was no memory, and says nothing. */
static _Thread_local bool was_refused;

static void *wiping_malloc(size_t n)
{
	union header *h;

	if (n > SIZE_MAX - sizeof(*h) || !(h = malloc(sizeof(*h) + n))) {
		was_refused = true;
		return NULL;
	}
	h->n = n;
	return h + 1;
}

static void wiping_free(void *p)
{
	if (p) {
		union header *h = (union header *)p - 1;

		explicit_bzero(p, h->n);
		free(h);
	}
}

void message_wipe_json(void)
{
	json_set_alloc_funcs(wiping_malloc, wiping_free);
}

/* --- reading ---------------------------------------------------------------------- */

json_t *message_json(const char *text, size_t n, size_t flags, json_error_t *ret_fault)
{
	json_t *root;

	was_refused = false;
	root = json_loadb(text, n, flags, ret_fault);
	if (root && was_refused) {
		json_decref(root);
		root = NULL;
	}
	if (!root && was_refused) {
		ret_fault->text[JSON_ERROR_TEXT_LENGTH - 1] = json_error_out_of_memory; /* where json_error_code looks */
	}
	return root;
}

/* jansson's own messages quote what they stumbled over, so only the place is taken. */
static int load(struct span text, json_t **ret_root, struct cu_err *err)
{
	json_error_t fault;
	json_t *root = message_json(
		(const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &fault);

	if (!root) {
		if (json_error_code(&fault) == json_error_out_of_memory) {
			return cu_err_set(err, CU_ENOMEM, "no memory for a message");
		}
		return cu_err_set(err, CU_EPROTO,
			"a message is not JSON at line %d, column %d", fault.line,
			fault.column);
	}
	if (!json_is_object(root)) {
		json_decref(root);
		return cu_err_set(err, CU_EPROTO, "a message is not a JSON object");
	}
	*ret_root = root;
	return 0;
}

/* A member that is null is one that is absent. */
static int want_bool(
	const char *key, const json_t *value, bool *ret, struct cu_err *err)
{
	if (!json_is_boolean(value) && !json_is_null(value)) {
		return cu_err_set(err, CU_EPROTO, "%s: expected a bool", key);
	}
	*ret = json_is_true(value);
	return 0;
}

static int want_text(
	const char *key, const json_t *value, const char **ret, struct cu_err *err)
{
	if (!json_is_string(value) || json_string_length(value) == 0) {
		return cu_err_set(err, CU_EPROTO, "%s: expected a name", key);
	}
	*ret = json_string_value(value);
	return 0;
}

static int want_object(const char *key, json_t *value, json_t **ret, struct cu_err *err)
{
	if (json_is_null(value)) {
		return 0;
	}
	if (!json_is_object(value)) {
		return cu_err_set(err, CU_EPROTO, "%s: expected an object", key);
	}
	*ret = value;
	return 0;
}

/* "Vendor Extensions": objects under a name with a dot in it may stand in any message. */
static int want_extension(const char *key, const json_t *value, struct cu_err *err)
{
	if (!strchr(key, '.') || !json_is_object(value)) {
		return cu_err_set(err, CU_EPROTO,
			"a message has a member that Varlink does not know");
	}
	return 0;
}

static int want_parameters(json_t *root, json_t **parameters, struct cu_err *err)
{
	if (!*parameters) {
		*parameters = json_object();
		if (json_object_set_new(root, "parameters", *parameters) < 0) {
			return cu_err_set(err, CU_ENOMEM, "no memory for a message");
		}
	}
	return 0;
}

/* One that we do not speak is as if nothing had been said. */
static void take_language(const json_t *vendor, enum intl_language *ret)
{
	const char *code = json_string_value(json_object_get(vendor, "language"));

	if (code) {
		(void)intl_parse(code, ret);
	}
}

static int call_member(
	struct call *call, const char *key, json_t *value, struct cu_err *err)
{
	if (strcmp(key, "method") == 0) {
		return want_text(key, value, &call->method, err);
	}
	if (strcmp(key, "parameters") == 0) {
		return want_object(key, value, &call->parameters, err);
	}
	if (strcmp(key, "more") == 0) {
		return want_bool(key, value, &call->more, err);
	}
	if (strcmp(key, "oneway") == 0) {
		return want_bool(key, value, &call->oneway, err);
	}
	if (strcmp(key, "upgrade") == 0) {
		return want_bool(key, value, &call->upgrade, err);
	}
	if (strcmp(key, MESSAGE_VENDOR) == 0) {
		take_language(value, &call->language);
	}
	return want_extension(key, value, err);
}

static int call_members(struct call *call, struct cu_err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach (call->root, key, value) {
		int r = call_member(call, key, value, err);

		if (r < 0) {
			return r;
		}
	}
	if (!call->method) {
		return cu_err_set(err, CU_EPROTO, "a call names no method");
	}
	if (call->more + call->oneway + call->upgrade > 1) {
		return cu_err_set(err, CU_EPROTO,
			"a call is more than one of more, oneway, upgrade");
	}
	return want_parameters(call->root, &call->parameters, err);
}

int call_parse(struct span text, struct call *ret, struct cu_err *err)
{
	struct call call = { 0 };
	int r = load(text, &call.root, err);

	if (r < 0) {
		return r;
	}
	if ((r = call_members(&call, err)) < 0) {
		call_done(&call);
		return r;
	}
	*ret = call;
	return 0;
}

void call_done(struct call *call)
{
	json_decref(call->root);
	*call = (struct call){ 0 };
}

static int reply_member(
	struct reply *reply, const char *key, json_t *value, struct cu_err *err)
{
	if (strcmp(key, "parameters") == 0) {
		return want_object(key, value, &reply->parameters, err);
	}
	if (strcmp(key, "continues") == 0) {
		return want_bool(key, value, &reply->continues, err);
	}
	if (strcmp(key, "error") == 0) {
		return json_is_null(value) ? 0
					   : want_text(key, value, &reply->error, err);
	}
	return want_extension(key, value, err);
}

static int reply_members(struct reply *reply, struct cu_err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach (reply->root, key, value) {
		int r = reply_member(reply, key, value, err);

		if (r < 0) {
			return r;
		}
	}
	if (reply->error && reply->continues) {
		return cu_err_set(
			err, CU_EPROTO, "a reply is an error and yet continues");
	}
	return want_parameters(reply->root, &reply->parameters, err);
}

int reply_parse(struct span text, struct reply *ret, struct cu_err *err)
{
	struct reply reply = { 0 };
	int r = load(text, &reply.root, err);

	if (r < 0) {
		return r;
	}
	if ((r = reply_members(&reply, err)) < 0) {
		reply_done(&reply);
		return r;
	}
	*ret = reply;
	return 0;
}

void reply_done(struct reply *reply)
{
	json_decref(reply->root);
	*reply = (struct reply){ 0 };
}

/* --- errors, both ways ------------------------------------------------------------ */

struct service_row {
	const char *wire;
	const char *parameter;
	int code;
	const char *meaning;
};

static const struct service_row service_rows[] = {
#define X(id, wire, parameter, code, meaning)                                          \
	[SERVICE_##id] = { wire, parameter, code, meaning },
	SERVICE_ERRORS(X)
#undef X
};

#define NSERVICE_ROWS (sizeof(service_rows) / sizeof(service_rows[0]))

/* What follows prefix in name, or NULL. */
static const char *behind(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(name, prefix, n) == 0 ? name + n : NULL;
}

static const char *text_of(const json_t *parameters, const char *key)
{
	const char *text =
		key ? json_string_value(json_object_get(parameters, key)) : NULL;

	return text ? text : "";
}

static int service_to_err(
	const char *wire, const json_t *parameters, struct cu_err *err)
{
	for (size_t i = 0; i < NSERVICE_ROWS; i++) {
		const struct service_row *row = &service_rows[i];

		if (strcmp(row->wire, wire) == 0) {
			const char *name = text_of(parameters, row->parameter);

			return cu_err_set(err, row->code, "%s%s%s", _(row->meaning),
				*name ? ": " : "", name);
		}
	}
	return cu_err_set(
		err, CU_EPROTO, "the server replied an error of no known kind");
}

int reply_to_err(const struct reply *reply, struct cu_err *err)
{
	const char *name = reply->error ? reply->error : "", *wire;
	int code;

	if ((wire = behind(name, SERVICE_PREFIX))) {
		return service_to_err(wire, reply->parameters, err);
	}
	if ((wire = behind(name, MESSAGE_ERROR_PREFIX)) &&
		(code = cu_err_from_wire_name(wire)) < 0) {
		const char *message = text_of(reply->parameters, "message");

		return cu_err_set(
			err, code, "%s", *message ? message : cu_err_meaning(code));
	}
	return cu_err_set(
		err, CU_EPROTO, "the server replied an error of no known kind");
}

/* --- writing ---------------------------------------------------------------------- */

static int put_dump(const char *p, size_t n, void *to)
{
	buf_put(to, p, n);
	return 0;
}

void call_write(
	struct buf *to, const char *method, const json_t *parameters, unsigned flags)
{
	struct json j = json_to(to);

	json_open_object(&j, NULL);
	json_str(&j, "method", method);
	if (json_object_size(parameters) > 0) {
		/* the key; the value is dumped behind it */
		json_raw(&j, "parameters", "", 0);
		if (json_dump_callback(parameters, put_dump, to, JSON_COMPACT) < 0) {
			to->is_failed = true;
		}
	}
	if (flags & CALL_MORE) {
		json_bool(&j, "more", true);
	}
	if (flags & CALL_ONEWAY) {
		json_bool(&j, "oneway", true);
	}
	if (intl_language() != INTL_EN) {
		json_open_object(&j, MESSAGE_VENDOR);
		json_str(&j, "language", intl_code(intl_language()));
		json_close_object(&j);
	}
	json_close_object(&j);
	buf_put_u8(to, '\0');
}

struct json reply_begin(struct buf *to)
{
	struct json j = json_to(to);

	json_open_object(&j, NULL);
	json_open_object(&j, "parameters");
	return j;
}

void reply_end(struct json *j, bool continues)
{
	json_close_object(j);
	if (continues) {
		json_bool(j, "continues", true);
	}
	json_close_object(j);
	buf_put_u8(j->to, '\0');
}

void reply_end_merged(struct json *j, const char *old, const char *subject)
{
	json_close_object(j);
	json_open_object(j, MESSAGE_VENDOR);
	json_str(j, "merged", old);
	json_str(j, "subject", subject);
	json_close_object(j);
	json_close_object(j);
	buf_put_u8(j->to, '\0');
}

static void write_error(struct buf *to, const char *prefix, const char *wire,
	const char *parameter, const char *value)
{
	struct json j = json_to(to);
	char name[80];

	snprintf(name, sizeof(name), "%s%s", prefix, wire);
	json_open_object(&j, NULL);
	json_str(&j, "error", name);
	json_open_object(&j, "parameters");
	if (parameter) {
		json_str(&j, parameter, value);
	}
	json_close_object(&j);
	json_close_object(&j);
	buf_put_u8(to, '\0');
}

void reply_error(struct buf *to, const struct cu_err *err)
{
	write_error(to, MESSAGE_ERROR_PREFIX, cu_err_wire_name(err->code), "message",
		err->msg);
}

void reply_service_error(struct buf *to, enum service_error which, const char *name)
{
	const struct service_row *row = &service_rows[which];

	write_error(to, SERVICE_PREFIX, row->wire, row->parameter, name ? name : "");
}
