#include "agent/target.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/hand.h"
#include "agent/settings.h"
#include "base/err.h"

struct target {
	char key[TARGET_KEY_SIZE];
	const struct cu_plugin *plugin;
	const struct cu_target_calls *calls;
	struct settings *settings;
	void *opened;
	target_told *told;
	void *ctx;
	struct hand hand;
	struct target_order order; /* the hand's while it is busy */
};

/* --- orders ------------------------------------------------------------------------ */

static int32_t put(struct target *t, uint32_t flags, struct cu_fault *fault)
{
	const struct target_order *o = &t->order;

	return t->calls->put(t->opened, o->name, o->fd, o->size, flags, fault);
}

static int32_t on_put(struct target *t, uint64_t *ret_size, struct cu_fault *fault)
{
	(void)ret_size;
	return put(t, 0, fault);
}

static int32_t on_replace(struct target *t, uint64_t *ret_size, struct cu_fault *fault)
{
	(void)ret_size;
	return put(t, CU_PUT_REPLACE, fault);
}

static int32_t on_get(struct target *t, uint64_t *ret_size, struct cu_fault *fault)
{
	(void)ret_size;
	return t->calls->get(t->opened, t->order.name, t->order.fd, fault);
}

static int32_t on_size(struct target *t, uint64_t *ret_size, struct cu_fault *fault)
{
	return t->calls->measure(t->opened, t->order.name, ret_size, fault);
}

static int32_t tell(void *to, const char *name, uint64_t size)
{
	return fprintf(to, "%" PRIu64 " %s\n", size, name) < 0 ? CU_LATER : CU_DONE;
}

static int32_t on_list(struct target *t, uint64_t *ret_size, struct cu_fault *fault)
{
	FILE *to = fdopen(t->order.fd, "w");
	int32_t code;

	(void)ret_size;
	if (!to) {
		return plugin_host.fail(fault, CU_LATER, "out of memory");
	}
	t->order.fd = -1; /* the FILE's */
	code = t->calls->list(t->opened, t->order.name, tell, to, fault);
	return fclose(to) == 0 || code < 0 ?
		code :
		plugin_host.fail(fault, CU_LATER, "custosd does not read any more");
}

static int32_t on_remove(struct target *t, uint64_t *ret_size, struct cu_fault *fault)
{
	(void)ret_size;
	return t->calls->remove(t->opened, t->order.name, fault);
}

static const struct verb {
	const char *word;
	bool has_fd;
	int32_t (*serve)(struct target *t, uint64_t *ret_size, struct cu_fault *fault);
} verbs[] = { { "put", true, on_put }, { "replace", true, on_replace }, { "get", true, on_get },
	{ "size", false, on_size }, { "list", true, on_list }, { "remove", false, on_remove } };

static const struct verb *find_verb(const char *word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].word, word) == 0) {
			return &verbs[i];
		}
	}
	return NULL;
}

/* The end of a pipe is seen before the answer: custosd reads it first. */
static void serve(void *target)
{
	struct target *t = target;
	struct cu_fault fault = { "" };
	char id[sizeof(t->order.id)];
	uint64_t size = 0;
	int32_t code = find_verb(t->order.verb)->serve(t, &size, &fault);

	memcpy(id, t->order.id, sizeof(id));
	if (t->order.fd >= 0) {
		close(t->order.fd);
	}
	hand_is_done(&t->hand); /* free for the next one before anybody knows */
	t->told(t->ctx, id, code, size, &fault);
}

int target_do(struct target *t, struct target_order *o, struct cu_err *err)
{
	const struct verb *verb = find_verb(o->verb);

	if (!verb || verb->has_fd != (o->fd >= 0)) {
		return cu_err_set(err, CU_EPROTO, "custosd orders what this agent does not know");
	}
	if (hand_is_busy(&t->hand)) {
		return cu_err_set(err, CU_EBUSY, "target %s is at work", t->key);
	}
	t->order = *o;
	o->fd = -1;
	hand_go(&t->hand);
	return 0;
}

/* --- its life ---------------------------------------------------------------------- */

static int open_with(struct target *t, const json_t *settings, const char *credentials_dir,
	struct cu_err *err)
{
	struct cu_fault fault = { "" };
	int e = settings_read(t->plugin, settings, credentials_dir, &t->settings, err);

	if (e < 0) {
		return e;
	}
	return t->calls->open(settings_values(t->settings), &t->opened, &fault) == CU_DONE ?
		0 :
		cu_err_set(err, CU_EINVAL, "%s", fault.text[0] ? fault.text : "it cannot be opened");
}

int target_open(const char *key, const struct cu_plugin *p, const json_t *settings,
	const char *credentials_dir, target_told *told, void *ctx, struct target **ret,
	struct cu_err *err)
{
	struct target *t;
	int e;

	if (!plugin_target(p)) {
		return cu_err_set(err, CU_EINVAL, "the plugin %s keeps no backups", p->name);
	}
	t = calloc(1, sizeof(*t));
	if (!t) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	snprintf(t->key, sizeof(t->key), "%s", key);
	t->plugin = p;
	t->calls = plugin_target(p);
	t->told = told;
	t->ctx = ctx;
	hand_init(&t->hand, serve, t);
	e = open_with(t, settings, credentials_dir, err);
	if (e < 0) {
		target_close(t);
		return e;
	}
	*ret = t;
	return 0;
}

int target_start(struct target *t, struct cu_err *err)
{
	return hand_start(&t->hand, err);
}

const char *target_key(const struct target *t)
{
	return t->key;
}

const char *target_path(const struct target *t, uint32_t type, size_t i)
{
	return settings_path(t->settings, type, i);
}

bool target_wait(struct target *t, int64_t ms)
{
	return hand_wait(&t->hand, ms);
}

bool target_stop(struct target *t)
{
	return hand_stop(&t->hand);
}

void target_close(struct target *t)
{
	if (!t) {
		return;
	}
	if (t->opened) {
		t->calls->close(t->opened);
	}
	settings_free(t->settings);
	hand_done(&t->hand);
	free(t);
}
