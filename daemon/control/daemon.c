#include "control/daemon.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/zone.h"
#include "control/agent_link.h"
#include "control/drill_process.h"
#include "control/duties.h"
#include "control/erase.h"
#include "control/keeping.h"
#include "control/key_change.h"
#include "control/operator.h"
#include "control/quarantine.h"
#include "control/repos.h"
#include "control/server.h"
#include "control/session.h"
#include "control/terms.h"
#include "ledger/ledger.h"
#include "policy/faults.h"
#include "policy/policy.h"
#include "wire/interfaces.h"

#define PUBLISH_EACH_MS 1000 /* DESIGN part 6: checkpoints follow within a second */

void daemon_tokenise(void *daemon, const struct record *r, struct index_terms *to)
{
	terms_of(((struct daemon *)daemon)->policy, r, to);
}

/* --- publishing the log ----------------------------------------------------------- */

static int run_publish(struct work *w, struct cu_err *err)
{
	struct daemon *d = (struct daemon *)((char *)w - offsetof(struct daemon, publishing));
	struct guest guest = { .cancel = &w->cancel };
	int r = gate_enter(&d->gate, &guest, true, err);

	if (r < 0) {
		return r;
	}
	r = house_publish(&d->house, err);
	gate_leave(&d->gate, &guest);
	return r;
}

static void on_published(struct work *w)
{
	struct daemon *d = (struct daemon *)((char *)w - offsetof(struct daemon, publishing));

	d->is_publishing = false;
	if (w->code < 0 && w->code != CU_ECANCELED && w->code != CU_ESEALED) {
		log_error("the log could not be published: %s", w->err.msg);
	}
}

/* An idle daemon only looks at a number. */
static void publish_what_is_new(struct daemon *d)
{
	uint64_t size;

	if (d->is_publishing) {
		return;
	}
	size = ledger_size(d->house.ledger);
	if (size == d->published) {
		return;
	}
	d->publishing.run = run_publish;
	d->publishing.done = on_published;
	if (work_start(d->loop, &d->publishing, NULL) == 0) {
		d->is_publishing = true;
		d->published = size;
	}
}

/* --- the pulse ---------------------------------------------------------------------- */

static void on_second(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	struct guest guest = { 0 };

	agent_link_tick(d->agent);
	post_office_tick(&d->office);
	if (gate_enter(&d->gate, &guest, true, NULL) == 0) {
		publish_what_is_new(d);
		eraser_tick(&d->eraser);
		upkeep_tick(d);
		schedule_tick(d);
		gate_leave(&d->gate, &guest);
	}
	reload_tick(d);
	liveness_tick(d);
	metrics_file_tick(d);
	state_alarm_tick(d);
}

/* --- when nothing is known about the disk any more -------------------------------- */

static void read_fatal(struct letter *l)
{
	struct daemon *d = (struct daemon *)((char *)l - offsetof(struct daemon, fatal));

	log_happened(LOG_LEVEL_ERROR, LOG_EVENT_STOPPED, "",
		"the store stopped: %s: custosd ends, its next start verifies what is on disk",
		d->why.msg);
	d->exit_status = 1;
	daemon_stop(d);
}

static void drop_fatal(struct letter *l)
{
	(void)l; /* it is being stopped already */
}

static void on_fatal(void *ctx, const struct cu_err *why)
{
	struct daemon *d = ctx;

	d->why = *why;
	d->fatal.read = read_fatal;
	d->fatal.drop = drop_fatal;
	post_send(&d->post, &d->fatal);
}

/* --- start ------------------------------------------------------------------------ */

int daemon_read_policy(const struct daemon *d, struct policy **ret, struct cu_err *err)
{
	struct faults faults = FAULTS_INIT;
	int r = policy_load(d->policy_dir, &faults, ret, err);

	for (size_t i = 0; i < faults.n; i++) {
		log_error("%s", faults.text[i]);
	}
	faults_done(&faults);
	return r;
}

