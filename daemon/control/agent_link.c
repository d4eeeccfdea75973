#include "control/agent_link_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/packet.h"
#include "control/daemon.h"
#include "control/launcher.h"
#include "control/peer.h"
#include "control/post_office.h"
#include "policy/policy.h"
#include "policy/yaml.h"
#include "wire/message.h"

#define START_TIMEOUT_MS 30000 /* until it is ready */
#define AGAIN_FIRST_MS   1000  /* after it ended; doubled each time */
#define AGAIN_LAST_MS    60000

/* --- who is it ----------------------------------------------------------------------- */

static int check_peer(const struct agent_link *l, int fd, uid_t *ret_uid, pid_t *ret_pid,
	struct cu_err *err)
{
	struct peer peer;
	struct ucred cred;
	socklen_t n = sizeof(cred);
	int r = peer_of(fd, &peer, err);

	if (r < 0) {
		return r;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0) {
		return cu_err_set(err, CU_EDENIED, "the kernel does not say who calls");
	}
	if (!(l->options.has_uid && peer.uid == l->options.uid) &&
		!(l->options.is_launched && peer.uid == geteuid())) {
		return cu_err_set(err, CU_EDENIED, "uid %u is not the agent's", (unsigned)peer.uid);
	}
	*ret_uid = peer.uid;
	*ret_pid = cred.pid;
	return 0;
}

/* --- the end of a connection ----------------------------------------------------------- */

static void hang_up(struct agent_link *l, const char *why)
{
	if (!l->is_talking) {
		return;
	}
	l->is_talking = false;
	uv_poll_stop(&l->talking);
	uv_close((uv_handle_t *)&l->talking, NULL);
	pthread_mutex_lock(&l->lock);
	close(l->fd);
	l->fd = -1;
	l->seen = (struct agent_seen){ .is_ready = false };
	agent_order_fail_all(l);
	pthread_mutex_unlock(&l->lock);
	if (!l->is_stopped) {
		log_notice("custos-agent: %s", why);
	}
	post_office_on_gone(&l->daemon->office);
}

static void let_go(struct agent_link *l)
{
	if (l->leash >= 0) {
		close(l->leash); /* which ends it */
		l->leash = -1;
	}
}

/* --- what it says ---------------------------------------------------------------------- */

static void put_settings(struct json *j, const struct yaml_node *settings)
{
	json_open_object(j, "settings");
	for (const struct yaml_node *n = settings ? settings->first : NULL; n; n = n->next) {
		json_str(j, n->key, n->text);
	}
	json_close_object(j);
}

static void put_targets(struct json *j, const struct targets *all)
{
	json_open_array(j, "targets");
	for (size_t i = 0; i < all->n; i++) {
		if (all->v[i].kind == TARGET_AGENT) {
			json_open_object(j, NULL);
			json_str(j, "target", all->v[i].key);
			json_str(j, "plugin", all->v[i].plugin);
			put_settings(j, all->v[i].settings);
			json_close_object(j);
		}
	}
	json_close_array(j);
}

static int send_configuration(struct agent_link *l, struct cu_err *err)
{
	const struct agent_rules *rules = policy_agent(l->daemon->policy);
	struct buf b = BUF_INIT;
	struct json j = json_to(&b);
	int r;

	json_open_object(&j, NULL);
	json_open_object(&j, "configure");
	json_open_array(&j, "routes");
	for (size_t i = 0; i < rules->n; i++) {
		json_open_object(&j, NULL);
		json_str(&j, "route", rules->v[i].key);
		json_str(&j, "plugin", rules->v[i].plugin);
		json_bool(&j, "is_personal", rules->v[i].is_personal);
		put_settings(&j, rules->v[i].settings);
		json_close_object(&j);
	}
	json_close_array(&j);
	put_targets(&j, policy_targets(l->daemon->policy));
	json_close_object(&j);
	json_close_object(&j);
	r = buf_check(&b, err);
	if (r == 0) {
		r = packet_send(l->fd, buf_span(&b), -1, false, err);
	}
	buf_done(&b);
	return r;
}

