#include <string.h>

#include "base/err.h"
#include "ledger/checkpoint.h"
#include "ledger/ledger_internal.h"
#include "ledger/log_copy.h"
#include "ledger/proof.h"
#include "ledger/tree.h"

static int check_new(const char *dir, bool may_have_tiles, struct cu_err *err)
{
	static const char *const marks[] = { "checkpoint", "tile" };

	for (size_t i = 0; i < (may_have_tiles ? 1 : 2); i++) {
		char path[PATH_SIZE];
		int r = path_join(path, dir, marks[i], err);

		if (r < 0) {
			return r;
		}
		if (path_exists(path)) {
			return cu_err_set(
				err, CU_EEXIST, "%s holds a log already", dir);
		}
	}
	return path_make_dir(dir, 0700, err);
}

static int set_origin(struct log_head *head, const char *origin, struct cu_err *err)
{
	if (strlen(origin) >= sizeof(head->origin)) {
		return cu_err_set(err, CU_EINVAL, "origin is too long");
	}
	strcpy(head->origin, origin);
	return 0;
}

/* Journal, key and, last, the checkpoint: without one there is no log, and a start that was
 * cut short is begun again. */
static int start(const char *dir, const struct log_head *head,
	const struct signer *signer, struct cu_err *err)
{
	char path[PATH_SIZE], key[NOTE_VERIFIER_SIZE];
	struct note_verifier by;
	struct buf note = BUF_INIT;
	int r = path_join(path, dir, LEDGER_JOURNAL_DIR, err);

	if (r == 0) {
		r = checkpoint_sign(head, signer, &note, err);
	}
	if (r == 0) {
		r = journal_create(path, head->size, 0, JOURNAL_SEGMENT_SIZE, err);
	}
	if (r == 0) {
		signer_verifier(signer, &by);
		note_format_verifier(&by, key);
		strcat(key, "\n");
		r = path_put_file(dir, LEDGER_KEY_FILE, span_str(key), 0640, err);
	}
	if (r == 0) {
		r = checkpoint_put(dir, buf_span(&note), err);
	}
	buf_done(&note);
	return r;
}

int ledger_create(const char *dir, const char *origin, const struct signer *signer,
	struct cu_err *err)
{
	struct log_head head = { .size = 0 };
	int r = set_origin(&head, origin, err);

	if (r == 0) {
		r = check_new(dir, false, err);
	}
	proof_empty_root(head.root);
	return r < 0 ? r : start(dir, &head, signer, err);
}

int ledger_continue(const char *mirror_dir, const struct note_verifier *by,
	const char *to_dir, const char *origin, const struct signer *signer,
	struct cu_err *err)
{
	struct log_head head;
	struct buf note = BUF_INIT;
	struct tree *t = NULL;
	int r = check_new(to_dir, true, err);

	if (r == 0) {
		r = checkpoint_read(mirror_dir, by, &note, &head, err);
	}
	if (r == 0) {
		r = tree_open(mirror_dir, &head, &t, err);
	}
	if (r == 0) {
		r = log_copy(t, 0, head.size, to_dir, err);
	}
	if (r == 0) {
		r = set_origin(&head, origin, err);
	}
	if (r == 0) {
		r = start(to_dir, &head, signer, err);
	}
	tree_close(t);
	buf_done(&note);
	return r < 0 ? cu_err_wrap(err, r, "continue the log") : 0;
}