static int load_policy(struct daemon *d, struct cu_err *err)
{
	struct clock system = clock_system(); /* whose times files have */
	struct policy *p = NULL;
	int r;

	d->policy_read_ms = clock_now_ms(&system);
	r = daemon_read_policy(d, &p, err);
	if (r < 0) {
		return cu_err_wrap(err, r, "policies in %s", d->policy_dir);
	}
	d->policy = p;
	zone_use(policy_organisation(p)->time_zone); /* no thread of ours runs yet */
	return 0;
}

static void serve(struct daemon *d)
{
	struct cu_err why;

	keeping_begin(d);
	upkeep_begin(d);
	if (schedule_begin(d, &why) < 0) {
		log_error("the schedule: %s", why.msg);
	}
	if (!store_is_restricted(d->house.store) && duties_know(d, NULL, &why) < 0) {
		log_error("the duties: %s", why.msg);
	}
	gate_open(&d->gate);
	atomic_store(&d->state, DAEMON_RUNNING);
}

int daemon_open_store(
	struct daemon *d, unsigned sources, struct span passphrase, struct cu_err *err)
{
	int n, r = house_open(&d->house, sources, passphrase, err);
	struct cu_err why;

	if (r < 0) {
		return r;
	}
	quarantine_look(d, true);
	if (!store_is_quarantined(d->house.store) && key_change_end(&d->house, &why) < 0) {
		log_error("a change of the root key is not in the log yet: %s", why.msg);
	}
	n = store_is_restricted(d->house.store) ? 0 : eraser_resume(&d->eraser);
	if (n > 0) {
		log_notice("%d erasures that were under way are finished", n);
	}
	serve(d);
	return 0;
}

static int open_house(struct daemon *d, struct cu_err *err)
{
	int r;

	if (house_is_empty(&d->house)) {
		atomic_store(&d->state, DAEMON_EMPTY);
		return 0;
	}
	r = daemon_open_store(d, KEYRING_ALL, (struct span){ 0 }, err);
	if (r == CU_ESEALED) {
		log_happened(LOG_LEVEL_WARN, LOG_EVENT_SEALED, "", "sealed until 'custosctl unseal': %s", err->msg);
		atomic_store(&d->state, DAEMON_SEALED);
		r = 0;
	}
	return r;
}

/* Where systemd has put the root key's credential, if it has. */
static void find_credential(struct daemon *d, const char *directory)
{
	char *path = d->house.credential;

	if (!directory || path_join(path, directory, KEYRING_CREDENTIAL_NAME, NULL) < 0 ||
		!path_exists(path)) {
		path[0] = '\0';
	}
}

int daemon_init(struct daemon *d, uv_loop_t *loop, const struct daemon_options *options,
	struct launcher *launcher, struct cu_err *err)
{
	int r;

	*d = (struct daemon){ .loop = loop, .launcher = launcher };
	schedule_init(d);
	d->started_ms = clock_monotonic_ms();
	d->idle_ms = options->idle_ms ? options->idle_ms : SESSION_IDLE_MS;
	d->stall_ms = options->stall_ms ? options->stall_ms : DAEMON_STALL_MS;
	callers_init(&d->callers);
	turn_open(loop, &d->turn);
	brief_init(&d->brief, d);
	gate_init(&d->gate);
	pthread_mutex_init(&d->making, NULL);
	pthread_mutex_init(&d->backing_up, NULL);
	pthread_mutex_init(&d->drilling, NULL);
	pthread_mutex_init(&d->operators_lock, NULL);
	d->house = (struct house){ .lock_fd = -1, .clock = options->clock_ahead_ms ?
			clock_ahead(options->clock_ahead_ms) : clock_system(),
		.index = { daemon_tokenise, d }, .on_fatal = on_fatal, .on_fatal_ctx = d };
	eraser_init(&d->eraser, d);
	expiry_init(&d->expiry);
	overview_init(&d->overview);
	room_init(&d->room);
	post_office_init(&d->office, d);
	find_credential(d, options->credentials_dir);
	strncpy(d->policy_dir, options->policy_dir, sizeof(d->policy_dir) - 1);
	r = post_open(loop, &d->post, err);
	if (r == 0) {
		uv_timer_init(loop, &d->each_second);
		d->each_second.data = d;
		r = interfaces_load(&d->interfaces, err);
	}
	if (r == 0) {
		r = load_policy(d, err);
	}
	if (r == 0) {
		r = house_take(&d->house, options->state_dir, err);
	}
	if (r == 0 && options->confines) {
		confine_daemon(d, options);
	}
	if (r == 0) {
		drill_process_sweep(d);
		repos_sweep(d);
		r = open_house(d, err);
	}
	if (r == 0) {
		r = server_open(d, options->socket, options->socket_fd, &d->server, err);
	}
	if (r == 0 && (policy_agent(d->policy)->n > 0 || policy_targets(d->policy)->nfar > 0)) {
		r = agent_link_open(d, options->agent, &d->agent, err);
	}
	if (r == 0) {
		liveness_begin(d);
		uv_timer_start(&d->each_second, on_second, PUBLISH_EACH_MS, PUBLISH_EACH_MS);
	}
	return r;
}

