#include "intake/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/intl.h"
#include "base/text.h"

#define SHOWN_NAME_SIZE 64
#define MAX_EDITS       3 /* more than that is another word */

static bool ends_in_nothing(const struct csv_row *row)
{
	const struct csv_field *last = &row->fields[row->nfields - 1];

	return last->n == 0 && !last->is_quoted;
}

int columns_take(struct columns *c, const struct csv_row *row, bool has_header,
	struct cu_err *err)
{
	size_t n = row->nfields;

	if (has_header && n > 1 && ends_in_nothing(row)) {
		n--;
	}
	c->names = calloc(n, sizeof(*c->names));
	if (!c->names) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	for (c->n = 0; c->n < n; c->n++) {
		char number[24];

		snprintf(number, sizeof(number), "%zu", c->n + 1);
		c->names[c->n] = strdup(has_header ? row->fields[c->n].text : number);
		if (!c->names[c->n]) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
	}
	return 0;
}

void columns_done(struct columns *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->names[i]);
	}
	free(c->names);
	*c = (struct columns)COLUMNS_INIT;
}

size_t columns_count(const struct columns *c, const struct csv_row *row)
{
	return row->nfields == c->n + 1 && ends_in_nothing(row) ? c->n : row->nfields;
}

/* ASCII only: enough for "Email" and "email" to be near. */
static void fold(const char *name, char out[SHOWN_NAME_SIZE])
{
	size_t n = strnlen(name, SHOWN_NAME_SIZE - 1);

	for (size_t i = 0; i < n; i++) {
		char ch = name[i];

		out[i] = ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
	}
	out[n] = '\0';
}

static const char *nearest(const struct columns *c, const char *name)
{
	const char *best = NULL;
	unsigned least = MAX_EDITS + 1;
	char wanted[SHOWN_NAME_SIZE], got[SHOWN_NAME_SIZE];

	fold(name, wanted);
	for (size_t i = 0; i < c->n; i++) {
		unsigned edits;

		fold(c->names[i], got);
		edits = text_distance(wanted, got, MAX_EDITS);
		if (edits < least && edits < strlen(wanted) && edits < strlen(got)) {
			least = edits;
			best = c->names[i];
		}
	}
	return best;
}

static int fail_absent(const struct columns *c, const char *name, struct cu_err *err)
{
	char wanted[SHOWN_NAME_SIZE], near[SHOWN_NAME_SIZE];
	const char *best = nearest(c, name);

	text_escape(name, wanted, sizeof(wanted));
	if (!best) {
		return cu_err_set(err, CU_ENOENT, "no column '%s' among the file's %zu", wanted,
			c->n);
	}
	text_escape(best, near, sizeof(near));
	return cu_err_set(err, CU_ENOENT, "no column '%s' in the file; did you mean '%s'?",
		wanted, near);
}

int columns_find(const struct columns *c, const char *name, size_t *ret_column,
	struct cu_err *err)
{
	size_t found = COLUMNS_NONE;

	for (size_t i = 0; i < c->n; i++) {
		char shown[SHOWN_NAME_SIZE];

		if (strcmp(c->names[i], name) != 0) {
			continue;
		}
		if (found == COLUMNS_NONE) {
			found = i;
			continue;
		}
		text_escape(name, shown, sizeof(shown));
		return cu_err_set(err, CU_EINVAL, "columns %zu and %zu are both called '%s'",
			found + 1, i + 1, shown);
	}
	if (found == COLUMNS_NONE) {
		return fail_absent(c, name, err);
	}
	*ret_column = found;
	return 0;
}

void columns_label(const struct columns *c, size_t column, char out[COLUMNS_LABEL_SIZE])
{
	char number[24], shown[SHOWN_NAME_SIZE];

	snprintf(number, sizeof(number), "%zu", column + 1);
	if (column >= c->n || c->names[column][0] == '\0' ||
		strcmp(c->names[column], number) == 0) {
		snprintf(out, COLUMNS_LABEL_SIZE, _("column %s"), number);
		return;
	}
	text_escape(c->names[column], shown, sizeof(shown));
	snprintf(out, COLUMNS_LABEL_SIZE, _("column %s (%s)"), number, shown);
}
