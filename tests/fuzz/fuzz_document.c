/*
 * What people are handed: certificates of erasures, receipts of consents.
 *
 * The first byte says which; what follows changes values of a real one, which then is signed anew, so
 * that what lies behind the signature is met.  What is refused has a reason; unchanged it is taken; and
 * what was changed after it was signed is not.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "documents.h"
#include "fuzz.h"
#include "verify/certificate.h"
#include "verify/receipt.h"

static struct {
	struct signer *signer;
	struct signed_key key;
	char key_text[NOTE_VERIFIER_SIZE];
	json_t *certificate, *receipt;
} w;

/* --- changing it ------------------------------------------------------------------ */

/* The n-th value of a document, in the order of its text; NULL past the last. */
static json_t *find_value(json_t *of, size_t *n, json_t **ret_parent, const char **ret_key, size_t *ret_index)
{
	const char *key;
	json_t *value, *found;
	size_t i;

	json_object_foreach(of, key, value) {
		if ((*n)-- == 0) {
			*ret_parent = of;
			*ret_key = key;
			return value;
		}
		if ((found = find_value(value, n, ret_parent, ret_key, ret_index))) {
			return found;
		}
	}
	json_array_foreach(of, i, value) {
		if ((*n)-- == 0) {
			*ret_parent = of;
			*ret_key = NULL;
			*ret_index = i;
			return value;
		}
		if ((found = find_value(value, n, ret_parent, ret_key, ret_index))) {
			return found;
		}
	}
	return NULL;
}

/* One value is taken away, or another one put in its place: any JSON, or a byte of a text changed. */
static bool change_value(json_t *document, uint8_t which, uint8_t how, struct span what)
{
	size_t n = which, index = 0, at = fuzz_take(&what);
	const char *key = NULL;
	json_t *parent = NULL, *value = find_value(document, &n, &parent, &key, &index), *other = NULL;

	if (!value) {
		return false;
	}
	if (how % 4 == 0) {
		return key ? json_object_del(parent, key) == 0 : json_array_remove(parent, index) == 0;
	}
	if (how % 4 == 1 && json_is_string(value) && json_string_length(value) > 0) {
		size_t length = json_string_length(value); /* it may hold a NUL */
		char *text = memcpy(malloc(length), json_string_value(value), length);

		text[at % length] = (char)('!' + fuzz_take(&what) % 94);
		other = json_stringn(text, length);
		free(text);
	} else if (how % 4 == 2) {
		other = json_integer((json_int_t)at - 2);
	} else if (!(other = json_loadb((const char *)what.p, what.n, JSON_DECODE_ANY, NULL))) {
		other = json_stringn((const char *)what.p, what.n);
	}
	if (!other || json_equal(other, value)) {
		json_decref(other);
		return false;
	}
	return key ? json_object_set_new(parent, key, other) == 0 : json_array_set_new(parent, index, other) == 0;
}

/* --- judging it ------------------------------------------------------------------- */

static bool open_document(const struct buf *note, bool is_receipt, struct flaw *f)
{
	struct bytes bytes = bytes_of(note->p, note->n);
	struct certificate c;
	struct receipt r;
	bool is_good;

	if (is_receipt) {
		is_good = receipt_open(bytes, w.key_text, &w.key, &r, f) == 0;
		receipt_done(&r);
	} else {
		is_good = certificate_open(bytes, w.key_text, &w.key, &c, f) == 0 &&
			  certificate_check_terms(&c, f) == 0;
		certificate_done(&c);
	}
	return is_good;
}

/* How: a byte for which value, one for what is done, one for how much of the rest it takes. */
static void check_document(struct span in, bool is_receipt)
{
	const json_t *real = is_receipt ? w.receipt : w.certificate;
	json_t *document = json_deep_copy(real);
	struct flaw f = { VERDICT_VALID, "" };
	struct buf note;
	bool is_taken;

	while (in.n >= 3) {
		uint8_t which = fuzz_take(&in), how = fuzz_take(&in), n = fuzz_take(&in);
		size_t take = n < in.n ? n : in.n;

		(void)change_value(document, which, how, span_of(in.p, take));
		in = span_of(in.p + take, in.n - take);
	}
	note = help_sign(w.signer, document);
	is_taken = open_document(&note, is_receipt, &f);
	fuzz_must(is_taken || f.text[0], "what is refused has a reason");
	fuzz_must(is_taken || !json_equal(document, (json_t *)(uintptr_t)real), "a real one is taken");
	if (in.n > 0) { /* no longer what was signed */
		note.p[note.n > 100 ? in.p[0] % 100 : 0] ^= 1;
		fuzz_must(!open_document(&note, is_receipt, &f), "a changed bit is seen");
	}
	buf_done(&note);
	json_decref(document);
}

/* --- the log ---------------------------------------------------------------------- */

static void make_world(void)
{
	char dir[PATH_SIZE], log[PATH_SIZE];
	struct ledger *l;

	fuzz_fix_random();
	fuzz_make_dir(dir);
	fuzz_must(path_join(log, dir, "log", NULL) == 0, "the path is short");
	w.signer = help_signer();
	help_key(w.signer, w.key_text, &w.key);
	l = help_log_with_erasure(log, w.signer);
	w.certificate = help_certificate(l, w.key_text);
	ledger_close(l);
	fuzz_empty_dir(dir);
	l = help_log_with_consent(log, w.signer);
	w.receipt = help_receipt(l, w.key_text);
	ledger_close(l);
	fuzz_must(w.certificate && w.receipt, "both can be made");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	bool is_receipt = fuzz_take(&in) & 1;

	if (!w.signer) {
		make_world();
	}
	check_document(in, is_receipt);
	return 0;
}
