#include "store/slots.h"

#include "base/buf.h"
#include "vault/vault.h"

unsigned slots_used(const struct row_subject *who)
{
	return who->run_used % SLOTS_CLOSED;
}

int slots_of_subject(struct engine *e, const struct id *subject, struct buf *to,
	struct cu_err *err)
{
	struct row_subject who = { 0 };
	int r = engine_slots_of(e, subject, to, err);

	if (r == 0) {
		r = engine_subject_get(e, subject, &who, err);
	}
	/* the last run taken is the highest */
	for (unsigned i = slots_used(&who); r > 0 && i < VAULT_RUN; i++) {
		uint64_t slot = who.run + i;

		buf_put(to, &slot, sizeof(slot));
	}
	return r < 0 ? r : buf_check(to, err);
}
