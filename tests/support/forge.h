/*
 * forge.h: a backup that is signed and hashed as it should be, and holds other rows.
 *
 * What a defect of the writer, or who holds the log's key, could make: neither hashes nor
 * signatures can notice it.
 */
#ifndef CU_TESTS_FORGE_H
#define CU_TESTS_FORGE_H
struct stage;

/* One more manifest in the stage's repository, with the data of the newest after this SQL, under
 * the same drill key, and with the digests of the newest.  The daemon is stopped for it. */
void forge_backup(struct stage *st, const char *sql);

#endif
