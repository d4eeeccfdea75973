#include "control/drill_process.h"

#include <string.h>
#include <unistd.h>

#include "backup/watch.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/errand.h"

#define FOLDER "drill.tmp" /* below the state directory */

struct process {
	const struct watch *watch;
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

/* False: it is to stop. */
static bool take_step(struct process *p, const json_t *line)
{
	const char *step = json_string_value(json_object_get(line, "step"));
	json_int_t done = json_integer_value(json_object_get(line, "bytes"));
	json_int_t total = json_integer_value(json_object_get(line, "total_bytes"));

	return watch_step(p->watch, step ? step : "", (uint64_t)done, (uint64_t)total, NULL) == 0;
}

static int take_line(void *ctx, const json_t *line, struct cu_err *err)
{
	struct process *p = ctx;

	if (json_object_get(line, "step")) {
		return take_step(p, line) ? 0 : cu_err_set(err, CU_ECANCELED, "it was stopped");
	}
	return p->take(p->ctx, line, err);
}

static bool is_cancelled(void *ctx)
{
	const atomic_bool *cancel = ((struct process *)ctx)->watch->cancel;

	return cancel && atomic_load(cancel);
}

int drill_process_run(struct daemon *d, const char *dir, const struct buf *request, int keys,
	drill_line_fn *take, void *ctx, const struct watch *watch, struct cu_err *err)
{
	struct process p = { watch, take, ctx };
	const struct errand errand = { "the drill's process", take_line, is_cancelled, &p };
	int r = buf_check(request, err);

	if (r == 0) {
		r = path_remove_tree(dir, err); /* of one that we could not remove */
	}
	if (r == 0) {
		r = path_make_dir(dir, 0700, err);
	}
	if (r == 0) {
		r = errand_run(d->launcher, LAUNCHER_DRILL, buf_span(request), keys, &errand,
			err);
	}
	close(keys);
	sweep(dir);
	return r;
}
