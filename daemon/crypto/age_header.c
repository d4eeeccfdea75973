#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/age_internal.h"
#include "crypto/kdf.h"

static const char version_line[] = "age-encryption.org/v1\n";
static const char stanza_mark[] = "-> ";
static const char mac_mark[] = "---"; /* the MAC covers it, but not the blank behind */
static const char mac_label[] = "header";

#define MAC_CHARS 43 /* 32 bytes in base64 without padding */

/* --- writing ---------------------------------------------------------------------- */

static void mac_of(struct span text, const uint8_t file_key[AGE_FILE_KEY_SIZE],
	uint8_t mac[AGE_MAC_SIZE])
{
	uint8_t key[KDF_HMAC_SIZE];

	/* Cannot fail: the length is constant and short. */
	(void)kdf_hkdf(span_of(file_key, AGE_FILE_KEY_SIZE), span_of(NULL, 0),
		span_str(mac_label), key, sizeof(key));
	kdf_hmac(span_of(key, sizeof(key)), text, mac);
	sodium_memzero(key, sizeof(key));
}

void age_header_begin(struct buf *to)
{
	buf_put_str(to, version_line);
}

void age_header_put_stanza(struct buf *to, const char *args, struct span body)
{
	char line[TEXT_BASE64_SIZE(AGE_LINE_BYTES)];
	size_t n;

	buf_putf(to, "%s%s\n", stanza_mark, args);
	do { /* a body always ends with a short line, be it an empty one */
		n = body.n < AGE_LINE_BYTES ? body.n : AGE_LINE_BYTES;
		(void)text_base64(body.p, n, false, line);
		buf_putf(to, "%s\n", line);
		body = span_of(body.p + n, body.n - n);
	} while (n == AGE_LINE_BYTES);
}

int age_header_end(
	struct buf *to, const uint8_t file_key[AGE_FILE_KEY_SIZE], struct cu_err *err)
{
	char base64[TEXT_BASE64_SIZE(AGE_MAC_SIZE)];
	uint8_t mac[AGE_MAC_SIZE];
	int r;

	buf_put_str(to, mac_mark);
	if ((r = buf_check(to, err)) < 0) {
		return r;
	}
	mac_of(buf_span(to), file_key, mac);
	(void)text_base64(mac, sizeof(mac), false, base64);
	buf_putf(to, " %s\n", base64);
	return buf_check(to, err);
}

/* --- reading ---------------------------------------------------------------------- */

/* Where the parser is; every failure passes through here, so that it names the line. */
struct parser {
	struct age_input *in;
	struct age_header *h;
	enum age_fault *ret_fault;
	struct cu_err *err;
	size_t nlines;
	size_t nstanzas_cap;
};

static int fail(struct parser *p, int code, const char *what)
{
	*p->ret_fault = AGE_FAULT_HEADER;
	return cu_err_set(p->err, code, "age header, line %zu: %s", p->nlines, what);
}

static int fail_memory(struct parser *p)
{
	*p->ret_fault = AGE_FAULT_IO;
	return cu_err_set(p->err, CU_ENOMEM, "out of memory");
}

/* The next line, its LF included, put at the end of the header's text. */
static int read_line(struct parser *p, struct span *ret)
{
	struct buf *text = &p->h->text;
	size_t start = text->n;
	uint8_t c = 0;

	p->nlines++;
	while (c != '\n') {
		long got = age_input_read(p->in, &c, 1, p->err);

		if (got < 0) {
			*p->ret_fault = p->in->fault;
			return (int)got;
		}
		if (got == 0) {
			return fail(p, CU_ECORRUPT, "ends early");
		}
		if (text->n == AGE_MAX_HEADER) {
			return fail(p, CU_ELIMIT, "longer than is read");
		}
		buf_put_u8(text, c);
		if (text->is_failed) {
			return fail_memory(p);
		}
	}
	*ret = span_of(text->p + start, text->n - start);
	return 0;
}

static bool begins_with(struct span line, const char *mark)
{
	return line.n >= strlen(mark) && memcmp(line.p, mark, strlen(mark)) == 0;
}

/* Words of visible ASCII with one blank between any two. */
static bool args_are_valid(struct span args)
{
	uint8_t before = ' ';

	for (size_t i = 0; i < args.n; before = args.p[i++]) {
		if (args.p[i] < ' ' || args.p[i] > '~' ||
			(args.p[i] == ' ' && before == ' ')) {
			return false;
		}
	}
	return before != ' ';
}

