#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text.h"
#include "ledger/checkpoint.h"
#include "ledger/ledger_internal.h"
#include "ledger/proof.h"
#include "ledger/tree.h"

#define PROOF_HEADER "c2sp.org/tlog-proof@v1\n"

int ledger_check(const struct ledger *l, struct cu_err *err)
{
	return l->is_broken
		       ? cu_err_set(err, CU_EIO,
				 "the log failed to write before and must be reopened")
		       : 0;
}

int ledger_judge(struct ledger *l, int r)
{
	if (r == CU_EIO) {
		pthread_mutex_lock(&l->lock);
		l->is_broken = true;
		pthread_mutex_unlock(&l->lock);
	}
	return r;
}

/* --- opening ---------------------------------------------------------------------- */

/* Room for n more; call with the lock held, or before anybody else knows the ledger. */
static int reserve(struct ledger *l, size_t n, struct cu_err *err)
{
	size_t cap = l->recent_cap ? l->recent_cap : 256;
	struct recent *more;

	if (l->nrecent + n <= l->recent_cap) {
		return 0;
	}
	while (cap < l->nrecent + n) {
		cap *= 2;
	}
	more = realloc(l->recent, cap * sizeof(*more));
	if (!more) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	l->recent = more;
	l->recent_cap = cap;
	return 0;
}

static int lock_dir(struct ledger *l, struct cu_err *err)
{
	l->dir_fd = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->dir_fd < 0) {
		return cu_err_errno(err, errno, "open %s", l->dir);
	}
	if (flock(l->dir_fd, LOCK_EX | LOCK_NB) < 0) {
		return errno == EWOULDBLOCK
			       ? cu_err_set(err, CU_EBUSY,
					 "%s is open in another process", l->dir)
			       : cu_err_errno(err, errno, "lock %s", l->dir);
	}
	return 0;
}

static int check_key(const struct ledger *l, struct cu_err *err)
{
	char path[PATH_SIZE], text[NOTE_VERIFIER_SIZE];
	struct buf b = BUF_INIT;
	int r = path_join(path, l->dir, LEDGER_KEY_FILE, err);

	if (r == 0) {
		r = path_read_file(path, NOTE_VERIFIER_SIZE, &b, err);
	}
	if (r == 0) {
		note_format_verifier(&l->by, text);
		strcat(text, "\n");
		r = span_eq(span_str(text), buf_span(&b))
			    ? 0
			    : cu_err_set(err, CU_ENOKEY, "%s: is not the key at hand",
				      path);
	}
	buf_done(&b);
	return r;
}

struct replay {
	struct ledger *l;
	struct tree *tree;
};

/* A leaf that the checkpoint covers must be the one in the tree; another is recent. */
static int on_replayed(void *ctx, uint64_t index, const struct journal_pos *pos,
	struct span leaf, struct cu_err *err)
{
	struct replay *re = ctx;
	struct ledger *l = re->l;
	const uint8_t(*hashes)[32];
	struct recent recent = { .pos = *pos };
	unsigned n;
	int r;

	proof_leaf_hash(leaf, recent.hash);
	if (index < l->head.size) {
		r = tree_tile(re->tree, 0, index / TILE_WIDTH, &hashes, &n, err);
		if (r < 0) {
			return r;
		}
		return memcmp(hashes[index % TILE_WIDTH], recent.hash, HASH_SIZE) == 0
			       ? 0
			       : cu_err_set(err, CU_ECORRUPT,
					 "leaf %" PRIu64
					 " is another than the published one",
					 index);
	}
	if (index != l->frontier.size) {
		return cu_err_set(err, CU_ECORRUPT,
			"the checkpoint ends at leaf %" PRIu64
			", the journal begins with "
			"%" PRIu64 ": an older checkpoint was put back",
			l->head.size, index);
	}
	r = reserve(l, 1, err);
	if (r < 0) {
		return r;
	}
	l->recent[l->nrecent++] = recent;
	frontier_push(&l->frontier, recent.hash);
	return 0;
}

static int replay(struct ledger *l, struct cu_err *err)
{
	struct replay re = { .l = l };
	char path[PATH_SIZE];
	int r = tree_open(l->dir, &l->head, &re.tree, err);

	if (r == 0) {
		frontier_of_edge(tree_edge(re.tree), &l->frontier);
		r = path_join(path, l->dir, LEDGER_JOURNAL_DIR, err);
	}
	if (r == 0) {
		r = journal_open(path, on_replayed, &re, &l->journal, err);
		r = r == CU_ENOENT
			    ? cu_err_wrap(err, CU_ECORRUPT, "the journal is gone")
			    : r;
	}
	if (r == 0 && journal_end(l->journal) != l->frontier.size) {
		r = cu_err_set(err, CU_ECORRUPT,
			"the checkpoint covers %" PRIu64 " leaves, the journal ends at "
			"%" PRIu64,
			l->head.size, journal_end(l->journal));
	}
	tree_close(re.tree);
	return r;
}

