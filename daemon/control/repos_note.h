/*
 * repos_note.h: what the store remembers of its backup targets.
 *
 * By lineage: what a store knew before it was restored is about another one's repository.  A backup is
 * begun here before it is written and ended with its leaf, so one that custosd died in is known to be
 * unfinished, and the target asked what came of it (repos.c).
 */
#ifndef CU_CONTROL_REPOS_NOTE_H
#define CU_CONTROL_REPOS_NOTE_H
#include <stdbool.h>
#include <stdint.h>

struct cu_err;
struct daemon;
struct target;

/* The name of a note (tx_note_put) about a target and this lineage. */
#define REPOS_NOTE_SIZE 192
void repos_note_name(const struct daemon *d, const struct target *t, const char *what,
	char out[REPOS_NOTE_SIZE]);

/* The last manifest that this lineage signed into a target; sequence 0: none. */
struct repos_last {
	uint64_t sequence;
	int64_t time_ms;
	uint64_t generation; /* of the vault object that it names */
	uint64_t capture;    /* the number of the last data there (tx_hold.h); 0: not known */
	int64_t data_ms;     /* the moment that these data are of; 0: not known */
	int64_t mirrored_ms; /* when the log there was last made whole, or found so; 0: not known */
};
int repos_last(struct daemon *d, const struct target *t, struct repos_last *ret,
	struct cu_err *err);

/* A manifest that is at the target. */
struct repos_written {
	uint64_t sequence; /* 0: there is none */
	uint8_t manifest_hash[32];
	uint64_t generation;
	int64_t time_ms, image_ms; /* when it was there; of what moment it is */
	uint64_t capture; /* the number of its data's image (tx_hold.h); 0: it has none of its own */
};

/* *ret_capture is for repos_written: with data a new number, else 0. */
int repos_note_begin(struct daemon *d, const struct target *t, bool has_data, uint64_t *ret_capture,
	struct cu_err *err);
/* Is one begun?  1, 0 or a code. */
int repos_note_begun(struct daemon *d, const struct target *t, uint64_t *ret_capture, struct cu_err *err);
/* What was begun is over: what was written is remembered, and has its leaf. */
int repos_note_end(struct daemon *d, const struct target *t, const struct repos_written *written,
	struct cu_err *err);

/* The log at the target was whole at this time. */
int repos_note_mirrored(struct daemon *d, const struct target *t, int64_t time_ms, struct cu_err *err);

#endif
