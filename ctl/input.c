#include "ctl/input.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/path.h"
#include "wire/args.h"

#define MAX_INPUT (1u << 20)

static int read_line(struct args *a, const struct arg *arg, struct cu_err *err)
{
	char line[4096];
	json_t *value;
	size_t n;

	if (isatty(STDIN_FILENO)) {
		fprintf(stderr, "%s: ", arg->name);
	}
	if (!fgets(line, sizeof(line), stdin)) {
		return cu_err_set(err, CU_EINVAL, _("%s: standard input holds no line"), arg->name);
	}
	n = strcspn(line, "\r\n");
	value = json_stringn(line, n);
	explicit_bzero(line, sizeof(line));
	if (!value || n == 0) {
		json_decref(value);
		return cu_err_set(err, CU_EINVAL, _("%s: expected a text in UTF-8"), arg->name);
	}
	return args_set_json(a, arg->name, value, err);
}

static int read_json(struct args *a, const struct arg *arg, struct cu_err *err)
{
	const char *from = args_text(a, "from");
	bool is_stdin = !from || strcmp(from, "-") == 0;
	struct buf text = BUF_INIT_WIPE;
	json_error_t at;
	json_t *value;
	int r;

	if (is_stdin && isatty(STDIN_FILENO)) {
		fprintf(stderr, _("%s: type JSON, then Ctrl-D\n"), arg->name);
	}
	r = is_stdin ? path_read_fd(STDIN_FILENO, MAX_INPUT, &text, err) :
		       path_read_file(from, MAX_INPUT, &text, err);
	if (r == 0) {
		value = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &at);
		r = value ? args_set_json(a, arg->name, value, err) :
			    cu_err_set(err, CU_EINVAL, _("%s:%d:%d: %s: this is no JSON"),
				    is_stdin ? "-" : from, at.line, at.column, arg->name);
	}
	buf_done(&text);
	return r;
}

int input_read(struct args *a, struct cu_err *err)
{
	const struct arg *arg = args_needs_input(a);

	if (!arg) {
		return 0;
	}
	return arg->type == ARG_PERSONAL ? read_line(a, arg, err) : read_json(a, arg, err);
}
