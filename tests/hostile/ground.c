#include "ground.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/path.h"

#define NONCE_SIZE 16 /* of an age file's stream; then come its chunks */
#define FIRST_SIZE 64

/* --- the files ---------------------------------------------------------------------- */

/* "--- MAC", and a newline: the end of an age header. */
static uint64_t head_of(const char *path)
{
	struct buf bytes = BUF_INIT;
	struct cu_err err;
	const uint8_t *mac;
	uint64_t head = 0;

	if (path_read_file(path, 1u << 26, &bytes, &err) < 0) {
		fail_msg("%s", err.msg);
	}
	mac = memmem(bytes.p, bytes.n, "\n--- ", 5);
	assert_non_null(mac);
	head = (uint64_t)((const uint8_t *)memchr(mac + 1, '\n', bytes.n) - bytes.p) + 1 + NONCE_SIZE + FIRST_SIZE;
	buf_done(&bytes);
	return head;
}

static void list_files(struct ground *g)
{
	char *text = run_shell("cd '%s/whole' && find . -type f -printf '%%P %%s\\n' | sort", g->victim->dir);
	char path[400];

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		struct ground_file *f = &g->files[g->nfiles++];
		char *blank = strchr(line, ' ');

		assert_true(g->nfiles < GROUND_MAX_FILES);
		f->size = strtoull(blank + 1, NULL, 10);
		snprintf(f->name, sizeof(f->name), "%.*s", (int)(blank - line), line);
		if (strncmp(f->name, "data/", 5) == 0 || strncmp(f->name, "vault/", 6) == 0) {
			snprintf(path, sizeof(path), "%s/whole/%s", g->victim->dir, f->name);
			f->head = head_of(path);
		}
	}
	free(text);
}

static void ask(const struct ground *g, char to[GROUND_NAME], const char *line)
{
	char *text = run_shell("cd '%s/whole' && %s", g->victim->dir, line);

	snprintf(to, GROUND_NAME, "%.*s", (int)strcspn(text, "\n"), text);
	assert_true(to[0] != '\0');
	free(text);
}

void ground_init(struct ground *g, const struct victim *v, const char *name)
{
	uint64_t *seen = g->free_seen;
	pid_t *daemon = g->daemon;

	*g = (struct ground){ .victim = v, .free_seen = seen, .daemon = daemon };
	snprintf(g->repo, sizeof(g->repo), "%.120s/%s.repo", v->dir, name);
	free(run_shell("rm -rf '%s' && cp -a '%s/whole' '%s'", g->repo, v->dir, g->repo));
	reading_init(&g->reading, v, name);
	list_files(g);
	ask(g, g->newest_data, "set -- $(grep '^range 0 ' manifest/0000000005); find data -name $6");
	ask(g, g->newest_vault, "set -- $(grep '^vault ' manifest/0000000005); find vault -name \"*$3\"");
}

void ground_done(struct ground *g)
{
	(void)path_remove_tree(g->repo, NULL);
	reading_clear(&g->reading);
}

/* --- what must be noticed ------------------------------------------------------------- */

static bool is_below(const char *name, const char *folder)
{
	return strncmp(name, folder, strlen(folder)) == 0;
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

/* "log/tile/0/000.p/17" of a log that has more entries. */
static bool is_narrower(const struct ground *g, const char *name)
{
	const char *part = strstr(name, ".p/");
	uint64_t size = g->reading.whole.log_size;
	int level = 0;

	if (!is_below(name, "log/tile/") || !part) {
		return false;
	}
	if (sscanf(name, "log/tile/%d/", &level) == 1) {
		size >>= 8 * level;
	}
	return strtoull(part + 3, NULL, 10) != size % 256;
}

bool ground_is_needed(const struct ground *g, const char *name)
{
	return is_below(name, "manifest/") || strcmp(name, g->newest_data) == 0 ||
		strcmp(name, g->newest_vault) == 0 || (is_below(name, "log/") && !is_narrower(g, name));
}

static uint64_t size_of(const struct ground *g, const char *name)
{
	for (size_t i = 0; i < g->nfiles; i++) {
		if (strcmp(g->files[i].name, name) == 0) {
			return g->files[i].size;
		}
	}
	return 0;
}

static enum ground_free why_free(const struct ground *g, const char *name, uint64_t offset, bool is_cut)
{
	if (ends_with(name, ".minisig") && !is_cut && offset >= strlen("untrusted comment: ") && offset < 80) {
		return FREE_COMMENT;
	}
	if (ends_with(name, ".minisig") && is_cut && offset + 1 == size_of(g, name)) {
		return FREE_NEWLINE;
	}
	return is_narrower(g, name) ? FREE_NARROWER : FREE_NONE;
}

/* What a message calls this file. */
static void name_told(const char *name, char to[GROUND_NAME])
{
	snprintf(to, GROUND_NAME, "%s", is_below(name, "log/") ? "log" : name);
	if (ends_with(to, ".minisig")) {
		to[strlen(to) - strlen(".minisig")] = '\0'; /* the manifest is what its signature fails */
	}
}

static const char *judge_check(const struct reading *r, const char *told)
{
	if (r->faults + r->notes == 0) {
		return "check finds nothing";
	}
	return strstr(r->told, told) ? NULL : "check does not name it";
}

const char *ground_judge(struct ground *g, const char *name, uint64_t offset, bool is_cut)
{
	struct reading *r = &g->reading;
	enum ground_free why = why_free(g, name, offset, is_cut);
	char told[GROUND_NAME];
	const char *wrong;

	name_told(name, told);
	reading_restore(r, g->repo);
	if (r->restored < 0) {
		wrong = ground_is_needed(g, name) ? reading_judge(r, MUST_REFUSE, told) :
						    "it is not asked for, and stops a restore";
	} else if (ground_is_needed(g, name) && why == FREE_NONE) {
		wrong = "it was restored";
	} else {
		wrong = reading_judge(r, MUST_BE_SAME, NULL);
	}
	reading_clear(r);
	if (wrong) {
		return wrong;
	}
	reading_check(r, g->repo);
	if (why != FREE_NONE && r->restored == 0) {
		if (g->free_seen) {
			g->free_seen[why]++;
		}
		return NULL; /* noticed or not */
	}
	return judge_check(r, told);
}
