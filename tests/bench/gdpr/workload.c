#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "made.h"

const struct call_type workload_calls[WORKLOAD_CALLS] = {
	{ "insert", CALL_INSERT, 0, false },
	{ "read", CALL_READ, 0, true },
	{ "read_by_pur", CALL_READ_META, PUR, true },
	{ "read_by_usr", CALL_READ_META, USR, true },
	{ "read_by_obj", CALL_READ_META, OBJ, true },
	{ "read_by_dec", CALL_READ_META, DEC, true },
	{ "readmeta_by_usr", CALL_READ_META, USR, false },
	{ "readmeta_by_shr", CALL_READ_META, SHR, false },
	{ "update", CALL_UPDATE, 0, false },
	{ "updmeta_by_key", CALL_UPDATE_KEY, 0, false },
	{ "updmeta_by_pur", CALL_UPDATE_META, PUR, false },
	{ "updmeta_by_usr", CALL_UPDATE_META, USR, false },
	{ "updmeta_by_shr", CALL_UPDATE_META, SHR, false },
	{ "delete", CALL_DELETE, 0, false },
	{ "del_by_pur", CALL_DELETE_META, PUR, false },
	{ "del_by_ttl", CALL_DELETE_META, TTL, false },
	{ "del_by_usr", CALL_DELETE_META, USR, false },
	{ "readlog", CALL_READ_LOG, 0, false },
	{ "verify_deletion", CALL_VERIFY, 0, true },
};

static bool set(struct workload *w, const char *name, const char *value)
{
	if (strcmp(name, "records") == 0) {
		w->records = strtoull(value, NULL, 10);
	} else if (strcmp(name, "calls") == 0) {
		w->calls = strtoull(value, NULL, 10);
	} else if (strcmp(name, "threads") == 0) {
		w->threads = (unsigned)strtoul(value, NULL, 10);
	} else if (strcmp(name, "dist") == 0) {
		w->is_zipf = strcmp(value, "zipfian") == 0;
	} else {
		for (int i = 0; i < WORKLOAD_CALLS; i++) {
			if (strcmp(name, workload_calls[i].name) == 0) {
				w->weight[i] = strtod(value, NULL);
				return true;
			}
		}
		return false;
	}
	return true;
}

bool workload_read(const char *path, struct workload *ret)
{
	FILE *file = fopen(path, "re");
	char line[256], name[64], value[64];
	bool ok = file != NULL;

	if (!ok) {
		perror(path);
		return false;
	}
	*ret = (struct workload){ .records = 100000, .calls = 10000, .threads = 8 };
	while (ok && fgets(line, sizeof(line), file)) {
		if (line[0] != '#' && sscanf(line, " %63[^= ] = %63s", name, value) == 2) {
			ok = set(ret, name, value);
		}
	}
	if (!ok) {
		fprintf(stderr, "%s: unknown setting '%s'\n", path, name);
	}
	fclose(file);
	return ok;
}

const struct call_type *workload_pick(const struct workload *w, double at)
{
	double sum = 0;
	int last = 0;

	for (int i = 0; i < WORKLOAD_CALLS; i++) {
		sum += w->weight[i];
	}
	at *= sum;
	for (int i = 0; i < WORKLOAD_CALLS; i++) {
		if (w->weight[i] > 0) {
			last = i;
			at -= w->weight[i];
			if (at < 0) {
				break;
			}
		}
	}
	return &workload_calls[last];
}
