/* Messages: look, try again, drop. */
#include <string.h>

#include "base/err.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "store/reader_message.h"

/* --- look ------------------------------------------------------------------------- */

static void show(struct exchange *x, struct json *out, const char *name,
	const struct row_message *row)
{
	static const char *const states[] = { [MESSAGE_WAITING] = "waiting",
		[MESSAGE_SENT] = "sent", [MESSAGE_GIVEN_UP] = "given_up", [MESSAGE_DROPPED] = "dropped" };
	char fault[OFFICE_FAULT_SIZE];

	post_office_fault(&x->daemon->office, &row->id, fault);
	json_open_object(out, name);
	json_hex(out, "message", row->id.b, sizeof(row->id.b));
	json_str(out, "kind", row->kind);
	if (row->about[0]) {
		json_str(out, "about", row->about);
	}
	json_str(out, "route", row->route);
	json_bool(out, "personal", !id_is_nil(&row->kase));
	json_str(out, "state", states[row->state]);
	json_uint(out, "attempts", row->nattempts);
	json_int(out, "made_ms", row->made_ms);
	if (row->state == MESSAGE_WAITING) {
		json_int(out, "next_ms", row->next_ms);
	}
	if (row->tried_ms > 0) {
		json_int(out, "tried_ms", row->tried_ms);
	}
	if (row->ended_ms > 0) {
		json_int(out, "ended_ms", row->ended_ms);
	}
	if (fault[0] && (row->state == MESSAGE_WAITING || row->state == MESSAGE_GIVEN_UP)) {
		json_str(out, "fault", fault);
	}
	json_close_object(out);
}

int handle_MESSAGE_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	struct row_message row, *after = NULL;
	bool is_all = exchange_flag(x, "all");
	int r;

	json_open_array(out, "messages");
	while ((r = reader_next_message(rd, after, &row, err)) > 0) {
		after = &row;
		if (is_all || row.state == MESSAGE_WAITING || row.state == MESSAGE_GIVEN_UP) {
			show(x, out, NULL, &row);
		}
	}
	json_close_array(out);
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

int handle_MESSAGE_SHOW(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct row_message row;
	struct reader *rd;
	struct id id;
	int r = exchange_id(x, "message", &id, err);

	if (r < 0) {
		return r;
	}
	rd = store_reader_take(x->daemon->house.store);
	r = reader_message(rd, &id, &row, err);
	store_reader_give(x->daemon->house.store, rd);
	if (r > 0) {
		show(x, out, "message", &row);
	}
	return r == 0 ? cu_err_set(err, CU_ENOENT, "there is no such message") : r < 0 ? r : 0;
}

/* --- try again, drop -------------------------------------------------------------- */

struct changing {
	struct store_op op;
	struct id id;
	int (*fn)(struct tx *tx, const struct id *id, struct cu_err *err);
};

static int apply_change(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct changing *c = (struct changing *)op;

	return c->fn(tx, &c->id, err);
}

static int change(struct exchange *x,
	int (*fn)(struct tx *tx, const struct id *id, struct cu_err *err), struct cu_err *err)
{
	struct changing c = { .op.apply = apply_change, .fn = fn };
	int r = exchange_id(x, "message", &c.id, err);

	if (r == 0) {
		r = exchange_change(x, &c.op, err);
	}
	if (r == 0) {
		post_office_wake(&x->daemon->office);
	}
	return r;
}

int handle_MESSAGE_RETRY(struct exchange *x, struct json *out, struct cu_err *err)
{
	(void)out;
	return change(x, tx_message_retry, err);
}

int handle_MESSAGE_DROP(struct exchange *x, struct json *out, struct cu_err *err)
{
	(void)out;
	return change(x, tx_message_drop, err);
}
