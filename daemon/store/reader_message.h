/*
 * reader_message.h: looking at messages.  Their texts are records of row.kase in the collection
 * MESSAGE_COLLECTION (reader_records): they are read only to be handed to the agent, after a leaf.
 */
#ifndef CU_STORE_READER_MESSAGE_H
#define CU_STORE_READER_MESSAGE_H
#include "store/engine_message.h"
#include "store/reader.h"

/* As the functions of engine_message.h: 1, 0 or a code. */
int reader_message(
	struct reader *rd, const struct id *id, struct row_message *ret, struct cu_err *err);
int reader_next_message(struct reader *rd, const struct row_message *after,
	struct row_message *ret, struct cu_err *err);
int reader_next_waiting_message(struct reader *rd, const struct row_message *after,
	struct row_message *ret, struct cu_err *err);
int reader_last_message(struct reader *rd, const char *kind, const char *about,
	const char *route, struct row_message *ret, struct cu_err *err);

#endif
