#include "control/message_body.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "base/path.h"
#include "control/agent_link.h"
#include "control/alarm_words.h"
#include "control/alarms.h"
#include "control/daemon.h"
#include "control/digest.h"
#include "policy/policy.h"
#include "store/reader_message.h"

/* One that is addressed to a person: its paper, as the body. */
static int put_text(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	static const char *const names[] = { "to", "subject", "text" };
	struct json *j = ctx;

	(void)row;
	(void)err;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct span text = record_get(rec, names[i]);

		json_strn(j, names[i], (const char *)text.p, text.n);
	}
	return 1;
}

struct taking {
	struct store_op op;
	struct id id;
};

static int apply_take(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_message_take(tx, &((struct taking *)op)->id, err);
}

/* The leaf is durable before the text is read. */
static int write_personal(struct daemon *d, const struct row_message *row, struct json *j,
	struct cu_err *err)
{
	struct store *st = d->house.store;
	struct taking t = { { .apply = apply_take, .kind = STORE_LEAF }, row->id };
	struct reader *rd;
	int r = store_run(st, &t.op, err);

	if (r < 0) {
		return r;
	}
	rd = store_reader_take(st);
	r = reader_begin(rd, err);
	if (r == 0) {
		r = reader_records(rd, &row->kase, MESSAGE_COLLECTION, put_text, j, err);
		reader_end(rd);
	}
	store_reader_give(st, rd);
	return r < 0 ? r : 0;
}

static int write_digest(struct daemon *d, int language, struct json *j, struct cu_err *err)
{
	struct buf subject = BUF_INIT, text = BUF_INIT;
	int r;

	digest_subject(d, language, &subject);
	r = digest_write(d, language, &d->office.work.cancel, &text, err);
	r = r < 0 ? r : buf_check(&subject, err);
	if (r == 0) {
		json_buf(j, "subject", &subject);
		json_strn(j, "text", (const char *)text.p, text.n);
	}
	buf_done(&subject);
	buf_done(&text);
	return r;
}

/* What custos says by itself, made from the kind; lists are made as things are now. */
static int write_own(struct daemon *d, const struct row_message *row, struct json *j,
	struct cu_err *err)
{
	int language = policy_organisation(d->policy)->language, r = 0;
	struct buf list = BUF_INIT;
	size_t n = 0;

	if (strcmp(row->kind, DIGEST_KIND) == 0) {
		return write_digest(d, language, j, err);
	}
	if (alarm_is_several(row)) {
		r = alarms_list(d, row->route, language, &list, &n, err);
	}
	if (r == 0) {
		alarm_write(row, language, buf_cstr(&list), n, j);
		r = buf_check(&list, err);
	}
	buf_done(&list);
	return r;
}

static int write_body(struct daemon *d, const struct row_message *row, struct buf *to,
	struct cu_err *err)
{
	struct json j = json_to(to);
	size_t before;
	int r = 0;

	json_open_object(&j, NULL);
	before = to->n;
	if (id_is_nil(&row->kase)) {
		r = write_own(d, row, &j, err);
	} else {
		r = write_personal(d, row, &j, err);
	}
	if (r == 0 && to->n == before) {
		r = cu_err_set(err, CU_ENOKEY, "the keys of its text are gone: it was sent, or dropped");
	}
	json_close_object(&j);
	return r < 0 ? r : buf_check(to, err);
}

/* The text in a file that is in memory only and never changes again. */
static int seal_body(struct span text, int *ret, struct cu_err *err)
{
	int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r = fd < 0 ? cu_err_errno(err, errno, "a message's body") :
			 path_pwrite_fd(fd, text, 0, err);

	if (r == 0 && fcntl(fd, F_ADD_SEALS,
			      F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		r = cu_err_errno(err, errno, "a message's body");
	}
	if (r == 0) {
		*ret = fd;
	} else if (fd >= 0) {
		close(fd);
	}
	return r;
}

static int send_packet(struct daemon *d, const struct row_message *row, int body,
	struct cu_err *err)
{
	struct buf b = BUF_INIT;
	struct json j = json_to(&b);
	int r;

	json_open_object(&j, NULL);
	json_open_object(&j, "send");
	json_hex(&j, "id", row->id.b, sizeof(row->id.b));
	json_str(&j, "route", row->route);
	json_str(&j, "type", row->kind);
	json_int(&j, "time_ms", row->made_ms);
	json_bool(&j, "is_personal", !id_is_nil(&row->kase));
	json_close_object(&j);
	json_close_object(&j);
	r = buf_check(&b, err);
	if (r == 0) {
		r = agent_link_send(d->agent, buf_span(&b), body, err);
	}
	buf_done(&b);
	return r;
}

int message_hand_over(struct daemon *d, const struct row_message *row, struct cu_err *err)
{
	struct buf text = BUF_INIT_WIPE;
	int body = -1, r = write_body(d, row, &text, err);

	if (r == 0) {
		r = seal_body(buf_span(&text), &body, err);
	}
	if (r == 0) {
		r = send_packet(d, row, body, err);
		close(body);
	}
	buf_done(&text);
	return r;
}
