#include "base/id.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/text.h"

void id_random_bytes(void *p, size_t n)
{
	uint8_t *at = p;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			abort();
		}
		at += got;
		n -= (size_t)got;
	}
}

struct id id_new(void)
{
	struct id id;

	id_random_bytes(id.b, sizeof(id.b));
	return id;
}

void id_format(const struct id *id, char out[ID_TEXT_SIZE])
{
	text_hex(id->b, sizeof(id->b), out);
}

bool id_parse(const char *text, struct id *ret_id)
{
	struct id id;

	if (!text_unhex(text, strlen(text), id.b, sizeof(id.b))) {
		return false;
	}
	*ret_id = id;
	return true;
}

bool id_eq(const struct id *a, const struct id *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool id_is_nil(const struct id *id)
{
	static const struct id nil;

	return id_eq(id, &nil);
}
