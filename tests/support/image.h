/*
 * image.h: a file system in a file, mounted where a state directory is, and its raw bytes.
 *
 * By loop devices, so as root only.  What cannot be had here is a reason in words, for a skip;
 * everything else that does not work fails the running test.  What is mounted when the process
 * ends is unmounted first.
 */
#ifndef CU_TESTS_IMAGE_H
#define CU_TESTS_IMAGE_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ext4 with data=journal: what is overwritten in place goes through the journal, and stays
 * there for a while. */
#define IMAGE_JOURNALLED "ext4-journalled"

struct image {
	const char *fs;  /* "ext4", "xfs", "btrfs", IMAGE_JOURNALLED */
	unsigned mib;
	char path[192];  /* the file */
	char where[192]; /* it is mounted there; "" when it is not */
};

/* Its bytes, read-only. */
struct image_view {
	const uint8_t *p;
	size_t n;
};

/* NULL, or why there can be no such image: who runs this, programs, the kernel. */
const char *image_lacks(const char *fs);

/* A fresh file system in a file at path; on btrfs its top is marked not to be copied on
 * write, as an administrator who was told to would. */
void image_make(struct image *im, const char *fs, unsigned mib, const char *path);
/* Over the directory `where`; its top is this user's, 0700. */
void image_mount(struct image *im, const char *where, uid_t owner);
void image_unmount(struct image *im);

/* Of an unmounted one. */
void image_copy(const struct image *im, const char *to);
struct image_view image_view_of(const char *path);
void image_view_done(struct image_view *v);

#endif
