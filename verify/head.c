#include "verify/head.h"

#include <string.h>

#include "verify/flaw.h"
#include "verify/signed.h"

/* Lines that later versions may add behind the three: none is empty. */
static bool are_extensions(struct bytes rest)
{
	struct bytes line;

	while (rest.n > 0) {
		if (!bytes_cut(&rest, '\n', &line) || line.n == 0) {
			return false;
		}
	}
	return true;
}

int head_open(struct bytes note, const struct signed_key *key, struct head *ret,
	struct flaw *f)
{
	struct bytes text, origin, size, root;
	struct head head;

	if (signed_text(note, key, &text, f) < 0) {
		return flaw_in(f, "checkpoint");
	}
	if (!bytes_cut(&text, '\n', &origin) ||
		!bytes_equal(origin, bytes_of_text(key->name))) {
		return flaw_set(f, VERDICT_INVALID,
			"checkpoint: of another log than its signer's");
	}
	if (!bytes_cut(&text, '\n', &size) || !bytes_number(size, &head.size) ||
		head.size > INT64_MAX) {
		return flaw_set(
			f, VERDICT_INVALID, "checkpoint: no size in its second line");
	}
	if (!bytes_cut(&text, '\n', &root) ||
		bytes_unbase64(root, head.root, MERKLE_SIZE) != MERKLE_SIZE) {
		return flaw_set(
			f, VERDICT_INVALID, "checkpoint: no root in its third line");
	}
	if (!are_extensions(text)) {
		return flaw_set(f, VERDICT_INVALID, "checkpoint: an empty line");
	}
	*ret = head;
	return 0;
}
