#include "backup/recipients.h"

#include <string.h>

#include "backup/lines.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "base/text.h"
#include "crypto/hash.h"

#define FILE_MAX_SIZE 65536

/* The age layer knows what a recipient is; nothing of it is kept. */
static int require_recipient(const char *recipient, struct cu_err *err)
{
	struct age_recipients *probe = NULL;
	int r = age_recipients_new(&probe, err);

	if (r == 0) {
		r = age_recipients_add(probe, recipient, err);
	}
	age_recipients_free(probe);
	return r;
}

int recipients_add(struct recipients_list *to, const char *recipient, struct cu_err *err)
{
	int r = require_recipient(recipient, err);

	if (r < 0) {
		return r;
	}
	if (strlen(recipient) >= AGE_RECIPIENT_SIZE) {
		return cu_err_set(err, CU_EINVAL, "no X25519 recipient");
	}
	for (size_t i = 0; i < to->n; i++) {
		if (strcmp(to->at[i], recipient) == 0) {
			return cu_err_set(err, CU_EINVAL, "stands there twice");
		}
	}
	if (to->n == RECIPIENTS_MAX) {
		return cu_err_set(err, CU_ELIMIT, "more than %d recipients", RECIPIENTS_MAX);
	}
	strcpy(to->at[to->n++], recipient);
	return 0;
}

static int parse_line(struct lines *l, struct recipients_file *to, struct cu_err *err)
{
	if (l->text[0] == '#' || l->text[0] == 0) {
		return 0;
	}
	if (!lines_split(l) || l->nwords != 2) {
		return cu_err_set(err, CU_EINVAL, "is not 'data age1...' or 'vault age1...'");
	}
	if (strcmp(l->word[0], "data") == 0) {
		return recipients_add(&to->data, l->word[1], err);
	}
	if (strcmp(l->word[0], "vault") == 0) {
		return recipients_add(&to->vault, l->word[1], err);
	}
	return cu_err_set(err, CU_EINVAL, "begins with neither 'data' nor 'vault'");
}

int recipients_parse(struct span text, struct recipients_file *ret, struct cu_err *err)
{
	struct recipients_file f = { 0 };
	struct lines l;
	int more;

	lines_init(&l, text);
	while ((more = lines_next(&l)) > 0) {
		int r = parse_line(&l, &f, err);

		if (r < 0) {
			return cu_err_wrap(err, r, "recipients: line %u", l.number);
		}
	}
	if (more < 0) {
		return cu_err_set(err, CU_EINVAL,
			"recipients: line %u: is not a line of text", l.number);
	}
	if (f.data.n == 0 || f.vault.n == 0) {
		return cu_err_set(err, CU_EINVAL, "recipients: no %s recipient",
			f.data.n == 0 ? "data" : "vault");
	}
	*ret = f;
	return 0;
}

void recipients_format(const struct recipients_file *f, struct buf *out)
{
	buf_put_str(out, "# For whom backups are encrypted. These are public keys; what opens\n"
			 "# the backups is the identity file, which is kept elsewhere.\n");
	for (size_t i = 0; i < f->data.n; i++) {
		buf_putf(out, "data %s\n", f->data.at[i]);
	}
	for (size_t i = 0; i < f->vault.n; i++) {
		buf_putf(out, "vault %s\n", f->vault.at[i]);
	}
}

int recipients_load(const char *dir, struct recipients_file *ret, struct cu_err *err)
{
	struct buf text = BUF_INIT;
	char path[PATH_SIZE];
	int r = path_join(path, dir, RECIPIENTS_FILE_NAME, err);

	if (r == 0) {
		r = path_read_file(path, FILE_MAX_SIZE, &text, err);
	}
	if (r == 0) {
		r = recipients_parse(buf_span(&text), ret, err);
	}
	buf_done(&text);
	return r;
}

int recipients_save(const char *dir, const struct recipients_file *f, struct cu_err *err)
{
	struct buf text = BUF_INIT;
	int r;

	recipients_format(f, &text);
	r = buf_check(&text, err);
	if (r == 0) {
		r = path_put_file(dir, RECIPIENTS_FILE_NAME, buf_span(&text), 0600, err);
	}
	buf_done(&text);
	return r;
}

void recipients_print(const char *recipient, char out[RECIPIENTS_PRINT_SIZE])
{
	uint8_t hash[HASH_SIZE];

	hash_sha256(span_str(recipient), hash);
	text_hex(hash, (RECIPIENTS_PRINT_SIZE - 1) / 2, out);
}

int recipients_for_age(const struct recipients_list *l, struct age_recipients **ret,
	struct cu_err *err)
{
	struct age_recipients *to = NULL;
	int r = age_recipients_new(&to, err);

	for (size_t i = 0; r == 0 && i < l->n; i++) {
		r = age_recipients_add(to, l->at[i], err);
	}
	if (r < 0) {
		age_recipients_free(to);
		return r;
	}
	*ret = to;
	return 0;
}
