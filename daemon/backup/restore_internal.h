/*
 * restore_internal.h: what the files of a restore share.
 */
#ifndef CU_BACKUP_RESTORE_INTERNAL_H
#define CU_BACKUP_RESTORE_INTERNAL_H
#include "backup/chain.h"
#include "backup/history.h"
#include "backup/identity.h"
#include "backup/manifest.h"
#include "backup/newest.h"
#include "backup/point.h"
#include "backup/repo.h"
#include "backup/restore.h"
#include "backup/site.h"
#include "base/buf.h"
#include "base/path.h"

struct watch;

struct restoring {
	const struct restore_options *options;
	const struct watch *watch;
	struct span identity_text;
	struct identity identity;
	struct repo repo;
	char log_dir[PATH_SIZE];
	struct chain chain;
	const struct chain_link *data;  /* of the chain: whose data is restored */
	const struct chain_link *vault; /* whose vault object is */
	struct manifest manifest;       /* that of data */
	struct history history;
	struct newest newest;
	struct site site;
	struct key_arena *arena;
	struct key *k0;
	struct point point; /* of options->at_ms */
	uint64_t newest_stray; /* highest generation of a vault object that no manifest names */
	struct buf new_identity;
	int64_t looked_ms; /* spent in the functions of a trial */
	struct restore_report report;
};

#define RESTORE_MEND_VAULT "bring it back from another copy; with an older one, erased people would return"
#define RESTORE_MEND_DATA  "bring it back from another copy, or restore another backup"

/* Appends to the message what can be done about it.  Returns code. */
int restore_remedy(struct cu_err *err, int code, const char *text);

/* restore_choose.c: what is to be restored, whether all of it is there, and what the log knows. */
int restore_prepare(struct restoring *run, const char *repo_dir, struct cu_err *err);

/* restore_report.c */
void restore_report_fill(struct restoring *run);
/* How far the log was when this data was captured: the first manifest that names its image. */
uint64_t restore_log_size_of(const struct restoring *run, const struct chain_link *data);

#endif