static int open_in(struct ledger *l, struct cu_err *err)
{
	int r = lock_dir(l, err);

	if (r == 0) {
		r = check_key(l, err);
	}
	if (r == 0) {
		r = checkpoint_read(l->dir, &l->by, &l->note, &l->head, err);
	}
	if (r == 0) {
		r = replay(l, err);
	}
	/* Once more, for a crash may have come between its rename and the directory's sync,
	 * and segments of the journal are dropped on its word. */
	return r < 0 ? r : checkpoint_put(l->dir, buf_span(&l->note), err);
}

int ledger_open(const char *dir, const struct signer *signer, struct ledger **ret,
	struct cu_err *err)
{
	struct ledger *l;
	int r;

	if (strlen(dir) >= PATH_SIZE) {
		return cu_err_set(err, CU_ELIMIT, "path is too long");
	}
	l = calloc(1, sizeof(*l));
	if (!l) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	strcpy(l->dir, dir);
	l->dir_fd = -1;
	l->signer = signer;
	signer_verifier(signer, &l->by);
	pthread_mutex_init(&l->lock, NULL);
	pthread_mutex_init(&l->publishing, NULL);
	tile_writer_init(&l->tiles, l->dir);
	r = open_in(l, err);
	if (r < 0) {
		ledger_close(l);
		return cu_err_wrap(err, r, "log");
	}
	*ret = l;
	return 0;
}

void ledger_close(struct ledger *l)
{
	if (!l) {
		return;
	}
	journal_close(l->journal);
	if (l->dir_fd >= 0) {
		close(l->dir_fd);
	}
	buf_done(&l->note);
	free(l->recent);
	pthread_mutex_destroy(&l->lock);
	pthread_mutex_destroy(&l->publishing);
	free(l);
}

/* --- appending -------------------------------------------------------------------- */

/* All that can fail for want of memory is done before the journal is written. */
static int prepare(struct ledger *l, const struct ledger_entry *entries, size_t n,
	struct recent **ret_fresh, struct journal_pos **ret_pos, struct cu_err *err)
{
	int r;

	pthread_mutex_lock(&l->lock);
	r = ledger_check(l, err);
	if (r == 0) {
		r = reserve(l, n, err);
	}
	pthread_mutex_unlock(&l->lock);
	if (r < 0) {
		return r;
	}
	*ret_fresh = malloc(n * sizeof(**ret_fresh));
	*ret_pos = malloc(n * sizeof(**ret_pos));
	if (!*ret_fresh || !*ret_pos) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < n; i++) {
		proof_leaf_hash(entries[i].leaf, (*ret_fresh)[i].hash);
	}
	return 0;
}

int ledger_append(struct ledger *l, const struct ledger_entry *entries, size_t n,
	struct cu_err *err)
{
	struct recent *fresh = NULL;
	struct journal_pos *pos = NULL;
	int r;

	if (n == 0) {
		return 0;
	}
	r = prepare(l, entries, n, &fresh, &pos, err);
	if (r == 0) {
		r = ledger_judge(l, journal_append(l->journal, entries, n, pos, err));
	}
	if (r == 0) {
		pthread_mutex_lock(&l->lock);
		for (size_t i = 0; i < n; i++) {
			fresh[i].pos = pos[i];
			l->recent[l->nrecent++] = fresh[i];
			frontier_push(&l->frontier, fresh[i].hash);
		}
		pthread_mutex_unlock(&l->lock);
	}
	free(fresh);
	free(pos);
	return r < 0 ? cu_err_wrap(err, r, "log") : 0;
}

/* The two that take a const ledger only look, but must lock to do so. */
static pthread_mutex_t *lock_of(const struct ledger *l)
{
	return (pthread_mutex_t *)(uintptr_t)&l->lock;
}

uint64_t ledger_size(const struct ledger *l)
{
	uint64_t size;

	pthread_mutex_lock(lock_of(l));
	size = l->frontier.size;
	pthread_mutex_unlock(lock_of(l));
	return size;
}

uint64_t ledger_last_outbox(const struct ledger *l)
{
	return journal_outbox(l->journal);
}

/* --- reading ---------------------------------------------------------------------- */

static int read_recent(
	struct ledger *l, const struct recent *at, struct buf *leaf, struct cu_err *err)
{
	size_t start = leaf->n;
	uint8_t hash[HASH_SIZE];
	int r = journal_read(l->journal, &at->pos, leaf, err);

