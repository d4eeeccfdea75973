#include "privacy/runbook.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "policy/policy.h"
#include "policy/targets.h"
#include "privacy/runbook_text.h"

static const char *const parts[NPARTS] = {
	[PART_ADMINISTRATOR] = "administrator",
	[PART_IDENTITY] = "holder of the identity",
	[PART_TARGET] = "holder of a target",
	[PART_PRIVACY] = "privacy",
	[PART_SECOND] = "second user",
};

/* Where in the text we are. */
enum place { PLACE_TEXT, PLACE_TEST, PLACE_PEOPLE };

const char *runbook_part(enum part part)
{
	return parts[part];
}

static void put(struct buf *to, const char *text)
{
	buf_put_str(to, text ? text : "");
}

static void put_reach(struct buf *to, const char *name, const char *contact, const char *text)
{
	put(to, name);
	put(to, contact ? ", " : "");
	put(to, contact);
	put(to, text ? " (" : "");
	put(to, text);
	put(to, text ? ")" : "");
}

/* "Jo Ek, +49 30 ..., or Li Wei, ...": those of this part; how many. */
static size_t put_people(const struct policy *p, enum part part, struct buf *to)
{
	const struct organisation *o = policy_organisation(p);
	size_t n = 0;

	for (size_t i = 0; i < o->npeople; i++) {
		const struct organisation_person *who = &o->people[i];

		if (who->part == (int)part) {
			put(to, n++ > 0 ? "; or " : "");
			put_reach(to, who->name, who->contact, who->text);
		}
	}
	if (n == 0 && part == PART_PRIVACY && o->dpo.node) {
		put_reach(to, o->dpo.name, o->dpo.contact, NULL);
		n++;
	}
	return n;
}

bool runbook_has(const struct policy *p, enum part part)
{
	struct buf ignored = BUF_INIT;
	bool is_any = put_people(p, part, &ignored) > 0;

	buf_done(&ignored);
	return is_any;
}

static void put_part(const struct policy *p, enum part part, struct buf *to)
{
	if (put_people(p, part, to) == 0) {
		put(to, "NOBODY IS NAMED (organisation.yaml: people)");
	}
}

/* The line as it is, and below it each part that it names, with its people. */
static void put_call(const struct policy *p, const char *line, size_t n, struct buf *to)
{
	buf_put(to, line, n);
	put(to, "\n\n");
	for (enum part i = 0; i < NPARTS; i++) {
		if (memmem(line, n, parts[i], strlen(parts[i]))) {
			put(to, "- ");
			put(to, parts[i]);
			put(to, ": ");
			put_part(p, i, to);
			put(to, "\n");
		}
	}
}

static void put_place(const char *name, const char *key, const char *path, struct buf *to)
{
	put(to, "| ");
	put(to, name);
	put(to, key);
	put(to, " | `");
	put(to, path);
	put(to, "` |\n");
}

static void put_who_and_where(const struct policy *p, const struct runbook_places *places, struct buf *to)
{
	const struct targets *t = policy_targets(p);
	char store[ID_TEXT_SIZE];

	put(to, "| who | |\n|---|---|\n");
	for (enum part i = 0; i < NPARTS; i++) {
		put(to, "| ");
		put(to, parts[i]);
		put(to, " | ");
		put_part(p, i, to);
		put(to, " |\n");
	}
	id_format(&places->store, store);
	put(to, "\n| where | |\n|---|---|\n");
	put_place("store", "", store, to);
	put_place("state", "", places->state, to);
	put_place("policies", "", places->policies, to);
	for (size_t i = 0; i < t->n; i++) {
		put_place("target ", t->v[i].key, t->v[i].path, to);
	}
	if (t->n == 0) {
		put(to, "| target | NONE (backup.yaml): what is on the host is all there is |\n");
	}
	put(to, "\nIn the commands `/mnt/usb/custos` and `/var/backups/custos` stand for a target, "
		"`/media/stick/identity.txt` for the identity.\n");
}

static bool is_line(const char *line, size_t n, const char *text)
{
	return n == strlen(text) && memcmp(line, text, n) == 0;
}

static bool begins(const char *line, size_t n, const char *text)
{
	return n >= strlen(text) && memcmp(line, text, strlen(text)) == 0;
}

/* One line of the text; where that leaves us. */
static enum place put_line(const struct policy *p, const struct runbook_places *places, enum place at,
	const char *line, size_t n, struct buf *to)
{
	if (at == PLACE_TEST) {
		return is_line(line, n, "-->") ? PLACE_TEXT : at;
	}
	if (at == PLACE_PEOPLE) {
		return is_line(line, n, "<!-- /people -->") ? PLACE_TEXT : at;
	}
	if (begins(line, n, "<!-- test")) {
		return PLACE_TEST;
	}
	if (is_line(line, n, "<!-- people -->")) {
		put_who_and_where(p, places, to);
		return PLACE_PEOPLE;
	}
	if (begins(line, n, "**Call:**")) {
		put_call(p, line, n, to);
	} else if (begins(line, n, "```sh")) {
		put(to, "```sh\n");
	} else if (!begins(line, n, "<!--")) {
		buf_put(to, line, n);
		put(to, "\n");
	}
	return PLACE_TEXT;
}

int runbook_write(const struct policy *p, const struct runbook_places *places, struct buf *to,
	struct cu_err *err)
{
	const char *line = (const char *)runbook_texts[0].p, *end = line + runbook_texts[0].n;
	enum place at = PLACE_TEXT;

	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((stop ? stop : end) - line);

		at = put_line(p, places, at, line, n, to);
		line += n + 1;
	}
	return buf_check(to, err);
}