int daemon_make_store(struct daemon *d, int identity_fd, enum keyring_source source,
	struct span passphrase, struct cu_err *err)
{
	int r = daemon_hold_store(d, err);

	if (r < 0) {
		return r;
	}
	r = atomic_load(&d->state) == DAEMON_EMPTY ?
		house_create(&d->house, identity_fd, source, passphrase, err) :
		cu_err_set(err, CU_EEXIST, "there is a store already");
	if (r == 0) {
		serve(d);
		log_notice("a store was made");
	}
	pthread_mutex_unlock(&d->making);
	return r;
}

const char *daemon_state_word(struct daemon *d)
{
	switch ((enum daemon_state)atomic_load(&d->state)) {
	case DAEMON_EMPTY: return "uninitialised";
	case DAEMON_SEALED: return "sealed";
	case DAEMON_RUNNING: break;
	}
	return store_is_quarantined(d->house.store) ? "quarantined" :
		store_is_restricted(d->house.store) ? "restricted" :
		store_waits(d->house.store) ? "restored" : "running";
}

/* Nobody waits here: a seal waits for all that run, and one of them would be the waiter. */
int daemon_hold_store(struct daemon *d, struct cu_err *err)
{
	return pthread_mutex_trylock(&d->making) == 0 ?
		0 :
		cu_err_set(err, CU_EBUSY,
			"the store is being made, opened or closed, or its root key changed; try again");
}

/* --- the end ---------------------------------------------------------------------- */

void daemon_stop(struct daemon *d)
{
	if (d->is_stopping) {
		return;
	}
	d->is_stopping = true;
	if (d->server) {
		server_stop(d->server);
	}
	agent_link_stop(d->agent);
	uv_close((uv_handle_t *)&d->each_second, NULL);
	atomic_store(&d->eraser.work.cancel, true);
	atomic_store(&d->upkeep.work.cancel, true);
	schedule_stop(d);
	atomic_store(&d->office.work.cancel, true);
	post_unref(&d->post); /* letters are still read while calls end, but do not keep us */
}

void daemon_done(struct daemon *d)
{
	struct cu_err err;

	if (!d->is_stopping) {
		daemon_stop(d);
	}
	post_close(&d->post);
	turn_close(&d->turn);
	uv_run(d->loop, UV_RUN_DEFAULT);
	if (d->house.store && d->exit_status == 0 && house_publish(&d->house, &err) < 0) {
		log_error("the log could not be published: %s", err.msg);
	}
	house_leave(&d->house);
	server_free(d->server);
	agent_link_free(d->agent);
	post_office_done(&d->office);
	reload_done(d);
	policy_unref(d->policy);
	interfaces_free(d->interfaces);
	operator_forget_all(d);
	brief_done(&d->brief);
	room_done(&d->room);
	gate_done(&d->gate);
}
