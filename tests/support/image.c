#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "run.h"

/* Deleted blocks stay what they were: nothing is discarded, by mkfs or by the mount. */
static const struct {
	const char *fs, *type, *make, *options;
} kinds[] = {
	{ "ext4", "ext4", "mkfs.ext4 -q -F -E nodiscard", "loop,nodiscard" },
	{ "xfs", "xfs", "mkfs.xfs -q -f -K", "loop,nodiscard" },
	{ "btrfs", "btrfs", "mkfs.btrfs -q -f -K", "loop,nodiscard" },
	{ IMAGE_JOURNALLED, "ext4", "mkfs.ext4 -q -F -E nodiscard -J size=64", "loop,nodiscard,data=journal" },
};

static char mounted[192]; /* for the end of the process, however it comes */

static void unmount_at_end(void)
{
	if (mounted[0]) {
		umount2(mounted, MNT_DETACH);
	}
}

static size_t kind_of(const char *fs)
{
	size_t i = 0;

	while (i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[i].fs, fs) != 0) {
		i++;
	}
	if (i == sizeof(kinds) / sizeof(kinds[0])) {
		fail_msg("no file system %s is known here", fs);
	}
	return i;
}

/* Tried on a small one: whether there are loop devices, and whether the kernel knows the file
 * system, shows only then. */
static bool can_mount(const char *fs)
{
	char dir[] = "/tmp/custos-test-XXXXXX", line[640];
	size_t kind = kind_of(fs);
	struct run_options o = { .uid = RUN_SAME_UID };
	struct ran r;
	bool can;

	assert_non_null(mkdtemp(dir));
	snprintf(line, sizeof(line),
		"truncate -s 320M %s/image && %s %s/image && mkdir %s/on && "
		"mount -t %s -o %s %s/image %s/on && umount %s/on",
		dir, kinds[kind].make, dir, dir, kinds[kind].type, kinds[kind].options, dir, dir, dir);
	run(&o, (const char *const[]){ "/bin/sh", "-c", line, NULL }, &r);
	can = r.status == 0;
	ran_done(&r);
	free(run_shell("rm -rf '%s'", dir));
	return can;
}

const char *image_lacks(const char *fs)
{
	static char reason[80];
	char program[32];

	snprintf(program, sizeof(program), "mkfs.%s", kinds[kind_of(fs)].type);
	if (geteuid() != 0) {
		return "only root can mount an image";
	}
	if (!run_has_program(program)) {
		snprintf(reason, sizeof(reason), "there is no %s here", program);
		return reason;
	}
	if (!can_mount(fs)) {
		snprintf(reason, sizeof(reason), "an image of %s cannot be mounted here", fs);
		return reason;
	}
	return NULL;
}

void image_make(struct image *im, const char *fs, unsigned mib, const char *path)
{
	*im = (struct image){ .fs = fs, .mib = mib };
	snprintf(im->path, sizeof(im->path), "%s", path);
	free(run_shell("truncate -s %uM '%s'; chmod 600 '%s'; %s '%s'", mib, path, path,
		kinds[kind_of(fs)].make, path));
}

void image_mount(struct image *im, const char *where, uid_t owner)
{
	static bool is_registered;
	size_t kind = kind_of(im->fs);

	if (!is_registered) {
		is_registered = true;
		atexit(unmount_at_end); /* before the directory is removed */
	}
	free(run_shell("mount -t %s -o %s '%s' '%s'", kinds[kind].type, kinds[kind].options,
		im->path, where));
	snprintf(im->where, sizeof(im->where), "%s", where);
	snprintf(mounted, sizeof(mounted), "%s", where);
	if (strcmp(kinds[kind].type, "btrfs") == 0) {
		free(run_shell("chattr +C '%s'", where));
	}
	assert_int_equal(chown(where, owner, owner), 0);
	assert_int_equal(chmod(where, 0700), 0);
}

/* The loop device goes with it (mount asks for that). */
void image_unmount(struct image *im)
{
	free(run_shell("umount '%s'", im->where));
	im->where[0] = mounted[0] = '\0';
}

void image_copy(const struct image *im, const char *to)
{
	free(run_shell("cp --sparse=always '%s' '%s'", im->path, to));
}

struct image_view image_view_of(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(p != MAP_FAILED);
	close(fd);
	return (struct image_view){ p, (size_t)st.st_size };
}

void image_view_done(struct image_view *v)
{
	munmap((void *)(uintptr_t)v->p, v->n);
	*v = (struct image_view){ 0 };
}
