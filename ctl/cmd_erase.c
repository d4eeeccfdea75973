#include <inttypes.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

/* --- before ----------------------------------------------------------------------- */

static void show_needs(const json_t *needs)
{
	json_t *need;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)needs, i, need) {
		const char *kind = json_string_value(need);

		out_field(_("needs"), "%s",
			strcmp(kind, "erase.now") == 0 ?
				_("a second user: there is no grace period") :
			strcmp(kind, "erase.cap") == 0 ?
				_("a second user: it exceeds the daily cap") :
				kind);
	}
}

void cmd_erase_preview(const json_t *p)
{
	char when[32];
	json_t *part;
	size_t i;

	out_field(_("who"), "%s  %s", out_str(p, "who"), out_str(p, "subject"));
	out_field(_("what"), "%s",
		strcmp(out_str(p, "scope"), "subject") == 0	? _("everything") :
		strcmp(out_str(p, "scope"), "collections") == 0 ? _("these collections") :
								  _("one record"));
	json_array_foreach(json_object_get(p, "collections"), i, part) {
		out_field("", _("%s, records: %" PRId64), out_str(part, "collection"),
			out_int(part, "records"));
	}
	out_field(_("keys shredded"), "%" PRId64, out_int(p, "slots"));
	out_field(_("when"), "%s", out_time(out_int(p, "due_ms"), when));
	out_field(_("last 24 hours"), _("%" PRId64 " of %" PRId64 " keys"),
		out_int(p, "slots_today"), out_int(p, "daily_slots"));
	show_needs(json_object_get(p, "needs"));
}

/* --- while it runs ---------------------------------------------------------------- */

void cmd_erase_more(struct progress *p, const json_t *reply)
{
	const char *approval = out_str(reply, "approval");
	const char *step = out_str(reply, "progress");

	if (*approval && !p->is_quiet) { /* somebody has to be told, terminal or not */
		progress_clear(p);
		out_note(_("waiting for a second person: custosctl approval grant %s\n"),
			approval);
	} else if (p->is_shown) {
		progress_clear(p);
		out_note(_("erase: %s"), step);
		p->has_line = true;
	}
}

/* --- after ------------------------------------------------------------------------ */

static void show_erasure(const json_t *e)
{
	char when[32];

	out_field(_("erasure"), "%s", out_str(e, "erasure"));
	out_field(_("state"), "%s", out_word(e, "state"));
	out_field(_("subject"), "%s", out_str(e, "subject"));
	out_list(_("collections"), json_object_get(e, "collections"));
	out_optional(_("record"), e, "record");
	out_field(_("begun"), "%s", out_time(out_int(e, "begun_ms"), when));
	if (json_object_get(e, "leaf")) {
		out_field(_("keys shredded"), "%" PRId64, out_int(e, "slots"));
		out_field(_("vault generation"), "%" PRId64, out_int(e, "generation"));
		out_field(_("log entry"), "%" PRId64, out_int(e, "leaf"));
		out_field(_("targets"), "%s",
			json_is_true(json_object_get(e, "target_confirmed")) ? _("confirmed") :
									       _("not confirmed"));
	} else {
		out_field(_("due"), "%s", out_time(out_int(e, "due_ms"), when));
	}
	out_line("%s", out_str(e, "statement"));
}

void cmd_erase(const struct args *a, const json_t *reply)
{
	const json_t *preview = json_object_get(reply, "preview");

	(void)a;
	if (preview) {
		cmd_erase_preview(preview);
	} else {
		show_erasure(json_object_get(reply, "result"));
	}
}

void cmd_erase_show(const struct args *a, const json_t *reply)
{
	(void)a;
	show_erasure(json_object_get(reply, "erasure"));
}

