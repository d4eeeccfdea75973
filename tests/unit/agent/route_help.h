/*
 * route_help.h: a route of a real plugin, and a server of tests/support at the other end.
 */
#ifndef CU_TESTS_ROUTE_HELP_H
#define CU_TESTS_ROUTE_HELP_H
#include "check.h"

#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "agent/plugin.h"
#include "agent/settings.h"

#define MESSAGE_ID "00112233445566778899aabbccddeeff"

static struct plugins all;
static const char *dir; /* the server's */
static pid_t server;
static unsigned ports[3];

static inline void write_secret(const char *name, const char *text)
{
	assert_int_equal(path_put_file(dir, name, span_str(text), 0600, NULL), 0);
}

/* Debian's python3: aiosmtpd is a package of its. */
static inline void start_server(const char *program)
{
	struct buf text = BUF_INIT;

	dir = fresh_dir();
	server = fork();
	if (server == 0) {
		execl("/usr/bin/python3", "python3", program, dir, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 600 && !path_exists(in_dir(dir, "ports")); i++) {
		usleep(50000);
	}
	assert_int_equal(path_read_file(in_dir(dir, "ports"), 100, &text, NULL), 0);
	assert_true(sscanf(buf_cstr(&text), "%u %u %u", &ports[0], &ports[1], &ports[2]) >= 2);
	buf_done(&text);
}

static inline int stop_server(void **state)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return drop_tmp(state);
}

/* Opens a route with these settings (taken) and sends one message; the fault in said. */
static inline int32_t send_with(const char *plugin, json_t *given, const struct cu_message *m,
	struct cu_fault *said)
{
	const struct cu_plugin *p = plugins_find(&all, plugin);
	struct settings *s = NULL;
	struct cu_err err = { 0 };
	void *route = NULL;
	int32_t code;

	assert_non_null(p);
	*said = (struct cu_fault){ "" };
	assert_ok(settings_read(p, given, NULL, &s, &err), &err);
	code = p->message->open(settings_values(s), &route, said);
	if (code == CU_DONE) {
		code = p->message->send(route, m, said);
		p->message->close(route);
	}
	settings_free(s);
	json_decref(given);
	return code;
}

static inline void expect_said(const struct cu_fault *said, const char *with)
{
	if (!strstr(said->text, with)) {
		fail_msg("there is no \"%s\" in: %s", with, said->text);
	}
}

#endif
