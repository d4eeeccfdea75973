#include "control/access_review.h"

#include <stdlib.h>

#include "base/err.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "control/log_walk.h"
#include "ledger/leaf.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "store/reader.h"

struct user {
	struct id id; /* in the log */
	int64_t last_ms;
	bool is_known; /* the uid */
	uint32_t uid;
};

struct users {
	struct user *v;
	size_t n, room;
};

/* One after the other is by the same user, mostly. */
static struct user *find(struct users *u, const struct id *id)
{
	for (size_t i = u->n; i > 0; i--) {
		if (id_eq(&u->v[i - 1].id, id)) {
			return &u->v[i - 1];
		}
	}
	return NULL;
}

static struct user *add(struct users *u, const struct id *id)
{
	if (!u->v || u->n == u->room) {
		size_t room = u->room ? 2 * u->room : 16;
		struct user *v = realloc(u->v, room * sizeof(*v));

		if (!v) {
			return NULL;
		}
		u->v = v;
		u->room = room;
	}
	u->v[u->n] = (struct user){ .id = *id };
	return &u->v[u->n++];
}

static int on_entry(void *ctx, uint64_t index, struct span text, const struct leaf *l,
	struct cu_err *err)
{
	struct users *all = ctx;
	struct user *u;

	(void)index;
	(void)text;
	if (id_is_nil(&l->by)) {
		return 0; /* custosd itself */
	}
	u = find(all, &l->by);
	if (!u) {
		u = add(all, &l->by);
	}
	if (!u) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	u->last_ms = l->t_ms > u->last_ms ? l->t_ms : u->last_ms;
	return 0;
}

static int find_uids(struct exchange *x, struct users *all, struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < all->n; i++) {
		r = reader_operator_uid(rd, &all->v[i].id, &all->v[i].uid, err);
		all->v[i].is_known = r > 0;
	}
	store_reader_give(x->daemon->house.store, rd);
	return r < 0 ? r : 0;
}

/* 0: never. */
static int64_t last_of(const struct users *all, int64_t uid)
{
	int64_t last = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (all->v[i].is_known && all->v[i].uid == uid && all->v[i].last_ms > last) {
			last = all->v[i].last_ms;
		}
	}
	return last;
}

static bool is_named(const struct roles *roles, uint32_t uid)
{
	for (size_t i = 0; i < roles->noperators; i++) {
		if (!roles->operators[i].is_group && roles->operators[i].uid == uid) {
			return true;
		}
	}
	return false;
}

static void show_allowed(struct json *out, const struct operator_entry *o, int64_t last_ms)
{
	json_open_object(out, NULL);
	json_int(out, o->is_group ? "gid" : "uid", o->is_group ? o->gid : o->uid);
	json_open_array(out, "roles");
	for (size_t i = 0; i < o->role_keys.n; i++) {
		json_str(out, NULL, o->role_keys.v[i]);
	}
	json_close_array(out);
	if (last_ms > 0) {
		json_int(out, "last_ms", last_ms);
	}
	json_close_object(out);
}

static void show(const struct roles *roles, const struct users *all, struct json *out)
{
	json_open_array(out, "allowed");
	for (size_t i = 0; i < roles->noperators; i++) {
		const struct operator_entry *o = &roles->operators[i];

		show_allowed(out, o, o->is_group ? 0 : last_of(all, o->uid));
	}
	json_close_array(out);
	json_open_array(out, "seen");
	for (size_t i = 0; i < all->n; i++) {
		if (all->v[i].is_known && !is_named(roles, all->v[i].uid)) {
			json_open_object(out, NULL);
			json_uint(out, "uid", all->v[i].uid);
			json_int(out, "last_ms", all->v[i].last_ms);
			json_close_object(out);
		}
	}
	json_close_array(out);
}

int access_review_show(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct users all = { NULL, 0, 0 };
	struct log_walk walk = { .x = x, .fn = on_entry, .ctx = &all,
		.end = ledger_size(x->daemon->house.ledger) };
	int r = log_walk(&walk, err);

	if (r == 0) {
		r = find_uids(x, &all, err);
	}
	if (r == 0) {
		show(policy_roles(x->policy), &all, out);
	}
	free(all.v);
	return r;
}
