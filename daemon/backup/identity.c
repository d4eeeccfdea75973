#include "backup/identity.h"

#include <string.h>

#include "backup/lines.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/minisign.h"

static const char explanation[] =
	"# THE KEY TO ALL BACKUPS OF THIS CUSTOS STORE\n"
	"#\n"
	"# This file must not stay on the machine that it was made on. Move it to a safe\n"
	"# place, for example a stick and a printed sheet in two safes, and delete it here.\n"
	"#\n"
	"# Whoever has this file and the backups can read everything that is in them.\n"
	"# Without this file no backup can be restored, not even by those who wrote custos.\n"
	"#\n"
	"# To restore:   custosd restore --from=REPOSITORY --identity=THIS-FILE --to=NEW-DIRECTORY\n"
	"# To open one object by hand:   age -d -i THIS-FILE OBJECT | zstd -d\n"
	"# README.txt in the repository says more. The lines below are read by programs.\n"
	"#\n";

/* The machine-readable lines, in the order in which they are written; each once. */
enum entry { STORE, LOG_KEY, MANIFEST_KEY, DATA, VAULT, NENTRIES };

static const char *const prefixes[NENTRIES] = {
	[STORE] = "# custos-store: ",
	[LOG_KEY] = "# custos-log-key: ",
	[MANIFEST_KEY] = "# custos-manifest-key: ",
	[DATA] = "# data identity: ",
	[VAULT] = "# vault identity: ",
};

#define SECRET_PREFIX "AGE-SECRET-KEY-"

static void put_pins(const struct id *store, const struct note_verifier *log_key,
	const struct note_verifier *manifest_key, struct buf *out)
{
	char id[ID_TEXT_SIZE], verifier[NOTE_VERIFIER_SIZE], public[MINISIGN_PUBLIC_SIZE];

	id_format(store, id);
	note_format_verifier(log_key, verifier);
	minisign_format_public(manifest_key, public);
	buf_put_str(out, explanation);
	buf_putf(out, "%s%s\n", prefixes[STORE], id);
	buf_putf(out, "%s%s\n", prefixes[LOG_KEY], verifier);
	buf_putf(out, "%s%s\n", prefixes[MANIFEST_KEY], public);
}

static int put_fresh_identity(enum entry kind, struct recipients_list *to,
	struct buf *out, struct cu_err *err)
{
	struct buf secret = BUF_INIT_WIPE;
	char recipient[AGE_RECIPIENT_SIZE];
	int r = age_identity_generate(recipient, &secret, err);

	if (r == 0) {
		r = recipients_add(to, recipient, err);
	}
	if (r == 0) {
		buf_putf(out, "%s%s\n", prefixes[kind], recipient);
		buf_put_span(out, buf_span(&secret));
		buf_put_str(out, "\n");
		r = buf_check(&secret, err);
	}
	buf_done(&secret);
	return r;
}

int identity_create(const struct id *store, const struct note_verifier *log_key,
	const struct note_verifier *manifest_key, struct buf *file,
	struct recipients_file *ret, struct cu_err *err)
{
	struct recipients_file recipients = { 0 };
	int r;

	put_pins(store, log_key, manifest_key, file);
	r = put_fresh_identity(DATA, &recipients.data, file, err);
	if (r == 0) {
		r = put_fresh_identity(VAULT, &recipients.vault, file, err);
	}
	if (r == 0) {
		r = buf_check(file, err);
	}
	if (r == 0) {
		*ret = recipients;
	}
	return r;
}

/* --- reading ---------------------------------------------------------------------- */

struct parse {
	struct lines lines;
	struct identity *to;
	bool has[NENTRIES];
	bool has_secret[NENTRIES];
	int open; /* the entry whose secret line must come next; -1: none */
};

/* Only what was written to this recipient proves that the secret line belongs to it; two
 * identities that were swapped would otherwise show when it is too late. */
struct memory {
	struct buf bytes;
	size_t at;
};

static int to_memory(void *ctx, struct span bytes, struct cu_err *err)
{
	struct memory *m = ctx;

	buf_put_span(&m->bytes, bytes);
	return buf_check(&m->bytes, err);
}