static int on_hello(struct agent_link *l, const json_t *said, struct cu_err *err)
{
	const char *version = json_string_value(json_object_get(said, "version"));

	pthread_mutex_lock(&l->lock);
	snprintf(l->seen.version, sizeof(l->seen.version), "%s", version ? version : "");
	pthread_mutex_unlock(&l->lock);
	return send_configuration(l, err);
}

/* rows: what they are called, and what is wrong with them, into the n of cap. */
static void see(const json_t *rows, const char *name, const char *where, struct agent_seen_route *to,
	size_t cap, size_t *n)
{
	size_t i;
	json_t *row;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row) {
		const char *key = json_string_value(json_object_get(row, name));
		const char *fault = json_string_value(json_object_get(row, "fault"));

		if (!key || !fault || *n == cap) {
			continue;
		}
		snprintf(to[*n].key, sizeof(to[*n].key), "%s", key);
		snprintf(to[*n].fault, sizeof(to[*n].fault), "%s", fault);
		++*n;
		if (fault[0]) {
			log_warn("%s: %s %s cannot be used: %s", where, name, key, fault);
		}
	}
}

static int on_ready(struct agent_link *l, const json_t *said, struct cu_err *err)
{
	(void)err;
	pthread_mutex_lock(&l->lock);
	l->seen.has_landlock = json_is_true(json_object_get(said, "landlock"));
	l->seen.has_seccomp = json_is_true(json_object_get(said, "seccomp"));
	see(json_object_get(said, "routes"), "route", "agent.yaml", l->seen.routes, AGENT_MAX_ROUTES,
		&l->seen.nroutes);
	see(json_object_get(said, "targets"), "target", "backup.yaml", l->seen.targets, TARGETS_MAX_FAR,
		&l->seen.ntargets);
	l->seen.is_ready = true;
	l->nready++;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
	l->pause_ms = 0;
	log_info("custos-agent is there: uid %u%s, Landlock %s, seccomp %s", (unsigned)l->seen.uid,
		l->seen.is_other_user ? "" : " (our own)", l->seen.has_landlock ? "yes" : "no",
		l->seen.has_seccomp ? "yes" : "no");
	post_office_wake(&l->daemon->office);
	return 0;
}

static int on_outcome(struct agent_link *l, const json_t *said, struct cu_err *err)
{
	const char *text = json_string_value(json_object_get(said, "id"));
	const char *came = json_string_value(json_object_get(said, "came"));
	const char *fault = json_string_value(json_object_get(said, "fault"));
	struct id id;

	if (!text || !came || !id_parse(text, &id)) {
		return cu_err_set(err, CU_EPROTO, "it said what is no outcome");
	}
	post_office_on_outcome(&l->daemon->office, &id,
		strcmp(came, "sent") == 0 ? OFFICE_SENT :
		strcmp(came, "refused") == 0 ? OFFICE_REFUSED : OFFICE_LATER, fault ? fault : "");
	return 0;
}

int agent_link_take(struct agent_link *l, const char *bytes, size_t n, struct cu_err *err)
{
	static const struct {
		const char *word;
		int (*take)(struct agent_link *, const json_t *, struct cu_err *);
	} words[] = { { "hello", on_hello }, { "ready", on_ready }, { "outcome", on_outcome },
		{ "answer", agent_order_on_answer } };
	json_error_t ignored;
	json_t *said = message_json(bytes, n, JSON_REJECT_DUPLICATES, &ignored);
	int r = cu_err_set(err, CU_EPROTO, "it said what custosd does not know");

	for (size_t i = 0; said && i < sizeof(words) / sizeof(words[0]); i++) {
		const json_t *what = json_object_get(said, words[i].word);

		if (what) {
			r = words[i].take(l, what, err);
			break;
		}
	}
	json_decref(said);
	return r;
}

