#include "backup/repo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

/* --- names ------------------------------------------------------------------------ */

void repo_name_data(const uint8_t hash[32], char out[REPO_NAME_SIZE])
{
	char hex[65];

	text_hex(hash, 32, hex);
	snprintf(out, REPO_NAME_SIZE, "data/%.2s/%s", hex, hex);
}

void repo_name_vault(uint64_t generation, const uint8_t hash[32], char out[REPO_NAME_SIZE])
{
	char hex[65];

	text_hex(hash, 32, hex);
	snprintf(out, REPO_NAME_SIZE, "vault/%020" PRIu64 "-%s", generation, hex);
}

void repo_name_manifest(uint64_t sequence, char out[REPO_NAME_SIZE])
{
	snprintf(out, REPO_NAME_SIZE, "manifest/%010" PRIu64, sequence);
}

void repo_name_signature(uint64_t sequence, char out[REPO_NAME_SIZE])
{
	snprintf(out, REPO_NAME_SIZE, "manifest/%010" PRIu64 ".minisig", sequence);
}

/* n decimal digits at text; what is above 64 bits is no number. */
static bool take_digits(const char *text, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t digit = (uint64_t)(text[i] - '0');

		if (text[i] < '0' || text[i] > '9' || v > (UINT64_MAX - digit) / 10) {
			return false;
		}
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}

static bool is_in(const char *name, const char *folder)
{
	return strncmp(name, folder, strlen(folder)) == 0;
}

/* A name is ours only if we would give it: built again and compared. */
struct repo_name repo_name_parse(const char *name)
{
	struct repo_name n = { .kind = REPO_OTHER };
	char again[REPO_NAME_SIZE] = "";
	size_t len = strlen(name);

	if (is_in(name, "tmp/")) {
		n.kind = REPO_TMP;
		return n;
	}
	if (is_in(name, "data/") && len == 72 && text_unhex(name + 8, 64, n.hash, 32)) {
		n.kind = REPO_DATA;
		repo_name_data(n.hash, again);
	} else if (is_in(name, "vault/") && len == 91 && take_digits(name + 6, 20, &n.number) &&
		text_unhex(name + 27, 64, n.hash, 32)) {
		n.kind = REPO_VAULT;
		repo_name_vault(n.number, n.hash, again);
	} else if (is_in(name, "manifest/") && len == 19 && take_digits(name + 9, 10, &n.number)) {
		n.kind = REPO_MANIFEST;
		repo_name_manifest(n.number, again);
	} else if (is_in(name, "manifest/") && len == 27 && take_digits(name + 9, 10, &n.number)) {
		n.kind = REPO_SIGNATURE;
		repo_name_signature(n.number, again);
	}
	if (strcmp(again, name) != 0) {
		n = (struct repo_name){ .kind = REPO_OTHER };
	}
	return n;
}

/* --- writing ---------------------------------------------------------------------- */

int repo_upload_begin(struct repo *r, struct repo_upload *ret, struct cu_err *err)
{
	return r->ops->begin(r, ret, err);
}

void repo_upload_drop(struct repo *r, struct repo_upload *u)
{
	if (u->fd >= 0) {
		r->ops->drop(r, u);
	}
}

int repo_upload_put(struct repo *r, struct repo_upload *u, const char *name,
	bool *ret_is_new, struct cu_err *err)
{
	int code = r->ops->place(r, u, name, false, err);

	if (code == CU_EEXIST) {
		*ret_is_new = false;
		repo_upload_drop(r, u);
		return 0;
	}
	if (code == 0) {
		*ret_is_new = true;
	}
	return code;
}

static int put_small(struct repo *r, const char *name, struct span bytes, bool may_replace,
	struct cu_err *err)
{
	struct repo_upload u = { .fd = -1 };
	int code = repo_upload_begin(r, &u, err);

	if (code == 0) {
		code = path_write_fd(u.fd, bytes, err);
	}
	if (code == 0) {
		code = r->ops->place(r, &u, name, may_replace, err);
	}
	repo_upload_drop(r, &u);
	return code;
}

int repo_put(struct repo *r, const char *name, struct span bytes, struct cu_err *err)
{
	return put_small(r, name, bytes, false, err);
}

int repo_put_over(struct repo *r, const char *name, struct span bytes, struct cu_err *err)
{
	return put_small(r, name, bytes, true, err);
}

/* --- reading ---------------------------------------------------------------------- */

int repo_open_object(struct repo *r, const char *name, uint64_t most, int *ret_fd,
	uint64_t *ret_size, struct cu_err *err)
{
	return r->ops->open(r, name, most, ret_fd, ret_size, err);
}

int repo_size(struct repo *r, const char *name, uint64_t *ret_size, struct cu_err *err)
{
	return r->ops->size(r, name, ret_size, err);
}

int repo_get(struct repo *r, const char *name, size_t limit, struct buf *to,
	struct cu_err *err)
{
	uint64_t size;
	int fd = -1, code = repo_open_object(r, name, limit, &fd, &size, err);

	if (code < 0) {
		return code;
	}
	code = path_read_fd(fd, limit, to, err);
	close(fd);
	return code < 0 ? cu_err_wrap(err, code, "%s", name) : 0;
}

/* --- lists ------------------------------------------------------------------------ */

int repo_list(struct repo *r, const char *under, repo_list_fn *fn, void *ctx,
	struct cu_err *err)
{
	return r->ops->list(r, under, fn, ctx, err);
}

int repo_remove(struct repo *r, const char *name, struct cu_err *err)
{
	return r->ops->remove(r, name, err);
}

static int remove_leftover(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	(void)size;
	return repo_remove(ctx, name, err);
}

int repo_sweep(struct repo *r, struct cu_err *err)
{
	return repo_list(r, "tmp", remove_leftover, r, err);
}
