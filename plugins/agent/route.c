#include "agent/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/hand.h"
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

	struct hand hand;
	struct parcel parcel; /* the hand's while it is busy */
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

static void send_one(void *route)
{
	struct route *r = route;
	const struct cu_message m = { sizeof(m), r->parcel.is_personal ? CU_MESSAGE_PERSONAL : 0,
		r->parcel.id, r->parcel.type, r->parcel.time_ms, r->parcel.to, r->parcel.subject,
		r->parcel.text };
	struct cu_fault fault = { "" };
	char id[sizeof(r->parcel.id)];
	int32_t code = r->plugin->message->send(r->opened, &m, &fault);

	memcpy(id, r->parcel.id, sizeof(id));
	parcel_done(&r->parcel);
	hand_is_done(&r->hand);
	r->told(r->ctx, id, code, &fault); /* free for the next one before anybody knows */
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
	hand_init(&r->hand, send_one, r);
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
	return hand_start(&r->hand, err);
}

const char *route_key(const struct route *r)
{
	return r->key;
}

const char *route_file(const struct route *r, size_t i)
{
	return settings_path(r->settings, CU_SETTING_FILE, i);
}

int route_send(struct route *r, struct parcel *p, struct cu_err *err)
{
	if (p->is_personal && !r->may_personal) {
		return cu_err_set(err, CU_EDENIED, "route %s may not take messages to persons", r->key);
	}
	if (hand_is_busy(&r->hand)) {
		return cu_err_set(err, CU_EBUSY, "route %s is sending", r->key);
	}
	r->parcel = *p;
	*p = (struct parcel){ .time_ms = 0 };
	hand_go(&r->hand);
	return 0;
}

bool route_wait(struct route *r, int64_t ms)
{
	return hand_wait(&r->hand, ms);
}

bool route_stop(struct route *r)
{
	return hand_stop(&r->hand);
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
	hand_done(&r->hand);
	free(r);
}
