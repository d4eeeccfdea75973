#include "store/tx_job.h"

#include <stdio.h>

#include "base/err.h"
#include "store/store_internal.h"

#define NAME_SIZE 128

static void note_name(const struct store *st, const char *job, char out[NAME_SIZE])
{
	struct id lineage = store_lineage(st);
	char text[ID_TEXT_SIZE];

	id_format(&lineage, text);
	snprintf(out, NAME_SIZE, "job.%s.%s", text, job);
}

int tx_job_from(struct tx *tx, const char *job, int64_t from_ms, struct cu_err *err)
{
	char name[NAME_SIZE];

	note_name(tx->store, job, name);
	return tx_note_put(tx, name, (uint64_t)from_ms, err);
}

int tx_job_put(struct tx *tx, const struct row_job *row, struct cu_err *err)
{
	int r = engine_job_put(tx->engine, row, err);

	return r < 0 ? r : engine_jobs_drop(tx->engine, row->job, JOB_RUNS_KEPT, err);
}

int reader_job_from(struct store *st, struct reader *rd, const char *job, int64_t *ret_ms,
	struct cu_err *err)
{
	char name[NAME_SIZE];
	uint64_t ms = 0;
	int r;

	note_name(st, job, name);
	r = reader_note(rd, name, &ms, err);
	if (r > 0) {
		*ret_ms = (int64_t)ms;
	}
	return r;
}

int reader_job_before(struct reader *rd, const char *job, int64_t before_ms, struct row_job *ret,
	struct cu_err *err)
{
	return engine_job_before(rd->engine, job, before_ms, ret, err);
}
