#include "control/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/path.h"
#include "wire/message.h"

#define LINE_MAX_BYTES  65536
#define READ_BYTES      16384
#define LOOK_UP_EACH_MS 200 /* from waiting, to see whether we are cancelled */

struct run {
	const struct errand *errand;
	int out, leash;  /* what the process says; closing it ends the process */
	struct buf held; /* of its output, not yet a whole line */
	bool is_over;    /* it said its last word */
};

/* --- start ------------------------------------------------------------------------ */

static int put_request(
	struct run *run, struct span request, int *ret_fd, struct cu_err *err)
{
	int r, fd = memfd_create("errand", MFD_CLOEXEC);

	if (fd < 0) {
		return cu_err_errno(err, errno, "the request to %s", run->errand->name);
	}
	r = path_pwrite_fd(fd, request, 0, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
}

static int start(struct run *run, struct launcher *l, enum launcher_what what,
	struct span request, int fd, struct cu_err *err)
{
	int fds[3] = { -1, -1, -1 }; /* request, nothing, its output */
	int pair[2], r = put_request(run, request, &fds[0], err);

	if (r == 0 && fd < 0) {
		fds[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		r = fds[1] < 0 ? cu_err_errno(err, errno, "/dev/null") : 0;
	}
	if (r == 0 && pipe2(pair, O_CLOEXEC) < 0) {
		r = cu_err_errno(err, errno, "a pipe for %s", run->errand->name);
	} else if (r == 0) {
		run->out = pair[0];
		fds[2] = pair[1];
	}
	if (r == 0) {
		r = launcher_run(l, what, fds[0], fd < 0 ? fds[1] : fd, fds[2],
			&run->leash, err);
	}
	close_all(fds, 3);
	return r;
}

/* --- what it says ----------------------------------------------------------------- */

static int take_error(const json_t *e, struct cu_err *err)
{
	const char *name = json_string_value(json_object_get(e, "code"));
	const char *text = json_string_value(json_object_get(e, "text"));
	int code = name ? cu_err_from_wire_name(name) : 0;

	return cu_err_set(
		err, code < 0 ? code : CU_EPROTO, "%s", text ? text : _("it failed"));
}

static int take_line(struct run *run, struct span text, struct cu_err *err)
{
	json_error_t ignored;
	json_t *line = message_json(
		(const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &ignored);
	const json_t *error = json_object_get(line, "error");
	int r;

	if (!line) {
		return cu_err_set(err, CU_EPROTO, "%s sent a line that is no JSON",
			run->errand->name);
	}
	r = error ? take_error(error, err)
		  : run->errand->take(run->errand->ctx, line, err);
	json_decref(line);
	if (r > 0) {
		run->is_over = true;
	}
	return r < 0 ? r : 0;
}

static int take_lines(struct run *run, struct cu_err *err)
{
	struct buf *held = &run->held;
	size_t from = 0;
	uint8_t *end;
	int r = 0;

	while (r == 0 && (end = memchr(held->p + from, '\n', held->n - from)) != NULL) {
		size_t at = (size_t)(end - held->p);

		r = take_line(run, span_of(held->p + from, at - from), err);
		from = at + 1;
	}
	memmove(held->p, held->p + from, held->n - from);
	held->n -= from;
	if (r == 0 && held->n > LINE_MAX_BYTES) {
		r = cu_err_set(
			err, CU_EPROTO, "%s sent an endless line", run->errand->name);
	}
	return r;
}

static int wait_for_lines(struct run *run, struct cu_err *err)
{
	struct pollfd p = { .fd = run->out, .events = POLLIN };
	int n = 0;

	while (n <= 0) {
		if (run->errand->is_cancelled(run->errand->ctx)) {
			return cu_err_set(
				err, CU_ECANCELED, "%s was stopped", run->errand->name);
		}
		n = poll(&p, 1, LOOK_UP_EACH_MS);
		if (n < 0 && errno != EINTR) {
			return cu_err_errno(err, errno, "%s", run->errand->name);
		}
	}
	return 0;
}

static int read_all(struct run *run, struct cu_err *err)
{
	int r = 0;

	while (r == 0 && (r = wait_for_lines(run, err)) == 0) {
		uint8_t *room = buf_room(&run->held, READ_BYTES);
		ssize_t n = room ? read(run->out, room, READ_BYTES) : -1;

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return cu_err_set(
				err, CU_EIO, "%s cannot be read", run->errand->name);
		}
		if (n == 0) {
			break;
		}
		run->held.n += (size_t)n;
		r = take_lines(run, err);
	}
	return r == 0 && !run->is_over
		       ? cu_err_set(err, CU_EUNAVAIL, "%s ended before its work did",
				 run->errand->name)
		       : r;
}

/* Kills it if it still runs, and waits until it is gone: its pipe ends with it. */
static void end(struct run *run)
{
	uint8_t dropped[256];
	ssize_t n = 1;

	if (run->leash >= 0) {
		close(run->leash);
	}
	while (run->out >= 0 && n != 0) {
		n = read(run->out, dropped, sizeof(dropped));
		if (n < 0 && errno != EINTR) {
			break;
		}
	}
	if (run->out >= 0) {
		close(run->out);
	}
	buf_done(&run->held);
}

int errand_run(struct launcher *l, enum launcher_what what, struct span request, int fd,
	const struct errand *e, struct cu_err *err)
{
	struct run run = { .errand = e, .out = -1, .leash = -1, .held = BUF_INIT };
	int r = l ? start(&run, l, what, request, fd, err)
		  : cu_err_set(err, CU_EUNAVAIL,
			    "custosd was started without its launcher");

	if (r == 0) {
		r = read_all(&run, err);
	}
	end(&run);
	return r;
}

/* --- in the process --------------------------------------------------------------- */

void errand_say(struct buf *line)
{
	buf_put_str(line, "\n");
	if (buf_check(line, NULL) == 0) {
		(void)path_write_fd(STDOUT_FILENO, buf_span(line), NULL);
	}
	buf_done(line);
}

void errand_say_error(const struct cu_err *why)
{
	struct buf line = BUF_INIT;
	struct json j = json_to(&line);

	json_open_object(&j, NULL);
	json_open_object(&j, "error");
	json_str(&j, "code", cu_err_wire_name(why->code));
	json_str(&j, "text", why->msg);
	json_close_object(&j);
	json_close_object(&j);
	errand_say(&line);
}
