/* What the page says about the data: purposes, sources, keeping, who looked, rights. */
#include "privacy/dossier_about.h"

#include <inttypes.h>
#include <string.h>

#include "base/civil.h"
#include "ledger/leaf.h"
#include "policy/policy.h"
#include "privacy/dossier_markup.h"

static void put_link(struct dossier_pen *p, const char *id, const char *text)
{
	buf_putf(p->to, "<li><a href=\"#%s\">", id);
	markup_say(p, text);
	buf_put_str(p->to, "</a></li>\n");
}

void dossier_about_links(struct dossier_pen *p)
{
	put_link(p, "purposes", "What it is used for");
	put_link(p, "consents", "What you agreed or objected to");
	put_link(p, "sources", "Where it comes from");
	put_link(p, "retention", "How long it is kept");
	put_link(p, "access", "Who looked at it or changed it");
	put_link(p, "decisions", "What machines decide");
	put_link(p, "rights", "Your rights");
	put_link(p, "who", "Who holds it, and whom to ask");
	put_link(p, "document", "About this document");
}

/* --- what it is used for ---------------------------------------------------------- */

/* Does the purpose cover something that is kept? */
static bool concerns(const struct dossier *d, const struct purpose *purpose)
{
	for (size_t i = 0; i < d->nparts; i++) {
		if (d->parts[i].nrecords > 0 && purpose_covers(purpose, d->parts[i].key)) {
			return true;
		}
	}
	return false;
}

static enum language language_of(const struct dossier *d)
{
	return d->language == DOSSIER_ZH ? LANGUAGE_ZH : LANGUAGE_EN;
}

/* What a policy says in this language; else what this program knows of the shipped ones. */
static void put_told(struct dossier_pen *p, const char *told, const char *text)
{
	if (told) {
		markup_text(p, told);
	} else {
		markup_say(p, text);
	}
}

static void put_recipients(struct dossier_pen *p, const struct purpose *purpose)
{
	const struct purposes *all = policy_purposes(p->d->policy);

	for (size_t i = 0; i < purpose->recipients.n; i++) {
		const struct recipient *r = purposes_find_recipient(all, purpose->recipients.v[i]);

		buf_put_str(p->to, i > 0 ? "<br>" : "");
		put_told(p, recipient_told(r, language_of(p->d)), r->text ? r->text : r->key);
		if (r->country) {
			buf_put_str(p->to, " (");
			markup_text(p, r->country);
			buf_put_str(p->to, ")");
		}
		if (r->transfer != TRANSFER_NONE) {
			buf_put_str(p->to, " ");
			markup_say(p, "by: ");
			markup_label(p, recipient_transfer_word((enum transfer)r->transfer));
		}
	}
	if (purpose->recipients.n == 0) {
		markup_say(p, "nobody else");
	}
}

static void put_purpose(struct dossier_pen *p, const struct purpose *purpose)
{
	const struct dossier *d = p->d;
	bool has_some = false;

	buf_put_str(p->to, "<tr><td>");
	put_told(p, purpose_told(purpose, language_of(d)), purpose->text);
	buf_put_str(p->to, "</td><td>");
	markup_label(p, purpose_basis_word((enum purpose_basis)purpose->basis));
	if (d->language == DOSSIER_EN) { /* the law of readers of Chinese is another */
		buf_putf(p->to, " <span class=\"n\">GDPR&nbsp;%s</span>",
			purpose_basis_article((enum purpose_basis)purpose->basis));
	}
	buf_put_str(p->to, "</td><td>");
	for (size_t i = 0; i < d->nparts; i++) {
		if (d->parts[i].nrecords > 0 && purpose_covers(purpose, d->parts[i].key)) {
			markup_say(p, has_some ? ", " : "");
			markup_label(p, d->parts[i].key);
			has_some = true;
		}
	}
	buf_put_str(p->to, "</td><td>");
	put_recipients(p, purpose);
	buf_put_str(p->to, "</td></tr>\n");
}