static long from_memory(void *ctx, uint8_t *to, size_t cap, struct cu_err *err)
{
	struct memory *m = ctx;
	size_t n = m->bytes.n - m->at;

	(void)err; /* memory does not fail to be read */
	n = n < cap ? n : cap;
	memcpy(to, m->bytes.p + m->at, n);
	m->at += n;
	return (long)n;
}

static int write_probe(const char *recipient, struct memory *m, struct cu_err *err)
{
	struct age_recipients *to = NULL;
	struct age_writer *w = NULL;
	int r = age_recipients_new(&to, err);

	if (r == 0) {
		r = age_recipients_add(to, recipient, err);
	}
	if (r == 0) {
		r = age_writer_new(to, false, to_memory, m, &w, err);
	}
	if (r == 0) {
		r = age_writer_finish(w, err);
	}
	age_writer_free(w);
	age_recipients_free(to);
	return r;
}

static int require_pair(const char *recipient, const struct age_identities *ids,
	struct cu_err *err)
{
	struct memory m = { BUF_INIT, 0 };
	struct age_reader *reader = NULL;
	int r = write_probe(recipient, &m, err);

	if (r == 0) {
		r = age_reader_new(ids, from_memory, &m, &reader, NULL, err);
		if (r == CU_ENOKEY) {
			r = cu_err_set(err, CU_EINVAL,
				"the secret key is not that of the public key in the line above");
		}
	}
	age_reader_free(reader);
	buf_done(&m.bytes);
	return r;
}

static int parse_secret(struct parse *p, struct cu_err *err)
{
	enum entry kind = (enum entry)p->open;
	struct age_identities **ids = kind == DATA ? &p->to->data : &p->to->vault;
	int r;

	if (p->open < 0) {
		return cu_err_set(err, CU_EINVAL,
			"a secret key must follow '# data identity: ' or '# vault identity: '");
	}
	p->open = -1;
	r = age_identities_new(ids, err);
	if (r == 0) {
		r = age_identities_add_file(*ids, span_str(p->lines.text), err);
	}
	if (r < 0) {
		return cu_err_set(err, r == CU_ENOMEM ? r : CU_EINVAL, "is no age secret key");
	}
	p->has_secret[kind] = true;
	return require_pair(kind == DATA ? p->to->data_recipient : p->to->vault_recipient, *ids,
		err);
}

static int parse_recipient(char to[AGE_RECIPIENT_SIZE], const char *value, struct cu_err *err)
{
	struct recipients_list one = { 0 };
	int r = recipients_add(&one, value, err);

	if (r == 0) {
		strcpy(to, one.at[0]);
	}
	return r;
}

static int parse_value(struct parse *p, enum entry kind, const char *value, struct cu_err *err)
{
	switch (kind) {
	case STORE:
		return id_parse(value, &p->to->store) ?
			0 :
			cu_err_set(err, CU_EINVAL, "is no id of 32 hex digits");
	case LOG_KEY: return note_parse_verifier(value, &p->to->log_key, err);
	case MANIFEST_KEY: return minisign_parse_public(value, &p->to->manifest_key, err);
	case DATA: p->open = DATA; return parse_recipient(p->to->data_recipient, value, err);
	case VAULT: p->open = VAULT; return parse_recipient(p->to->vault_recipient, value, err);
	case NENTRIES: break;
	}
	return cu_err_set(err, CU_EINTERNAL, "unknown entry");
}

static int parse_entry(struct parse *p, enum entry kind, struct cu_err *err)
{
	const char *value = p->lines.text + strlen(prefixes[kind]);

	if (p->has[kind]) {
		return cu_err_set(err, CU_EINVAL, "'%.*s' stands there twice",
			(int)strlen(prefixes[kind]) - 1, prefixes[kind]);
	}
	p->has[kind] = true;
	if (parse_value(p, kind, value, err) < 0) {
		/* never the value: whoever mixes up two lines pastes a secret here */
		return cu_err_set(err, CU_EINVAL, "the value after '%.*s' is not valid",
			(int)strlen(prefixes[kind]) - 1, prefixes[kind]);
	}
	return 0;
}

