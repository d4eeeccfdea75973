/*
 * plugin.h: the plugins of a directory: loaded, checked, started.
 *
 * custos_plugin.h is the contract.  A file that is no plugin, or of another ABI, is passed over with
 * a line that says why.  Plugins are never unloaded.  One thread.
 */
#ifndef CU_AGENT_PLUGIN_H
#define CU_AGENT_PLUGIN_H
#include <stdbool.h>

#include "custos_plugin.h"

struct cu_err;

#define PLUGINS_MAX     32
#define PLUGIN_NAME_MAX 63

struct cu_fault {
	char text[200];
};

/* The functions that plugins are given. */
extern const struct cu_host plugin_host;

struct plugins {
	const struct cu_plugin *v[PLUGINS_MAX]; /* started; live as long as the process */
	size_t n;
};

/* Loads all NAME.so of dir in the order of their names.  No directory: CU_ENOENT. */
int plugins_load(const char *dir, struct plugins *ret, struct cu_err *err);

/* Is this symbol of a file NAME.so something that can be used?  CU_EUNSUP with the reason. */
int plugin_check(const struct cu_plugin *p, const char *name, struct cu_err *err);

/* What it does for backups; NULL: it keeps none. */
const struct cu_target_calls *plugin_target(const struct cu_plugin *p);

/* NULL when there is none. */
const struct cu_plugin *plugins_find(const struct plugins *all, const char *name);

#endif
