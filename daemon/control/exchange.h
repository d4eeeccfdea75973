/*
 * exchange.h: one call and its reply: who asks, what, and what has been answered so far.
 *
 * An exchange is made by its session on the loop, runs as a handler on a worker thread, and
 * ends on the loop.  A handler writes the reply's parameters; it may block, it must look at
 * exchange_is_cancelled between slices of long work.  What it returns is the call's outcome.
 */
#ifndef CU_CONTROL_EXCHANGE_H
#define CU_CONTROL_EXCHANGE_H
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/json.h"
#include "control/gate.h"
#include "job/post.h"
#include "job/work.h"
#include "ledger/leaf.h"
#include "policy/access.h"
#include "policy/said.h"
#include "privacy/permit.h"
#include "store/store.h"
#include "wire/command.h"
#include "wire/message.h"

struct caller;
struct daemon;
struct exchange;

/* Worker thread.  Writes the members of the reply's parameters to out; 0 or a code.  What was
 * written is dropped when it fails. */
typedef int handler(struct exchange *x, struct json *out, struct cu_err *err);

/* The leaf of a read, on its way to the log. */
struct exchange_leaf {
	struct store_op op;
	struct leaf leaf;
	const struct permit *permit; /* asked again for leaf.sub; NULL: not */
	uint64_t seen;               /* exchange.seen */
	struct letter letter; /* writer thread to loop: it is durable, or it failed */
	bool is_wanted;       /* worker sets, loop reads */
};

struct exchange {
	struct daemon *daemon;
	/* loop: something is in out, or the end is reached; not for an answer given at once */
	void (*on_ready)(struct exchange *x);
	void *owner; /* of on_ready; waits for its exchanges */
	struct call call;
	const struct command *command;
	handler *handle;
	bool needs_store; /* else it runs while there is none, or it is sealed */
	uid_t uid;
	struct caller *caller;       /* loop */
	struct policy *policy;       /* in force when it came; a reference */
	struct access_rights rights; /* of the caller, by that policy */
	struct permit permit; /* of a call that touches a person's data */
	struct id actor;     /* the operator's id in the log; filled before the handler runs */
	const char *purpose; /* of the call, or "" */
	uint64_t seen;       /* exchange_saw; 0: nothing is known */
	struct id merged;    /* the old id that the call named its subject by; nil: it did not */
	bool is_refused_for_role; /* handler: whoever the subject is, so the refusal is told as it is */
	int fd;              /* the call's descriptor, or -1; closed when it is answered */

	struct buf reply;    /* worker: the last frame; wiped */
	struct exchange_leaf last; /* before which it may not leave */
	struct buf out;      /* loop: frames ready to be sent, in order; wiped */
	int code;            /* whoever writes an error into reply: which; 0 */
	int64_t began_us;    /* monotonic */
	unsigned *slots;     /* loop: the daemon's njobs or nwaiting that it counts in, or NULL */
	unsigned *own_slots; /* the same of its caller */
	bool is_done;        /* loop */
	atomic_bool is_unread; /* loop sets: the peer has much to read before more is of use */
	struct work work;
	struct guest guest;  /* while the handler runs, and until its last leaf is told */
	struct exchange *next; /* loop: in the session's queue */
	bool is_counted;     /* loop: in caller->nrunning */
	struct exchange *next_brief; /* brief.c's, or loop: of those that wait for a thread */
};

/* Loop: runs the handler; on_ready is called for progress and at the end. */
int exchange_start(struct exchange *x, struct cu_err *err);
/* Loop: this is the answer; the session sends it when its turn comes. */
void exchange_answer(struct exchange *x, struct buf *frame);
void exchange_free(struct exchange *x); /* wipes; NULL is fine */

/* Worker: runs the handler of a brief call.  False: it ends by itself once its leaf is durable, and
 * is not touched any more.  True: the loop owes it exchange_end. */
bool exchange_run(struct exchange *x);
void exchange_end(struct exchange *x); /* loop: what is in reply is the answer */

/* --- for handlers, on the worker thread ------------------------------------------- */

bool exchange_is_cancelled(const struct exchange *x);

/* Parameters were checked against the interface: these cannot fail for declared ones, but for
 * optional ones that are absent: NULL, 0, false. */
