#include "backup/lines.h"

#include "base/text.h"

void lines_init(struct lines *l, struct span text)
{
	*l = (struct lines){ .rest = text };
}

int lines_next(struct lines *l)
{
	const uint8_t *end;
	size_t n;

	if (l->rest.n == 0) {
		return 0;
	}
	l->number++;
	end = memchr(l->rest.p, '\n', l->rest.n);
	if (!end) {
		return -1;
	}
	n = (size_t)(end - l->rest.p);
	if (n >= sizeof(l->text) || memchr(l->rest.p, 0, n)) {
		return -1;
	}
	memcpy(l->text, l->rest.p, n);
	l->text[n] = 0;
	l->rest.p += n + 1;
	l->rest.n -= n + 1;
	return 1;
}

bool lines_split(struct lines *l)
{
	char *p = l->text;

	l->nwords = 0;
	for (;;) {
		char *blank = strchr(p, ' ');

		if (*p == 0 || *p == ' ' || l->nwords == LINES_MAX_WORDS) {
			return false;
		}
		l->word[l->nwords++] = p;
		if (!blank) {
			return true;
		}
		*blank = 0;
		p = blank + 1;
	}
}

bool lines_u64(const char *word, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*word || (word[0] == '0' && word[1])) {
		return false;
	}
	for (; *word; word++) {
		uint64_t digit = (uint64_t)(*word - '0');

		if (*word < '0' || *word > '9' || v > (UINT64_MAX - digit) / 10) {
			return false;
		}
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}

bool lines_hex(const char *word, uint8_t *to, size_t n)
{
	return strlen(word) == 2 * n && strspn(word, "0123456789abcdef") == 2 * n &&
		text_unhex(word, 2 * n, to, n);
}
