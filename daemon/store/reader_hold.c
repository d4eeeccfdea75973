#include "store/reader_hold.h"

#include "store/store_internal.h"
#include "store/tx_erase_internal.h"

int reader_hold(struct reader *rd, const struct id *id, struct row_hold *ret, struct cu_err *err)
{
	return engine_hold_get(rd->engine, id, ret, err);
}

int reader_next_hold(struct reader *rd, const struct row_hold *after, struct row_hold *ret,
	struct cu_err *err)
{
	return engine_hold_next(rd->engine, after, ret, err);
}

int reader_hold_part(struct reader *rd, const struct id *hold, const char *after,
	char ret[ENGINE_KEY_SIZE], struct cu_err *err)
{
	return engine_hold_part_next(rd->engine, hold, after, ret, err);
}

int reader_hold_slot(struct reader *rd, const uint64_t *after, struct row_hold_slot *ret,
	struct cu_err *err)
{
	return engine_hold_slot_next(rd->engine, after, ret, err);
}

int reader_hold_of_erasure(struct reader *rd, const struct row_erasure *row, struct id *ret_hold,
	struct cu_err *err)
{
	return erase_find_hold(rd->engine, row, ret_hold, err);
}

int reader_hold_of(struct reader *rd, const struct erase_what *what, struct id *ret_hold,
	struct cu_err *err)
{
	return erase_find_hold_of(rd->engine, what, ret_hold, err);
}
