/* The reference of the rows, as Markdown. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "policy/rows_text.h"

static const char *type_word(enum set_type type)
{
	static const char *const words[] = {
#define X(id, word) word,
		SET_TYPES(X)
#undef X
	};

	return words[type];
}

static void explain_row(const struct row *row, struct buf *out)
{
	char word[ROWS_KEY_SIZE];

	buf_putf(out, "| `%s` | ", row->key);
	if (row->type == SET_ENUM) {
		for (size_t i = 0; rows_nth_word(row->words, i, word); i++) {
			buf_putf(out, "%s`%s`", i > 0 ? ", " : "", word);
		}
	} else {
		buf_put_str(out, type_word(row->type));
	}
	if (row->flags & MUST) {
		buf_put_str(out, " | required");
	} else {
		buf_putf(out, row->standard ? " | `%s`" : " | %s",
			row->standard ? row->standard : "");
	}
	buf_putf(out, " | %s |\n", row->text);
}

/* Is this table in out already?  One that is used in several places is explained once. */
static bool is_explained(const struct rows *rows, struct buf *out)
{
	char heading[80];

	snprintf(heading, sizeof(heading), "### %s\n", rows->title);
	return strstr(buf_cstr(out), heading) != NULL;
}

/* Calls itself as deep as the tables are nested. */
void rows_explain(const struct rows *rows, struct buf *out)
{
	if (is_explained(rows, out)) {
		return;
	}
	buf_putf(out, "### %s\n\n| key | value | default | meaning |\n|---|---|---|---|\n",
		rows->title);
	for (size_t i = 0; i < rows->n; i++) {
		explain_row(&rows->v[i], out);
	}
	buf_put_str(out, "\n");
	for (size_t i = 0; i < rows->n; i++) {
		if (rows->v[i].of) {
			rows_explain(rows->v[i].of, out);
		}
	}
}