static void put_purposes(struct dossier_pen *p)
{
	static const char *const heads[] = { "purpose", "legal basis", "data", "who receives it" };
	const struct purposes *all = policy_purposes(p->d->policy);

	markup_heading(p, "purposes", "15(1)(a) 15(1)(b) 15(1)(c) 15(2)", true, "What it is used for");
	if (p->d->nrecords == 0) {
		markup_note(p, "There is no entry.");
	} else {
		markup_heads(p, "purposes", heads, sizeof(heads) / sizeof(heads[0]));
		for (size_t i = 0; i < all->n; i++) {
			if (concerns(p->d, &all->v[i])) {
				put_purpose(p, &all->v[i]);
			}
		}
		buf_put_str(p->to, "</tbody></table>\n");
	}
	buf_put_str(p->to, "</section>\n");
}

/* --- consents --------------------------------------------------------------------- */

static void put_said(struct dossier_pen *p, const char *text)
{
	if (*text) {
		buf_put_str(p->to, "<br>");
		markup_value(p, span_str(text));
	}
}

static void put_consent(struct dossier_pen *p, const struct dossier_consent *c)
{
	const struct row_consent *row = &c->row;
	char day[CIVIL_DAY_SIZE];

	civil_format_day(row->said_day != CIVIL_NO_DAY ? row->said_day : civil_day_of_ms(row->at_ms),
		day);
	buf_putf(p->to, "<tr><td class=\"time\">%s</td><td>", day);
	markup_label(p, row->purpose);
	markup_say(p, ": ");
	if (*row->channel) {
		markup_label(p, row->channel);
	} else {
		markup_say(p, "in general");
	}
	buf_put_str(p->to, "</td><td>");
	markup_say(p, consent_state_meaning(row->state));
	put_said(p, c->said);
	buf_put_str(p->to, "</td><td>");
	markup_say(p, consent_method_meaning(row->method));
	put_said(p, c->source);
	buf_put_str(p->to, "</td><td>");
	markup_text(p, row->notice);
	buf_put_str(p->to, "</td><td class=\"time\">");
	if (row->expires_ms != 0) {
		civil_format_day(civil_day_of_ms(row->expires_ms), day);
		markup_text(p, day);
	}
	buf_put_str(p->to, "</td></tr>\n");
}

static void put_consents(struct dossier_pen *p)
{
	static const char *const heads[] = { "day", "purpose", "you", "by", "notice", "until" };
	const struct dossier *d = p->d;

	markup_heading(p, "consents", "7(1)", d->nconsents < 12, "What you agreed or objected to");
	if (d->nconsents == 0) {
		markup_note(p, "Nobody ever asked, and nothing was said.");
	} else {
		markup_heads(p, "consents", heads, sizeof(heads) / sizeof(heads[0]));
		for (size_t i = 0; i < d->nconsents; i++) {
			put_consent(p, &d->consents[i]);
		}
		buf_put_str(p->to, "</tbody></table>\n");
	}
	if (d->has_more_consents) {
		markup_note(p, "Later entries are left out here: there are too many.");
	}
	buf_put_str(p->to, "</section>\n");
}

/* --- where it comes from, and for how long ---------------------------------------- */

static void put_sources(struct dossier_pen *p)
{
	static const char *const heads[] = { "source", "records" };
	const struct dossier *d = p->d;

	markup_heading(p, "sources", "15(1)(g)", p->d->nsources < 12, "Where it comes from");
	if (d->nsources == 0) {
		markup_note(p, "There is no entry.");
	} else {
		markup_heads(p, "count", heads, sizeof(heads) / sizeof(heads[0]));
	}
	for (size_t i = 0; i < d->nsources; i++) {
		buf_put_str(p->to, "<tr><td>");
		markup_source(p, span_str(d->sources[i].name), d->sources[i].origin);
		buf_putf(p->to, "</td><td class=\"num\">%" PRIu64 "</td></tr>\n",
			d->sources[i].nrecords);
	}
	buf_put_str(p->to, d->nsources > 0 ? "</tbody></table>\n" : "");
	if (d->has_more_sources) {
		markup_note(p, "Further sources are told with each record in data.json.");
	}
	buf_put_str(p->to, "</section>\n");
}

static const char *counting(const struct collection *c)
{
	switch (c ? (enum anchor)c->anchor : ANCHOR_NONE) {
	case ANCHOR_ACTIVITY: return "after the last activity";
	case ANCHOR_EVENT: return "after the record's own date";
	case ANCHOR_RELATIONSHIP: return "after the end of the relationship";
	case ANCHOR_NONE: break;
	}
	return "";
}

