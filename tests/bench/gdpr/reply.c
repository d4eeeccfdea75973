#include "reply.h"

#include <stdlib.h>
#include <string.h>

#include "be_custos.h"

struct walk {
	char *at;
	bool is_bad;
};

/* --- JSON -------------------------------------------------------------------------------------- */

static char next_char(struct walk *w)
{
	while (*w->at == ' ') {
		w->at++;
	}
	return *w->at;
}

static bool take(struct walk *w, char c)
{
	bool is_there = next_char(w) == c;

	w->at += is_there;
	return is_there;
}

/* A text, ended where its quote was. */
static char *take_text(struct walk *w)
{
	char *text, *end;

	if (!take(w, '"')) {
		w->is_bad = true;
		return "";
	}
	text = w->at;
	end = strpbrk(text, "\"\\");
	if (!end || *end == '\\') {
		w->is_bad = true;
		return "";
	}
	*end = '\0';
	w->at = end + 1;
	return text;
}

/* The next member of an object, whose '{' was taken, or the next element of an array. */
static bool has_next(struct walk *w, char end)
{
	if (w->is_bad || take(w, end)) {
		return false;
	}
	take(w, ',');
	return true;
}

static char *next_member(struct walk *w)
{
	char *name;

	if (!has_next(w, '}')) {
		return NULL;
	}
	name = take_text(w);
	w->is_bad |= !take(w, ':');
	return w->is_bad ? NULL : name;
}

static void skip(struct walk *w)
{
	char c = next_char(w);

	if (c == '"') {
		take_text(w);
	} else if (c == '{' || c == '[') {
		char end = c == '{' ? '}' : ']';

		w->at++;
		while (has_next(w, end)) {
			if (c == '{') {
				take_text(w);
				w->is_bad |= !take(w, ':');
			}
			skip(w);
		}
	} else {
		w->is_bad |= c == '\0';
		w->at += strcspn(w->at, ",]}");
	}
}

/* --- a record ---------------------------------------------------------------------------------- */

struct row {
	const char *key;
	const char *value[NFIELDS];
	char category[8];
};

/* The one of an array that is not the purpose of all calls. */
static const char *take_array(struct walk *w)
{
	const char *one = NULL;

	w->is_bad |= !take(w, '[');
	while (has_next(w, ']')) {
		const char *text = take_text(w);

		one = strcmp(text, "service") == 0 ? one : text;
	}
	return one;
}

static void take_category(struct walk *w, struct row *row)
{
	const char *text = take_text(w);

	for (int i = 0; i < 10; i++) {
		if (strcmp(text, be_custos_categories[i]) == 0) {
			memcpy(row->category, "cat0", 5);
			row->category[3] = (char)('0' + i);
			row->value[CAT] = row->category;
		}
	}
}

static void take_keep(struct walk *w, struct row *row)
{
	char *text = take_text(w);
	size_t n = strlen(text);

	if (n > 0 && text[n - 1] == 's') {
		text[n - 1] = '\0';
		row->value[TTL] = text;
	}
}

static void take_rule(struct walk *w, struct row *row)
{
	const char *name;

	w->is_bad |= !take(w, '{');
	while ((name = next_member(w)) != NULL) {
		if (strcmp(name, "purposes") == 0) {
			row->value[PUR] = take_array(w);
		} else if (strcmp(name, "objections") == 0) {
			row->value[OBJ] = take_array(w);
		} else if (strcmp(name, "automated") == 0) {
			row->value[DEC] = next_char(w) == 't' ? "dec0" : "dec1";
			skip(w);
		} else if (strcmp(name, "roles") == 0) {
			row->value[ACL] = take_array(w);
		} else if (strcmp(name, "recipients") == 0) {
			row->value[SHR] = take_array(w);
		} else if (strcmp(name, "source") == 0) {
			row->value[SRC] = take_text(w);
		} else if (strcmp(name, "category") == 0) {
			take_category(w, row);
		} else if (strcmp(name, "keep") == 0) {
			take_keep(w, row);
		} else {
			skip(w);
		}
	}
}

static void take_fields(struct walk *w, struct row *row)
{
	const char *name;

	w->is_bad |= !take(w, '{');
	while ((name = next_member(w)) != NULL) {
		const char *text = take_text(w);

		if (strcmp(name, "user") == 0) {
			row->value[USR] = text;
		} else if (strcmp(name, "data") == 0) {
			row->value[DATA] = text;
		}
	}
}

static void take_record(struct walk *w, struct reply *r)
{
	struct row row = { 0 };
	const char *name;

	w->is_bad |= !take(w, '{');
	while ((name = next_member(w)) != NULL) {
		if (strcmp(name, "key") == 0) {
			row.key = take_text(w);
		} else if (strcmp(name, "rule") == 0) {
			take_rule(w, &row);
		} else if (strcmp(name, "fields") == 0) {
			take_fields(w, &row);
		} else {
			skip(w);
		}
	}
	if (!w->is_bad) {
		r->nrows++;
		r->row(r->ctx, row.key, row.value);
	}
}

/* --- the frame --------------------------------------------------------------------------------- */

static void take_number(struct walk *w, struct reply *r)
{
	r->value = 0;
	if (take(w, '[')) {
		while (has_next(w, ']')) {
			skip(w);
			r->value++;
		}
	} else {
		r->value = strtoll(w->at, NULL, 10);
		skip(w);
	}
}

static void take_parameters(struct walk *w, struct reply *r)
{
	const char *name;

	w->is_bad |= !take(w, '{');
	while ((name = next_member(w)) != NULL) {
		if (r->number && strcmp(name, r->number) == 0) {
			take_number(w, r);
		} else if (r->row && strcmp(name, "record") == 0) {
			take_record(w, r);
		} else if (r->row && strcmp(name, "records") == 0) {
			w->is_bad |= !take(w, '[');
			while (has_next(w, ']')) {
				take_record(w, r);
			}
		} else if (strcmp(name, "progress") == 0 || strcmp(name, "result") == 0) {
			take_parameters(w, r);
		} else if (strcmp(name, "message") == 0) {
			r->message = take_text(w);
		} else {
			skip(w);
		}
	}
}

bool reply_read(struct reply *r, char *frame)
{
	struct walk w = { .at = frame };
	const char *name;

	r->continues = false;
	r->nrows = 0;
	r->error = r->message = "";
	w.is_bad = !take(&w, '{');
	while ((name = next_member(&w)) != NULL) {
		if (strcmp(name, "parameters") == 0) {
			take_parameters(&w, r);
		} else if (strcmp(name, "continues") == 0) {
			r->continues = next_char(&w) == 't';
			skip(&w);
		} else if (strcmp(name, "error") == 0) {
			r->error = take_text(&w);
		} else {
			skip(&w);
		}
	}
	return !w.is_bad && *w.at == '\0';
}
