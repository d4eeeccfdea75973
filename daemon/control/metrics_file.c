#include "control/metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/path.h"
#include "control/daemon.h"
#include "control/metrics.h"
#include "policy/policy.h"

#define EACH_MS 60000
#define MODE    0644 /* node_exporter is another user, and nothing in it is anybody's */

static struct daemon *daemon_of(struct work *w)
{
	return (struct daemon *)((char *)w - offsetof(struct daemon, metrics_file.work));
}

/* Not synced: after a power cut there is another one within the minute. */
static int put(const char *path, struct span text, struct cu_err *err)
{
	char fresh[PATH_SIZE + 8];
	int fd, r;

	snprintf(fresh, sizeof(fresh), "%s.new", path); /* which node_exporter does not read */
	(void)unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (fd < 0) {
		return cu_err_errno(err, errno, "create %s", fresh);
	}
	r = fchmod(fd, MODE) < 0 ? cu_err_errno(err, errno, "%s", fresh) : path_write_fd(fd, text, err);
	close(fd);
	if (r == 0 && rename(fresh, path) < 0) {
		r = cu_err_errno(err, errno, "rename %s", fresh);
	}
	if (r < 0) {
		(void)unlink(fresh);
	}
	return r;
}

static int run_write(struct work *w, struct cu_err *err)
{
	struct daemon *d = daemon_of(w);
	struct guest guest = { 0 };
	struct buf text = BUF_INIT;
	const char *path;
	int r = gate_enter(&d->gate, &guest, false, err);

	if (r < 0) {
		return r;
	}
	path = policy_agent(d->policy)->metrics_file;
	r = path ? metrics_gather(d, &text, err) : 0;
	if (r == 0 && path) {
		r = put(path, buf_span(&text), err);
	}
	gate_leave(&d->gate, &guest);
	buf_done(&text);
	return r;
}

static void on_written(struct work *w)
{
	struct metrics_file *f = &daemon_of(w)->metrics_file;
	bool has_failed = w->code < 0;

	f->is_running = false;
	if (has_failed && !f->has_failed) {
		log_warn("metrics_file of agent.yaml: %s", w->err.msg);
	} else if (!has_failed && f->has_failed) {
		log_notice("metrics_file of agent.yaml is written again");
	}
	f->has_failed = has_failed;
}

void metrics_file_tick(struct daemon *d)
{
	struct metrics_file *f = &d->metrics_file;
	int64_t now = clock_monotonic_ms();

	if (f->is_running || d->is_stopping || now < f->due_ms ||
		!policy_agent(d->policy)->metrics_file) {
		return;
	}
	f->due_ms = now + EACH_MS;
	f->work.run = run_write;
	f->work.done = on_written;
	f->is_running = work_start(d->loop, &f->work, NULL) == 0;
}
