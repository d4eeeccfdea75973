/*
 * repo_log.h: the mirror of the audit log in a repository, wherever that is.
 *
 * The log's own functions (ledger.h) work on directories.  Of what is far only what they need is
 * fetched, and only what they wrote is put.
 */
#ifndef CU_BACKUP_REPO_LOG_H
#define CU_BACKUP_REPO_LOG_H
#include "backup/repo.h"
#include "ledger/ledger.h"

/* As log_compare. */
int repo_log_compare(struct repo *r, const char *log_dir, const struct note_verifier *by,
	enum log_relation *ret, struct log_head *ret_ours, struct log_head *ret_theirs,
	struct cu_err *err);
/* As log_mirror. */
int repo_log_mirror(struct repo *r, const char *log_dir, const struct note_verifier *by,
	struct log_head *ret, struct cu_err *err);

/* A directory with all of it, for log_dir_open and history_read. */
struct repo_log {
	char dir[PATH_SIZE];
	bool is_copy;
};
int repo_log_open(struct repo *r, struct repo_log *ret, struct cu_err *err);
void repo_log_close(struct repo_log *l);

#endif
