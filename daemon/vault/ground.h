/*
 * ground.h: how well what lies under a vault forgets what is overwritten in place.
 *
 * A key dies when the two root files are overwritten.  On ext4 and xfs that replaces
 * the old bytes (measured on raw images); a file system that journals data or copies on
 * write may keep them, and of some nobody here can tell.  Found by the mount of each
 * root file and the file's own flags; what the device does below is not seen, and a
 * snapshot of the volume neither.
 */
#ifndef CU_VAULT_GROUND_H
#define CU_VAULT_GROUND_H
#include <stdbool.h>
#include <stdint.h>

#include "base/intl.h"

/* X(id, key in certificates, makes the guarantee weaker, text) */
/* clang-format off */
#define GROUND_REASONS(X)                                                               \
	X(JOURNALLED, "journalled-data", 1,                                             \
	  N_("The file system keeps file contents in its journal, too: old keys may stay there for a while.")) \
	X(COPIES,     "copy-on-write", 1,                                               \
	  N_("The file system writes elsewhere instead of in place: old keys may stay in free space.")) \
	X(OVERLAY,    "overlay", 1,                                                     \
	  N_("The files lie on an overlay: where their bytes are is not known here."))      \
	X(NETWORK,    "network", 1,                                                     \
	  N_("The files lie on a network file system or another process's: what the other side keeps is not known here.")) \
	X(MEMORY,     "memory", 1,                                                      \
	  N_("The files lie in memory: they do not survive a restart, and may be swapped out.")) \
	X(UNKNOWN,    "unknown-filesystem", 1,                                          \
	  N_("The file system is not one of which it is known that it writes in place."))   \
	X(SOLID,      "solid-state", 0,                                                 \
	  N_("The device is solid-state: it may keep old blocks that no interface shows, until it reuses them."))
/* clang-format on */

enum ground_reason {
#define X(id, key, weaker, text) GROUND_##id,
	GROUND_REASONS(X)
#undef X
		GROUND_NREASONS_
};

/* A set: bit 1 << reason. */
typedef unsigned ground_set;

struct ground_row {
	const char *key;
	bool is_weaker;
	const char *text; /* N_(): translate when shown */
};
const struct ground_row *ground_row(enum ground_reason reason);

/* Both root files in dir.  What cannot be found out is GROUND_UNKNOWN. */
ground_set ground_look(const char *dir);

/* --- parts of it, pure ------------------------------------------------------------ */

struct ground_mount {
	char type[32], source[256], options[2048]; /* of the file system */
};
/* The mount of this id, from the text of /proc/self/mountinfo. */
bool ground_find_mount(const char *mountinfo, uint64_t id, struct ground_mount *ret);

/* Of a file on such a mount, by its own flags. */
ground_set ground_judge(
	const struct ground_mount *m, bool is_never_copied, bool is_journalled);

#endif
