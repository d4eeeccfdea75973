#include "control/outlet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/path.h"
#include "control/daemon.h"
#include "control/exchange.h"

#define LOOK_UP_EACH_MS 200 /* from waiting, to see whether we are cancelled */

void outlet_init(struct outlet *o, const struct exchange *x)
{
	struct stat st;

	*o = (struct outlet){ .x = x };
	o->is_file = fstat(x->fd, &st) == 0 && S_ISREG(st.st_mode);
}

int outlet_check(const struct outlet *o, struct cu_err *err)
{
	return exchange_is_cancelled(o->x) ?
		cu_err_set(err, CU_ECANCELED, "'%s' was cancelled", o->x->command->words) :
		0;
}

/* A pipe that poll calls writable has room for PIPE_BUF bytes. */
int outlet_put(struct outlet *o, struct span left, struct cu_err *err)
{
	struct pollfd p = { .fd = o->x->fd, .events = POLLOUT };
	int64_t moved_ms = clock_monotonic_ms(), stall_ms = o->x->daemon->stall_ms;
	int r = 0;

	while (r == 0 && left.n > 0) {
		size_t n = o->is_file ? left.n : left.n < PIPE_BUF ? left.n : PIPE_BUF;

		r = outlet_check(o, err);
		if (r < 0) {
			return r;
		}
		if (!o->is_file && poll(&p, 1, LOOK_UP_EACH_MS) <= 0) {
			if (clock_monotonic_ms() - moved_ms < stall_ms) {
				continue;
			}
			return cu_err_set(err, CU_ETIMEDOUT, "nobody has read what is written for %lld minutes",
				(long long)stall_ms / 60000);
		}
		r = path_write_fd(o->x->fd, span_of(left.p, n), err);
		left.p += n;
		left.n -= n;
		o->nbytes += n;
		moved_ms = clock_monotonic_ms();
	}
	return r;
}

int outlet_sync(const struct outlet *o, struct cu_err *err)
{
	if (fsync(o->x->fd) < 0 && errno != EINVAL && errno != EROFS) {
		return cu_err_errno(err, errno, "sync the file");
	}
	return 0;
}
