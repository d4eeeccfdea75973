#include "privacy/ropa.h"

#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "base/json.h"
#include "policy/policy.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_CATEGORIES 128 /* told apart for one purpose; the taxonomy has 85 */

/* What the program does for everybody's data (Art. 32(1)); how well this host is set up for it,
 * 'status' says. */
static const char *const measures[] = {
	N_("Every person's data is sealed under keys of their own (XChaCha20-Poly1305), which are "
	"destroyed when the person is to be forgotten."),
	N_("Whoever reads or changes data has a role, and names a purpose that the role has; only the "
	"data that the purpose covers is shown, and values above the role's level are masked."),
	N_("Every access is written into a signed log before anything is shown; tampering shows."),
	N_("Erasures and releases of data are confirmed by a second user where the policies say so."),
	N_("Backups are encrypted for a key that is not on the machine, and are tried by restoring them."),
	N_("The process that holds keys has no network, and imports are parsed by a process without keys."),
};

static void put_contact(struct json *to, const char *name, const struct organisation_contact *c)
{
	if (!c->node) {
		return;
	}
	json_open_object(to, name);
	json_str(to, "name", c->name);
	if (c->address) {
		json_str(to, "address", c->address);
	}
	if (c->contact) {
		json_str(to, "contact", c->contact);
	}
	json_close_object(to);
}

static void put_names(struct json *to, const char *name, const struct names *names)
{
	json_open_array(to, name);
	for (size_t i = 0; i < names->n; i++) {
		json_str(to, NULL, names->v[i]);
	}
	json_close_array(to);
}

/* --- one activity ----------------------------------------------------------------- */

static void put_categories(const struct policy *p, const struct purpose *u, struct json *to)
{
	const struct schema *s = policy_schema(p);
	const char *seen[MAX_CATEGORIES];
	size_t n = 0;

	json_open_array(to, "categories");
	for (size_t i = 0; i < s->ncollections; i++) {
		const struct collection *c = &s->collections[i];

		for (size_t k = 0; k < c->nfields; k++) {
			const char *category = c->fields[k].category;
			size_t at = 0;

			if (!purpose_covers_field(u, c->key, c->fields[k].key)) {
				continue;
			}
			while (at < n && strcmp(seen[at], category) != 0) {
				at++;
			}
			if (at == n && n < MAX_CATEGORIES) {
				seen[n++] = category;
				json_str(to, NULL, category);
			}
		}
	}
	json_close_array(to);
}

static void put_recipients(const struct policy *p, const struct purpose *u, struct json *to)
{
	json_open_array(to, "recipients");
	for (size_t i = 0; i < u->recipients.n; i++) {
		const struct recipient *e =
			purposes_find_recipient(policy_purposes(p), u->recipients.v[i]);

		json_open_object(to, NULL);
		json_str(to, "recipient", e->key);
		json_str(to, "text", recipient_for_reader(e));
		if (e->country) {
			json_str(to, "country", e->country);
		}
		json_str(to, "transfer", recipient_transfer_word((enum transfer)e->transfer));
		json_close_object(to);
	}
	json_close_array(to);
}

static void put_duration(struct json *to, const char *name, struct duration d)
{
	char text[32];

	snprintf(text, sizeof(text), "%d%c", (int)d.n, d.unit);
	json_str(to, name, text);
}

static void put_limit(const struct policy *p, const struct collection *c, const char *class_key,
	struct json *to)
{
	const struct retention *all = policy_retention(p);
	const struct retention_rule *rule = retention_find(all, c->key, class_key);
	const struct retention_minimum *minimum = retention_minimum(all, c->key, class_key);

