/*
 * A client of custosd in C: libc and jansson, nothing of custos's own.
 *
 *	custos check PURPOSE < ids               may I use this person's data? "ID yes" or "ID no", a line each
 *	custos record PURPOSE COLLECTION < key   one record, as JSON
 *
 * An empty line asks what was read so far.  $CUSTOS_SOCKET is the socket.  Exits with 0, or with 1 and why.
 *
 *	cc -Wall -o custos custos.c -ljansson
 */
#define _POSIX_C_SOURCE 200809L
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define WINDOW  64 /* calls under way at once: more would only wait in the socket */
#define TRIES   8  /* 0.1 s, 0.2 s, ... between them: custosd may be starting */
#define ID_SIZE 33

struct custos {
	FILE *in, *out; /* of one connection; NULL: none */
};

static void die(const char *why, const char *detail)
{
	fprintf(stderr, "custos: %s%s%s\n", why, *detail ? ": " : "", detail);
	exit(1);
}

/* --- a connection ----------------------------------------------------------------- */

static int connect_once(void)
{
	const char *path = getenv("CUSTOS_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path ? path : "/run/custos/custos.sock");
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void custos_connect(struct custos *c)
{
	int fd = connect_once();

	for (int i = 0; fd < 0 && i < TRIES; i++) {
		struct timespec wait = { (100L << i) / 1000, (100L << i) % 1000 * 1000000 };

		nanosleep(&wait, NULL);
		fd = connect_once();
	}
	if (fd < 0) {
		die("custosd does not answer", "");
	}
	c->in = fdopen(fd, "r");
	c->out = fdopen(dup(fd), "w");
}

static void custos_close(struct custos *c)
{
	if (c->in) {
		fclose(c->in);
		fclose(c->out);
	}
	*c = (struct custos){ 0 };
}

/* --- calls: Varlink, JSON ended by NUL ---------------------------------------------- */

static bool send_call(struct custos *c, const char *method, json_t *parameters)
{
	json_t *call = json_pack("{s:s, s:O}", "method", method, "parameters", parameters);
	char *text = json_dumps(call, JSON_COMPACT);
	bool is_sent = text && fwrite(text, 1, strlen(text) + 1, c->out) == strlen(text) + 1;

	free(text);
	json_decref(call);
	return is_sent;
}

/* NULL: the connection is gone. */
static json_t *read_reply(struct custos *c)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t n = getdelim(&text, &cap, '\0', c->in);
	json_t *reply = n > 0 && text[n - 1] == '\0' ? json_loads(text, 0, NULL) : NULL;

	free(text);
	return reply;
}

/* Sends all, then reads a reply to each, in their order: true when all are there. */
static bool exchange(struct custos *c, const char *method, json_t *const calls[], size_t n, json_t *replies[])
{
	for (size_t i = 0; i < n; i++) {
		if (!send_call(c, method, calls[i])) {
			return false;
		}
	}
	if (fflush(c->out) != 0) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		replies[i] = read_reply(c);
		if (!replies[i]) {
			while (i > 0) {
				json_decref(replies[--i]);
			}
			return false;
		}
	}
	return true;
}

/* Reading calls may be asked twice: a lost connection is made once more.  One that writes needs a
 * `request` id to be repeated without being done twice. */
static void custos_call(struct custos *c, const char *method, json_t *const calls[], size_t n,
	json_t *replies[])
{
	if (!c->in) {
		custos_connect(c);
	}
	if (exchange(c, method, calls, n, replies)) {
		return;
	}
	custos_close(c);
	custos_connect(c);
	if (!exchange(c, method, calls, n, replies)) {
		die("custosd closed the connection", "");
	}
}

/* "io.custos.Denied" and the like; NULL: it is an answer. */
static const char *error_of(const json_t *reply)
{
	return json_string_value(json_object_get(reply, "error"));
}

static void expect_answer(const json_t *reply)
{
	const char *message = json_string_value(
		json_object_get(json_object_get(reply, "parameters"), "message"));

	if (error_of(reply)) {
		die(error_of(reply), message ? message : "");
	}
}

/* --- may I? --------------------------------------------------------------------------- */

static void say(struct custos *c, const char *purpose, char ids[][ID_SIZE], size_t n)
{
	json_t *calls[WINDOW] = { 0 }, *replies[WINDOW] = { 0 };

	for (size_t i = 0; i < n; i++) {
		calls[i] = json_pack("{s:s, s:s, s:b}", "subject", ids[i], "purpose", purpose, "explain", 0);
		if (!calls[i]) {
			die("an id is no text in UTF-8", "");
		}
	}
	custos_call(c, "io.custos.consent.Check", calls, n, replies);
	for (size_t i = 0; i < n; i++) {
		const char *error = error_of(replies[i]);
		bool may = false; /* nobody of that id: nothing may be done with nobody's data */

		if (!error || strcmp(error, "io.custos.NotFound") != 0) {
			expect_answer(replies[i]);
			may = json_is_true(json_object_get(
				json_object_get(replies[i], "parameters"), "allowed"));
		}
		printf("%s %s\n", ids[i], may ? "yes" : "no");
		json_decref(calls[i]);
		json_decref(replies[i]);
	}
	fflush(stdout);
}

static void check(struct custos *c, const char *purpose)
{
	char ids[WINDOW][ID_SIZE], *line = NULL;
	size_t cap = 0, n = 0;

	while (getline(&line, &cap, stdin) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (*line) {
			snprintf(ids[n++], ID_SIZE, "%s", line);
		}
		if (n > 0 && (!*line || n == WINDOW)) {
			say(c, purpose, ids, n);
			n = 0;
		}
	}
	if (n > 0) {
		say(c, purpose, ids, n);
	}
	free(line);
}

/* --- a record ------------------------------------------------------------------------- */

/* A key may be a customer's number: nobody sees it in a list of processes. */
static void record(struct custos *c, const char *purpose, const char *collection)
{
	char *key = NULL;
	size_t cap = 0;
	json_t *call, *reply;

	if (getline(&key, &cap, stdin) < 0) {
		die("standard input holds no key", "");
	}
	key[strcspn(key, "\r\n")] = '\0';
	call = json_pack("{s:s, s:s, s:s, s:s}", "purpose", purpose, "by", "key", "collection", collection,
		"key", key);
	if (!call) {
		die("the key is no text in UTF-8", "");
	}
	custos_call(c, "io.custos.record.Get", &call, 1, &reply);
	expect_answer(reply);
	json_dumpf(json_object_get(json_object_get(reply, "parameters"), "record"), stdout, 0);
	putchar('\n');
	json_decref(reply);
	json_decref(call);
	free(key);
}

int main(int argc, char *argv[])
{
	struct custos c = { 0 };

	signal(SIGPIPE, SIG_IGN); /* a connection that is gone is an error of fflush */
	if (argc == 3 && strcmp(argv[1], "check") == 0) {
		check(&c, argv[2]);
	} else if (argc == 4 && strcmp(argv[1], "record") == 0) {
		record(&c, argv[2], argv[3]);
	} else {
		die("usage: custos check PURPOSE < ids, custos record PURPOSE COLLECTION < key", "");
	}
	custos_close(&c);
	return 0;
}
