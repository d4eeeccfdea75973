/*
 * dossier_zip.h: a ZIP written as a stream, through libarchive.
 *
 * Nothing is ever sought or kept: sizes follow their entries.  Blocking, as its sink is.
 */
#ifndef CU_PRIVACY_DOSSIER_ZIP_H
#define CU_PRIVACY_DOSSIER_ZIP_H
#include "privacy/dossier.h"

struct dossier_zip;

/* All entries have this time.  is_huge: an entry may have 4 GiB or more (ZIP64).  sink is kept. */
int dossier_zip_new(const struct dossier_sink *sink, int64_t time_ms, bool is_huge,
	struct dossier_zip **ret, struct cu_err *err);
/* Begins the next file; its name is ASCII. */
int dossier_zip_file(struct dossier_zip *z, const char *name, struct cu_err *err);
int dossier_zip_put(struct dossier_zip *z, struct span bytes, struct cu_err *err);
/* Writes the directory: without it, what was written is no archive. */
int dossier_zip_finish(struct dossier_zip *z, struct cu_err *err);
void dossier_zip_free(struct dossier_zip *z); /* NULL is fine */

#endif
