#include "cage/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/path.h"

/* linux/landlock.h of ABI 7; the header on the building machine may be older. */
struct ruleset {
	uint64_t fs;     /* ABI 1 */
	uint64_t net;    /* ABI 4 */
	uint64_t scoped; /* ABI 6 */
};

struct path_rule {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

#define VERSION_FLAG 1u
#define RULE_PATH    1
#define MIN_ABI      2

enum {
	EXECUTE = 1 << 0, WRITE_FILE = 1 << 1, READ_FILE = 1 << 2, READ_DIR = 1 << 3,
	REMOVE_DIR = 1 << 4, REMOVE_FILE = 1 << 5, MAKE_DIR = 1 << 7, MAKE_REG = 1 << 8,
	MAKE_SOCK = 1 << 9, REFER = 1 << 13, TRUNCATE = 1 << 14, IOCTL_DEV = 1 << 15,

	OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
};

#define TCP             3 /* bind, connect */
#define SCOPED_ABSTRACT 1
#define SCOPED_SIGNAL   2

static const uint64_t rights[] = {
	[LANDLOCK_READ] = READ_FILE | READ_DIR,
	[LANDLOCK_OWN] = READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE |
		MAKE_DIR | MAKE_REG | REFER,
	[LANDLOCK_SOCKETS] = READ_DIR | MAKE_SOCK | REMOVE_FILE,
	[LANDLOCK_DEVICE] = READ_FILE | WRITE_FILE | TRUNCATE,
	[LANDLOCK_RUN] = EXECUTE,
};

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_FLAG);

	return abi > 0 ? (int)abi : 0;
}

static uint64_t all_rights(int abi)
{
	unsigned n = abi >= 5 ? 16 : abi >= 3 ? 15 : 14;

	return (1u << n) - 1;
}

static size_t ruleset_size(int abi)
{
	return abi >= 6 ? sizeof(struct ruleset)
		: abi >= LANDLOCK_TCP_ABI ? offsetof(struct ruleset, scoped)
					  : offsetof(struct ruleset, net);
}

void landlock_begin(struct landlock *l, enum landlock_scope scope, bool keeps_abstract)
{
	struct ruleset r = { .fs = EXECUTE };

	*l = (struct landlock){ .fd = -1, .abi = landlock_abi() };
	if (l->abi < MIN_ABI) {
		l->abi = 0;
		return;
	}
	if (scope == LANDLOCK_ALL) {
		r.fs = all_rights(l->abi);
		r.net = l->abi >= LANDLOCK_TCP_ABI ? TCP : 0;
		r.scoped = l->abi < 6 ? 0 :
			keeps_abstract ? SCOPED_SIGNAL : SCOPED_SIGNAL | SCOPED_ABSTRACT;
	}
	l->handled = r.fs;
	l->fd = (int)syscall(SYS_landlock_create_ruleset, &r, ruleset_size(l->abi), 0);
}

void landlock_allow_fd(struct landlock *l, int fd, enum landlock_right right)
{
	struct path_rule rule = { rights[right] & l->handled, fd };
	struct stat st;

	if (l->fd < 0 || fd < 0 || fstat(fd, &st) < 0) {
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		rule.allowed &= OF_A_FILE;
	}
	(void)syscall(SYS_landlock_add_rule, l->fd, RULE_PATH, &rule, 0);
}

void landlock_allow(struct landlock *l, const char *path, enum landlock_right right)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd >= 0) {
		landlock_allow_fd(l, fd, right);
		close(fd);
	}
}

int landlock_lock(struct landlock *l)
{
	bool is_locked = l->fd >= 0 && syscall(SYS_landlock_restrict_self, l->fd, 0) == 0;

	if (l->fd >= 0) {
		close(l->fd);
	}
	l->fd = -1;
	return is_locked ? l->abi : 0;
}

/* The kernel asks Landlock when a file is opened, and not for access(2). */
static bool denies_this(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return false;
	}
	return errno == EACCES && faccessat(AT_FDCWD, dir, R_OK, AT_EACCESS) == 0;
}

bool landlock_denies(const char *path)
{
	char dir[PATH_SIZE];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	while (!path_exists(dir) && (slash = strrchr(dir, '/')) != NULL && slash > dir) {
		*slash = '\0';
	}
	return denies_this(dir);
}