	json_open_object(to, NULL);
	json_str(to, "collection", c->key);
	if (strcmp(class_key, RETENTION_DEFAULT) != 0) {
		json_str(to, "class", class_key);
	}
	json_str(to, "counted_from",
		c->anchor == ANCHOR_EVENT      ? _("the event") :
			c->anchor == ANCHOR_ACTIVITY ? _("the last activity") :
			c->anchor == ANCHOR_RELATIONSHIP ? _("the end of the relationship") :
							   _("nothing"));
	if (rule) {
		put_duration(to, "keep", rule->keep);
		json_str(to, "then", retention_then_word(rule));
		json_str(to, "reason", rule->reason);
	}
	if (minimum) {
		put_duration(to, "minimum", minimum->keep);
		json_str(to, "citation", minimum->citation);
	}
	json_close_object(to);
}

static void put_limits(const struct policy *p, const struct purpose *u, struct json *to)
{
	const struct schema *s = policy_schema(p);

	json_open_array(to, "limits");
	for (size_t i = 0; i < s->ncollections; i++) {
		const struct collection *c = &s->collections[i];
		const char *key;

		for (size_t n = 0; purpose_covers(u, c->key) &&
			(key = retention_class_key(policy_retention(p), c->key, n)) != NULL; n++) {
			put_limit(p, c, key, to);
		}
	}
	json_close_array(to);
}

static void put_activity(const struct policy *p, const struct purpose *u, struct json *to)
{
	enum purpose_basis basis = (enum purpose_basis)u->basis;

	json_open_object(to, NULL);
	json_str(to, "purpose", u->key);
	json_str(to, "text", purpose_for_reader(u));
	json_str(to, "use", u->use);
	json_str(to, "basis", purpose_basis_word(basis));
	json_str(to, "article", purpose_basis_article(basis));
	if (u->special != SPECIAL_NONE) {
		json_str(to, "special_basis", purpose_special_word((enum purpose_special)u->special));
	}
	json_str(to, "objection",
		purpose_objection_word((enum purpose_objection)u->objection));
	if (u->notice.version) {
		json_str(to, "notice", u->notice.version);
	}
	put_names(to, "subjects", &u->subjects);
	put_names(to, "data", &u->data);
	put_categories(p, u, to);
	put_recipients(p, u, to);
	put_limits(p, u, to);
	json_close_object(to);
}

/* --- what is missing -------------------------------------------------------------- */

static void put_missing(const struct policy *p, struct json *to)
{
	const struct organisation *o = policy_organisation(p);
	const struct purposes *all = policy_purposes(p);
	const struct schema *s = policy_schema(p);
	char text[200];

	json_open_array(to, "missing");
	if (!o->controller.node) {
		json_str(to, NULL, _("organisation.yaml: controller (Art. 30(1)(a))"));
	}
	for (size_t i = 0; i < all->nrecipients; i++) {
		if (!all->recipients[i].country) {
			snprintf(text, sizeof(text),
				_("purposes.yaml: the country of the recipient %s (Art. 30(1)(e))"),
				all->recipients[i].key);
			json_str(to, NULL, text);
		}
	}
	for (size_t i = 0; i < s->ncollections; i++) {
		if (!retention_find(policy_retention(p), s->collections[i].key, RETENTION_DEFAULT)) {
			snprintf(text, sizeof(text),
				_("retention.yaml: until when %s is kept (Art. 30(1)(f))"),
				s->collections[i].key);
			json_str(to, NULL, text);
		}
	}
	json_close_array(to);
}

void ropa_put(const struct policy *p, struct json *to)
{
	const struct organisation *o = policy_organisation(p);
	const struct purposes *all = policy_purposes(p);

	put_contact(to, "controller", &o->controller);
	put_contact(to, "representative", &o->representative);
	put_contact(to, "dpo", &o->dpo);
	json_open_array(to, "activities");
	for (size_t i = 0; i < all->n; i++) {
		put_activity(p, &all->v[i], to);
	}
	json_close_array(to);
	json_open_array(to, "security");
	for (size_t i = 0; i < COUNT(measures); i++) {
		json_str(to, NULL, _(measures[i]));
	}
	json_close_array(to);
	put_missing(p, to);
}
