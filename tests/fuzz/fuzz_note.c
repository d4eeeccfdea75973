/*
 * What is signed: notes and the checkpoints in them, minisign's files, and the texts of
 * keys.
 *
 * The first byte says which.  What reads as a key is written back as it was.
 */
#include "base/buf.h"
#include "base/err.h"
#include "crypto/minisign.h"
#include "crypto/note.h"
#include "fuzz.h"
#include "ledger/checkpoint.h"
#include "ledger/ledger.h"

/* The example of golang.org/x/mod/sumdb/note; and a key of minisign. */
static const char peter[] =
	"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char minisign_key[] =
	"RWSpi0OtpJ6BHJ2DDweL4lnQ8NjqISzQwpjyW3VZm1AUrh8H+rpX9XZx";

static void read_verifier(const char *text)
{
	struct note_verifier v = { 0 };
	char again[NOTE_VERIFIER_SIZE];
	struct cu_err err;

	if (note_parse_verifier(text, &v, &err) == 0) {
		note_format_verifier(&v, again);
		fuzz_must(strcmp(text, again) == 0, "a verifier has one spelling");
	}
}

static void read_public(const char *text)
{
	struct note_verifier v = { 0 };
	char again[MINISIGN_PUBLIC_SIZE];
	struct cu_err err;

	if (minisign_parse_public(text, &v, &err) == 0) {
		minisign_format_public(&v, again);
		fuzz_must(strcmp(text, again) == 0, "minisign's key has one spelling");
	}
}

static void read_note(struct span in)
{
	struct note_verifier v = { 0 };
	struct log_head head;
	struct span text;
	struct cu_err err;

	fuzz_must(note_parse_verifier(peter, &v, &err) == 0, "the key is good");
	if (note_verify(in, &v, &text, &err) == 0) {
		fuzz_must(text.n < in.n, "the text is part of the note");
	}
	(void)checkpoint_verify(in, &v, &head, &err);
}

static void read_checkpoint(struct span in)
{
	struct log_head head = { 0 };
	struct buf text = BUF_INIT;
	struct cu_err err;

	if (checkpoint_parse(in, &head, &err) == 0) {
		fuzz_must(checkpoint_format(&head, &text, &err) == 0,
			"what was read is written");
		fuzz_must(text.n <= in.n && memcmp(text.p, in.p, text.n) == 0,
			"a checkpoint has one spelling");
	}
	buf_done(&text);
}

static void read_signature(struct span in)
{
	struct note_verifier v = { 0 };
	struct cu_err err;

	fuzz_must(
		minisign_parse_public(minisign_key, &v, &err) == 0, "the key is good");
	(void)minisign_verify(in, span_str("test"), &v, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	struct buf text = BUF_INIT;
	uint8_t which = fuzz_take(&in);

	buf_put_span(&text, in);
	switch (which % 5) {
	case 0: read_note(in); break;
	case 1: read_verifier(buf_cstr(&text)); break;
	case 2: read_public(buf_cstr(&text)); break;
	case 3: read_signature(in); break;
	case 4: read_checkpoint(in); break;
	}
	buf_done(&text);
	return 0;
}
