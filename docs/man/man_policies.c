#include "man_policies.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "man_text.h"
#include "policy/map.h"
#include "policy/policy.h"

#define CELLS 4

/* "| a | b |" has two cells. */
static size_t split_row(char *row, char *cells[CELLS])
{
	size_t n = 0;
	char *p = row + 2, *bar;

	while (n < CELLS && (bar = strstr(p, n + 1 < CELLS && strstr(p, " | ") ? " | " : " |"))) {
		*bar = '\0';
		cells[n++] = p;
		p = bar[2] == '\0' ? bar + 2 : bar + 3;
	}
	return n;
}

/* A key, its value, its default and its meaning; or a placeholder and its meaning. */
static void put_row(char *row, struct buf *to)
{
	char *cells[CELLS];
	size_t n = split_row(row, cells);

	if (n < 2) {
		return;
	}
	buf_put_str(to, ".TP\n");
	man_put(to, cells[0]);
	buf_put_u8(to, '\n');
	if (n < CELLS) {
		man_text(to, cells[1]);
		return;
	}
	man_text(to, cells[3]);
	buf_put_str(to, ".br\n(");
	man_put(to, cells[1]);
	if (*cells[2]) {
		man_put(to, strcmp(cells[2], "required") == 0 ? "; " : "; default ");
		man_put(to, cells[2]);
	}
	buf_put_str(to, ")\n");
}

/* "schema.yaml" and "organisation.yaml" begin a section, what they hold a part of one. */
static void put_heading(const char *title, struct buf *to)
{
	bool is_file = strstr(title, ".yaml") != NULL;

	buf_put_str(to, is_file ? ".SH " : ".SS ");
	man_put(to, title);
	buf_put_u8(to, '\n');
}

static void put_line(char *line, struct buf *to)
{
	if (strncmp(line, "### ", 4) == 0) {
		put_heading(line + 4, to);
	} else if (strncmp(line, "| `", 3) == 0) {
		put_row(line, to);
	}
}

/* Frees the reference. */
static void put_reference(struct buf *reference, struct buf *to)
{
	char *next;

	buf_put_u8(reference, '\0');
	if (buf_check(reference, NULL) == 0) {
		for (char *line = (char *)reference->p; *line; line = next) {
			next = line + strcspn(line, "\n");
			if (*next) {
				*next++ = '\0';
			}
			put_line(line, to);
		}
	}
	buf_done(reference);
}

void man_policies(struct buf *to)
{
	struct buf files = BUF_INIT, map = BUF_INIT;

	man_begin(to, "custos-policies", "5", "what custosd may and must do, as files");
	buf_put_str(to, ".SH DESCRIPTION\n");
	man_text(to, "custosd reads the files of `/etc/custos/policies` at its start and on SIGHUP. With a fault in one of them "
		"those before stay in force; `custosctl policy check-files` names all faults with file, line and reason.");
	buf_put_str(to, ".PP\n");
	man_text(to, "The language is YAML, as data only: one document in a file, of at most 1 MiB; no anchors, aliases, tags or "
		"merge keys; no key twice. A name is 1 to 63 of a-z, 0-9, '_', '.' and '-'. A duration is 72h, 30d or 7y, "
		"or 90s; a size is 4096, 64KiB or 1MiB. Where a list of names is asked for, a single name will do.");
	policy_explain(&files);
	put_reference(&files, to);
	buf_put_str(to, ".SH MAPS OF IMPORTS\n");
	man_text(to, "The file that `custosctl import --map` names: what the columns of a table become.");
	map_explain(&map);
	put_reference(&map, to);
	buf_put_str(to, ".SH SEE ALSO\n.BR custosctl\\-policy (1),\n.BR custosd (8)\n");
}
