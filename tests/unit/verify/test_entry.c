#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "ledger/leaf.h"
#include "verify/entry.h"
#include "verify/flaw.h"

#define HEAD   "v=1 t=2026-11-21T22:09:04.123Z act=erase.shred"
#define ID     "00112233445566778899aabbccddeeff"
#define DIGEST "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static bool accepts(const char *line, size_t n)
{
	struct entry e;
	struct flaw f;

	return entry_parse(bytes_of(line, n), &e, &f) == 0;
}

static const char *const good[] = {
	HEAD,
	HEAD " by=" ID " for=customer_service sub=" ID " obj=" ID
	     " rec=" ID " in=contact_point n=7 gen=2 dig=" DIGEST
	     " slots=0,8-15,24",
	HEAD " why=grace_ended",
	HEAD " why=NotFound",
	HEAD " n=18446744073709551615",
	HEAD " slots=8-15,17",
	"v=1 t=2028-02-29T23:59:59.999Z act=refused",
	"v=1 t=0001-01-01T00:00:00.000Z act=an.act-of_tomorrow2",
};

static const char *const bad[] = {
	"",
	"v=1",
	"v=2 t=2026-11-21T22:09:04.123Z act=refused",
	"v=1 act=refused",
	"v=1 t=2026-11-21T22:09:04.123Z",
	"v=1 t=2026-02-29T22:09:04.123Z act=refused",
	"v=1 t=2026-11-31T22:09:04.123Z act=refused",
	"v=1 t=2026-11-21T24:09:04.123Z act=refused",
	"v=1 t=2026-11-21T22:09:04.12Z act=refused",
	"v=1 t=2026-11-21T22:09:04.123 act=refused",
	"v=1 t=0000-11-21T22:09:04.123Z act=refused",
	"v=1 t=2026-11-21T22:09:04.123Z act=",
	"v=1 t=2026-11-21T22:09:04.123Z act=Refused",
	"v=1  t=2026-11-21T22:09:04.123Z act=refused",
	" " HEAD,
	HEAD " ",
	HEAD "\n",
	HEAD " note=hello",
	HEAD " by=00000000000000000000000000000000",
	HEAD " by=00112233445566778899AABBCCDDEEFF",
	HEAD " by=00112233445566778899aabbccddee",
	HEAD " n=0",
	HEAD " n=01",
	HEAD " n=-1",
	HEAD " n=18446744073709551616",
	HEAD " n=1 n=1",
	HEAD " gen=1 n=1",
	HEAD " why=notFound",
	HEAD " why=Not-Found",
	HEAD " dig=" ID,
	HEAD " slots=",
	HEAD " slots=8-8",
	HEAD " slots=9-8",
	HEAD " slots=8-15,16",
	HEAD " slots=8-15,12",
	HEAD " slots=8,",
	HEAD " slots=,8",
	HEAD " slots=08",
	HEAD " slots=8-15-20",
};

static void the_strict_form_is_accepted_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!accepts(good[i], strlen(good[i]))) {
			fail_msg("refused: %s", good[i]);
		}
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (accepts(bad[i], strlen(bad[i]))) {
			fail_msg("accepted: %s", bad[i]);
		}
	}
}

static void slots_are_counted(void **state)
{
	(void)state;
	assert_int_equal(entry_count_slots(bytes_of_text("0")), 1);
	assert_int_equal(entry_count_slots(bytes_of_text("0,8-15,24")), 10);
	assert_int_equal(entry_count_slots(bytes_of_text("0-18446744073709551615")), 0);
	assert_int_equal(
		entry_count_slots(bytes_of_text("0-18446744073709551614")), UINT64_MAX);
}

/* Two readers, written apart, of one form: the daemon's knows the words, this one does
 * not. */
static void both_readers_agree_on_every_changed_bit(void **state)
{
	static const char line[] =
		HEAD " by=" ID " for=customer_service sub=" ID " obj=" ID
		     " rec=" ID " in=contact_point n=7 gen=2 dig=" DIGEST
		     " slots=0,8-15,24";
	size_t act, nboth = 0;
	uint64_t slots[512];

	(void)state;
	act = (size_t)(strstr(line, "erase") - line);
	for (size_t bit = 0; bit < (sizeof(line) - 1) * 8; bit++) {
		char copy[sizeof(line)];
		struct leaf leaf;
		bool theirs, ours;

		memcpy(copy, line, sizeof(line));
		copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
		theirs = leaf_parse(span_of(copy, sizeof(line) - 1), &leaf, slots, 512,
				 NULL) == 0;
		ours = accepts(copy, sizeof(line) - 1);
		nboth += theirs && ours;
		if (theirs != ours &&
			(theirs || bit / 8 < act || bit / 8 >= act + 11)) {
			fail_msg("bit %zu: leaf.c says %d, entry.c %d: %s", bit, theirs,
				ours, copy);
		}
	}
	assert_true(nboth > 100); /* changed digits of ids, times, numbers */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_strict_form_is_accepted_and_nothing_else),
		cmocka_unit_test(slots_are_counted),
		cmocka_unit_test(both_readers_agree_on_every_changed_bit),
	};

	return cmocka_run_group_tests_name("verify/entry", tests, NULL, NULL);
}
