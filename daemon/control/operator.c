#include "control/operator.h"

#include <stdlib.h>

#include "base/err.h"
#include "control/daemon.h"
#include "store/tx.h"

struct known_operator {
	uid_t uid;
	struct id id;
	struct known_operator *next;
};

static bool find_cached(struct daemon *d, uid_t uid, struct id *ret)
{
	struct known_operator *o;

	pthread_mutex_lock(&d->operators_lock);
	for (o = d->operators; o && o->uid != uid; o = o->next) {
	}
	if (o) {
		*ret = o->id;
	}
	pthread_mutex_unlock(&d->operators_lock);
	return o != NULL;
}

static int remember(struct daemon *d, uid_t uid, const struct id *id, struct cu_err *err)
{
	struct known_operator *o = calloc(1, sizeof(*o));

	if (!o) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	o->uid = uid;
	o->id = *id;
	pthread_mutex_lock(&d->operators_lock);
	o->next = d->operators;
	d->operators = o;
	pthread_mutex_unlock(&d->operators_lock);
	return 0;
}

struct operator_op {
	struct store_op op;
	uid_t uid;
	struct id id;
};

static int apply_operator(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct operator_op *o = (struct operator_op *)op;

	return tx_operator(tx, o->uid, &o->id, err);
}

int operator_id(struct daemon *d, uid_t uid, struct id *ret, struct cu_err *err)
{
	struct operator_op op = { { .apply = apply_operator, .kind = STORE_CHANGE }, .uid = uid };
	int r;

	if (find_cached(d, uid, ret)) {
		return 0;
	}
	r = store_run(d->house.store, &op.op, err);
	if (r == 0) {
		r = remember(d, uid, &op.id, err);
	}
	if (r == 0) {
		*ret = op.id;
	}
	return r;
}

void operator_forget_all(struct daemon *d)
{
	while (d->operators) {
		struct known_operator *o = d->operators;

		d->operators = o->next;
		free(o);
	}
}
