/*
 * preview.h: what an erasure will do, before it does: who, masked; what; when; what it needs.
 *
 * For whoever asks (--dry-run, a question on a terminal) and for whoever is to confirm.  The
 * name is read from the person's profile, so there is a leaf, durable before this is shown.
 */
#ifndef CU_CONTROL_PREVIEW_H
#define CU_CONTROL_PREVIEW_H
#include "base/buf.h"
#include "store/tx_erase.h"

struct cu_err;
struct exchange;
struct json;

#define PREVIEW_MAX_PARTS 128

struct preview {
	struct id subject;
	enum subject_kind kind;
	enum erasure_scope scope;
	struct buf who; /* masked; wiped; may be empty */
	struct preview_part {
		char collection[ENGINE_KEY_SIZE];
		uint64_t nrecords; /* that go */
	} parts[PREVIEW_MAX_PARTS];
	size_t nparts;
	uint64_t nslots;
	int64_t due_ms;
	bool is_now;
	uint64_t spent, cap; /* slots within 24 hours, and how many without a second user */
};

/* Of one that might begin.  CU_ENOENT; CU_EBUSY when another is under way. */
int preview_of(struct exchange *x, const struct erase_what *what, struct preview *ret,
	struct cu_err *err);
/* Of one that began. */
int preview_of_erasure(struct exchange *x, const struct row_erasure *row, struct preview *ret,
	struct cu_err *err);
/* Who it is and what there is of them, for a question about something else; why is for the leaf.
 * CU_ENOENT. */
int preview_of_subject(struct exchange *x, const struct id *subject, const char *purpose,
	const char *why, struct preview *ret, struct cu_err *err);
void preview_done(struct preview *p);

bool preview_is_over_cap(const struct preview *p);

/* The members of io.custos.erase.Preview. */
void preview_show(const struct preview *p, struct json *out, const char *name);
/* The same in words, one text a line, into an open array. */
void preview_say(const struct preview *p, struct json *lines);

#endif
