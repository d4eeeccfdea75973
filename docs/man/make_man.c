/*
 * make_man DIRECTORY: writes the manual pages that follow from the tables of commands and of policies.
 *
 * They are docs/man/made; the pages of docs/man/written are written by hand.
 */
#include <stdio.h>

#include "base/buf.h"
#include "man_ctl.h"
#include "man_policies.h"
#include "wire/command.h"

/* 0, or 1 and a line that says what failed.  Frees the page. */
static int write_page(const char *directory, const char *name, const char *section, struct buf *page)
{
	char path[4096];
	FILE *f;
	int is_bad = buf_check(page, NULL) < 0;

	snprintf(path, sizeof(path), "%s/%s.%s", directory, name, section);
	f = fopen(path, "w");
	is_bad |= !f || fwrite(page->p, 1, page->n, f) != page->n;
	is_bad |= f && fclose(f) != 0;
	buf_done(page);
	if (is_bad) {
		fprintf(stderr, "make_man: %s: could not be written\n", path);
	}
	return is_bad;
}

int main(int argc, char *argv[])
{
	struct buf overview = BUF_INIT, policies = BUF_INIT;
	const struct family *f;
	int status;

	if (argc != 2) {
		fprintf(stderr, "usage: make_man DIRECTORY\n");
		return 64;
	}
	man_overview(&overview);
	man_policies(&policies);
	status = write_page(argv[1], "custosctl", "1", &overview);
	status |= write_page(argv[1], "custos-policies", "5", &policies);
	for (size_t i = 0; (f = command_family_at(i)); i++) {
		struct buf page = BUF_INIT;
		char name[40];

		snprintf(name, sizeof(name), "custosctl-%s", f->word);
		man_family(f, &page);
		status |= write_page(argv[1], name, "1", &page);
	}
	return status;
}
