/*
 * house.h: a state directory and the services over it: keys, vault, log, store.
 *
 *	data.db index.db vault.db vault.root.a vault.root.b    the store (DESIGN part 4)
 *	log/                                                   the audit log
 *	keys/                                                  house_keys.h: what never leaves the host
 *
 * Knows no loop and no socket.  One thread opens and closes; in between the services have
 * their own rules.
 */
#ifndef CU_CONTROL_HOUSE_H
#define CU_CONTROL_HOUSE_H
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "backup/recipients.h"
#include "base/clock.h"
#include "base/path.h"
#include "crypto/keyring.h"
#include "crypto/note.h"
#include "store/store.h"

struct key;
struct key_arena;
struct ledger;
struct vault;

struct house {
	char dir[PATH_SIZE], keys_dir[PATH_SIZE], log_dir[PATH_SIZE];
	int lock_fd; /* one daemon a directory */
	struct clock clock;
	struct index_config index;
	void (*on_fatal)(void *ctx, const struct cu_err *why); /* the store's writer thread */
	void *on_fatal_ctx;
	char credential[PATH_SIZE]; /* of systemd; "": none */

	struct key_arena *arena;
	struct key *k0;
	atomic_uint ring;              /* that k0 is of */
	struct keyring_about about;    /* k0; as its ring says */
	enum keyring_source opened_by; /* what yielded k0 */
	bool is_rekey_unsure;          /* a rotation failed between the two roots */
	struct signer *signer;
	struct note_verifier verifier; /* of signer */
	struct recipients_file recipients;
	struct vault *vault;
	struct ledger *ledger;
	struct store *store; /* NULL: no store is open */
	pthread_mutex_t publishing;
};

/* Takes the directory (made if it is not there, mode 0700) for this process.  The clock,
 * index, on_fatal and credential are set by the caller before.  CU_EBUSY: another custosd has it. */
int house_take(struct house *h, const char *dir, struct cu_err *err);

/* No store has been made here, or one was begun and never finished. */
bool house_is_empty(const struct house *h);

/* Makes a store and opens it; source is the first of its root key, passphrase of that source.
 * The identity, which opens its backups, is written to identity_fd and synced before the store
 * counts; what an interrupted attempt left is removed first.  CU_EEXIST. */
int house_create(struct house *h, int identity_fd, enum keyring_source source,
	struct span passphrase, struct cu_err *err);

/* By any of the sources (bits of keyring_source) that can be used; the passphrase's p may be
 * NULL.  CU_ESEALED when none can; with one source asked for, what keyring_open says; else what
 * the part that failed says. */
int house_open(struct house *h, unsigned sources, struct span passphrase, struct cu_err *err);

/* Closes what is open and wipes the keys: house_open may follow. */
void house_close(struct house *h);

/* house_close, and gives the directory back. */
void house_leave(struct house *h);

/* Tiles and a signed checkpoint of all that is in the log's journal.  Any thread. */
int house_publish(struct house *h, struct cu_err *err);

#endif
