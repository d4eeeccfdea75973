#include "ctl/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/path.h"
#include "wire/args.h"

#define MAX_TEXT (1u << 20)

static int open_input(const char *path, struct files *f, struct cu_err *err)
{
	f->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	return f->fd < 0 ? cu_err_errno(err, errno, "%s", path) : 0;
}

static int open_output(const char *path, struct files *f, struct cu_err *err)
{
	if (strcmp(path, "-") == 0) {
		f->fd = dup(STDOUT_FILENO);
		return f->fd < 0 ? cu_err_errno(err, errno, "%s", path) : 0;
	}
	f->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0) {
		return errno == EEXIST ?
			cu_err_set(err, CU_EEXIST, _("%s is there already: choose another name"), path) :
			cu_err_errno(err, errno, "%s", path);
	}
	f->made = path;
	return 0;
}

int files_open(const struct args *a, struct files *ret, struct cu_err *err)
{
	const struct command *c = args_command(a);
	struct arg_spec spec;
	int r = arg_spec_parse(c->arguments, &spec, err);

	*ret = (struct files){ .fd = -1 };
	if (!(c->access & (ACCESS_FD_IN | ACCESS_FD_OUT))) {
		return r;
	}
	for (size_t i = 0; r == 0 && i < spec.n; i++) {
		const char *path = args_text(a, spec.args[i].name);

		if (path && spec.args[i].type == ARG_INFILE) {
			r = open_input(path, ret, err);
		} else if (path && spec.args[i].type == ARG_OUTFILE) {
			r = open_output(path, ret, err);
		}
	}
	return r;
}

bool files_keep(struct files *f)
{
	struct stat st;
	bool is_kept = f->made && fstat(f->fd, &st) == 0 && st.st_size > 0;

	if (is_kept) {
		f->made = NULL;
	}
	return is_kept;
}

void files_close(struct files *f, int has_failed)
{
	if (f->fd >= 0) {
		close(f->fd);
	}
	if (f->made && has_failed) {
		unlink(f->made);
	}
}

static int put_text(const struct arg *arg, const char *path, json_t *parameters,
	struct cu_err *err)
{
	struct buf text = BUF_INIT;
	int r = path_read_file(path, MAX_TEXT, &text, err);

	if (r == 0 &&
		json_object_set_new(parameters, arg->parameter,
			json_stringn((const char *)text.p, text.n)) < 0) {
		r = cu_err_set(err, CU_EINVAL, _("%s is no text in UTF-8"), path);
	}
	buf_done(&text);
	return r;
}

int files_put_texts(const struct args *a, json_t *parameters, struct cu_err *err)
{
	struct arg_spec spec;
	int r = arg_spec_parse(args_command(a)->arguments, &spec, err);

	for (size_t i = 0; r == 0 && i < spec.n; i++) {
		const char *path = args_text(a, spec.args[i].name);

		if (path && spec.args[i].type == ARG_TEXTFILE) {
			r = put_text(&spec.args[i], path, parameters, err);
		}
	}
	return r;
}
