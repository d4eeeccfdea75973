/*
 * tx_job.h: what a job did, and from when its next time counts.
 *
 * What a job changes has its own leaves; that it ran has none.  In a step on the writer's thread, or
 * with a reader.
 */
#ifndef CU_STORE_TX_JOB_H
#define CU_STORE_TX_JOB_H
#include "store/engine_job.h"
#include "store/reader.h"
#include "store/tx.h"

#define JOB_RUNS_KEPT 50 /* of each job */

/* From here on its next time counts: by lineage, for a restored store has not done it yet. */
int tx_job_from(struct tx *tx, const char *job, int64_t from_ms, struct cu_err *err);
/* A run that has ended; of older ones JOB_RUNS_KEPT stay. */
int tx_job_put(struct tx *tx, const struct row_job *row, struct cu_err *err);

/* 1, 0 (never seen) or a code. */
int reader_job_from(struct store *st, struct reader *rd, const char *job, int64_t *ret_ms,
	struct cu_err *err);
/* As engine_job_before. */
int reader_job_before(struct reader *rd, const char *job, int64_t before_ms, struct row_job *ret,
	struct cu_err *err);

#endif
