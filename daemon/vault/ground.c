#include "vault/ground.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/intl.h"
#include "base/path.h"

#define BIT(reason)    (1u << GROUND_##reason)
#define MOUNTINFO_MAX  (4u << 20)
#define JOURNALLED_ALL "data=journal"

static const struct ground_row rows[] = {
#define X(id, key, weaker, text) [GROUND_##id] = { key, weaker, text },
	GROUND_REASONS(X)
#undef X
};

const struct ground_row *ground_row(enum ground_reason reason)
{
	return &rows[reason];
}

/* --- the mount -------------------------------------------------------------------- */

/* The next word of a line, in place; NULL at its end. */
static char *take_word(char **rest)
{
	char *word = strsep(rest, " ");

	return word && *word ? word : NULL;
}

/* "36 35 98:0 /root /where options [optional...] - type source superoptions" (proc(5))
 */
static bool parse_line(char *line, uint64_t id, struct ground_mount *ret)
{
	struct ground_mount m = { 0 };
	char *word = take_word(&line), *end;

	if (!word || strtoull(word, &end, 10) != id || *end) {
		return false;
	}
	while (word && strcmp(word, "-") != 0) {
		word = take_word(&line);
	}
	for (unsigned i = 0; word && i < 3; i++) {
		char *const to[] = { m.type, m.source, m.options };
		const size_t cap[] = { sizeof(m.type), sizeof(m.source),
			sizeof(m.options) };

		word = take_word(&line);
		if (word) {
			snprintf(to[i], cap[i], "%s", word);
		}
	}
	*ret = m;
	return m.type[0] != '\0';
}

bool ground_find_mount(const char *mountinfo, uint64_t id, struct ground_mount *ret)
{
	char *copy = strdup(mountinfo), *rest = copy, *line;
	bool is_found = false;

	while (!is_found && (line = strsep(&rest, "\n"))) {
		is_found = parse_line(line, id, ret);
	}
	free(copy);
	return is_found;
}

/* --- what that means -------------------------------------------------------------- */

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++) {
		if (strcmp(word, *list) == 0) {
			return true;
		}
	}
	return false;
}

static bool has_option(const char *options, const char *wanted)
{
	size_t n = strlen(wanted);

	for (const char *at = options; (at = strstr(at, wanted)); at += n) {
		if ((at == options || at[-1] == ',') &&
			(at[n] == ',' || at[n] == '\0')) {
			return true;
		}
	}
	return false;
}

static const char *const journalling[] = { "ext3", "ext4", NULL };

ground_set ground_judge(
	const struct ground_mount *m, bool is_never_copied, bool is_journalled)
{
	static const char *const copying[] = { "zfs", "bcachefs", "f2fs", "nilfs2",
		NULL };
	static const char *const network[] = { "nfs", "nfs4", "cifs", "smb3", "9p",
		"virtiofs", "ceph", "afs", "lustre", "glusterfs", NULL };
	static const char *const memory[] = { "tmpfs", "ramfs", NULL };

	if (is_one_of(m->type, journalling)) {
		return is_journalled || has_option(m->options, JOURNALLED_ALL)
			       ? BIT(JOURNALLED)
			       : 0;
	}
	if (strcmp(m->type, "xfs") == 0 || strcmp(m->type, "ext2") == 0) {
		return 0;
	}
	if (strcmp(m->type, "btrfs") == 0) {
		return is_never_copied ? 0 : BIT(COPIES);
	}
	if (is_one_of(m->type, copying)) {
		return BIT(COPIES);
	}
	if (strcmp(m->type, "overlay") == 0) {
		return BIT(OVERLAY);
	}
	if (is_one_of(m->type, network) || strncmp(m->type, "fuse", 4) == 0) {
		return BIT(NETWORK);
	}
	return is_one_of(m->type, memory) ? BIT(MEMORY) : BIT(UNKNOWN);
}

/* --- looking ---------------------------------------------------------------------- */

/* Of the device itself, or, for a partition, of the disk that it is part of. */
static bool is_solid(const char *source)
{
	static const char *const places[] = { "queue", "../queue" };
	struct stat st;
	char path[128], digit = '1';

	if (stat(source, &st) < 0 || !S_ISBLK(st.st_mode)) {
		return false; /* not known */
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int fd;

		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s/rotational",
			major(st.st_rdev), minor(st.st_rdev), places[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			if (read(fd, &digit, 1) != 1) {
				digit = '1';
			}
			close(fd);
			return digit == '0';
		}
	}
	return false;
}

/* A mount tells what differs from the superblock's own options, which may be data=journal
 * (tune2fs -o); what holds is told by the driver, one option a line. */
static bool read_ext_options(const struct statx *st, struct ground_mount *m)
{
	struct buf text = BUF_INIT;
	char link[64], path[PATH_SIZE], device[PATH_SIZE] = "";
	const char *name;
	bool is_read;

	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", st->stx_dev_major,
		st->stx_dev_minor);
	(void)!readlink(link, device, sizeof(device) - 1); /* else there is no such name */
	name = strrchr(device, '/');
	snprintf(path, sizeof(path), "/proc/fs/ext4/%.200s/options", name ? name + 1 : "");
	is_read = name &&
		path_read_file(path, sizeof(m->options) - 1, &text, NULL) == 0;
	if (is_read) {
		snprintf(m->options, sizeof(m->options), "%s", buf_cstr(&text));
		for (char *at = m->options; (at = strchr(at, '\n'));) {
			*at = ',';
		}
	}
	buf_done(&text);
	return is_read;
}

static bool find_mount_of(const char *path, struct ground_mount *ret)
{
	struct buf text = BUF_INIT;
	struct statx st;
	bool is_found =
		statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &st) == 0 &&
		(st.stx_mask & STATX_MNT_ID) != 0 &&
		path_read_file("/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL) ==
			0 &&
		ground_find_mount(buf_cstr(&text), st.stx_mnt_id, ret);

	buf_done(&text);
	if (is_found && is_one_of(ret->type, journalling)) {
		is_found = read_ext_options(&st, ret);
	}
	return is_found;
}

/* Flags as `lsattr` shows them; a file system without them has none.  Opened by itself:
 * a root file is no database, and closing it lets go of no lock but our own flock's,
 * which is held by another description. */
static int flags_of(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int flags = 0;

	if (fd >= 0) {
		if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0) {
			flags = 0;
		}
		close(fd);
	}
	return flags;
}

ground_set ground_look(const char *dir)
{
	static const char *const files[] = { "vault.root.a", "vault.root.b" };
	ground_set found = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct ground_mount m;
		char path[PATH_SIZE];
		int flags;

		if (path_join(path, dir, files[i], NULL) < 0 ||
			!find_mount_of(path, &m)) {
			found |= BIT(UNKNOWN);
			continue;
		}
		flags = flags_of(path);
		found |= ground_judge(&m, (flags & FS_NOCOW_FL) != 0,
			(flags & FS_JOURNAL_DATA_FL) != 0);
		if (is_solid(m.source)) {
			found |= BIT(SOLID);
		}
	}
	return found;
}
