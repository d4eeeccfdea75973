/*
 * repo_texts.h: the files of repository/, written by cmake/embed.cmake at build time: what lies
 * beside the backups for whoever opens them without custos.
 */
#ifndef CU_BACKUP_REPO_TEXTS_H
#define CU_BACKUP_REPO_TEXTS_H
#include <stddef.h>
#include <stdint.h>

struct repo_text {
	const char *file; /* "README.txt" */
	const uint8_t *p; /* not ended by a NUL */
	size_t n;
};

extern const struct repo_text repo_texts[];
extern const size_t repo_ntexts;

#endif
