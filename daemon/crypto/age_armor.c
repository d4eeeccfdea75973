#include <string.h>

#include "base/text.h"
#include "crypto/age_internal.h"

const char age_armor_begin[] = "-----BEGIN AGE ENCRYPTED FILE-----";
const char age_armor_end[] = "-----END AGE ENCRYPTED FILE-----";

void age_armor_start(struct age_armor *a, struct buf *to)
{
	a->n = 0;
	buf_putf(to, "%s\n", age_armor_begin);
}

static void put_line(struct age_armor *a, struct buf *to)
{
	char line[TEXT_BASE64_SIZE(AGE_LINE_BYTES)];

	(void)text_base64(a->part, a->n, true, line);
	buf_putf(to, "%s\n", line);
	a->n = 0;
}

void age_armor_put(struct age_armor *a, struct span bytes, struct buf *to)
{
	while (bytes.n > 0) {
		size_t n = AGE_LINE_BYTES - a->n;

		if (n > bytes.n) {
			n = bytes.n;
		}
		memcpy(a->part + a->n, bytes.p, n);
		a->n += n;
		bytes = span_of(bytes.p + n, bytes.n - n);
		if (a->n == AGE_LINE_BYTES) {
			put_line(a, to);
		}
	}
}

void age_armor_finish(struct age_armor *a, struct buf *to)
{
	if (a->n > 0) {
		put_line(a, to);
	}
	buf_putf(to, "%s\n", age_armor_end);
}
