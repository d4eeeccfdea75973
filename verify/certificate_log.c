#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify/certificate.h"
#include "verify/flaw.h"
#include "verify/published.h"

struct search {
	const struct certificate *c;
	size_t next; /* the claim that comes next */
};

/* The claims ascend, so one look at each entry is enough. */
static int on_entry(void *ctx, uint64_t index, struct bytes line, const struct entry *e,
	struct flaw *f)
{
	struct search *s = ctx;
	const struct certificate *c = s->c;

	if (s->next < c->nclaims && c->claims[s->next].index == index) {
		if (!bytes_equal(line, c->claims[s->next].line)) {
			return flaw_set(f, VERDICT_INVALID,
				"is not what the certificate shows");
		}
		s->next++;
		return 0;
	}
	if (bytes_equal(e->act, bytes_of_text("erase.shred")) &&
		bytes_equal(e->object, bytes_of_text(c->erasure))) {
		return flaw_set(f, VERDICT_INVALID,
			"belongs to this erasure, and the certificate does not show "
			"it");
	}
	return 0;
}

int certificate_check_log(const struct certificate *c, const char *dir,
	const struct signed_key *key, struct published_result *ret, struct flaw *f)
{
	struct search search = { c, 0 };
	struct published_waypoint *waypoints = calloc(c->nclaims, sizeof(*waypoints));
	struct published_wish wish = { waypoints, c->nclaims, on_entry, &search };
	int r;

	if (!waypoints) {
		return flaw_set(f, VERDICT_FAILED, "out of memory");
	}
	for (size_t i = 0; i < c->nclaims; i++) {
		waypoints[i].size = c->claims[i].head.size;
		memcpy(waypoints[i].root, c->claims[i].head.root, MERKLE_SIZE);
	}
	r = published_check(dir, key, &wish, ret, f);
	free(waypoints);
	return r;
}
