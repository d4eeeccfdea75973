#include "store/reader_message.h"

#include "store/store_internal.h"

int reader_message(
	struct reader *rd, const struct id *id, struct row_message *ret, struct cu_err *err)
{
	return engine_message_get(rd->engine, id, ret, err);
}

int reader_next_message(struct reader *rd, const struct row_message *after,
	struct row_message *ret, struct cu_err *err)
{
	return engine_message_next(rd->engine, after, ret, err);
}

int reader_next_waiting_message(struct reader *rd, const struct row_message *after,
	struct row_message *ret, struct cu_err *err)
{
	return engine_message_next_waiting(rd->engine, after, ret, err);
}

int reader_last_message(struct reader *rd, const char *kind, const char *about,
	const char *route, struct row_message *ret, struct cu_err *err)
{
	return engine_message_last(rd->engine, kind, about, route, ret, err);
}
