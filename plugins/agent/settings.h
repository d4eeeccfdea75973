/*
 * settings.h: what agent.yaml says about a route, by the rows of its plugin.
 *
 * One thread; lives as long as its route.
 */
#ifndef CU_AGENT_SETTINGS_H
#define CU_AGENT_SETTINGS_H
#include <jansson.h>

#include "custos_plugin.h"

struct cu_err;
struct settings;

/* given: an object of texts, borrowed.  CU_EINVAL: "<key>: <reason>"; no value is repeated.  Reads
 * files of secrets. */
int settings_read(const struct cu_plugin *p, const json_t *given, const char *credentials_dir,
	struct settings **ret, struct cu_err *err);
void settings_free(struct settings *s); /* wipes secrets; NULL is fine */

const struct cu_value *settings_values(const struct settings *s);

/* The i-th path of a setting of this type (CU_SETTING_FILE, CU_SETTING_DIRECTORY), or NULL past the last. */
const char *settings_path(const struct settings *s, uint32_t type, size_t i);

#endif
