#include "agent/settings.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"

#define SECRET_MAX_BYTES 4096

struct settings {
	const struct cu_plugin *plugin;
	struct cu_value *values;
	char **texts; /* owned: those of values */
};

/* --- types ------------------------------------------------------------------------- */

static int take_number(const struct cu_setting *row, const char *text, int64_t *ret,
	struct cu_err *err)
{
	bool has_range = row->min != 0 || row->max != 0;
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || *end || end == text || !(isdigit((unsigned char)text[0]) || text[0] == '-')) {
		return cu_err_set(err, CU_EINVAL, "%s: is no whole number", row->key);
	}
	if (v < (has_range ? row->min : 0) || (has_range && v > row->max)) {
		return cu_err_set(err, CU_EINVAL, "%s: is not between %lld and %lld", row->key,
			(long long)row->min, (long long)row->max);
	}
	*ret = v;
	return 0;
}

static int take_word(const struct cu_setting *row, const char *text, int64_t *ret,
	struct cu_err *err)
{
	int64_t i = 0;

	for (const char *w = row->words; w && *w; i++) {
		size_t n = strcspn(w, " ");

		if (strlen(text) == n && strncmp(w, text, n) == 0) {
			*ret = i;
			return 0;
		}
		w += n + (w[n] == ' ');
	}
	return cu_err_set(err, CU_EINVAL, "%s: is none of: %s", row->key, row->words);
}

/* Nobody else may read it, and it is ours, or root's. */
static int check_secret(int fd, const struct cu_setting *row, struct cu_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		return cu_err_set(err, CU_EINVAL, "%s: is no file", row->key);
	}
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		return cu_err_set(err, CU_EINVAL,
			"%s: others may read the file: 'chmod 0400' it, and let it belong to the agent's user",
			row->key);
	}
	return 0;
}

static int read_secret(const struct cu_setting *row, const char *path, bool is_credential,
	char **ret, struct cu_err *err)
{
	struct buf text = BUF_INIT_WIPE;
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0) {
		return cu_err_errno(err, errno, "%s: the file cannot be read", row->key);
	}
	r = is_credential ? 0 : check_secret(fd, row, err); /* systemd's has an ACL, which reads as a group */
	if (r == 0) {
		r = path_read_fd(fd, SECRET_MAX_BYTES, &text, err);
	}
	close(fd);
	while (r == 0 && text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r')) {
		text.n--;
	}
	if (r == 0 && (text.n == 0 || memchr(text.p, '\0', text.n))) {
		r = cu_err_set(err, CU_EINVAL, "%s: there is no text in the file", row->key);
	}
	if (r == 0 && !(*ret = strndup((const char *)text.p, text.n))) {
		r = cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	buf_done(&text);
	return r;
}

/* A path, or the name of a credential. */
static int take_secret(const struct cu_setting *row, const char *text, const char *credentials,
	char **ret, struct cu_err *err)
{
	char path[PATH_SIZE];
	int r = 0;

	if (text[0] == '/') {
		return read_secret(row, text, false, ret, err);
	}
	if (!credentials || strchr(text, '/')) {
		return cu_err_set(err, CU_EINVAL,
			"%s: is neither an absolute path nor a credential of systemd", row->key);
	}
	r = path_join(path, credentials, text, err);
	return r < 0 ? r : read_secret(row, path, true, ret, err);
}

static int take_text(const struct cu_setting *row, const char *text, const char *credentials,
	char **ret, struct cu_err *err)
{
	if (row->type == CU_SETTING_SECRET) {
		return take_secret(row, text, credentials, ret, err);
	}
	if ((row->type == CU_SETTING_FILE || row->type == CU_SETTING_DIRECTORY) && text[0] != '/') {
		return cu_err_set(err, CU_EINVAL, "%s: is no absolute path", row->key);
	}
	*ret = strdup(text);
	return *ret ? 0 : cu_err_set(err, CU_ENOMEM, "out of memory");
}

/* --- all rows ---------------------------------------------------------------------- */

static int read_row(struct settings *s, size_t i, const json_t *given, const char *credentials,
	struct cu_err *err)
{
	const struct cu_setting *row = &s->plugin->settings[i];
	const char *text = json_string_value(json_object_get(given, row->key));
	struct cu_value *v = &s->values[i];
	int r;

	if (!text && row->flags & CU_SETTING_MUST) {
		return cu_err_set(err, CU_EINVAL, "%s: is missing: %s", row->key,
			row->text ? row->text : "");
	}
	text = text ? text : row->standard;
	if (!text) {
		return 0;
	}
	r = take_text(row, text, credentials, &s->texts[i], err);
	if (r == 0 && row->type == CU_SETTING_NUMBER) {
		r = take_number(row, text, &v->number, err);
	}
	if (r == 0 && row->type == CU_SETTING_WORD) {
		r = take_word(row, text, &v->number, err);
	}
	v->text = s->texts[i];
	return r;
}

static bool is_known(const struct cu_plugin *p, const char *key)
{
	for (size_t i = 0; i < p->nsettings; i++) {
		if (strcmp(p->settings[i].key, key) == 0) {
			return true;
		}
	}
	return false;
}

static int check_keys(const struct cu_plugin *p, const json_t *given, struct cu_err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)given, key, value) {
		if (!is_known(p, key)) {
			return cu_err_set(err, CU_EINVAL, "%.40s: the plugin %s has no such setting", key,
				p->name);
		}
	}
	return 0;
}

int settings_read(const struct cu_plugin *p, const json_t *given, const char *credentials_dir,
	struct settings **ret, struct cu_err *err)
{
	struct settings *s = calloc(1, sizeof(*s));
	int r = 0;

	if (s) {
		s->plugin = p;
		s->values = calloc(p->nsettings + 1, sizeof(*s->values));
		s->texts = calloc(p->nsettings + 1, sizeof(*s->texts));
	}
	if (!s || !s->values || !s->texts) {
		r = cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	if (r == 0) {
		r = check_keys(p, given, err);
	}
	for (size_t i = 0; r == 0 && i < p->nsettings; i++) {
		r = read_row(s, i, given, credentials_dir, err);
	}
	if (r < 0) {
		settings_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void settings_free(struct settings *s)
{
	if (!s) {
		return;
	}
	for (size_t i = 0; s->texts && i < s->plugin->nsettings; i++) {
		if (s->texts[i]) {
			explicit_bzero(s->texts[i], strlen(s->texts[i]));
		}
		free(s->texts[i]);
	}
	free(s->texts);
	free(s->values);
	free(s);
}

const struct cu_value *settings_values(const struct settings *s)
{
	return s->values;
}

const char *settings_path(const struct settings *s, uint32_t type, size_t i)
{
	for (size_t at = 0; at < s->plugin->nsettings; at++) {
		if (s->plugin->settings[at].type == type && s->texts[at] && i-- == 0) {
			return s->texts[at];
		}
	}
	return NULL;
}
