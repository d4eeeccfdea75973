#include "agent/plugin.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"

/* --- the host ---------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static int32_t host_fail(struct cu_fault *fault, int32_t code, const char *format, ...)
{
	char raw[sizeof(fault->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	if (fault) {
		text_escape(raw, fault->text, sizeof(fault->text));
	}
	return code;
}

static void host_log(const char *line)
{
	log_info("%s", line);
}

static void *host_alloc(size_t n)
{
	return calloc(1, n);
}

static int64_t host_now_ms(void)
{
	struct clock clock = clock_system();

	return clock_now_ms(&clock);
}

const struct cu_host plugin_host = {
	CU_PLUGIN_MAJOR, CU_PLUGIN_MINOR, sizeof(struct cu_host),
	host_fail, host_log, host_alloc, free, host_now_ms
};

/* --- one plugin -------------------------------------------------------------------- */

/* The first version ended with this member. */
#define SIZE_OF_1_0 (offsetof(struct cu_plugin, message) + sizeof(const void *))
#define SIZE_OF_1_1 (offsetof(struct cu_plugin, target) + sizeof(const void *))

static int check_message(const struct cu_plugin *p, struct cu_err *err)
{
	const struct cu_message_calls *m = p->message;

	if (p->kinds & CU_PLUGIN_MESSAGE &&
		(!m || m->size < sizeof(*m) || !m->open || !m->send || !m->close)) {
		return cu_err_set(err, CU_EUNSUP, "it lacks calls for messages");
	}
	return 0;
}

/* It may have been built before there was such a member. */
const struct cu_target_calls *plugin_target(const struct cu_plugin *p)
{
	return p->kinds & CU_PLUGIN_TARGET && p->size >= SIZE_OF_1_1 ? p->target : NULL;
}

static int check_target(const struct cu_plugin *p, struct cu_err *err)
{
	const struct cu_target_calls *t = plugin_target(p);

	if (p->kinds & CU_PLUGIN_TARGET &&
		(!t || t->size < sizeof(*t) || !t->open || !t->put || !t->get || !t->measure || !t->list ||
			!t->remove || !t->close)) {
		return cu_err_set(err, CU_EUNSUP, "it lacks calls for backups");
	}
	return 0;
}

int plugin_check(const struct cu_plugin *p, const char *name, struct cu_err *err)
{
	if (p->major != CU_PLUGIN_MAJOR) {
		return cu_err_set(err, CU_EUNSUP, "it is made for version %u.%u of custos_plugin.h, this is %u.%u",
			p->major, p->minor, CU_PLUGIN_MAJOR, CU_PLUGIN_MINOR);
	}
	if (p->size < SIZE_OF_1_0) {
		return cu_err_set(err, CU_EUNSUP, "its symbol is too small");
	}
	if (!p->name || strcmp(p->name, name) != 0) {
		return cu_err_set(err, CU_EUNSUP, "its name is not that of its file");
	}
	if (p->nsettings > 0 && !p->settings) {
		return cu_err_set(err, CU_EUNSUP, "it lacks its settings");
	}
	return check_message(p, err) < 0 ? CU_EUNSUP : check_target(p, err);
}

static int start(const char *path, const char *name, const struct cu_plugin **ret,
	struct cu_err *err)
{
	void *file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct cu_plugin *p = file ? dlsym(file, CU_PLUGIN_SYMBOL) : NULL;
	int r;

	if (!file) {
		return cu_err_set(err, CU_EUNSUP, "%s", dlerror());
	}
	if (!p) {
		return cu_err_set(err, CU_EUNSUP, "it has no symbol %s", CU_PLUGIN_SYMBOL);
	}
	r = plugin_check(p, name, err);
	if (r == 0 && p->startup && p->startup(&plugin_host) != CU_DONE) {
		r = cu_err_set(err, CU_EUNSUP, "it does not start");
	}
	if (r == 0) {
		*ret = p;
	}
	return r;
}

/* --- the directory ----------------------------------------------------------------- */

static void load_one(struct plugins *to, const char *dir, const char *file)
{
	char path[PATH_SIZE], name[PLUGIN_NAME_MAX + 1];
	size_t n = strlen(file);
	struct cu_err err;
	int r;

	if (n <= 3 || n - 3 > PLUGIN_NAME_MAX || strcmp(file + n - 3, ".so") != 0) {
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)n - 3, file);
	r = path_join(path, dir, file, &err);
	if (r == 0 && to->n == PLUGINS_MAX) {
		r = cu_err_set(&err, CU_ELIMIT, "there are over %d", PLUGINS_MAX);
	}
	if (r == 0) {
		r = start(path, name, &to->v[to->n], &err);
	}
	if (r < 0) {
		log_warn("plugin %s: not used: %s", name, err.msg);
	} else {
		to->n++;
	}
}

int plugins_load(const char *dir, struct plugins *ret, struct cu_err *err)
{
	char **names;
	size_t n;
	int r = path_list(dir, &names, &n, err);

	if (r < 0) {
		return cu_err_wrap(err, r, "plugins");
	}
	*ret = (struct plugins){ .n = 0 };
	for (size_t i = 0; i < n; i++) {
		load_one(ret, dir, names[i]);
	}
	path_free_names(names, n);
	return 0;
}

const struct cu_plugin *plugins_find(const struct plugins *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->v[i]->name, name) == 0) {
			return all->v[i];
		}
	}
	return NULL;
}