static void on_packet(uv_poll_t *poll, int status, int events)
{
	static char bytes[PACKET_MAX_BYTES]; /* the loop is one thread */
	struct agent_link *l = poll->data;
	struct cu_err err = { .msg = "it is gone" };
	int passed = -1, r;
	size_t n = 0;

	(void)events;
	r = status < 0 ? 0 : packet_receive(l->fd, bytes, sizeof(bytes), false, &n, &passed, &err);
	if (r == CU_EBUSY) {
		return;
	}
	if (passed >= 0) {
		close(passed); /* it has nothing to hand over */
	}
	if (r > 0) {
		r = agent_link_take(l, bytes, n, &err) < 0 ? -1 : 1;
	}
	if (r <= 0) {
		hang_up(l, err.msg);
		let_go(l);
	}
}

/* --- connections ----------------------------------------------------------------------- */

static int talk_with(struct agent_link *l, int fd, uid_t uid, pid_t pid, struct cu_err *err)
{
	if (uv_poll_init(l->daemon->loop, &l->talking, fd) < 0) {
		return cu_err_set(err, CU_EIO, "its socket cannot be watched");
	}
	pthread_mutex_lock(&l->lock);
	l->fd = fd;
	l->is_ending = false;
	l->seen = (struct agent_seen){ .uid = uid, .pid = pid, .is_other_user = uid != geteuid() };
	pthread_mutex_unlock(&l->lock);
	l->is_talking = true;
	l->talking.data = l;
	uv_poll_start(&l->talking, UV_READABLE, on_packet);
	return 0;
}

static void on_connect(uv_poll_t *poll, int status, int events)
{
	struct agent_link *l = poll->data;
	struct cu_err err;
	uid_t uid = 0;
	pid_t pid = 0;
	int fd, r;

	(void)events;
	fd = status < 0 ? -1 : accept4(l->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		return;
	}
	r = check_peer(l, fd, &uid, &pid, &err);
	if (r == 0 && l->is_talking) {
		r = cu_err_set(&err, CU_EBUSY, "there is one already");
	}
	if (r == 0) {
		r = talk_with(l, fd, uid, pid, &err);
	}
	if (r < 0) {
		log_warn("an agent was refused: %s", err.msg);
		close(fd);
	}
}

/* What lies there is a dead socket of ours: the state directory is taken, no other custosd runs. */
static int listen_at(struct agent_link *l, const char *path, struct cu_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;

	if (strlen(path) >= sizeof(address.sun_path)) {
		return cu_err_set(err, CU_EINVAL, "the agent's socket has a path of over %zu bytes",
			sizeof(address.sun_path) - 1);
	}
	strcpy(address.sun_path, path);
	if (lstat(path, &st) == 0 && (!S_ISSOCK(st.st_mode) || unlink(path) < 0)) {
		return cu_err_set(err, CU_EEXIST, "%s is there and is no socket of ours", path);
	}
	l->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->listener < 0 || bind(l->listener, (struct sockaddr *)&address, sizeof(address)) < 0) {
		return cu_err_errno(err, errno, "socket %s", path);
	}
	strcpy(l->path, path);
	if (chmod(path, 0666) < 0 || listen(l->listener, 4) < 0) { /* the kernel says who it is */
		return cu_err_errno(err, errno, "socket %s", path);
	}
	return 0;
}

/* --- its process ----------------------------------------------------------------------- */

static void launch(struct agent_link *l, int64_t now)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct cu_err err;

	l->started_ms = now;
	l->pause_ms = l->pause_ms ? l->pause_ms * 2 : AGAIN_FIRST_MS;
	l->pause_ms = l->pause_ms > AGAIN_LAST_MS ? AGAIN_LAST_MS : l->pause_ms;
	l->again_ms = now + l->pause_ms;
	if (null < 0) {
		return; /* no descriptors: later */
	}
	if (launcher_run(l->daemon->launcher, LAUNCHER_AGENT, null, null, null, &l->leash, &err) < 0) {
		log_warn("custos-agent cannot be started: %s", err.msg);
	}
	close(null);
}

