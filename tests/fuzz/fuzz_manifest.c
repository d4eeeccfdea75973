/*
 * What a repository says about itself: manifests, the list of recipients, identity
 * files.
 *
 * The first byte says which.  What reads as a manifest is written back byte for byte.
 */
#include "backup/identity.h"
#include "backup/manifest.h"
#include "backup/recipients.h"
#include "backup/repo.h"
#include "base/buf.h"
#include "base/err.h"
#include "fuzz.h"

static void read_manifest(struct span in)
{
	struct manifest m = { .ranges = NULL };
	struct buf again = BUF_INIT;
	struct cu_err err;

	if (manifest_parse(in, &m, &err) == 0) {
		fuzz_must(manifest_format(&m, &again, &err) == 0,
			"what was read is written");
		fuzz_must(span_eq(buf_span(&again), in), "a manifest has one spelling");
		(void)manifest_stored(&m);
		manifest_done(&m);
	}
	buf_done(&again);
}

static void read_recipients(struct span in)
{
	struct recipients_file f, again_f;
	struct buf again = BUF_INIT;
	struct cu_err err;

	if (recipients_parse(in, &f, &err) == 0) {
		recipients_format(&f, &again);
		fuzz_must(recipients_parse(buf_span(&again), &again_f, &err) == 0 &&
				  again_f.data.n == f.data.n &&
				  again_f.vault.n == f.vault.n,
			"what was read is written");
	}
	buf_done(&again);
}

static void read_identity(struct span in)
{
	struct identity id = { .data = NULL };
	struct cu_err err;

	if (identity_parse(in, &id, &err) == 0) {
		identity_done(&id);
	}
}

static void read_name(struct span in)
{
	struct buf text = BUF_INIT;

	buf_put_span(&text, in);
	(void)repo_name_parse(buf_cstr(&text));
	buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);

	switch (fuzz_take(&in) % 4) {
	case 0: read_manifest(in); break;
	case 1: read_recipients(in); break;
	case 2: read_identity(in); break;
	case 3: read_name(in); break;
	}
	return 0;
}
