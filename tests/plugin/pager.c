/*
 * pager: a plugin of somebody else: it is built with custos-dev alone, outside of this tree, and
 * writes the subject of each message, behind a word of its own, to a file.
 */
#include <stdio.h>

#include <custos_plugin.h>

enum { FILE_PATH, WORD, NSETTINGS };

static const struct cu_setting settings[NSETTINGS] = {
	[FILE_PATH] = { "file", CU_SETTING_FILE, CU_SETTING_MUST, "A file that gets a line for each message." },
	[WORD] = { "word", CU_SETTING_TEXT, 0, "What each line begins with.", .standard = "page" },
};

static const struct cu_host *host;

struct route {
	FILE *file;
	const char *word;
};

static int32_t start(const struct cu_host *h)
{
	host = h;
	return CU_DONE;
}

static int32_t open_route(const struct cu_value *values, void **ret, struct cu_fault *fault)
{
	struct route *r = host->alloc(sizeof(*r));

	if (!r) {
		return host->fail(fault, CU_LATER, "out of memory");
	}
	r->word = values[WORD].text;
	r->file = fopen(values[FILE_PATH].text, "a");
	if (!r->file) {
		host->release(r);
		return host->fail(fault, CU_REFUSED, "file: cannot be opened");
	}
	*ret = r;
	return CU_DONE;
}

static int32_t send_message(void *route, const struct cu_message *m, struct cu_fault *fault)
{
	struct route *r = route;

	return fprintf(r->file, "%s: %s\n", r->word, m->subject) > 0 && fflush(r->file) == 0 ?
		CU_DONE :
		host->fail(fault, CU_LATER, "file: cannot be written");
}

static void close_route(void *route)
{
	struct route *r = route;

	fclose(r->file);
	host->release(r);
}

static const struct cu_message_calls calls = {
	sizeof(calls), open_route, send_message, close_route
};

CUSTOS_PLUGIN_EXPORT const struct cu_plugin cu_plugin = {
	CU_PLUGIN_MAJOR, CU_PLUGIN_MINOR, sizeof(struct cu_plugin),
	.kinds = CU_PLUGIN_MESSAGE, .name = "pager",
	.settings = settings, .nsettings = NSETTINGS, .startup = start, .message = &calls,
};
