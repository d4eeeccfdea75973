/*
 * repo_far.h: a repository that somebody else keeps for us: put, got and listed by orders.
 *
 * Whoever serves the orders (control/agent_link.h) is not trusted: what comes back is held to a limit
 * and to names that can be ours, and is verified like what lies in a directory.  What is on its way lies in
 * files without a name in a directory of our own.  docs/formats/agent.md.
 */
#ifndef CU_BACKUP_REPO_FAR_H
#define CU_BACKUP_REPO_FAR_H
#include "backup/repo.h"

struct watch;

/* X(id, word between custosd and custos-agent) */
/* clang-format off */
#define FAR_VERBS(X)                                                                    \
	X(PUT,     "put")     /* size bytes of fd, durably; CU_EEXIST when the name is taken */ \
	X(REPLACE, "replace") /* the same, whatever is there */                               \
	X(GET,     "get")     /* into fd; no more than size + 1 bytes; CU_ENOENT */           \
	X(SIZE,    "size")    /* CU_ENOENT */                                                 \
	X(LIST,    "list")    /* into fd: all below name, a line "<size> <name>" each */      \
	X(REMOVE,  "remove")  /* durably; absent is 0 */
/* clang-format on */

enum far_verb {
#define X(id, word) FAR_##id,
	FAR_VERBS(X)
#undef X
	FAR_NVERBS_
};

struct far_order {
	enum far_verb verb;
	const char *name;
	int fd; /* -1: none; borrowed.  Of FAR_PUT and FAR_REPLACE for reading only */
	uint64_t size; /* in: as above.  Out, of FAR_GET and FAR_LIST what came, of FAR_SIZE that */
};

/* dir is for what is on its way; made when it is needed.  Asks nobody. */
int repo_far_init(const struct repo_far *far, const char *dir, struct repo *ret, struct cu_err *err);
/* As repo_open: CU_ENOENT when there is no manifest. */
int repo_far_open(struct repo *r, struct cu_err *err);
/* As repo_create. */
int repo_far_create(struct repo *r, struct cu_err *err);

/* All of it as a repository in the directory to, which is made: for a process that has no agent to ask.
 * CU_ENOSPC, before anything is fetched. */
int repo_far_fetch(struct repo *r, const char *to, const struct watch *watch, struct cu_err *err);

/* A name that somebody else may tell us: of our letters, without a hidden part, below this folder. */
bool repo_far_is_name(const char *name, const char *under);

#endif
