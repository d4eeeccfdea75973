#include "agent/route.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/settings.h"
#include "base/err.h"

struct route {
	char key[ROUTE_KEY_SIZE];
	const struct cu_plugin *plugin;
	struct settings *settings;
	void *opened;
	bool may_personal;
	route_told *told;
	void *ctx;

	pthread_t thread;
	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed;
	bool is_busy, is_over;
	struct parcel parcel; /* while busy; the thread's */
};

static void wipe(char **text)
{
	if (*text) {
		explicit_bzero(*text, strlen(*text));
	}
	free(*text);
	*text = NULL;
}

void parcel_done(struct parcel *p)
{
	wipe(&p->to);
	wipe(&p->subject);
	wipe(&p->text);
	*p = (struct parcel){ .time_ms = 0 };
}

/* --- the thread -------------------------------------------------------------------- */

static void send_one(struct route *r)
{
	const struct cu_message m = { sizeof(m), r->parcel.is_personal ? CU_MESSAGE_PERSONAL : 0,
		r->parcel.id, r->parcel.type, r->parcel.time_ms, r->parcel.to, r->parcel.subject,
		r->parcel.text };
	struct cu_fault fault = { "" };
	char id[sizeof(r->parcel.id)];
	int32_t code = r->plugin->message->send(r->opened, &m, &fault);

	memcpy(id, r->parcel.id, sizeof(id));
	pthread_mutex_lock(&r->lock);
	parcel_done(&r->parcel);
	r->is_busy = false;
	pthread_mutex_unlock(&r->lock);
	r->told(r->ctx, id, code, &fault); /* free for the next one before anybody knows */
}

static void *run(void *route)
{
	struct route *r = route;
	bool is_over = false;

	while (!is_over) {
		pthread_mutex_lock(&r->lock);
		while (!r->is_busy && !r->is_over) {
			pthread_cond_wait(&r->changed, &r->lock);
		}
		is_over = r->is_over; /* set only while nothing is under way */
		pthread_mutex_unlock(&r->lock);
		if (!is_over) {
			send_one(r);
		}
	}
	return NULL;
}

/* --- its life ---------------------------------------------------------------------- */

static int open_with(struct route *r, const json_t *settings, const char *credentials_dir,
	struct cu_err *err)
{
	struct cu_fault fault = { "" };
	int e = settings_read(r->plugin, settings, credentials_dir, &r->settings, err);

	if (e < 0) {
		return e;
	}
	return r->plugin->message->open(settings_values(r->settings), &r->opened, &fault) == CU_DONE ?
		0 :
		cu_err_set(err, CU_EINVAL, "%s", fault.text[0] ? fault.text : "it cannot be opened");
}

int route_open(const char *key, const struct cu_plugin *p, const json_t *settings,
	const char *credentials_dir, bool may_personal, route_told *told, void *ctx,
	struct route **ret, struct cu_err *err)
{
	struct route *r;
	int e;

	if (!(p->kinds & CU_PLUGIN_MESSAGE)) {
		return cu_err_set(err, CU_EINVAL, "the plugin %s sends no messages", p->name);
	}
	if (may_personal && !(p->flags & CU_PLUGIN_PERSONAL)) {
		return cu_err_set(err, CU_EINVAL,
			"personal: the plugin %s may not take messages to persons", p->name);
	}
	r = calloc(1, sizeof(*r));
	if (!r) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	snprintf(r->key, sizeof(r->key), "%s", key);
	r->plugin = p;
	r->may_personal = may_personal;
	r->told = told;
	r->ctx = ctx;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	e = open_with(r, settings, credentials_dir, err);
	if (e < 0) {
		route_close(r);
		return e;
	}
	*ret = r;
	return 0;
}

int route_start(struct route *r, struct cu_err *err)
{
	int e = pthread_create(&r->thread, NULL, run, r);

	return e == 0 ? 0 : cu_err_errno(err, e, "a thread for route %s", r->key);
}

const char *route_key(const struct route *r)
{
	return r->key;
}

const char *route_file(const struct route *r, size_t i)
{
	return settings_file(r->settings, i);
}

int route_send(struct route *r, struct parcel *p, struct cu_err *err)
{
	int e = 0;

	if (p->is_personal && !r->may_personal) {
		return cu_err_set(err, CU_EDENIED, "route %s may not take messages to persons", r->key);
	}
	pthread_mutex_lock(&r->lock);
	if (r->is_busy) {
		e = cu_err_set(err, CU_EBUSY, "route %s is sending", r->key);
	} else {
		r->parcel = *p;
		*p = (struct parcel){ .time_ms = 0 };
		r->is_busy = true;
		pthread_cond_signal(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
	return e;
}

bool route_stop(struct route *r)
{
	bool is_idle;

	pthread_mutex_lock(&r->lock);
	is_idle = !r->is_busy;
	if (is_idle) {
		r->is_over = true;
		pthread_cond_signal(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
	if (is_idle) {
		pthread_join(r->thread, NULL);
	}
	return is_idle;
}

void route_close(struct route *r)
{
	if (!r) {
		return;
	}
	if (r->opened) {
		r->plugin->message->close(r->opened);
	}
	settings_free(r->settings);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->changed);
	free(r);
}
