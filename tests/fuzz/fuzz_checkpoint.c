/*
 * Checkpoints of a log, as custosd reads them and as custos-verify does, which shares no code with it:
 * both take one, with the same size and root, or neither does.
 *
 * The first byte says how the rest is taken: as a note as it stands, or as the text of one, which is
 * signed here with the log's key, so that what lies behind the signature is met, or as the lines of
 * other signers, which are put behind ours.
 */
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/note.h"
#include "fuzz.h"
#include "ledger/checkpoint.h"
#include "verify_help.h"

static struct signer *signer;
static struct note_verifier ours;
static struct signed_key theirs;

/* What only custos-verify asks: that the log is its signer's, and that a program can count its leaves. */
static bool is_taken_here(struct span note, struct log_head *ret, struct cu_err *err)
{
	return checkpoint_verify(note, &ours, ret, err) == 0 && ret->size <= INT64_MAX &&
	       strcmp(ret->origin, ours.name) == 0;
}

static void read_both(struct span note)
{
	struct log_head head = { 0 };
	struct head other = { 0 };
	struct cu_err err = { 0 };
	struct flaw f = { VERDICT_VALID, "" };
	bool here = is_taken_here(note, &head, &err),
	     there = head_open(bytes_of(note.p, note.n), &theirs, &other, &f) == 0;

	if (here != there) {
		fuzz_must(false, here ? f.text : err.msg);
	}
	fuzz_must(here || f.text[0], "what is refused has a reason");
	fuzz_must(!here || (head.size == other.size && memcmp(head.root, other.root, MERKLE_SIZE) == 0),
		"both read the same");
}

static void read_signed(struct span text, struct span more_lines)
{
	struct buf note = BUF_INIT;

	if (note_sign(signer, text, &note, NULL) == 0) {
		buf_put_span(&note, more_lines);
		read_both(buf_span(&note));
	}
	buf_done(&note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char text[] = ORIGIN "\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
	struct span in = span_of(data, size);
	uint8_t how = fuzz_take(&in) % 3;

	if (!signer) {
		char key[NOTE_VERIFIER_SIZE];

		fuzz_fix_random();
		signer = help_signer();
		signer_verifier(signer, &ours);
		help_key(signer, key, &theirs);
	}
	switch (how) {
	case 0: read_both(in); break;
	case 1: read_signed(in, span_of(NULL, 0)); break;
	case 2: read_signed(span_str(text), in); break;
	}
	return 0;
}
