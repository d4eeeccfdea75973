#include "policy/rows_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rows_is_name(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n < ROWS_KEY_SIZE &&
		strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == n;
}

bool rows_parse_number(const char *text, int64_t *ret, const char **ret_rest)
{
	char *rest;
	long long v;

	if (!isdigit((unsigned char)text[text[0] == '-' ? 1 : 0])) {
		return false;
	}
	errno = 0;
	v = strtoll(text, &rest, 10);
	if (errno != 0 || (!ret_rest && *rest != '\0')) {
		return false;
	}
	*ret = v;
	if (ret_rest) {
		*ret_rest = rest;
	}
	return true;
}

bool duration_parse(const char *text, struct duration *ret)
{
	const char *unit;
	int64_t n;

	if (!rows_parse_number(text, &n, &unit) || n < 0 || n > INT32_MAX || unit[0] == '\0' ||
		unit[1] != '\0' || !strchr("shdy", unit[0])) {
		return false;
	}
	*ret = (struct duration){ (int32_t)n, unit[0] };
	return true;
}

int64_t duration_seconds(struct duration d)
{
	switch (d.unit) {
	case 'y': return d.n * YEAR_SECONDS;
	case 'd': return d.n * (int64_t)DAY_SECONDS;
	case 's': return d.n;
	default: return d.n * (int64_t)HOUR_SECONDS;
	}
}

bool rows_parse_size(const char *text, int64_t *ret)
{
	static const struct {
		const char *unit;
		int64_t bytes;
	} units[] = { { "", 1 }, { "KiB", 1 << 10 }, { "MiB", 1 << 20 },
		{ "GiB", 1 << 30 } };
	const char *rest;
	int64_t n;

	if (!rows_parse_number(text, &n, &rest) || n < 0) {
		return false;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(rest, units[i].unit) == 0 && n <= INT64_MAX / units[i].bytes) {
			*ret = n * units[i].bytes;
			return true;
		}
	}
	return false;
}

bool rows_parse_boolean(const char *text, bool *ret)
{
	bool is_yes = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;

	if (!is_yes && strcmp(text, "no") != 0 && strcmp(text, "false") != 0) {
		return false;
	}
	*ret = is_yes;
	return true;
}

bool rows_has_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f) {
			return true;
		}
	}
	return false;
}

bool rows_nth_word(const char *words, size_t n, char out[ROWS_KEY_SIZE])
{
	for (;;) {
		size_t len = strcspn(words, " ");

		if (len == 0) {
			return false;
		}
		if (n-- == 0) {
			snprintf(out, ROWS_KEY_SIZE, "%.*s", (int)len, words);
			return true;
		}
		words += len;
		words += strspn(words, " ");
	}
}
