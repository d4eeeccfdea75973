/* A shred without memory: it is refused, and the vault goes on; or it happened. */
#include "vault_fixture.h"

#include "fault.h"

#include <errno.h>

static void a_shred_without_memory_is_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	bool is_over = false;

	for (uint64_t slot = 0; !is_over; slot++) {
		long nth = (long)slot + 1;
		int r;

		if (slot == vault_capacity(f->v)) {
			assert_int_equal(vault_extend(f->v, 1, &f->err), 0);
		}
		fault_arm(FAULT_MEMORY, nth, FAULT_FAIL, ENOMEM);
		r = vault_shred(f->v, &slot, 1, &f->err);
		is_over = fault_disarm() < nth;
		assert_true(r == CU_ENOMEM || r == 0);
		assert_int_equal(get(f, slot), r == 0 ? CU_ENOKEY : 0);
		reopen(f);
		assert_int_equal(get(f, slot), r == 0 ? CU_ENOKEY : 0);
		assert_true(r == 0 || !is_over);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_shred_without_memory_is_whole_or_not_at_all, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
