/*
 * A published log as it is found on disk: tiles of hashes, bundles of entries, a checkpoint; read by custosd
 * and by custos-verify, which shares no code with it: both take it, or neither.
 *
 * Each five bytes are a change of a file of a real one; with 0 and 0 in the last two it is taken away.
 */
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "files.h"
#include "fuzz.h"
#include "verify_help.h"

static struct {
	char dir[PATH_SIZE], work[PATH_SIZE];
	struct files real;
	struct note_verifier ours;
	struct signed_key theirs;
	struct log_head head;
} w;

static void make_world(void)
{
	static const uint64_t sizes[] = { 3, 256, 300 };
	struct signer *signer;
	char key_text[NOTE_VERIFIER_SIZE], made[PATH_SIZE];

	fuzz_fix_random();
	fuzz_make_dir(w.dir);
	fuzz_must(path_join(w.work, w.dir, "work", NULL) == 0 && path_join(made, w.dir, "made", NULL) == 0,
		"the path is short");
	signer = help_signer();
	signer_verifier(signer, &w.ours);
	help_key(signer, key_text, &w.theirs);
	help_log(made, signer, sizes, sizeof(sizes) / sizeof(sizes[0]));
	signer_free(signer);
	files_take(&w.real, made);
	for (size_t i = 0; i < w.real.n;) { /* neither reads the journal */
		if (strncmp(w.real.v[i].path, "journal/", 8) == 0) {
			buf_done(&w.real.v[i].bytes);
			w.real.v[i] = w.real.v[--w.real.n];
		} else {
			i++;
		}
	}
	files_put_all(&w.real, w.work);
}

static int read_here(struct log_head *ret, struct cu_err *err)
{
	struct log_dir *d = NULL;
	int r = log_dir_open(w.work, &w.ours, &d, err);

	if (r == 0) {
		*ret = *log_dir_head(d);
		r = log_dir_verify(d, err);
	}
	log_dir_close(d);
	return r;
}

static void read_both(void)
{
	struct published_result theirs = { .nfiles = 0 };
	struct published_wish wish = { .each = NULL };
	struct log_head ours = { .size = 0 };
	struct flaw f = { VERDICT_VALID, "" };
	struct cu_err err = { 0 };
	bool here = read_here(&ours, &err) == 0,
	     there = published_check(w.work, &w.theirs, &wish, &theirs, &f) == 0;

	if (here != there) {
		fuzz_must(false, here ? f.text : err.msg);
	}
	fuzz_must(here || (err.msg[0] && f.text[0]), "what is refused has a reason");
	fuzz_must(!here || (ours.size == theirs.head.size && memcmp(ours.root, theirs.head.root, 32) == 0),
		"both read the same");
}

static void change(struct span how)
{
	size_t i = how.p[0] % w.real.n;
	struct buf bytes = BUF_INIT;

	if (how.p[3] == 0 && how.p[4] == 0) {
		files_change(&w.real, w.work, i, span_of(NULL, 0));
		return;
	}
	buf_put_span(&bytes, buf_span(&w.real.v[i].bytes));
	files_edit(&bytes, (uint16_t)(how.p[1] << 8 | how.p[2]), how.p[3], how.p[4]);
	files_change(&w.real, w.work, i, buf_span(&bytes));
	buf_done(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);

	if (w.real.n == 0) {
		make_world();
	}
	for (; in.n >= 5; in = span_of(in.p + 5, in.n - 5)) {
		change(in);
	}
	read_both();
	files_put_back(&w.real, w.work);
	return 0;
}
