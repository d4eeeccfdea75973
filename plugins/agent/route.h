/*
 * route.h: a route: a plugin with settings, and the thread that sends on it, one message at a time.
 */
#ifndef CU_AGENT_ROUTE_H
#define CU_AGENT_ROUTE_H
#include <jansson.h>
#include <stdbool.h>

#include "agent/plugin.h"

struct cu_err;
struct route;

#define ROUTES_MAX     16
#define ROUTE_KEY_SIZE 64

/* A message on its way; texts are owned. */
struct parcel {
	char id[40], type[ROUTE_KEY_SIZE];
	bool is_personal;
	int64_t time_ms;
	char *to, *subject, *text; /* to: NULL without is_personal */
};
void parcel_done(struct parcel *p); /* wipes */

/* On the route's thread: what became of the message of this id. */
typedef void route_told(void *ctx, const char *id, int32_t code, const struct cu_fault *fault);

/* Opens it; may_personal: agent.yaml lets it take messages to persons.  CU_EINVAL with the reason.  No
 * thread yet. */
int route_open(const char *key, const struct cu_plugin *p, const json_t *settings,
	const char *credentials_dir, bool may_personal, route_told *told, void *ctx,
	struct route **ret, struct cu_err *err);
/* After the process was confined. */
int route_start(struct route *r, struct cu_err *err);
const char *route_key(const struct route *r);
/* Files that it may read (settings_path). */
const char *route_file(const struct route *r, size_t i);

/* Takes what is in the parcel, unless it fails: CU_EBUSY while another one is under way; CU_EDENIED:
 * it is personal, and the route may not take such. */
int route_send(struct route *r, struct parcel *p, struct cu_err *err);

/* Waits until it sends nothing, for at most so long.  False: it still does. */
bool route_wait(struct route *r, int64_t ms);
/* False: it is sending, and cannot be closed; the process may end only all at once. */
bool route_stop(struct route *r);
/* After route_stop said true, or before route_start.  NULL is fine. */
void route_close(struct route *r);

#endif
