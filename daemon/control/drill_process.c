#include "control/drill_process.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/errand.h"
#include "control/exchange.h"

#define FOLDER "drill.tmp" /* below the state directory */

struct process {
	struct exchange *x;
	drill_line_fn *take;
	void *ctx;
};

static void sweep(const char *dir)
{
	struct cu_err err;

	if (path_remove_tree(dir, &err) < 0) {
		log_error("what a drill built could not be removed: %s", err.msg);
	}
}

void drill_process_sweep(struct daemon *d)
{
	char dir[PATH_SIZE];

	if (path_join(dir, d->house.dir, FOLDER, NULL) == 0) {
		sweep(dir);
	}
}

int drill_process_begin(struct daemon *d, char ret_dir[PATH_SIZE], struct cu_err *err)
{
	char dir[PATH_SIZE];
	int r = path_join(dir, d->house.dir, FOLDER, err);

	if (r == 0 && !d->launcher) {
		r = cu_err_set(err, CU_EUNAVAIL, "custosd was started without its launcher");
	}
	if (r == 0 && pthread_mutex_trylock(&d->drilling) != 0) {
		r = cu_err_set(err, CU_EBUSY, "another drill is running");
	}
	if (r == 0) {
		strcpy(ret_dir, dir);
	}
	return r;
}

void drill_process_end(struct daemon *d)
{
	pthread_mutex_unlock(&d->drilling);
}

/* --- a run ------------------------------------------------------------------------ */

static void show_step(struct process *p, const json_t *line)
{
	struct buf frame = BUF_INIT;
	struct json j = exchange_progress_begin(&frame);

	json_open_object(&j, "progress");
	json_str(&j, "step", json_string_value(json_object_get(line, "step")));
	json_int(&j, "bytes", json_integer_value(json_object_get(line, "bytes")));
	json_int(&j, "total_bytes", json_integer_value(json_object_get(line, "total_bytes")));
	json_close_object(&j);
	exchange_progress_end(p->x, &j, &frame);
}

static int take_line(void *ctx, const json_t *line, struct cu_err *err)
{
	struct process *p = ctx;

	if (json_object_get(line, "step")) {
		show_step(p, line);
		return 0;
	}
	return p->take(p->ctx, line, err);
}

static bool is_cancelled(void *ctx)
{
	return exchange_is_cancelled(((struct process *)ctx)->x);
}

int drill_process_run(struct exchange *x, const char *dir, const struct buf *request, int keys,
	drill_line_fn *take, void *ctx, struct cu_err *err)
{
	struct process p = { x, take, ctx };
	const struct errand errand = { "the drill's process", take_line, is_cancelled, &p };
	int r = buf_check(request, err);

	if (r == 0) {
		r = path_remove_tree(dir, err); /* of one that we could not remove */
	}
	if (r == 0) {
		r = path_make_dir(dir, 0700, err);
	}
	if (r == 0) {
		r = errand_run(x->daemon->launcher, LAUNCHER_DRILL, buf_span(request), keys, &errand,
			err);
	}
	close(keys);
	sweep(dir);
	return r;
}