static void put_keep(struct dossier_pen *p, const struct dossier_part *part, const char *class_key)
{
	const struct retention *all = policy_retention(p->d->policy);
	const struct retention_rule *rule = retention_find(all, part->key, class_key);
	const struct retention_minimum *minimum = retention_minimum(all, part->key, class_key);

	buf_put_str(p->to, "<tr><td>");
	markup_label(p, part->key);
	if (strcmp(class_key, RETENTION_DEFAULT) != 0) {
		buf_put_str(p->to, ": ");
		markup_label(p, class_key);
	}
	buf_put_str(p->to, "</td><td>");
	if (rule) {
		markup_duration(p, rule->keep);
		buf_put_str(p->to, " ");
		markup_say(p, counting(part->collection));
	} else {
		markup_say(p, "until it is no longer needed for its purpose, or is erased");
	}
	if (minimum) {
		buf_put_str(p->to, "<br>");
		markup_say(p, "a law wants it kept for");
		buf_put_str(p->to, " ");
		markup_duration(p, minimum->keep);
	}
	buf_put_str(p->to, "</td><td>");
	if (!rule && !minimum) {
		buf_put_str(p->to, "\xe2\x80\x93");
	}
	markup_text(p, rule ? rule->reason : "");
	if (minimum) {
		buf_put_str(p->to, rule ? "<br>" : "");
		markup_text(p, minimum->citation);
	}
	buf_put_str(p->to, "</td></tr>\n");
}

static void put_retention(struct dossier_pen *p)
{
	static const char *const heads[] = { "collection", "kept for", "reason" };
	const struct dossier *d = p->d;

	markup_heading(p, "retention", "15(1)(d)", true, "How long it is kept");
	if (d->nrecords > 0) {
		markup_heads(p, "rules", heads, sizeof(heads) / sizeof(heads[0]));
		for (size_t i = 0; i < d->nparts; i++) {
			const char *key;

			for (size_t n = 0; d->parts[i].nrecords > 0 &&
				(key = retention_class_key(policy_retention(d->policy),
					 d->parts[i].key, n)) != NULL; n++) {
				put_keep(p, &d->parts[i], key);
			}
		}
		buf_put_str(p->to, "</tbody></table>\n");
	}
	buf_put_str(p->to, "<p>");
	markup_say(p, "Who searched for or exported many people's data is remembered for");
	buf_put_str(p->to, " ");
	markup_duration(p, policy_retention(d->policy)->access_journal);
	markup_say(p, ".");
	buf_put_str(p->to, "</p></section>\n");
}

static void put_look(struct dossier_pen *p, const struct dossier_look *k)
{
	buf_put_str(p->to, "<tr><td class=\"time\">");
	markup_minute(p, k->first_ms);
	buf_put_str(p->to, "</td><td>");
	markup_say(p, leaf_act_meaning((enum leaf_act)k->act));
	buf_put_str(p->to, "</td><td>");
	if (*k->purpose) {
		markup_label(p, k->purpose);
	}
	buf_put_str(p->to, "</td><td>");
	if (id_is_nil(&k->by)) {
		markup_say(p, "the program itself");
	} else {
		markup_id(p, &k->by);
	}
	buf_putf(p->to, "</td><td class=\"num\">%" PRIu64 "</td></tr>\n", k->times);
}

static void put_looks(struct dossier_pen *p)
{
	static const char *const heads[] = { "day", "what", "purpose", "operator", "times" };
	const struct dossier *d = p->d;

	markup_heading(p, "access", "", p->d->nlooks < 12, "Who looked at it or changed it");
	markup_note(p, "From the audit log, in which every access stands before anything is shown. An "
		    "operator is a person or a program of the organisation, under a random number. "
		    "Times are of UTC.");
	if (d->nlooks == 0) {
		markup_note(p, "There is no entry.");
	} else {
		markup_heads(p, "log count", heads, sizeof(heads) / sizeof(heads[0]));
	}
	for (size_t i = 0; i < d->nlooks; i++) {
		put_look(p, &d->looks[i]);
	}
	buf_put_str(p->to, d->nlooks > 0 ? "</tbody></table>\n" : "");
	if (d->has_more_looks) {
		markup_note(p, "Later entries are left out here: there are too many.");
	}
	if (d->nunknown > 0) {
		buf_putf(p->to, "<p>%" PRIu64 " ", d->nunknown);
		markup_say(p, "searches, exports or checks of many people are so long ago that it is no longer "
		       "known whom they showed.");
		buf_put_str(p->to, "</p>\n");
	}
	buf_put_str(p->to, "</section>\n");
}

