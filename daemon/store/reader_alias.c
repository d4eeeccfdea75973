#include "store/reader_alias.h"

#include "store/store_internal.h"
#include "store/tx_merge_internal.h"

int reader_alias_follow(struct reader *rd, struct id *id, struct cu_err *err)
{
	return alias_follow(rd->engine, id, err);
}

int reader_merge_require(struct reader *rd, const struct id *old, const struct id *subject,
	struct cu_err *err)
{
	return merge_require(rd->engine, old, subject, err);
}

int reader_alias_of(struct reader *rd, const struct id *subject, const struct id *after,
	struct row_alias *ret, struct cu_err *err)
{
	return engine_alias_of(rd->engine, subject, after, ret, err);
}

int reader_alias_next_open(struct reader *rd, const struct id *after, struct row_alias *ret,
	struct cu_err *err)
{
	return engine_alias_next_open(rd->engine, after, ret, err);
}
