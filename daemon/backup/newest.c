#include "backup/newest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backup/chain.h"
#include "backup/manifest.h"
#include "backup/rebuild.h"
#include "base/err.h"

#define NAME "newest"

static int build(struct repo *repo, const struct chain_link *link,
	const struct age_identities *ids, const char *dir, const struct watch *watch,
	struct cu_err *err)
{
	struct manifest manifest = { 0 };
	int r = chain_get(repo, link, &manifest, err);

	if (r == 0) {
		r = path_make_dir(dir, 0700, err);
	}
	if (r == 0) {
		r = rebuild_data(
			repo, &manifest, (struct rebuild_opener){ .ids = ids }, dir, watch, err);
	}
	manifest_done(&manifest);
	return r;
}

static bool is_unusable(int r)
{
	return r == CU_ECORRUPT || r == CU_ENOENT || r == CU_ENOKEY;
}

static void pass_over(struct newest *n, const struct chain_link *link, const struct cu_err *why)
{
	if (!n->fault[0]) {
		snprintf(n->fault, sizeof(n->fault), "backup %" PRIu64 ": %.160s", link->sequence,
			why->msg);
	}
}

static bool has_same_data(const struct chain_link *a, const struct chain_link *b)
{
	return memcmp(a->data_object, b->data_object, sizeof(a->data_object)) == 0;
}

/* The data that comes before that of this link. */
static const struct chain_link *before(const struct chain_link *link, const struct chain_link *wanted)
{
	const struct chain_link *at = link;

	while (at > wanted && has_same_data(at, link)) {
		at--;
	}
	return at;
}

/* No room, or a cancel: nothing older would do better. */
static int give_up(const struct newest *n, int r, const struct cu_err *why, struct cu_err *err)
{
	return cu_err_set(err, r,
		"%s; what was decided since is read from backup %" PRIu64 ", which needs another %" PRIu64
		" MiB here for a while", why->msg, n->link->sequence, (n->link->data_size >> 20) + 1);
}

int newest_build(struct repo *repo, const struct chain *chain, const struct chain_link *wanted,
	const struct age_identities *ids, const char *site_dir, const struct watch *watch,
	struct newest *ret, struct cu_err *err)
{
	struct newest n = { .link = &chain->at[chain->n - 1] };
	struct cu_err why;

	for (; !has_same_data(n.link, wanted); n.link = before(n.link, wanted)) {
		int r = path_join(n.dir, site_dir, NAME, &why);

		if (r == 0) {
			r = build(repo, n.link, ids, n.dir, watch, &why);
		}
		if (r == 0) {
			n.bytes = n.link->data_size;
			n.stored_bytes = n.link->data_stored;
			break;
		}
		(void)path_remove_tree(n.dir, NULL); /* goes with the site at the latest */
		if (!is_unusable(r)) {
			return give_up(&n, r, &why, err);
		}
		pass_over(&n, n.link, &why);
		n.dir[0] = '\0';
	}
	while (n.link > chain->at && has_same_data(n.link - 1, n.link)) {
		n.link--; /* a manifest may name data of an earlier one beside a newer vault object */
	}
	*ret = n;
	return 0;
}

int newest_drop(struct newest *n, struct cu_err *err)
{
	int r = n->dir[0] ? path_remove_tree(n->dir, err) : 0;

	n->dir[0] = '\0';
	return r;
}
