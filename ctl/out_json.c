#include "ctl/out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void put_unit(uint32_t unit)
{
	printf("\\u%04" PRIx32, unit);
}

/* The character of a valid sequence of two bytes and more. */
static void put_escaped(const char *s, size_t len)
{
	uint32_t cp = (uint8_t)s[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		cp = cp << 6 | ((uint8_t)s[i] & 0x3f);
	}
	if (cp >= 0x10000) {
		put_unit(0xd800 + ((cp - 0x10000) >> 10));
		put_unit(0xdc00 + ((cp - 0x10000) & 0x3ff));
	} else {
		put_unit(cp);
	}
}

/* jansson escapes what JSON demands.  It leaves DEL, C1 and the marks that turn or hide text, which a terminal obeys; in
 * JSON all of these stand in strings only, and mean the same when they are escaped. */
static void put_safe(const char *s)
{
	while (*s) {
		size_t n = strlen(s), plain = 0, len;

		while (plain < n && text_is_shown(s + plain, n - plain)) {
			plain += text_utf8_len(s + plain, n - plain);
		}
		fwrite(s, 1, plain, stdout);
		s += plain;
		if (!*s) {
			return;
		}
		len = text_utf8_len(s, n - plain);
		if (len <= 1) {
			put_unit((uint8_t)*s);
			len = 1;
		} else {
			put_escaped(s, len);
		}
		s += len;
	}
}

void out_json(const json_t *parameters)
{
	char *line = json_dumps(parameters, JSON_COMPACT);
	json_malloc_t take;
	json_free_t give;

	json_get_alloc_funcs(&take, &give);
	if (!line) {
		out_of_memory();
	}
	put_safe(line);
	putchar('\n');
	give(line);
	fflush(stdout);
}
