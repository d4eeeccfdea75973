#include "control/room.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "control/daemon.h"
#include "policy/policy.h"

void room_init(struct room *r)
{
	*r = (struct room){ .n = 0 };
	pthread_mutex_init(&r->lock, NULL);
}

void room_done(struct room *r)
{
	pthread_mutex_destroy(&r->lock);
}

static void measure(const char *key, const char *path, struct room_place *v, size_t *n)
{
	struct statvfs s;

	if (*n < ROOM_MAX && statvfs(path, &s) == 0 && s.f_blocks > 0) {
		struct room_place *p = &v[(*n)++];

		snprintf(p->key, sizeof(p->key), "%s", key);
		p->avail = (uint64_t)s.f_bavail * s.f_frsize;
		p->size = (uint64_t)s.f_blocks * s.f_frsize;
	}
}

void room_measure(struct daemon *d)
{
	const struct targets *t = policy_targets(d->policy);
	struct room_place v[ROOM_MAX];
	size_t n = 0;

	measure("state", d->house.dir, v, &n);
	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].kind == TARGET_DIRECTORY) { /* the room elsewhere is not ours to see */
			measure(t->v[i].key, t->v[i].path, v, &n);
		}
	}
	pthread_mutex_lock(&d->room.lock);
	memcpy(d->room.v, v, n * sizeof(v[0]));
	d->room.n = n;
	pthread_mutex_unlock(&d->room.lock);
}

size_t room_look(struct daemon *d, struct room_place ret[ROOM_MAX])
{
	size_t n;

	pthread_mutex_lock(&d->room.lock);
	n = d->room.n;
	memcpy(ret, d->room.v, n * sizeof(ret[0]));
	pthread_mutex_unlock(&d->room.lock);
	return n;
}

unsigned room_percent(const struct room_place *p)
{
	return (unsigned)(p->avail / (p->size / 100 + 1));
}
