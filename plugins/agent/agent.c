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
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

#define PATHS_MAX (4 * (ROUTES_MAX + TARGETS_MAX))
#define END_MS    20000 /* what is under way may take so long once the agent is to end */

struct agent {
	const struct agent_options *options;
	struct plugins plugins;
	int fd;
	struct route *routes[ROUTES_MAX];
	size_t n;
	struct target *targets[TARGETS_MAX];
	size_t ntargets;
	struct route_reports of_routes, of_targets;
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

#define OFTEN 30 /* times, each second; then custosd has no routes, perhaps, and is asked less often */

/* It may start later than we do. */
static int wait_for_custosd(const char *path, int *ret, struct cu_err *err)
{
	int r = connect_once(path, ret, err);

	if (r < 0 && r != CU_EINVAL && r != CU_EDENIED) {
		log_info("waiting for custosd: %s", err->msg);
	}
	for (unsigned n = 0; r < 0 && r != CU_EINVAL && r != CU_EDENIED; n++) {
		struct timespec pause = { n < OFTEN ? 1 : 5, 0 };

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

static void on_served(void *ctx, const char *id, int32_t code, uint64_t size,
	const struct cu_fault *fault)
{
	const struct agent *a = ctx;

	(void)talk_answer(a->fd, id, code, size, fault->text, NULL);
}

static const struct cu_plugin *find_plugin(const struct agent *a, const json_t *row, struct cu_err *err)
{
	const char *name = json_string_value(json_object_get(row, "plugin"));
	const struct cu_plugin *p = name ? plugins_find(&a->plugins, name) : NULL;

	if (!p) {
		cu_err_set(err, CU_ENOENT, "plugin: there is no such one in %s", a->options->plugins_dir);
	}
	return p;
}

static int open_route(struct agent *a, const char *key, const json_t *row, struct cu_err *err)
{
	const struct cu_plugin *p = find_plugin(a, row, err);
	int r = p ? route_open(key, p, json_object_get(row, "settings"), a->options->credentials_dir,
			    json_is_true(json_object_get(row, "is_personal")), on_told, a,
			    &a->routes[a->n], err) :
		    CU_ENOENT;

	a->n += r == 0;
	return r;
}

static int open_target(struct agent *a, const char *key, const json_t *row, struct cu_err *err)
{
	const struct cu_plugin *p = find_plugin(a, row, err);
	int r = p ? target_open(key, p, json_object_get(row, "settings"), a->options->credentials_dir,
			    on_served, a, &a->targets[a->ntargets], err) :
		    CU_ENOENT;

	a->ntargets += r == 0;
	return r;
}

/* One that is not right leaves the others alone. */
static int open_all(struct agent *a, const json_t *rows, const char *name, size_t most,
	int (*open_one)(struct agent *, const char *, const json_t *, struct cu_err *),
	struct route_reports *reports, struct cu_err *err)
{
	size_t i;
	json_t *row;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row) {
		const char *key = json_string_value(json_object_get(row, name));
		struct route_report *report = &reports->v[reports->n];
		struct cu_err why = { .msg = "" };

		if (!key || reports->n == most) {
			return cu_err_set(err, CU_EPROTO, "a %s without a name, or too many", name);
		}
		snprintf(report->key, sizeof(report->key), "%s", key);
		if (open_one(a, key, row, &why) < 0) {
			snprintf(report->fault, sizeof(report->fault), "%s", why.msg);
			log_warn("%s %s: %s", name, key, why.msg);
		}
		reports->n++;
	}
	return 0;
}

static size_t paths_of(const struct agent *a, uint32_t type, const char *paths[PATHS_MAX])
{
	const char *path;
	size_t n = 0;

	for (size_t i = 0; type == CU_SETTING_FILE && i < a->n; i++) {
		for (size_t at = 0; n < PATHS_MAX && (path = route_file(a->routes[i], at)) != NULL; at++) {
			paths[n++] = path;
		}
	}
	for (size_t i = 0; i < a->ntargets; i++) {
		for (size_t at = 0;
			n < PATHS_MAX && (path = target_path(a->targets[i], type, at)) != NULL; at++) {
			paths[n++] = path;
		}
	}
	return n;
}

static struct confinement lock_up(const struct agent *a)
{
	const char *files[PATHS_MAX], *dirs[PATHS_MAX];
	size_t nfiles = paths_of(a, CU_SETTING_FILE, files);
	size_t ndirs = paths_of(a, CU_SETTING_DIRECTORY, dirs);

	return confine_lock(files, nfiles, dirs, ndirs);
}

static int start_all(const struct agent *a, struct cu_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n; i++) {
		r = route_start(a->routes[i], err);
	}
	for (size_t i = 0; r == 0 && i < a->ntargets; i++) {
		r = target_start(a->targets[i], err);
	}
	return r;
}

static int configure(struct agent *a, const json_t *said, struct cu_err *err)
{
	const json_t *routes = json_object_get(said, "routes"), *targets = json_object_get(said, "targets");
	int r;

	if (!routes || !targets) {
		return cu_err_set(err, CU_EPROTO, "no routes");
	}
	r = open_all(a, routes, "route", ROUTES_MAX, open_route, &a->of_routes, err);
	return r < 0 ? r : open_all(a, targets, "target", TARGETS_MAX, open_target, &a->of_targets, err);
}

static int begin(struct agent *a, struct cu_err *err)
{
	struct confinement has;
	json_t *said = NULL;
	int passed = -1, r = talk_hello(a->fd, &a->plugins, err);

	if (r == 0) {
		r = talk_receive(a->fd, &said, &passed, err);
	}
	if (r == 0 || r == CU_EUNAVAIL) {
		return cu_err_set(err, CU_EDENIED,
			"custosd does not speak with this user, or has an agent already");
	}
	if (r > 0) {
		r = configure(a, json_object_get(said, "configure"), err);
	}
	json_decref(said);
	if (passed >= 0) {
		close(passed);
	}
	if (r < 0) {
		return r;
	}
	has = lock_up(a);
	r = start_all(a, err);
	return r < 0 ? r : talk_ready(a->fd, &has, &a->of_routes, &a->of_targets, err);
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

/* --- orders -------------------------------------------------------------------------- */

static struct target *find_target(const struct agent *a, const char *key)
{
	for (size_t i = 0; key && i < a->ntargets; i++) {
		if (strcmp(target_key(a->targets[i]), key) == 0) {
			return a->targets[i];
		}
	}
	return NULL;
}

/* *passed is taken. */
static int take_order(struct agent *a, const json_t *said, int *passed, struct cu_err *err)
{
	struct target *target = find_target(a, json_string_value(json_object_get(said, "target")));
	struct target_order order;
	struct cu_err why = { .msg = "" };
	int r = talk_read_order(said, *passed, &order, err);

	*passed = -1;
	if (r == 0) {
		r = target ? target_do(target, &order, &why) :
			     cu_err_set(&why, CU_ENOENT, "there is no such target");
		if (r == CU_EPROTO) {
			r = cu_err_set(err, r, "%s", why.msg);
		} else if (r < 0) {
			r = talk_answer(a->fd, order.id, CU_LATER, 0, why.msg, err);
		}
	}
	if (order.fd >= 0) {
		close(order.fd);
	}
	return r;
}

/* --- all that custosd says ------------------------------------------------------------ */

/* 1 goes on, 0: it is to end. */
static int take(struct agent *a, const json_t *said, int *passed, struct cu_err *err)
{
	const json_t *send = json_object_get(said, "send"), *order = json_object_get(said, "order");
	int r;

	if (json_object_get(said, "end")) {
		return 0;
	}
	r = send ? take_message(a, send, *passed, err) :
	    order ? take_order(a, order, passed, err) :
		    cu_err_set(err, CU_EPROTO, "custosd sent what this agent does not know");
	return r < 0 ? r : 1;
}

/* What is under way is finished, if it can be. */
static void finish(const struct agent *a)
{
	int64_t until = clock_monotonic_ms() + END_MS;

	for (size_t i = 0; i < a->n; i++) {
		(void)route_wait(a->routes[i], until - clock_monotonic_ms());
	}
	for (size_t i = 0; i < a->ntargets; i++) {
		(void)target_wait(a->targets[i], until - clock_monotonic_ms());
	}
}

static int serve(struct agent *a, struct cu_err *err)
{
	json_t *said = NULL;
	int passed = -1, r;

	while ((r = talk_receive(a->fd, &said, &passed, err)) > 0) {
		r = take(a, said, &passed, err);
		json_decref(said);
		if (passed >= 0) {
			close(passed);
		}
		if (r == 0) {
			finish(a);
		}
		if (r <= 0) {
			break;
		}
	}
	return r == CU_EUNAVAIL ? 0 : r; /* it is gone */
}

/* A thread that is at work keeps the process from ending in order: then it just ends.  Whether the
 * message went out nobody learns, and it goes out again. */
static void end(struct agent *a)
{
	for (size_t i = 0; i < a->n; i++) {
		if (!route_stop(a->routes[i])) {
			_exit(EXIT_SUCCESS);
		}
	}
	for (size_t i = 0; i < a->ntargets; i++) {
		if (!target_stop(a->targets[i])) {
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
	for (size_t i = 0; i < a.ntargets; i++) {
		target_close(a.targets[i]);
	}
	if (a.fd >= 0) {
		close(a.fd);
	}
	return r;
}