static int add_stanza(struct parser *p, struct age_stanza stanza)
{
	struct age_header *h = p->h;
	struct age_stanza *more;
	size_t cap;

	if (h->nstanzas == AGE_MAX_STANZAS) {
		return fail(p, CU_ELIMIT, "more recipients than are read");
	}
	if (h->nstanzas == p->nstanzas_cap) {
		cap = p->nstanzas_cap ? 2 * p->nstanzas_cap : 8;
		more = realloc(h->stanzas, cap * sizeof(*more));
		if (!more) {
			return fail_memory(p);
		}
		h->stanzas = more;
		p->nstanzas_cap = cap;
	}
	h->stanzas[h->nstanzas++] = stanza;
	return 0;
}

/* Full lines and one short one, which may be empty. */
static int read_body(struct parser *p)
{
	uint8_t bytes[AGE_LINE_BYTES];
	struct span line;
	int r;

	do {
		long n;

		if ((r = read_line(p, &line)) < 0) {
			return r;
		}
		line.n--;
		if (line.n > AGE_LINE_CHARS) {
			return fail(p, CU_ECORRUPT, "a body's line is too long");
		}
		n = text_unbase64(
			(const char *)line.p, line.n, false, bytes, sizeof(bytes));
		if (n < 0) {
			return fail(
				p, CU_ECORRUPT, "not base64 in its one right spelling");
		}
		buf_put(&p->h->bodies, bytes, (size_t)n);
		if (p->h->bodies.is_failed) {
			return fail_memory(p);
		}
	} while (line.n == AGE_LINE_CHARS);
	return 0;
}

static int read_stanza(struct parser *p, struct span line)
{
	struct age_stanza stanza = { .body_at = p->h->bodies.n };
	struct span args =
		span_of(line.p + strlen(stanza_mark), line.n - strlen(stanza_mark) - 1);
	int r;

	if (!args_are_valid(args)) {
		return fail(p, CU_ECORRUPT, "a recipient's words are malformed");
	}
	stanza.args_at = (size_t)(args.p - p->h->text.p);
	stanza.nargs_bytes = args.n;
	if ((r = read_body(p)) < 0) {
		return r;
	}
	stanza.nbody = p->h->bodies.n - stanza.body_at;
	return add_stanza(p, stanza);
}

static int read_mac(struct parser *p, struct span line)
{
	size_t nmark = strlen(mac_mark);

	p->h->nmaced = (size_t)(line.p - p->h->text.p) + nmark;
	if (line.n != nmark + 1 + MAC_CHARS + 1 || line.p[nmark] != ' ' ||
		text_unbase64((const char *)line.p + nmark + 1, MAC_CHARS, false,
			p->h->mac, AGE_MAC_SIZE) != AGE_MAC_SIZE) {
		return fail(p, CU_ECORRUPT, "the MAC is malformed");
	}
	return p->h->nstanzas > 0 ? 0 : fail(p, CU_ECORRUPT, "there is no recipient");
}

static int parse(struct parser *p)
{
	struct span line;
	int r;

	if ((r = read_line(p, &line)) < 0) {
		return r;
	}
	if (!span_eq(line, span_str(version_line))) {
		return fail(p, CU_ECORRUPT, "not a file of age v1");
	}
	for (;;) {
		if ((r = read_line(p, &line)) < 0) {
			return r;
		}
		if (begins_with(line, mac_mark)) {
			return read_mac(p, line);
		}
		if (!begins_with(line, stanza_mark)) {
			return fail(p, CU_ECORRUPT, "neither a recipient nor the MAC");
		}
		if ((r = read_stanza(p, line)) < 0) {
			return r;
		}
	}
}

int age_header_read(struct age_input *in, struct age_header *ret,
	enum age_fault *ret_fault, struct cu_err *err)
{
	struct parser p = { .in = in, .h = ret, .ret_fault = ret_fault, .err = err };

	*ret = (struct age_header){ .text = BUF_INIT, .bodies = BUF_INIT };
	return parse(&p);
}

void age_header_done(struct age_header *h)
{
	buf_done(&h->text);
	buf_done(&h->bodies);
	free(h->stanzas);
	h->stanzas = NULL;
	h->nstanzas = 0;
}

struct span age_header_args(const struct age_header *h, size_t stanza)
{
	return span_of(
		h->text.p + h->stanzas[stanza].args_at, h->stanzas[stanza].nargs_bytes);
}

struct span age_header_body(const struct age_header *h, size_t stanza)
{
	size_t n = h->stanzas[stanza].nbody;

	return span_of(n > 0 ? h->bodies.p + h->stanzas[stanza].body_at : NULL, n);
}

bool age_header_mac_is_good(
	const struct age_header *h, const uint8_t file_key[AGE_FILE_KEY_SIZE])
{
	uint8_t mac[AGE_MAC_SIZE];

	mac_of(span_of(h->text.p, h->nmaced), file_key, mac);
	return sodium_memcmp(mac, h->mac, sizeof(mac)) == 0;
}
