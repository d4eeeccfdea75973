#include "agent/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "agent/talk.h"
#include "base/err.h"
#include "base/log.h"

#define FILES_MAX (4 * ROUTES_MAX)

struct agent {
	const struct agent_options *options;
	struct plugins plugins;
	int fd;
	struct route *routes[ROUTES_MAX];
	size_t n;
	struct route_report reports[ROUTES_MAX];
	size_t nreports;
};

/* --- custosd is there ---------------------------------------------------------------- */

static int connect_once(const char *path, int *ret, struct cu_err *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		return cu_err_set(err, CU_EINVAL, "the socket's path is over %zu bytes long",
			sizeof(a.sun_path) - 1);
	}
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return cu_err_errno(err, errno, "socket");
	}
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		int e = errno;

		close(fd);
		return cu_err_errno(err, e, "%s", path);
	}
	*ret = fd;
	return 0;
}

/* It may start later than we do. */
static int wait_for_custosd(const char *path, int *ret, struct cu_err *err)
{
	struct timespec pause = { 1, 0 };
	int r = connect_once(path, ret, err);

	if (r < 0 && r != CU_EINVAL && r != CU_EDENIED) {
		log_info("waiting for custosd: %s", err->msg);
	}
	while (r < 0 && r != CU_EINVAL && r != CU_EDENIED) {
		nanosleep(&pause, NULL);
		r = connect_once(path, ret, err);
	}
	return r;
}

/* --- its routes ---------------------------------------------------------------------- */

static void on_told(void *ctx, const char *id, int32_t code, const struct cu_fault *fault)
{
	const struct agent *a = ctx;

	/* when custosd is gone it asks again after it has come back */
	(void)talk_outcome(a->fd, id, code, fault->text, NULL);
}

static int open_one(struct agent *a, const char *key, const json_t *row, struct cu_err *err)
{
	const char *name = json_string_value(json_object_get(row, "plugin"));
	const struct cu_plugin *p = name ? plugins_find(&a->plugins, name) : NULL;
	int r;

	if (!p) {
		return cu_err_set(err, CU_ENOENT, "plugin: there is no such one in %s",
			a->options->plugins_dir);
	}
	r = route_open(key, p, json_object_get(row, "settings"), a->options->credentials_dir,
		json_is_true(json_object_get(row, "is_personal")), on_told, a, &a->routes[a->n], err);
	if (r == 0) {
		a->n++;
	}
	return r;
}

/* One that is not right leaves the others alone. */
static int open_routes(struct agent *a, const json_t *rows, struct cu_err *err)
{
	size_t i;
	json_t *row;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row) {
		const char *key = json_string_value(json_object_get(row, "route"));
		struct route_report *report = &a->reports[a->nreports];
		struct cu_err why = { .msg = "" };

		if (!key || a->nreports == ROUTES_MAX) {
			return cu_err_set(err, CU_EPROTO, "a route without a name, or too many");
		}
		snprintf(report->key, sizeof(report->key), "%s", key);
		if (open_one(a, key, row, &why) < 0) {
			snprintf(report->fault, sizeof(report->fault), "%s", why.msg);
			log_warn("route %s: %s", key, why.msg);
		}
		a->nreports++;
	}
	return 0;
}

static struct confinement lock_up(const struct agent *a)
{
	const char *files[FILES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		const char *file;

		for (size_t at = 0; n < FILES_MAX && (file = route_file(a->routes[i], at)) != NULL; at++) {
			files[n++] = file;
		}
	}
	return confine_lock(files, n);
}

static int begin(struct agent *a, struct cu_err *err)
{
	struct confinement has;
	json_t *said = NULL;
	const json_t *rows;
	int passed = -1, r = talk_hello(a->fd, &a->plugins, err);

	if (r == 0) {
		r = talk_receive(a->fd, &said, &passed, err);
	}
	if (r == 0 || r == CU_EUNAVAIL) {
		return cu_err_set(err, CU_EDENIED,
			"custosd does not speak with this user, or has an agent already");
	}
	rows = json_object_get(json_object_get(said, "configure"), "routes");
	if (r > 0) {
		r = rows ? open_routes(a, rows, err) : cu_err_set(err, CU_EPROTO, "no routes");
	}
	json_decref(said);
	if (passed >= 0) {
		close(passed);
	}
	if (r < 0) {
		return r;
	}
	has = lock_up(a);
	for (size_t i = 0; r == 0 && i < a->n; i++) {
		r = route_start(a->routes[i], err);
	}
	return r < 0 ? r : talk_ready(a->fd, &has, a->reports, a->nreports, err);
}

/* --- messages ------------------------------------------------------------------------ */

static struct route *find_route(const struct agent *a, const char *key)
{
	for (size_t i = 0; key && i < a->n; i++) {
		if (strcmp(route_key(a->routes[i]), key) == 0) {
			return a->routes[i];
		}
	}
	return NULL;
}

static int take_message(struct agent *a, const json_t *send, int body, struct cu_err *err)
{
	const char *key = json_string_value(json_object_get(send, "route"));
	const char *id = json_string_value(json_object_get(send, "id"));
	struct route *route = find_route(a, key);
	struct parcel p = { .time_ms = 0 };
	struct cu_err why = { .msg = "" };
	int r = talk_read_parcel(send, body, &p, err);

	if (r < 0) {
		return r;
	}
	r = route ? route_send(route, &p, &why) :
		    cu_err_set(&why, CU_ENOENT, "the route cannot be used: 'custosctl agent status' says why");
	parcel_done(&p);
	return r < 0 ? talk_outcome(a->fd, id, r == CU_EDENIED ? CU_REFUSED : CU_LATER, why.msg, err) :
		       0;
}

static int serve(struct agent *a, struct cu_err *err)
{
	json_t *said = NULL;
	int passed = -1, r;

	while ((r = talk_receive(a->fd, &said, &passed, err)) > 0) {
		const json_t *send = json_object_get(said, "send");

		r = send ? take_message(a, send, passed, err) :
			   cu_err_set(err, CU_EPROTO, "custosd sent what this agent does not know");
		json_decref(said);
		if (passed >= 0) {
			close(passed);
		}
		if (r < 0) {
			break;
		}
	}
	return r == CU_EUNAVAIL ? 0 : r; /* it is gone */
}

/* A route that is sending keeps the process from ending in order: then it just ends.  Whether the
 * message went out nobody learns, and it goes out again. */
static void end(struct agent *a)
{
	for (size_t i = 0; i < a->n; i++) {
		if (!route_stop(a->routes[i])) {
			_exit(EXIT_SUCCESS);
		}
	}
}

int agent_run(const struct agent_options *o, struct cu_err *err)
{
	struct agent a = { .options = o, .fd = -1 };
	int r = plugins_load(o->plugins_dir, &a.plugins, err);

	if (r == 0) {
		r = wait_for_custosd(o->socket, &a.fd, err);
	}
	if (r == 0) {
		r = begin(&a, err);
	}
	if (r == 0) {
		r = serve(&a, err);
		end(&a);
	}
	for (size_t i = 0; i < a.n; i++) {
		route_close(a.routes[i]);
	}
	if (a.fd >= 0) {
		close(a.fd);
	}
	return r;
}
