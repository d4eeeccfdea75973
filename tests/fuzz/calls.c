#include "calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "shape.h"
#include "wire/command.h"
#include "wire/interfaces.h"
#include "wire/message.h"

#define METHODS_MAX 512
#define FRAMES_MAX  64

static struct {
	struct interfaces *interfaces;
	const struct idl_member *methods[METHODS_MAX];
	const char *interface[METHODS_MAX];
	size_t n;
	bool is_reached[METHODS_MAX], is_answered[METHODS_MAX];
} table;

/* --- the methods ------------------------------------------------------------------ */

static void report(void)
{
	size_t nreached = 0, nanswered = 0;

	for (size_t i = 0; i < table.n; i++) {
		nreached += table.is_reached[i];
		nanswered += table.is_answered[i];
		if (getenv("CALLS_VERBOSE") && !table.is_answered[i]) {
			fprintf(stderr, "%s: %s.%s\n", table.is_reached[i] ? "never answered" : "never reached",
				table.interface[i], table.methods[i]->name);
		}
	}
	fprintf(stderr, "%zu of %zu methods reached by well-formed calls, %zu answered without an error\n",
		nreached, table.n, nanswered);
}

static void load(void)
{
	if (table.n > 0) {
		return;
	}
	fuzz_must(interfaces_load(&table.interfaces, NULL) == 0, "the interfaces are good");
	for (size_t i = 0; i < interfaces_n(table.interfaces); i++) {
		const struct idl *idl = interfaces_at(table.interfaces, i);

		for (size_t k = 0; k < idl_nmembers(idl); k++) {
			if (idl_member(idl, k)->kind == IDL_METHOD) {
				fuzz_must(table.n < METHODS_MAX, "there is room for all methods");
				table.methods[table.n] = idl_member(idl, k);
				table.interface[table.n++] = idl_name(idl);
			}
		}
	}
	atexit(report);
}

/* METHODS_MAX: there is none. */
static size_t find(const char *name)
{
	const struct idl_member *m = name ? interfaces_method(table.interfaces, name, NULL) : NULL;
	size_t i = 0;

	while (i < table.n && table.methods[i] != m) {
		i++;
	}
	return m && i < table.n ? i : METHODS_MAX;
}

/* --- drawing ---------------------------------------------------------------------- */

static int put_piece(const char *piece, size_t n, void *to)
{
	buf_put(to, piece, n);
	return 0;
}

static void put_json(struct buf *to, json_t *call)
{
	(void)json_dump_callback(call, put_piece, to, JSON_COMPACT);
	buf_put_u8(to, '\0');
	json_decref(call);
}

static json_t *call_of(size_t i, json_t *parameters, struct fuzz_dice *d)
{
	char name[128];
	json_t *call = json_object();
	const struct command *c;

	(void)snprintf(name, sizeof(name), "%s.%s", table.interface[i], table.methods[i]->name);
	c = command_by_method(name);
	json_object_set_new(call, "method", json_string(name));
	json_object_set_new(call, "parameters", parameters);
	if (c && (c->access & ACCESS_STREAM) && fuzz_below(d, 8) > 0) {
		json_object_set_new(call, "more", json_true());
	}
	return call;
}

static void put_drawn(struct buf *to, struct fuzz_dice *d)
{
	size_t i = fuzz_below(d, table.n);
	json_t *parameters = shape_value(table.methods[i]->in, "parameters", d);

	put_json(to, call_of(i, parameters ? parameters : json_object(), d));
}

/* One parameter of a call becomes another of its type, or comes, or goes. */
static void put_changed(struct buf *to, struct span frame, struct fuzz_dice *d)
{
	json_t *call = json_loadb((const char *)frame.p, frame.n, 0, NULL),
	       *parameters = json_object_get(call, "parameters"), *drawn;
	size_t i = find(json_string_value(json_object_get(call, "method")));
	const struct idl_type *in;
	const struct idl_field *f;

	if (i == METHODS_MAX || !json_is_object(parameters) || table.methods[i]->in->nfields == 0) {
		json_decref(call);
		put_drawn(to, d);
		return;
	}
	in = table.methods[i]->in;
	f = &in->fields[fuzz_below(d, in->nfields)];
	drawn = f->type->kind == IDL_MAYBE && fuzz_below(d, 3) == 0 ? NULL : shape_value(f->type, f->name, d);
	if (drawn) {
		json_object_set_new(parameters, f->name, drawn);
	} else {
		json_object_del(parameters, f->name);
	}
	put_json(to, call);
}

/* --- changing a stream ------------------------------------------------------------ */

