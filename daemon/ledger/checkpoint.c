#include "ledger/checkpoint.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "base/text.h"
#include "ledger/ledger.h"

#define FILE_NAME "checkpoint"
#define MAX_NOTE                                                                       \
	65536 /* our three lines, and room for the cosignatures of many witnesses */

int checkpoint_format(const struct log_head *head, struct buf *text, struct cu_err *err)
{
	char root[TEXT_BASE64_SIZE(HASH_SIZE)];

	if (head->origin[0] == '\0' || strpbrk(head->origin, "\n\r")) {
		return cu_err_set(
			err, CU_EINVAL, "checkpoint: the origin is not one line");
	}
	(void)text_base64(head->root, HASH_SIZE, true, root);
	buf_putf(text, "%s\n%" PRIu64 "\n%s\n", head->origin, head->size, root);
	return buf_check(text, err);
}

/* The next line, without its newline, as text of less than cap bytes.  A line that ends in
 * CRLF is none of ours. */
static bool take_line(struct span *rest, char *to, size_t cap)
{
	const uint8_t *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
	size_t n = end ? (size_t)(end - rest->p) : 0;

	if (n == 0 || n >= cap || memchr(rest->p, '\0', n) || memchr(rest->p, '\r', n)) {
		return false;
	}
	memcpy(to, rest->p, n);
	to[n] = '\0';
	*rest = span_of(end + 1, rest->n - n - 1);
	return true;
}

static bool parse_size(const char *text, uint64_t *ret)
{
	uint64_t v = 0;

	if (text[0] == '0' && text[1] != '\0') {
		return false;
	}
	for (; *text; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (*text < '0' || *text > '9' || v > (UINT64_MAX - digit) / 10) {
			return false;
		}
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}

static bool are_extensions(struct span rest)
{
	bool is_at_start = true;

	for (size_t i = 0; i < rest.n; i++) {
		if (rest.p[i] == '\n' && is_at_start) {
			return false;
		}
		is_at_start = rest.p[i] == '\n';
	}
	return is_at_start;
}

int checkpoint_parse(struct span text, struct log_head *ret, struct cu_err *err)
{
	struct log_head head;
	char size[24], root[TEXT_BASE64_SIZE(HASH_SIZE) + 1];
	struct span rest = text;

	if (!take_line(&rest, head.origin, sizeof(head.origin))) {
		return cu_err_set(err, CU_ECORRUPT, "checkpoint: no origin");
	}
	if (!take_line(&rest, size, sizeof(size)) || !parse_size(size, &head.size)) {
		return cu_err_set(err, CU_ECORRUPT, "checkpoint: no size");
	}
	if (!take_line(&rest, root, sizeof(root)) ||
		text_unbase64(root, strlen(root), true, head.root, HASH_SIZE) !=
			HASH_SIZE) {
		return cu_err_set(err, CU_ECORRUPT, "checkpoint: no root hash");
	}
	if (!are_extensions(rest)) {
		return cu_err_set(err, CU_ECORRUPT, "checkpoint: an empty line");
	}
	*ret = head;
	return 0;
}

int checkpoint_sign(const struct log_head *head, const struct signer *by,
	struct buf *note, struct cu_err *err)
{
	struct buf text = BUF_INIT;
	int r = checkpoint_format(head, &text, err);

	if (r == 0) {
		r = note_sign(by, buf_span(&text), note, err);
	}
	buf_done(&text);
	return r;
}

int checkpoint_verify(struct span note, const struct note_verifier *by,
	struct log_head *ret, struct cu_err *err)
{
	struct span text;
	int r = note_verify(note, by, &text, err);

	if (r == 0) {
		r = checkpoint_parse(text, ret, err);
	}
	return r < 0 ? cu_err_wrap(err, r, FILE_NAME) : 0;
}

int checkpoint_read(const char *dir, const struct note_verifier *by, struct buf *note,
	struct log_head *ret, struct cu_err *err)
{
	char path[PATH_SIZE];
	size_t start = note->n;
	int r = path_join(path, dir, FILE_NAME, err);

	if (r == 0) {
		r = path_read_plain(path, MAX_NOTE, note, err);
	}
	if (r < 0) {
		return r;
	}
	return checkpoint_verify(
		span_of(note->p + start, note->n - start), by, ret, err);
}

int checkpoint_put(const char *dir, struct span note, struct cu_err *err)
{
	return path_put_file(dir, FILE_NAME, note, 0640, err);
}
