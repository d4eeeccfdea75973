#include "agent/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/packet.h"
#include "base/path.h"

#define BODY_MAX_BYTES (1024 * 1024)

/* --- said -------------------------------------------------------------------------- */

static struct json begin(struct buf *b, const char *word)
{
	struct json j = json_to(b);

	json_open_object(&j, NULL);
	json_open_object(&j, word);
	return j;
}

static int end(int fd, struct json *j, struct buf *b, struct cu_err *err)
{
	int r;

	json_close_object(j);
	json_close_object(j);
	r = buf_check(b, err);
	if (r == 0) {
		r = packet_send(fd, buf_span(b), -1, true, err);
	}
	buf_done(b);
	return r;
}

int talk_hello(int fd, const struct plugins *plugins, struct cu_err *err)
{
	struct buf b = BUF_INIT;
	struct json j = begin(&b, "hello");

	json_str(&j, "version", CUSTOS_VERSION);
	json_open_array(&j, "plugins");
	for (size_t i = 0; i < plugins->n; i++) {
		json_open_object(&j, NULL);
		json_str(&j, "name", plugins->v[i]->name);
		json_bool(&j, "is_personal", plugins->v[i]->flags & CU_PLUGIN_PERSONAL);
		json_close_object(&j);
	}
	json_close_array(&j);
	return end(fd, &j, &b, err);
}

static void put_reports(struct json *j, const char *list, const char *name,
	const struct route_reports *all)
{
	json_open_array(j, list);
	for (size_t i = 0; i < all->n; i++) {
		json_open_object(j, NULL);
		json_str(j, name, all->v[i].key);
		json_str(j, "fault", all->v[i].fault);
		json_close_object(j);
	}
	json_close_array(j);
}

int talk_ready(int fd, const struct confinement *c, const struct route_reports *routes,
	const struct route_reports *targets, struct cu_err *err)
{
	struct buf b = BUF_INIT;
	struct json j = begin(&b, "ready");

	json_bool(&j, "landlock", c->has_landlock);
	json_bool(&j, "seccomp", c->has_seccomp);
	put_reports(&j, "routes", "route", routes);
	put_reports(&j, "targets", "target", targets);
	return end(fd, &j, &b, err);
}

int talk_outcome(int fd, const char *id, int32_t code, const char *fault, struct cu_err *err)
{
	struct buf b = BUF_INIT;
	struct json j = begin(&b, "outcome");

	json_str(&j, "id", id);
	json_str(&j, "came", code == CU_DONE ? "sent" : code == CU_REFUSED ? "refused" : "later");
	if (code != CU_DONE) {
		json_str(&j, "fault", fault);
	}
	return end(fd, &j, &b, err);
}

static const char *answer_word(int32_t code)
{
	switch (code) {
	case CU_DONE: return "done";
	case CU_ABSENT: return "absent";
	case CU_TAKEN: return "taken";
	case CU_AWAY: return "away";
	case CU_REFUSED: return "refused";
	default: return "later"; /* what a plugin may not say, too */
	}
}

int talk_answer(int fd, const char *id, int32_t code, uint64_t size, const char *fault,
	struct cu_err *err)
{
	struct buf b = BUF_INIT;
	struct json j = begin(&b, "answer");

	if (code == CU_DONE && size > INT64_MAX) { /* nor could custosd read it */
		code = CU_LATER;
		fault = "the plugin told a size that no object has";
	}
	json_str(&j, "id", id);
	json_str(&j, "came", answer_word(code));
	if (code == CU_DONE) {
		json_uint(&j, "size", size);
	} else {
		json_str(&j, "fault", fault);
	}
	return end(fd, &j, &b, err);
}

/* --- heard ------------------------------------------------------------------------- */

int talk_receive(int fd, json_t **ret, int *ret_passed, struct cu_err *err)
{
	static char bytes[PACKET_MAX_BYTES]; /* one thread receives */
	json_error_t ignored;
	size_t n = 0;
	int r = packet_receive(fd, bytes, sizeof(bytes), true, &n, ret_passed, err);

	if (r <= 0) {
		return r;
	}
	*ret = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &ignored);
	return *ret ? 1 : cu_err_set(err, CU_EPROTO, "custosd sent what is no JSON");
}

static char *copy(const json_t *from, const char *name)
{
	const char *text = json_string_value(json_object_get(from, name));

	return text ? strdup(text) : NULL;
}

static int read_body(int fd, struct parcel *p, struct cu_err *err)
{
	struct buf text = BUF_INIT_WIPE;
	json_error_t ignored;
	json_t *body = NULL;
	int r = fd < 0 ? cu_err_set(err, CU_EPROTO, "a message has no body") :
			 path_read_fd(fd, BODY_MAX_BYTES, &text, err);

	if (r == 0) {
		body = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &ignored);
		p->to = copy(body, "to");
		p->subject = copy(body, "subject");
		p->text = copy(body, "text");
	}
	if (r == 0 && (!p->subject || !p->text || p->is_personal != (p->to != NULL))) {
		r = cu_err_set(err, CU_EPROTO, "the body of a message is not whole");
	}
	json_decref(body);
	buf_done(&text);
	return r;
}

int talk_read_parcel(const json_t *send, int body, struct parcel *ret, struct cu_err *err)
{
	struct parcel p = { .is_personal = json_is_true(json_object_get(send, "is_personal")),
		.time_ms = json_integer_value(json_object_get(send, "time_ms")) };
	const char *id = json_string_value(json_object_get(send, "id"));
	const char *type = json_string_value(json_object_get(send, "type"));
	int r = id && type ? 0 : cu_err_set(err, CU_EPROTO, "a message without id or type");

	if (r == 0) {
		snprintf(p.id, sizeof(p.id), "%s", id);
		snprintf(p.type, sizeof(p.type), "%s", type);
		r = read_body(body, &p, err);
	}
	if (r < 0) {
		parcel_done(&p);
		return r;
	}
	*ret = p;
	return 0;
}

static bool take_text(const json_t *from, const char *name, char *to, size_t cap)
{
	const char *text = json_string_value(json_object_get(from, name));

	return text && (size_t)snprintf(to, cap, "%s", text) < cap;
}

int talk_read_order(const json_t *order, int passed, struct target_order *ret, struct cu_err *err)
{
	json_int_t size = json_integer_value(json_object_get(order, "size"));

	*ret = (struct target_order){ .size = (uint64_t)size, .fd = passed };
	return size >= 0 && take_text(order, "id", ret->id, sizeof(ret->id)) &&
			take_text(order, "verb", ret->verb, sizeof(ret->verb)) &&
			take_text(order, "name", ret->name, sizeof(ret->name)) ?
		0 :
		cu_err_set(err, CU_EPROTO, "an order is not whole");
}