void cmd_erase_list(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("ERASURE"), N_("STATE"), N_("DUE"),
		N_("SUBJECT"), N_("WHAT"), NULL };
	const json_t *all = json_object_get(reply, "erasures");
	struct out_table *t;
	char when[32];
	json_t *e;
	size_t i;

	(void)a;
	if (json_array_size(all) == 0) {
		out_nothing(_("There are no erasures."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		out_cell(t, "%s", out_str(e, "erasure"));
		out_cell(t, "%s", out_word(e, "state"));
		out_cell(t, "%s", out_time(out_int(e, "due_ms"), when));
		out_cell(t, "%s", out_str(e, "subject"));
		out_cell(t, "%s", out_word(e, "scope"));
	}
	out_table_end(t);
}

void cmd_erase_cancel(const struct args *a, const json_t *reply)
{
	(void)reply;
	out_line(_("The erasure %s is cancelled; nothing was lost."), args_text(a, "erasure"));
}

/* --- what is left in raw files ---------------------------------------------------- */

static const char *place_text(const json_t *place)
{
	const char *kind = out_str(place, "kind");

	if (strcmp(kind, "bytes") == 0) {
		return _("something that no row uses");
	}
	return strcmp(kind, "unused") == 0 ? _("an erased id that no row uses") : _("an erased id");
}

static void show_places(const json_t *places)
{
	static const char *const headings[] = { N_("FILE"), N_("PAGE"), N_("OFFSET"), N_("TABLE"),
		N_("WHAT"), N_("NOW"), NULL };
	struct out_table *t = out_table_begin(headings);
	json_t *place;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)places, i, place) {
		out_cell(t, "%s", out_str(place, "file"));
		out_cell(t, "%" PRId64, out_int(place, "page"));
		out_cell(t, "%" PRId64, out_int(place, "offset"));
		out_cell(t, "%s", out_str(place, "table"));
		out_cell(t, "%s", place_text(place));
		out_cell(t, "%s", json_is_true(json_object_get(place, "wiped")) ? _("wiped") :
										  _("LEFT"));
	}
	out_table_end(t);
}

void cmd_erase_scan(const struct args *a, const json_t *reply)
{
	const json_t *r = json_object_get(reply, "result");
	const json_t *places = json_object_get(r, "places");
	char bytes[32];

	(void)a;
	out_field(_("read"), _("%" PRId64 " files, %s"), out_int(r, "files"),
		out_bytes(out_int(r, "bytes"), bytes));
	out_field(_("looked for"), _("%" PRId64 " erased subjects"), out_int(r, "erased"));
	out_field(_("pages wiped"), "%" PRId64, out_int(r, "wiped"));
	out_field(_("left"), "%" PRId64, out_int(r, "left"));
	if (json_array_size(places) > 0) {
		show_places(places);
	}
}

void cmd_erase_certificate(const struct args *a, const json_t *reply)
{
	(void)a;
	out_document(out_str(reply, "certificate"));
}

static const char *outcome_text(const json_t *from)
{
	const char *word = out_str(from, "outcome");

	if (strcmp(word, "opened_and_absent") == 0) {
		return _("opened and absent");
	}
	if (strcmp(word, "proves_nothing") == 0) {
		return _("proves nothing");
	}
	return strcmp(word, "found") == 0 ? _("FOUND") : _("could not open");
}

void cmd_erase_verify(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("TARGET"), N_("OBJECT"), N_("KEYS"),
		N_("TRIED"), N_("OPENED"), N_("RESULT"), NULL };
	const json_t *r = json_object_get(reply, "result");
	struct out_table *t = out_table_begin(headings);
	json_t *o;
	size_t i;

	(void)a;
	json_array_foreach(json_object_get(r, "objects"), i, o) {
		const char *why = out_str(o, "why");

		out_cell(t, "%s", out_str(o, "target"));
		out_cell(t, "%s", out_str(o, "object"));
		out_cell(t, "%" PRId64, out_int(o, "generation"));
		out_cell(t, "%" PRId64, out_int(o, "tried_records"));
		out_cell(t, "%" PRId64, out_int(o, "opened_records"));
		out_cell(t, "%s%s%s", outcome_text(o), *why ? ": " : "", why);
	}
	out_table_end(t);
	out_field(_("erasures"), "%zu", json_array_size(json_object_get(r, "erasures")));
	out_field(_("result"), "%s", outcome_text(r));
}
