#include "backup/rollback.h"

#include <inttypes.h>
#include <stdio.h>

#include "backup/chain.h"
#include "backup/repo_log.h"
#include "base/err.h"
#include "ledger/ledger.h"

static int look_at_log(struct repo *r, const struct rollback_source *src,
	struct rollback *ret, struct cu_err *err)
{
	struct log_head ours, theirs;
	enum log_relation relation = LOG_OTHER;
	int code = repo_log_compare(r, src->log_dir, src->key, &relation, &ours, &theirs, err);

	if (code == CU_ENOENT ||
		code == CU_ENOKEY) { /* none yet, or another lineage's */
		return 0;
	}
	if (code == 0 && relation == LOG_NEWER) {
		ret->is_found = true;
		snprintf(ret->text, sizeof(ret->text),
			"its log has %" PRIu64 " entries, the log here %" PRIu64,
			theirs.size, ours.size);
	} else if (code == 0 && relation == LOG_FORKED) {
		ret->is_found = true;
		snprintf(ret->text, sizeof(ret->text),
			"its log has %" PRIu64
			" entries, and the log here goes on in another way",
			theirs.size);
	}
	return code;
}

static void compare_manifest(const struct manifest *m,
	const struct rollback_source *src, struct rollback *ret)
{
	if (!id_eq(&m->store, &src->store) || !id_eq(&m->lineage, &src->lineage)) {
		return;
	}
	if (m->generation > src->generation) {
		ret->is_found = true;
		snprintf(ret->text, sizeof(ret->text),
			"its backup %" PRIu64 " has the keys of generation %" PRIu64
			", here they are of %" PRIu64,
			m->sequence, m->generation, src->generation);
	} else if (m->log_size > src->log_size) {
		ret->is_found = true;
		snprintf(ret->text, sizeof(ret->text),
			"its backup %" PRIu64 " is of a log with %" PRIu64
			" entries, the log here has %" PRIu64,
			m->sequence, m->log_size, src->log_size);
	}
}

static int look_at_manifest(struct repo *r, const struct rollback_source *src,
	struct rollback *ret, struct cu_err *err)
{
	struct manifest m = { 0 };
	uint8_t hash[32];
	int code = chain_head(r, src->key, &m, hash, err);

	if (code == CU_ENOENT || code == CU_ENOKEY) {
		return 0;
	}
	if (code == 0) {
		compare_manifest(&m, src, ret);
	}
	manifest_done(&m);
	return code;
}

/* The one is looked at although the other could not be read: each is proof enough. */
int rollback_look(struct repo *r, const struct rollback_source *src,
	struct rollback *ret, struct cu_err *err)
{
	struct rollback found = { 0 };
	int code = look_at_manifest(r, src, &found, err);

	if (!found.is_found) {
		int other = look_at_log(r, src, &found, code < 0 ? NULL : err);

		code = code < 0 ? code : other;
	}
	if (code < 0 && !found.is_found) {
		return code;
	}
	*ret = found;
	return 0;
}
