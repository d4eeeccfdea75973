/*
 * custos-intake: parses one file that somebody wants imported, and can do nothing else.
 *
 * 0: the plan.  1: what was read, as JSON Lines.  2: the log.  3: the file.  No arguments.
 * docs/formats/intake.md.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/path.h"
#include "intake/charset.h"
#include "intake/emit.h"
#include "intake/intake.h"
#include "intake/plan.h"
#include "intake/sandbox.h"

static int read_plan(struct plan **ret, struct cu_err *err)
{
	struct buf text = BUF_INIT;
	int r = path_read_fd(STDIN_FILENO, PLAN_MAX_BYTES, &text, err);

	if (r == 0) {
		r = plan_parse(buf_span(&text), ret, err);
	} else {
		cu_err_wrap(err, r, "plan");
	}
	buf_done(&text);
	return r;
}

static int look_at_source(struct intake_source *source, struct cu_err *err)
{
	struct stat st;

	if (fstat(source->fd, &st) < 0) {
		return cu_err_set(err, CU_EINVAL, "no file to import");
	}
	source->total_bytes = S_ISREG(st.st_mode) ? st.st_size : -1;
	return 0;
}

static int import(struct plan **plan, struct intake_source *source, struct emit *out,
	struct cu_err *err)
{
	struct sandbox sandbox;
	int r = read_plan(plan, err);

	if (r == 0) {
		(void)intl_use((*plan)->language);
		r = look_at_source(source, err);
	}
	if (r == 0) {
		r = charset_open((*plan)->charset, &source->charset, err);
	}
	if (r < 0) {
		return r;
	}
	sandbox = sandbox_lock();
	return intake_run(source, *plan, &sandbox, out, err);
}

int main(void)
{
	struct cu_err err = { 0 };
	struct plan *plan = NULL;
	struct intake_source source = { .fd = SANDBOX_INPUT_FD };
	struct emit out;
	int r;

	emit_init(&out, STDOUT_FILENO);
	r = sandbox_prepare(&err);
	if (r == 0) {
		r = import(&plan, &source, &out, &err);
	}
	if (r < 0 && emit_fatal(&out, &err, NULL) < 0) {
		/* The message may name a column, so the log gets only the kind. */
		log_error("import ended: it %s, and nobody reads why", cu_err_meaning(r));
	}
	emit_done(&out);
	charset_close(source.charset);
	plan_free(plan);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