/* --- decisions, and who answers for it -------------------------------------------- */

static void put_decisions(struct dossier_pen *p)
{
	static const char *const heads[] = { "purpose", "decisions" };
	const struct purposes *all = policy_purposes(p->d->policy);
	bool has_some = false;

	markup_heading(p, "decisions", "15(1)(h)", true, "What machines decide");
	for (size_t i = 0; i < all->n; i++) {
		const char *said = all->v[i].decisions.in[language_of(p->d)];

		if (!said || !concerns(p->d, &all->v[i])) {
			continue;
		}
		if (!has_some) {
			markup_heads(p, "rules", heads, 2);
		}
		has_some = true;
		buf_put_str(p->to, "<tr><td>");
		put_told(p, purpose_told(&all->v[i], language_of(p->d)), all->v[i].text);
		buf_put_str(p->to, "</td><td>");
		markup_text(p, said);
		buf_put_str(p->to, "</td></tr>\n");
	}
	buf_put_str(p->to, has_some ? "</tbody></table>\n" : "");
	markup_note(p, "The program that holds this data decides nothing about people by itself, and makes no "
		    "profiles.");
	if (!has_some) {
		markup_note(p, "Whether others decide about you with it by machines alone is not noted here: ask the "
			    "organisation.");
	}
	buf_put_str(p->to, "</section>\n");
}

static bool put_contact(struct dossier_pen *p, const char *role, const struct organisation_contact *c)
{
	const char *const lines[] = { c->name, c->address, c->contact };

	if (!c->node) {
		return false;
	}
	buf_put_str(p->to, "<div><dt>");
	markup_say(p, role);
	buf_put_str(p->to, "</dt><dd>");
	for (size_t i = 0; i < 3; i++) {
		if (lines[i]) {
			buf_put_str(p->to, "<span>");
			markup_text(p, lines[i]);
			buf_put_str(p->to, "</span>");
		}
	}
	buf_put_str(p->to, "</dd></div>\n");
	return true;
}

static void put_who(struct dossier_pen *p)
{
	const struct organisation *o = policy_organisation(p->d->policy);
	bool has_controller, has_authority;

	markup_heading(p, "who", "15(1)(f)", true, "Who holds it, and whom to ask");
	buf_put_str(p->to, "<dl class=\"facts people\">\n");
	has_controller = put_contact(p, "controller", &o->controller);
	(void)put_contact(p, "representative", &o->representative);
	(void)put_contact(p, "data protection officer", &o->dpo);
	has_authority = put_contact(p, "supervisory authority", &o->authority);
	buf_put_str(p->to, "</dl>\n");
	if (!has_controller) {
		markup_note(p, "Who answers for this data stands in the letter that came with this document.");
	}
	markup_note(p, has_authority ? "You may complain to this authority, or to the one where you live or work." :
				       "You may complain to the supervisory authority where you live or work.");
	buf_put_str(p->to, "</section>\n");
}

void dossier_about_put(struct dossier_pen *p)
{
	put_purposes(p);
	put_consents(p);
	put_sources(p);
	put_retention(p);
	put_looks(p);
	put_decisions(p);
	markup_heading(p, "rights", "15(1)(e)", true, "Your rights");
	markup_note(p, "You may ask that wrong data is corrected, that data is erased or its use "
		    "restricted, and that what you gave is handed over in a form that programs read "
		    "(data.json is one). You may object to its use, and withdraw a consent at any "
		    "time, for the future. You may ask for an explanation of the rules by which your "
		    "data is handled, and complain to a supervisory authority or go to court (Art. 15 "
		    "to 22 and 77 to 79 GDPR; Art. 44 to 50 PIPL).");
	buf_put_str(p->to, "</section>\n");
	put_who(p);
	markup_heading(p, "document", "15(3)", true, "About this document");
	markup_note(p, "Values stand here as they are kept. Random numbers (32 digits) stand for "
		    "people, records and operators in the audit log.");
	markup_note(p, "Keep this archive as you keep your papers: whoever has it reads all of it.");
	buf_put_str(p->to, "</section>\n");
}
