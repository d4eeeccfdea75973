/*
 * recipients.h: for whom backups are encrypted: the public halves, as the host keeps them.
 *
 * Text, one a line: "data age1..." and "vault age1...", '#' comments and empty lines.  Several
 * of each are allowed: each of them opens every new object of its kind.  Plain values, no
 * heap.  docs/formats/repository.md.
 */
#ifndef CU_BACKUP_RECIPIENTS_H
#define CU_BACKUP_RECIPIENTS_H
#include <stddef.h>

#include "base/span.h"
#include "crypto/age.h"

struct buf;
struct cu_err;

#define RECIPIENTS_MAX       16 /* of one kind; keeps an age header under 2 KiB */
#define RECIPIENTS_FILE_NAME "recipients"
#define RECIPIENTS_PRINT_SIZE 17 /* a fingerprint: 16 hex digits and NUL */

struct recipients_list {
	char at[RECIPIENTS_MAX][AGE_RECIPIENT_SIZE];
	size_t n;
};

struct recipients_file {
	struct recipients_list data;  /* open data objects */
	struct recipients_list vault; /* open vault objects */
};

/* CU_EINVAL for what is no X25519 recipient or is there already, CU_ELIMIT over the maximum. */
int recipients_add(struct recipients_list *to, const char *recipient, struct cu_err *err);

/* At least one of each kind.  CU_EINVAL names the line. */
int recipients_parse(struct span text, struct recipients_file *ret, struct cu_err *err);
void recipients_format(const struct recipients_file *f, struct buf *out);

/* "<dir>/recipients".  CU_ENOENT when it is absent.  Saving is durable and replaces. */
int recipients_load(const char *dir, struct recipients_file *ret, struct cu_err *err);
int recipients_save(const char *dir, const struct recipients_file *f, struct cu_err *err);

/* The first 8 bytes of SHA-256 of the recipient's text, in hex.  Names a recipient in a
 * manifest without showing the key: who has the objects alone does not learn to whom. */
void recipients_print(const char *recipient, char out[RECIPIENTS_PRINT_SIZE]);

/* For the age layer; freed with age_recipients_free. */
int recipients_for_age(const struct recipients_list *l, struct age_recipients **ret,
	struct cu_err *err);

#endif
