#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/path.h"
#include "crypto/key_internal.h"

static int require_pipe(int fd, struct cu_err *err)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) ?
		0 :
		cu_err_set(err, CU_EINVAL, "a key goes through a pipe and through nothing else");
}

int key_send(int fd, const struct key *key, struct cu_err *err)
{
	int r = require_pipe(fd, err);

	return r < 0 ? r : path_write_fd(fd, span_of(key->b, KEY_SIZE), err);
}

int key_receive(int fd, struct key *ret, struct cu_err *err)
{
	size_t n = 0;
	int r = require_pipe(fd, err);

	while (r == 0 && n < KEY_SIZE) {
		ssize_t got = read(fd, ret->b + n, KEY_SIZE - n);

		if (got < 0 && errno != EINTR) {
			r = cu_err_errno(err, errno, "receive a key");
		} else if (got == 0) {
			r = cu_err_set(err, CU_EPROTO, "the pipe ends within a key");
		}
		n += got > 0 ? (size_t)got : 0;
	}
	if (r < 0) {
		key_wipe(ret);
	}
	return r;
}
