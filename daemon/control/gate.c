#include "control/gate.h"

#include <stddef.h>

#include "base/err.h"

void gate_init(struct gate *g)
{
	*g = (struct gate){ .is_shut = true };
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->left, NULL);
}

void gate_done(struct gate *g)
{
	pthread_cond_destroy(&g->left);
	pthread_mutex_destroy(&g->lock);
}

int gate_enter(
	struct gate *g, struct guest *guest, bool needs_store, struct cu_err *err)
{
	bool may_come;

	pthread_mutex_lock(&g->lock);
	may_come = !needs_store || !g->is_shut;
	if (may_come) {
		guest->number = g->next++;
		guest->prev = NULL;
		guest->next = g->first;
		if (g->first) {
			g->first->prev = guest;
		}
		g->first = guest;
	}
	pthread_mutex_unlock(&g->lock);
	return may_come ? 0
			: cu_err_set(err, CU_ESEALED, "the store has just been sealed");
}

void gate_leave(struct gate *g, struct guest *guest)
{
	pthread_mutex_lock(&g->lock);
	*(guest->prev ? &guest->prev->next : &g->first) = guest->next;
	if (guest->next) {
		guest->next->prev = guest->prev;
	}
	pthread_cond_signal(&g->left);
	pthread_mutex_unlock(&g->lock);
}

uint64_t gate_next(struct gate *g)
{
	uint64_t next;

	pthread_mutex_lock(&g->lock);
	next = g->next;
	pthread_mutex_unlock(&g->lock);
	return next;
}

uint64_t gate_oldest(struct gate *g)
{
	const struct guest *guest;
	uint64_t oldest;

	pthread_mutex_lock(&g->lock);
	oldest = g->next;
	for (guest = g->first; guest; guest = guest->next) {
		oldest = guest->number;
	}
	pthread_mutex_unlock(&g->lock);
	return oldest;
}

void gate_shut(struct gate *g, const struct guest *host)
{
	pthread_mutex_lock(&g->lock);
	g->is_shut = true;
	for (struct guest *guest = g->first; guest; guest = guest->next) {
		if (guest != host && guest->cancel) {
			atomic_store(guest->cancel, true);
		}
	}
	while (g->first && (g->first != host || host->next)) {
		pthread_cond_wait(&g->left, &g->lock);
	}
	pthread_mutex_unlock(&g->lock);
}

void gate_open(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->is_shut = false;
	pthread_mutex_unlock(&g->lock);
}