	if (r < 0) {
		return r;
	}
	proof_leaf_hash(span_of(leaf->p + start, leaf->n - start), hash);
	if (memcmp(hash, at->hash, HASH_SIZE) != 0) {
		leaf->n = start;
		return cu_err_set(err, CU_ECORRUPT, "journal: a leaf has changed");
	}
	return 0;
}

struct log_head ledger_head(struct ledger *l)
{
	struct log_head head;

	pthread_mutex_lock(&l->lock);
	head = l->head;
	pthread_mutex_unlock(&l->lock);
	return head;
}

static int read_tree(const char *dir, const struct log_head *head, uint64_t index,
	struct buf *leaf, struct cu_err *err)
{
	struct tree *t = NULL;
	struct tree_bundle *bundle = calloc(1, sizeof(*bundle));
	int r;

	if (!bundle) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r = tree_open(dir, head, &t, err);
	if (r == 0) {
		r = tree_bundle(t, index / TILE_WIDTH, bundle, err);
	}
	if (r == 0) {
		buf_put_span(leaf, bundle->entry[index % TILE_WIDTH]);
		r = buf_check(leaf, err);
	}
	tree_close(t);
	buf_done(&bundle->bytes);
	free(bundle);
	return r;
}

/* Again, when publishing went on beside it. */
static int read_published(
	struct ledger *l, uint64_t index, struct buf *leaf, struct cu_err *err)
{
	struct log_head head;
	int r;

	do {
		head = ledger_head(l);
		r = read_tree(l->dir, &head, index, leaf, err);
	} while (r < 0 && ledger_head(l).size != head.size);
	return r;
}

int ledger_read(struct ledger *l, uint64_t index, struct buf *leaf, struct cu_err *err)
{
	struct recent recent = { 0 };
	bool is_recent;
	int r;

	pthread_mutex_lock(&l->lock);
	r = ledger_check(l, err);
	is_recent = index >= l->head.size;
	if (r == 0 && index >= l->frontier.size) {
		r = cu_err_set(
			err, CU_ENOENT, "the log has no leaf %" PRIu64 " yet", index);
	} else if (is_recent) {
		recent = l->recent[index - l->head.size];
	}
	pthread_mutex_unlock(&l->lock);
	if (r < 0) {
		return r;
	}
	if (!is_recent) {
		return read_published(l, index, leaf, err);
	}
	r = read_recent(l, &recent, leaf, err);
	if (r == CU_ENOENT) {
		/* Its segment was dropped since we looked: so it is published by now. */
		r = read_published(l, index, leaf, err);
	}
	return r;
}

int ledger_checkpoint(
	struct ledger *l, struct buf *note, uint64_t *ret_size, struct cu_err *err)
{
	int r;

	pthread_mutex_lock(&l->lock);
	r = ledger_check(l, err);
	if (r == 0) {
		buf_put_span(note, buf_span(&l->note));
		r = buf_check(note, err);
	}
	if (r == 0 && ret_size) {
		*ret_size = l->head.size;
	}
	pthread_mutex_unlock(&l->lock);
	return r;
}

/* --- proving ---------------------------------------------------------------------- */

static int put_proof(uint64_t index, const uint8_t (*path)[32], size_t n,
	struct span note, struct buf *out, struct cu_err *err)
{
	char hash[TEXT_BASE64_SIZE(HASH_SIZE)];

	buf_putf(out, PROOF_HEADER "index %" PRIu64 "\n", index);
	for (size_t i = 0; i < n; i++) {
		(void)text_base64(path[i], HASH_SIZE, true, hash);
		buf_putf(out, "%s\n", hash);
	}
	buf_put_str(out, "\n");
	buf_put_span(out, note);
	return buf_check(out, err);
}

int ledger_prove(struct ledger *l, uint64_t index, struct buf *out, struct cu_err *err)
{
	uint8_t path[PROOF_MAX_PATH][32];
	struct log_head head;
	struct tree *t = NULL;
	struct buf note = BUF_INIT;
	size_t n;
	int r;

	/* Head and note must be of the same moment. */
	r = ledger_checkpoint(l, &note, NULL, err);
	if (r == 0) {
		r = checkpoint_verify(buf_span(&note), &l->by, &head, err);
	}
	if (r == 0) {
		r = tree_open(l->dir, &head, &t, err);
	}
	if (r == 0) {
		r = tree_prove_inclusion(t, index, path, &n, err);
	}
	if (r == 0) {
		r = put_proof(index, (const uint8_t(*)[32])path, n, buf_span(&note),
			out, err);
	}
	tree_close(t);
	buf_done(&note);
	return r;
}