const char *exchange_text(const struct exchange *x, const char *name);
int64_t exchange_int(const struct exchange *x, const char *name, int64_t absent);
bool exchange_has(const struct exchange *x, const char *name);
bool exchange_flag(const struct exchange *x, const char *name);
/* Of what is written for the caller to read: as the parameter `language` says, else as a caller reads who does not
 * read English, else the organisation's. */
enum language exchange_language(const struct exchange *x);
/* Of what is written for somebody else: as `language` says, else the organisation's. */
enum language exchange_letter_language(const struct exchange *x);
/* An id among the parameters: CU_EINVAL when the text is none.  Absent: nil and 0. */
int exchange_id(const struct exchange *x, const char *name, struct id *ret, struct cu_err *err);

/* The parameter `request`, made this operator's and this method's own, so that nobody is
 * answered with what another one was.  Nil: there is none. */
int exchange_request(const struct exchange *x, struct id *ret, struct cu_err *err);

/* A reply that continues, if the call asked for `more`: write its parameters in between. */
struct json exchange_progress_begin(struct buf *frame);
void exchange_progress_end(struct exchange *x, struct json *j, struct buf *frame);

/* The same for one that is a part of the answer: it waits until there is room, and is not lost.
 * CU_ECANCELED. */
int exchange_part_end(struct exchange *x, struct json *j, struct buf *frame, struct cu_err *err);

/* A reader for this call, to be given back (store_reader_give): of the records it meets, those whose own
 * rule keeps them from the call's purpose, and those that are over by it, are passed over. */
struct reader *exchange_reader(struct exchange *x);

/* The same for whoever shows a person all: only those that are over are passed over. */
struct reader *exchange_reader_of_all(struct exchange *x);

/* Before a reply that continues and must not be lost: waits while the peer does not read, until
 * it does, is gone, or the call is cancelled. */
void exchange_wait_for_reader(const struct exchange *x);

/* How a person stands to the call's purpose, and whether that lets the call read (or write):
 * permit.h.  The second is for the writer thread.  A refusal is in the log. */
int exchange_permit(struct exchange *x, struct reader *rd, const struct id *subject,
	struct standing *ret, struct cu_err *err);
int exchange_permit_write(struct exchange *x, struct tx *tx, const struct id *subject,
	struct cu_err *err);
int64_t exchange_now_ms(const struct exchange *x);
/* May the call use this record, by its own rule, and is it not over?  1, 0 or a code; writer thread. */
struct row_record;
int exchange_uses(struct exchange *x, struct tx *tx, const struct row_record *row,
	struct cu_err *err);

/* All that the next leaf stands for was read in the view that this reader has now: if nothing has
 * changed since, how people stand is not asked once more in front of it. */
void exchange_saw(struct exchange *x, const struct reader *rd);

/* Somebody with a role here was refused; strangers could fill the log at will.  subject may be
 * NULL.  Does not wait. */
void exchange_log_refusal(struct exchange *x, const struct id *subject);

/* Appends a leaf for a read and waits until it is durable; by and purpose are filled.
 * CU_ENOENT, CU_EDENIED: the subject that it names may not be read any more by now. */
int exchange_leaf(struct exchange *x, const struct leaf *leaf, struct cu_err *err);
/* The same for what is no read of the subject that leaf names, whatever became of it. */
int exchange_note(struct exchange *x, const struct leaf *leaf, struct cu_err *err);
/* A read that shows many: for these subjects (ids of 16 bytes) an entry in the access journal and
 * a leaf, both durable when it returns.  CU_ENOENT, CU_EDENIED as above, for any of them: look
 * again, and show nobody of these. */
int exchange_bulk(struct exchange *x, enum leaf_act act, struct span ids, struct cu_err *err);
/* The same as exchange_leaf, for a handler that has nothing more to do: it returns and its thread is free; the
 * reply leaves when the leaf is durable, and instead of it the error when it fails.  leaf is
 * copied and has no slots. */
void exchange_leaf_at_end(struct exchange *x, const struct leaf *leaf);
/* The same for an answer that holds no data of the subject that leaf names, whatever became of it. */
void exchange_note_at_end(struct exchange *x, const struct leaf *leaf);

/* Runs a change on the writer thread and waits. */
int exchange_change(struct exchange *x, struct store_op *op, struct cu_err *err);

#endif
