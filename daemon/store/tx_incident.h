/*
 * tx_incident.h: incidents: their rows, their sealed texts, their leaves.
 *
 * Which kinds there are and what a law asks is for privacy/incident.h; this keeps rows, leaves and
 * texts together.  In a step on the writer's thread.
 */
#ifndef CU_STORE_TX_INCIDENT_H
#define CU_STORE_TX_INCIDENT_H
#include "store/engine_incident.h"
#include "store/tx.h"

/* A new one, with a case of its own: id, number, kase and entered_ms are filled in. */
int tx_incident_open(struct tx *tx, struct row_incident *row, struct cu_err *err);

/* CU_ENOENT. */
int tx_incident_get(struct tx *tx, uint32_t number, struct row_incident *ret, struct cu_err *err);
/* The row as it is now, and a leaf that says so; why is a policy key, or "". */
int tx_incident_put(struct tx *tx, const struct row_incident *row, enum leaf_act act,
	const char *why, struct cu_err *err);

/* Forgets one that was closed before this time, with its texts: 1; 0: there is none; or a code. */
int tx_incident_end_one(struct tx *tx, int64_t before_ms, struct cu_err *err);

/* A sealed text of its case: what it is about ("facts"). */
int tx_incident_text(struct tx *tx, const struct row_incident *row, const char *about,
	struct span text, struct cu_err *err);

/* They were told: a row, and a leaf with whom ("authority") as the reason. */
int tx_incident_told(struct tx *tx, const struct row_incident *row,
	const struct row_incident_told *told, const char *whom, struct cu_err *err);

/* Whom it is about was computed, and is about to be shown: ids of 16 bytes, one after the other, into
 * the access journal, whatever became of them, with a leaf for each of its entries; the number stays. */
int tx_incident_scope(struct tx *tx, struct row_incident *row, const char *purpose,
	struct span ids, struct cu_err *err);

#endif
