/*
 * The part of complete.h that asks custosd.  Only lists that show no person's data, and only those
 * that Status says the caller may see: a call that is refused would be a leaf of the log.
 */
#include "ctl/complete.h"

#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/buf.h"
#include "base/err.h"
#include "ctl/out.h"
#include "wire/client.h"

/* Whoever presses TAB waits for all of it; longer is felt as a machine that hangs. */
#define ASK_MS 200

/* Where values of an argument come from. */
static const struct source {
	enum arg_type type;
	const char *family; /* of the command; NULL: of any */
	const char *name;   /* of the argument; NULL: any of this type */
	enum command_id list;
	const char *array, *value, *summary;
	const char *inner; /* each member of array has the array with the values; NULL: is one */
} sources[] = {
	{ ARG_TARGET, NULL, NULL, COMMAND_STATUS, "targets", "name", NULL },
	{ ARG_COUNT, "request", "number", COMMAND_REQUEST_LIST, "requests", "number", "type" },
	{ ARG_COUNT, "request", "of", COMMAND_REQUEST_LIST, "requests", "number", "type" },
	{ ARG_COUNT, "incident", "number", COMMAND_INCIDENT_LIST, "incidents", "number", "kind" },
	{ ARG_COUNT, "drill", "number", COMMAND_DRILL_LIST, "drills", "number", "target" },
	{ ARG_TEXT, "hold", "hold", COMMAND_HOLD_LIST, "holds", "hold", "state" },
	{ ARG_TEXT, "message", "message", COMMAND_MESSAGE_LIST, "messages", "message", "kind" },
	{ ARG_TEXT, "erase", "erasure", COMMAND_ERASE_LIST, "erasures", "erasure", "state" },
	{ ARG_ERASURE, NULL, NULL, COMMAND_ERASE_LIST, "erasures", "erasure", "state" },
	{ ARG_APPROVAL, NULL, NULL, COMMAND_APPROVAL_LIST, "approvals", "approval", "kind" },
	{ ARG_KEY, "duty", "duty", COMMAND_DUTY_LIST, "duties", "duty", "state", NULL },
	{ ARG_KEY, "agent", "route", COMMAND_AGENT_STATUS, "routes", "route", "plugin" },
	{ ARG_PURPOSE, NULL, NULL, COMMAND_REPORT_ROPA, "activities", "purpose", NULL },
	{ ARG_KEY, NULL, "purpose", COMMAND_REPORT_ROPA, "activities", "purpose", NULL },
	{ ARG_COLLECTION, NULL, NULL, COMMAND_REPORT_ROPA, "activities", "collection", NULL, "limits" },
};

static volatile sig_atomic_t is_over;

static void on_alarm(int number)
{
	(void)number;
	is_over = 1;
}

static void begin_time(void)
{
	struct sigaction how = { .sa_handler = on_alarm };
	struct itimerval t = { .it_value = { 0, ASK_MS * 1000 } };

	sigemptyset(&how.sa_mask);
	sigaction(SIGALRM, &how, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
}

static const struct source *source_of(const struct command *k, const struct arg *a)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		const struct source *s = &sources[i];

		if (s->type == a->type && (!s->name || strcmp(s->name, a->name) == 0) &&
			(!s->family || command_is_of(k, s->family))) {
			return s;
		}
	}
	return NULL;
}

/* Does Status say that the caller may? */
static bool is_allowed(const json_t *status, const struct command *list)
{
	char operation[COMMAND_OPERATION_SIZE];
	json_t *e;
	size_t i;

	command_operation(list, operation);
	json_array_foreach(json_object_get(status, "may"), i, e) {
		if (json_is_string(e) && strcmp(json_string_value(e), operation) == 0) {
			return true;
		}
	}
	return false;
}

/* A list's flags are all false: what is open. */
static json_t *parameters_of(const struct command *list)
{
	json_t *p = json_object();
	struct arg_spec spec;

	(void)arg_spec_parse(list->arguments, &spec, NULL);
	for (size_t i = 0; i < spec.n; i++) {
		if (spec.args[i].type == ARG_FLAG) {
			json_object_set_new(p, spec.args[i].parameter, json_false());
		}
	}
	return p;
}

static void offer_one(struct completion *c, const struct source *s, const json_t *e)
{
	const json_t *value = json_object_get(e, s->value);
	const char *summary = s->summary ? out_str(e, s->summary) : NULL;
	char number[24];

	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%" PRId64, (int64_t)json_integer_value(value));
		complete_value(c, number, summary);
	} else if (json_is_string(value)) {
		complete_value(c, json_string_value(value), summary);
	}
}

static void offer(struct completion *c, const struct source *s, const json_t *reply)
{
	json_t *e, *in;
	size_t i, k;

	json_array_foreach(json_object_get(reply, s->array), i, e) {
		if (!s->inner) {
			offer_one(c, s, e);
			continue;
		}
		json_array_foreach(json_object_get(e, s->inner), k, in) {
			offer_one(c, s, in);
		}
	}
}

static void ask_list(struct completion *c, const struct source *s, struct client *client)
{
	const struct command *list = command_at(s->list);
	json_t *parameters, *status = NULL, *reply = NULL;

	if (client_call(client, command_at(COMMAND_STATUS)->method, NULL, -1, &status, NULL) < 0) {
		return;
	}
	if (s->list == COMMAND_STATUS) {
		offer(c, s, status);
	} else if (is_allowed(status, list)) {
		parameters = parameters_of(list);
		if (client_call(client, list->method, parameters, -1, &reply, NULL) == 0) {
			offer(c, s, reply);
		}
		json_decref(parameters);
	}
	json_decref(reply);
	json_decref(status);
}

static void ask(struct completion *c, const struct command *command, const struct arg *arg,
	const char *socket)
{
	const struct source *s = source_of(command, arg);
	struct client *client = NULL;

	if (!s) {
		return;
	}
	if (!socket || !*socket) {
		socket = getenv("CUSTOS_SOCKET");
	}
	begin_time();
	if (client_connect(socket && *socket ? socket : CLIENT_SOCKET, ASK_MS, &client, NULL) < 0) {
		return;
	}
	client_heed(client, &is_over);
	ask_list(c, s, client);
	client_close(client);
}

int complete(int argc, char *const argv[])
{
	struct buf to = BUF_INIT;
	struct completion c = { .to = &to, .ask = ask };
	const char **words;

	if (argc > 0 && strcmp(argv[0], "--") == 0) {
		argc--;
		argv++;
	}
	words = calloc((size_t)argc + 1, sizeof(*words));
	for (int i = 0; words && i < argc; i++) {
		words[i] = argv[i];
	}
	if (words) {
		complete_words(&c, (size_t)argc, words);
	}
	if (to.n > 0 && !to.is_failed) {
		fwrite(to.p, 1, to.n, stdout);
	}
	free(words);
	buf_done(&to);
	return 0;
}