static size_t split(struct span in, struct span frames[FRAMES_MAX])
{
	size_t n = 0;

	while (in.n > 0 && n < FRAMES_MAX) {
		const uint8_t *end = memchr(in.p, '\0', in.n);
		size_t length = end ? (size_t)(end - in.p) : in.n;

		frames[n++] = span_of(in.p, length);
		in = end ? span_of(end + 1, in.n - length - 1) : span_of(NULL, 0);
	}
	return n;
}

enum change { DRAW, DROP, DOUBLE, MOVE, PARAMETER, NCHANGES = 8 }; /* the rest are PARAMETER, too */

static void change(struct buf *to, struct span in, struct fuzz_dice *d)
{
	struct span frames[FRAMES_MAX];
	size_t n = split(in, frames), at = fuzz_below(d, n + 1), other = n > 0 ? fuzz_below(d, n) : 0;
	enum change what = (enum change)fuzz_below(d, NCHANGES);

	for (size_t i = 0; i < n; i++) {
		struct span frame = frames[i];

		if (i == at && what == DRAW) {
			put_drawn(to, d);
		}
		if (i == at && what == DROP) {
			continue;
		}
		if (i == at && what == MOVE) {
			frame = frames[other];
		}
		if (i == at && what >= PARAMETER) {
			put_changed(to, frame, d);
			continue;
		}
		for (int times = i == at && what == DOUBLE ? 2 : 1; times > 0; times--) {
			buf_put_span(to, frame);
			buf_put_u8(to, '\0');
		}
	}
	if (at == n) {
		put_drawn(to, d);
	}
}

size_t calls_change(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct fuzz_dice dice = { seed };
	struct buf to = BUF_INIT;
	size_t how = fuzz_below(&dice, 8);

	load();
	if (how == 0 && size > 0) {
		return LLVMFuzzerMutate(data, size, max);
	}
	/* what the first byte says, and mostly: one after the other */
	buf_put_u8(&to, how == 1 || size == 0 ? (uint8_t)fuzz_roll(&dice) | 2 : data[0]);
	change(&to, size > 0 ? span_of(data + 1, size - 1) : span_of(NULL, 0), &dice);
	for (; how == 2 && fuzz_below(&dice, 4) > 0;) {
		put_drawn(&to, &dice);
	}
	size = to.n < max ? to.n : max;
	memcpy(data, to.p, size);
	buf_done(&to);
	return size;
}

/* --- ids -------------------------------------------------------------------------- */

static struct {
	const char *member, *mark;
	char id[33]; /* "": none yet */
} ids[] = {
	{ "\"subject\":\"", SHAPE_SUBJECT },
	{ "\"records\":[\"", SHAPE_RECORD },
	{ "\"record\":\"", SHAPE_RECORD },
	{ "\"erasure\":\"", SHAPE_ERASURE },
	{ "\"approval\":\"", SHAPE_APPROVAL },
	{ "\"hold\":\"", SHAPE_HOLD },
	{ "\"message\":\"", SHAPE_MESSAGE },
};

#define NIDS (sizeof(ids) / sizeof(ids[0]))

void calls_learn_ids(struct span replies)
{
	for (size_t i = 0; replies.n > 0 && i < NIDS; i++) {
		size_t n = strlen(ids[i].member);
		const uint8_t *at = memmem(replies.p, replies.n, ids[i].member, n);
		size_t left = at ? replies.n - (size_t)(at - replies.p) - n : 0;

		if (left > 32 && at[n + 32] == '"') {
			memcpy(ids[i].id, at + n, 32);
		}
	}
}

void calls_put_ids(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < NIDS; i++) {
		uint8_t *at;

		while (ids[i].id[0] && (at = memmem(p, n, ids[i].mark, 32)) != NULL) {
			memcpy(at, ids[i].id, 32);
		}
	}
}

void calls_forget_ids(void)
{
	for (size_t i = 0; i < NIDS; i++) {
		ids[i].id[0] = '\0';
	}
}

/* --- counting --------------------------------------------------------------------- */

void calls_count(struct span frame, struct span reply)
{
	struct call call = { 0 };
	size_t i;

	load();
	if (call_parse(frame, &call, NULL) < 0) {
		return;
	}
	i = find(call.method);
	if (i < METHODS_MAX &&
		idl_check(table.methods[i]->in, call.parameters, IDL_REFUSE_UNKNOWN, NULL, NULL) == 0) {
		table.is_reached[i] = true;
		table.is_answered[i] |= reply.n > 0 && !memmem(reply.p, reply.n, "\"error\":\"", 9);
	}
	call_done(&call);
}

void calls_count_all(struct span stream)
{
	struct span frames[FRAMES_MAX];
	size_t n = split(stream, frames);

	for (size_t i = 0; i < n; i++) {
		calls_count(frames[i], span_of(NULL, 0));
	}
}
