/*
 * Lines of the log, and the bytes of a record behind its seal: what reads is written
 * back as it was, and what custosd reads as a line of the log, custos-verify does.  The first byte says which.
 */
#include "base/buf.h"
#include "base/err.h"
#include "fuzz.h"
#include "ledger/leaf.h"
#include "store/record.h"
#include "verify/entry.h"
#include "verify/flaw.h"

#define NSLOTS 64

static void read_leaf(struct span in)
{
	struct buf again = BUF_INIT;
	uint64_t slots[NSLOTS];
	struct leaf leaf;
	struct entry entry;
	struct flaw f;
	struct cu_err err;

	if (leaf_parse(in, &leaf, slots, NSLOTS, &err) == 0) {
		fuzz_must(leaf_format(&leaf, &again, &err) == 0,
			"what was read is written");
		fuzz_must(span_eq(buf_span(&again), in), "a leaf has one spelling");
		fuzz_must(entry_parse(bytes_of(in.p, in.n), &entry, &f) == 0, "custos-verify reads it, too");
	}
	buf_done(&again);
}

static void read_record(struct span in)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct record r = { .version = 0 }, again = { .version = 0 };
	struct cu_err err;

	if (record_decode(in, &r, &err) == 0) {
		fuzz_must(record_encode(&r, &once, &err) == 0,
			"what was read is written");
		fuzz_must(record_decode(buf_span(&once), &again, &err) == 0 &&
				  record_is_same(&r, &again) &&
				  record_encode(&again, &twice, &err) == 0 &&
				  span_eq(buf_span(&once), buf_span(&twice)),
			"what is written reads as it was");
	}
	buf_done(&once);
	buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);

	if (fuzz_take(&in) % 2 == 0) {
		read_leaf(in);
	} else {
		read_record(in);
	}
	return 0;
}
