/*
 * null: a plugin that goes nowhere: the shortest example, a double for tests, and the test of the
 * ABI.
 *
 * With `file` it appends a line for each message to that file, which must be there; with `answer` it
 * is late or refuses.  It may take messages to persons, whose address and text it never writes down.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "custos_plugin.h"

enum { FILE_PATH, ANSWER, DELAY_MS, NSETTINGS };
enum { ANSWER_DONE, ANSWER_LATER, ANSWER_REFUSED };

static const struct cu_setting settings[NSETTINGS] = {
	[FILE_PATH] = { "file", CU_SETTING_FILE, 0,
		"A file that gets a line for each message: its id and type." },
	[ANSWER] = { "answer", CU_SETTING_WORD, 0, "What becomes of a message.", .standard = "done",
		.words = "done later refused" },
	[DELAY_MS] = { "delay_ms", CU_SETTING_NUMBER, 0, "How long each takes.", .standard = "0",
		.max = 60000 },
};

struct route {
	int fd; /* -1: nobody wants to know */
	int64_t answer, delay_ms;
};

static const struct cu_host *host;

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
	*r = (struct route){ -1, values[ANSWER].number, values[DELAY_MS].number };
	if (values[FILE_PATH].text) {
		r->fd = open(values[FILE_PATH].text, O_WRONLY | O_APPEND | O_CLOEXEC);
		if (r->fd < 0) {
			host->release(r);
			return host->fail(fault, CU_REFUSED, "file: cannot be opened");
		}
	}
	*ret = r;
	return CU_DONE;
}

static int32_t write_line(const struct route *r, const struct cu_message *m,
	struct cu_fault *fault)
{
	char line[160];
	int n = snprintf(line, sizeof(line), "%s %s%s\n", m->id, m->type,
		m->flags & CU_MESSAGE_PERSONAL ? " personal" : "");

	return n > 0 && write(r->fd, line, (size_t)n) == n ?
		CU_DONE :
		host->fail(fault, CU_LATER, "file: cannot be written");
}

static int32_t send_message(void *route, const struct cu_message *m, struct cu_fault *fault)
{
	const struct route *r = route;
	struct timespec delay = { r->delay_ms / 1000, r->delay_ms % 1000 * 1000000 };

	nanosleep(&delay, NULL);
	if (r->answer == ANSWER_LATER) {
		return host->fail(fault, CU_LATER, "not now, as agent.yaml says");
	}
	if (r->answer == ANSWER_REFUSED) {
		return host->fail(fault, CU_REFUSED, "refused, as agent.yaml says");
	}
	return r->fd < 0 ? CU_DONE : write_line(r, m, fault);
}

static void close_route(void *route)
{
	struct route *r = route;

	if (r->fd >= 0) {
		close(r->fd);
	}
	host->release(r);
}

static const struct cu_message_calls calls = {
	sizeof(calls), open_route, send_message, close_route
};

CUSTOS_PLUGIN_EXPORT const struct cu_plugin cu_plugin = {
	CU_PLUGIN_MAJOR, CU_PLUGIN_MINOR, sizeof(struct cu_plugin),
	.kinds = CU_PLUGIN_MESSAGE, .flags = CU_PLUGIN_PERSONAL, .name = "null",
	.settings = settings, .nsettings = NSETTINGS, .startup = start, .message = &calls,
};
