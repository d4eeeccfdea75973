#include "control/call_meter.h"

static const int64_t bounds_us[CALL_NBOUNDS] = {
#define X(text, us) us,
	CALL_BOUNDS(X)
#undef X
};

/* Nobody else writes. */
static void add(_Atomic uint64_t *to, uint64_t n)
{
	atomic_store_explicit(
		to, atomic_load_explicit(to, memory_order_relaxed) + n, memory_order_relaxed);
}

void call_meter_note(struct call_meter *m, enum command_id id, int code, int64_t took_us)
{
	struct call_count *c = &m->v[id];
	unsigned outcome = code < 0 ? (unsigned)(code - CU_CODE_START_) : 0, i = 0;

	while (i < CALL_NBOUNDS && took_us > bounds_us[i]) {
		i++;
	}
	add(&c->outcomes[outcome < CALL_NOUTCOMES ? outcome : 0], 1);
	add(&c->within[i], 1);
	add(&c->sum_us, (uint64_t)took_us);
}

uint64_t call_count_of(const struct call_count *c, unsigned outcome)
{
	return atomic_load_explicit(&c->outcomes[outcome], memory_order_relaxed);
}

const char *call_outcome_word(unsigned outcome)
{
	return outcome == 0 ? "ok" : cu_err_wire_name(CU_CODE_START_ + (int)outcome);
}
