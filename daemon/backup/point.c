#include "backup/point.h"

#include <inttypes.h>
#include <string.h>

#include "backup/chain.h"
#include "base/buf.h"
#include "base/civil.h"

/* The first that names its data. */
static bool is_point(const struct chain *chain, size_t i)
{
	return i == 0 || memcmp(chain->at[i].data_object, chain->at[i - 1].data_object,
				 sizeof(chain->at[i].data_object)) != 0;
}

struct point point_at(const struct chain *chain, int64_t at_ms)
{
	struct point p = { 0 };

	for (size_t i = 0; i < chain->n; i++) {
		const struct chain_link *link = &chain->at[i];

		if (is_point(chain, i) && link->data_time_ms <= at_ms) {
			p.link = link;
		}
		if (!p.back && i > 0 && link->data_time_ms < chain->at[i - 1].data_time_ms) {
			p.back = link;
		}
	}
	return p;
}

static void put_line(const struct chain_link *link, struct buf *to)
{
	char when[CIVIL_TIME_SIZE];

	civil_format_time(link->data_time_ms, when);
	buf_putf(to, "  backup %-6" PRIu64 " %s\n", link->sequence, when);
}

void point_list(const struct chain *chain, unsigned most, struct buf *to)
{
	const struct chain_link *last = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < chain->n; i++) {
		if (is_point(chain, i)) {
			last = &chain->at[i];
			if (n++ < most) {
				put_line(last, to);
			}
		}
	}
	if (n > most) {
		buf_putf(to, "  and %u more, the last of which is\n", n - most);
		put_line(last, to);
	}
}
