#include "privacy/letter.h"

#include <string.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "policy/policy.h"
#include "policy/yaml.h"
#include "privacy/derivation.h"
#include "privacy/fill.h"

_Static_assert(LETTER_DAY_SIZE == DERIVATION_SIZE, "a day is written as in derivations");

#define OPEN_DATE "{today}"

/* One letter in the making. */
struct draft {
	const struct letter_order *order;
	const struct letters_letter *letter;
	struct fill_value values[NLETTER_VALUES];
	char today[LETTER_DAY_SIZE];
	struct buf dpo, authority; /* texts of several parts */
};

const char *letter_day(enum language language, int32_t day, char out[LETTER_DAY_SIZE])
{
	struct derivation d = { language, NULL };

	return derivation_day(&d, day, out);
}

/* --- values ------------------------------------------------------------------------ */

/* "Name, address, contact", as far as it is known. */
static const char *join(const struct organisation_contact *c, struct buf *to)
{
	const char *const parts[] = { c->name, c->address, c->contact };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i]) {
			buf_putf(to, "%s%s", to->n > 0 ? ", " : "", parts[i]);
		}
	}
	return buf_cstr(to);
}

static void set(struct draft *d, enum letter_value v, const char *text)
{
	d->values[v].text = text;
}

static void set_values(struct draft *d, const struct policy *p, const struct law_request *q)
{
	const struct organisation *o = policy_organisation(p);
	const struct law *law = d->order->law;
	enum language language = d->order->language;

	for (int v = 0; v < NLETTER_VALUES; v++) {
		d->values[v].name = letters_value_name((enum letter_value)v);
		d->values[v].text = d->order->given[v];
	}
	set(d, LETTER_CONTROLLER, o->controller.name);
	set(d, LETTER_CONTACT, o->controller.contact);
	set(d, LETTER_DPO, join(&o->dpo, &d->dpo));
	set(d, LETTER_AUTHORITY, join(&o->authority, &d->authority));
	set(d, LETTER_RIGHT, q->title.in[language]);
	set(d, LETTER_RIGHT_CITE, q->cite.in[language]);
	set(d, LETTER_EXTENSION_CITE, law->extension.cite.in[language]);
	set(d, LETTER_TODAY, d->order->today == CIVIL_NO_DAY ?
			OPEN_DATE :
			letter_day(language, d->order->today, d->today));
	set(d, LETTER_NOTICE_CITE, q->recipients.in[language]);
	set(d, LETTER_REMEDIES, law->remedies.in[language]);
}

/* The first placeholder of a text that has no value. */
static bool find_missing(const struct draft *d, const char *text, enum letter_value *ret)
{
	while ((text = letters_next(text, ret)) != NULL) {
		const char *value = d->values[*ret].text;

		if (!value || value[0] == '\0') {
			return true;
		}
	}
	return false;
}

static int fill_in(const struct draft *d, unsigned line, const char *text, struct buf *to,
	struct cu_err *err)
{
	enum letter_value missing;

	if (find_missing(d, text, &missing)) {
		return cu_err_set(err, CU_ENOENT, "%s:%u: {%s} has no value: %s", d->letter->file,
			line, letters_value_name(missing), letters_value_remedy(missing));
	}
	return fill(text, d->values, NLETTER_VALUES, to, err);
}

/* --- the letter -------------------------------------------------------------------- */

static int write_paragraphs(const struct draft *d, struct buf *to, struct cu_err *err)
{
	const struct letter_order *o = d->order;
	enum letter_value missing;
	size_t nwritten = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->letter->nparagraphs; i++) {
		const struct letters_paragraph *p = &d->letter->paragraphs[i];
		const char *text = p->text.in[o->language];

		if (!letters_is_for(p, o->law->key, o->type) ||
			(p->is_optional && find_missing(d, text, &missing))) {
			continue;
		}
		buf_put_str(to, nwritten++ > 0 ? "\n" : "");
		r = fill_in(d, p->text.node->line, text, to, err);
		buf_put_u8(to, '\n');
	}
	return r < 0 ? r : buf_check(to, err);
}

/* Which letter, and may it be written at all? */
static int find(const struct policy *p, const struct letter_order *o,
	const struct law_request **ret, struct draft *d, struct cu_err *err)
{
	d->order = o;
	d->letter = policy_find_letter(p, o->kind);
	*ret = law_find_request(o->law, o->type);
	if (!d->letter) {
		return cu_err_set(err, CU_ENOENT, "there is no letters/%s.yaml in the policies",
			law_letter_word(o->kind));
	}
	if (!*ret) {
		return cu_err_set(err, CU_EUNSUP, "%s: has no request '%s'", o->law->file,
			law_request_word(o->type));
	}
	if (o->kind == LETTER_KIND_NOTICE && !(*ret)->recipients.node) {
		return cu_err_set(err, CU_EUNSUP, "%s: wants nobody told of '%s'", o->law->file,
			law_request_word(o->type));
	}
	if (o->kind == LETTER_KIND_EXTEND &&
		(!o->law->extension.node || !(*ret)->has_extension)) {
		return cu_err_set(err, CU_EUNSUP, "%s: knows no extension for '%s'", o->law->file,
			law_request_word(o->type));
	}
	return 0;
}

int letter_write(const struct policy *p, const struct letter_order *order, struct buf *subject,
	struct buf *text, struct cu_err *err)
{
	struct draft d = { 0 };
	const struct law_request *q;
	int r = find(p, order, &q, &d, err);

	if (r == 0) {
		set_values(&d, p, q);
		r = fill_in(&d, d.letter->subject.node->line,
			d.letter->subject.in[order->language], subject, err);
	}
	if (r == 0) {
		r = write_paragraphs(&d, text, err);
	}
	if (r == 0) {
		r = buf_check(subject, err);
	}
	buf_done(&d.dpo);
	buf_done(&d.authority);
	return r;
}

/* Not by fill(): what people are called is in the text by now, braces and all. */
int letter_date(struct span text, enum language language, int32_t day, struct buf *to,
	struct cu_err *err)
{
	const size_t n = strlen(OPEN_DATE);
	char today[LETTER_DAY_SIZE];
	const uint8_t *at;

	(void)letter_day(language, day, today);
	while ((at = memmem(text.p, text.n, OPEN_DATE, n)) != NULL) {
		size_t before = (size_t)(at - text.p);

		buf_put(to, text.p, before);
		buf_put_str(to, today);
		text = span_of(at + n, text.n - before - n);
	}
	buf_put_span(to, text);
	return buf_check(to, err);
}
