/*
 * ground.h: where one process plays its cases: a copy of the whole repository, changed and mended again.
 */
#ifndef CU_TESTS_GROUND_H
#define CU_TESTS_GROUND_H
#include "reading.h"

#define GROUND_MAX_FILES 128
#define GROUND_NAME      144

/* What no reader looks at, so that changing it cannot matter.  All of it. */
#define GROUND_FREE(X)                                                                                     \
	X(COMMENT, "the first line of a .minisig, behind its prefix: minisign calls it untrusted")         \
	X(NEWLINE, "the newline at the end of a .minisig")                                                 \
	X(NARROWER, "a tile of the log narrower than the checkpoint's: a wider one took its place")        \
	X(SIGNERS, "a line of another signer in a checkpoint: of a witness, whom nobody here knows")      \
	X(REMARK, "a remark in the identity file, which no program reads")

enum ground_free {
#define X(id, why) FREE_##id,
	GROUND_FREE(X)
#undef X
	FREE_NONE
};

struct ground_file {
	char name[GROUND_NAME];
	uint64_t size;
	uint64_t head; /* of an object: bytes of its age header, nonce and first 64 of the stream; else 0 */
};

struct ground {
	const struct victim *victim;
	struct reading reading;
	char repo[160];
	struct ground_file files[GROUND_MAX_FILES]; /* of whole/, sorted */
	size_t nfiles;
	char newest_data[GROUND_NAME], newest_vault[GROUND_NAME];
	uint64_t *free_seen; /* for each of enum ground_free, or NULL */
	pid_t *daemon;       /* whom to end when this process dies; or NULL */
};

/* name: of this process's directories. */
void ground_init(struct ground *g, const struct victim *v, const char *name);
void ground_done(struct ground *g);

/* Is it asked for by a restore of the newest backup? */
bool ground_is_needed(const struct ground *g, const char *name);

/* Reads the copy, in which the file of this name was changed at this offset (or cut there).  NULL, or what
 * is wrong. */
const char *ground_judge(struct ground *g, const char *name, uint64_t offset, bool is_cut);

/* One kind of case. */
struct kind {
	const char *name;
	uint64_t (*count)(const struct ground *g);
	/* Plays number i.  NULL, or what is wrong; what says which it was. */
	const char *(*play)(struct ground *g, uint64_t i, char what[300]);
	unsigned most; /* of them in a whole run, drawn; 0: all */
	unsigned few;  /* in the short form */
	unsigned part; /* of the time */
};
extern const struct kind change_kinds[]; /* changes.c; ends with a name that is NULL */
extern const struct kind trick_kinds[];  /* tricks.c */
extern const struct kind program_kinds[]; /* programs.c */
extern const struct kind signed_kinds[]; /* signed.c */
extern const struct kind race_kinds[]; /* races.c */

#endif