void agent_link_tick(struct agent_link *l)
{
	int64_t now = clock_monotonic_ms();

	if (!l || l->is_stopped || !l->options.is_launched) {
		return;
	}
	if (l->leash >= 0 && !l->seen.is_ready && now - l->started_ms > START_TIMEOUT_MS) {
		log_warn("custos-agent does not come up");
		hang_up(l, "it is ended");
		let_go(l);
	}
	if (l->leash < 0 && now >= l->again_ms) {
		launch(l, now);
	}
}

/* --- its life -------------------------------------------------------------------------- */

int agent_link_open(struct daemon *d, const struct agent_link_options *o, struct agent_link **ret,
	struct cu_err *err)
{
	struct agent_link *l = calloc(1, sizeof(*l));
	pthread_condattr_t by;
	int r;

	if (!l) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	l->daemon = d;
	l->options = *o;
	l->listener = l->fd = l->leash = -1;
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&by);
	pthread_condattr_setclock(&by, CLOCK_MONOTONIC);
	pthread_cond_init(&l->changed, &by);
	pthread_condattr_destroy(&by);
	r = listen_at(l, o->socket, err);
	if (r == 0 && uv_poll_init(d->loop, &l->listening, l->listener) < 0) {
		r = cu_err_set(err, CU_EIO, "the agent's socket cannot be watched");
	}
	if (r < 0) {
		agent_link_free(l);
		return r;
	}
	l->is_listening = true;
	l->listening.data = l;
	uv_poll_start(&l->listening, UV_READABLE, on_connect);
	agent_link_tick(l);
	*ret = l;
	return 0;
}

void agent_link_stop(struct agent_link *l)
{
	if (!l || l->is_stopped) {
		return;
	}
	pthread_mutex_lock(&l->lock);
	l->is_stopped = true;
	agent_order_fail_all(l); /* nor does anybody wait for an agent */
	pthread_mutex_unlock(&l->lock);
	if (l->is_listening) {
		uv_poll_stop(&l->listening);
		uv_close((uv_handle_t *)&l->listening, NULL);
	}
	hang_up(l, "it is not needed any more");
	let_go(l);
}

void agent_link_free(struct agent_link *l)
{
	if (!l) {
		return;
	}
	if (l->listener >= 0) {
		close(l->listener);
	}
	if (l->path[0]) {
		unlink(l->path);
	}
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* --- for the post office ----------------------------------------------------------------- */

int agent_link_send(struct agent_link *l, struct span packet, int body, struct cu_err *err)
{
	int r;

	if (!l) {
		return cu_err_set(err, CU_EUNAVAIL, "agent.yaml has no routes");
	}
	pthread_mutex_lock(&l->lock);
	r = l->seen.is_ready && !l->is_ending ? packet_send(l->fd, packet, body, false, err) :
			       cu_err_set(err, CU_EUNAVAIL, "custos-agent is not there");
	pthread_mutex_unlock(&l->lock);
	return r;
}

void agent_link_cut(struct agent_link *l)
{
	if (!l) {
		return;
	}
	pthread_mutex_lock(&l->lock);
	if (l->fd >= 0) {
		(void)shutdown(l->fd, SHUT_RDWR); /* the loop sees the end of it */
	}
	pthread_mutex_unlock(&l->lock);
}

void agent_link_look(struct agent_link *l, struct agent_seen *ret)
{
	*ret = (struct agent_seen){ .is_ready = false };
	if (l) {
		pthread_mutex_lock(&l->lock);
		*ret = l->seen;
		pthread_mutex_unlock(&l->lock);
	}
}
