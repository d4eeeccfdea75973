/*
 * target.h: a target of backup.yaml: a plugin with settings, and the thread that serves its orders, one at
 * a time.
 */
#ifndef CU_AGENT_TARGET_H
#define CU_AGENT_TARGET_H
#include <jansson.h>
#include <stdbool.h>

#include "agent/plugin.h"

struct cu_err;
struct target;

#define TARGETS_MAX     8
#define TARGET_KEY_SIZE 64

/* docs/formats/agent.md; the words are custosd's. */
struct target_order {
	char id[40], verb[16], name[128];
	uint64_t size;
	int fd; /* -1: none; owned */
};

/* On the target's thread: what became of the order of this id; size is what was measured. */
typedef void target_told(void *ctx, const char *id, int32_t code, uint64_t size,
	const struct cu_fault *fault);

/* Opens it.  CU_EINVAL with the reason.  No thread yet. */
int target_open(const char *key, const struct cu_plugin *p, const json_t *settings,
	const char *credentials_dir, target_told *told, void *ctx, struct target **ret,
	struct cu_err *err);
/* After the process was confined. */
int target_start(struct target *t, struct cu_err *err);
const char *target_key(const struct target *t);
/* Paths of settings (settings_path). */
const char *target_path(const struct target *t, uint32_t type, size_t i);

/* Takes the order's descriptor, unless it fails: CU_EBUSY while another one is under way. */
int target_do(struct target *t, struct target_order *o, struct cu_err *err);

/* As those of routes. */
bool target_wait(struct target *t, int64_t ms);
bool target_stop(struct target *t);
void target_close(struct target *t);

#endif