static int parse_line(struct parse *p, struct cu_err *err)
{
	char *text = p->lines.text;
	size_t n = strlen(text);

	if (n > 0 && text[n - 1] == '\r') {
		text[n - 1] = 0; /* age accepts a file that went through Windows; so do we */
	}
	if (p->open >= 0 && strncmp(text, SECRET_PREFIX, strlen(SECRET_PREFIX)) != 0) {
		return cu_err_set(err, CU_EINVAL, "the secret key should stand here");
	}
	if (strncmp(text, SECRET_PREFIX, strlen(SECRET_PREFIX)) == 0) {
		return parse_secret(p, err);
	}
	for (int kind = 0; kind < NENTRIES; kind++) {
		if (strncmp(text, prefixes[kind], strlen(prefixes[kind])) == 0) {
			return parse_entry(p, (enum entry)kind, err);
		}
	}
	if (strncmp(text, "# custos-", 9) == 0) {
		return cu_err_set(err, CU_EUNSUP, "is of a kind that this version does not know");
	}
	if (text[0] != '#' && text[0] != 0) {
		return cu_err_set(err, CU_EINVAL, "is no comment and no secret key");
	}
	return 0;
}

static int parse_lines(struct parse *p, struct cu_err *err)
{
	int more;

	while ((more = lines_next(&p->lines)) > 0) {
		int r = parse_line(p, err);

		if (r < 0) {
			return cu_err_wrap(err, r, "identity file: line %u", p->lines.number);
		}
	}
	if (more < 0) {
		return cu_err_set(err, CU_EINVAL, "identity file: line %u: is no whole line of text",
			p->lines.number);
	}
	for (int kind = 0; kind < NENTRIES; kind++) {
		if (!p->has[kind]) {
			return cu_err_set(err, CU_EINVAL, "identity file: no line '%s...'",
				prefixes[kind]);
		}
	}
	if (!p->has_secret[DATA] || !p->has_secret[VAULT]) {
		return cu_err_set(err, CU_EINVAL, "identity file: a secret key is missing");
	}
	return 0;
}

int identity_parse(struct span text, struct identity *ret, struct cu_err *err)
{
	struct identity id = { 0 };
	struct parse p = { .to = &id, .open = -1 };
	struct buf whole = BUF_INIT_WIPE;
	int r;

	/* a sheet that was typed in again may lack its last newline */
	buf_put_span(&whole, text);
	buf_put_str(&whole, text.n > 0 && text.p[text.n - 1] != '\n' ? "\n" : "");
	r = buf_check(&whole, err);
	lines_init(&p.lines, buf_span(&whole));
	if (r == 0) {
		r = parse_lines(&p, err);
	}
	explicit_bzero(&p.lines, sizeof(p.lines));
	buf_done(&whole);
	if (r < 0) {
		identity_done(&id);
		return r;
	}
	*ret = id;
	return 0;
}

void identity_done(struct identity *id)
{
	age_identities_free(id->data);
	age_identities_free(id->vault);
	id->data = id->vault = NULL;
}

/* Copies the two pairs of lines as they are; text was parsed before. */
static void copy_identities(struct span text, struct buf *out)
{
	struct buf whole = BUF_INIT_WIPE;
	struct lines l;

	buf_put_span(&whole, text);
	buf_put_str(&whole, "\n");
	if (whole.is_failed) {
		out->is_failed = true;
	}
	lines_init(&l, buf_span(&whole));
	while (lines_next(&l) > 0) {
		l.text[strcspn(l.text, "\r")] = 0;
		if (strncmp(l.text, prefixes[DATA], strlen(prefixes[DATA])) == 0 ||
			strncmp(l.text, prefixes[VAULT], strlen(prefixes[VAULT])) == 0 ||
			strncmp(l.text, SECRET_PREFIX, strlen(SECRET_PREFIX)) == 0) {
			buf_put_str(out, l.text);
			buf_put_str(out, "\n");
		}
	}
	explicit_bzero(&l, sizeof(l));
	buf_done(&whole);
}

int identity_repin(struct span text, const struct note_verifier *log_key,
	const struct note_verifier *manifest_key, struct buf *out, struct cu_err *err)
{
	struct identity old = { 0 };
	int r = identity_parse(text, &old, err);

	if (r == 0) {
		put_pins(&old.store, log_key, manifest_key, out);
		copy_identities(text, out);
		r = buf_check(out, err);
	}
	identity_done(&old);
	return r;
}
