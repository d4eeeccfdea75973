#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "vault/ground.h"
#include "vault/root.h"

#define BIT(reason) (1u << GROUND_##reason)

static const char mountinfo[] =
	"22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"
	"25 22 254:2 / /srv rw shared:2 master:1 - ext4 /dev/vda2 rw,data=journal\n"
	"26 22 0:30 /@state /var/lib rw - btrfs /dev/vdb rw,ssd,subvol=/@state\n"
	"27 22 0:31 / /with\\040blank rw - fuse.sshfs who@where: rw\n"
	"28 22 0:32 / /none rw - tmpfs none rw\n";

static ground_set judged(const char *type, const char *options)
{
	struct ground_mount m = { 0 };

	snprintf(m.type, sizeof(m.type), "%s", type);
	snprintf(m.options, sizeof(m.options), "%s", options);
	return ground_judge(&m, false, false);
}

/* --- texts ------------------------------------------------------------------------ */

static void mounts_are_found_by_their_number(void **state)
{
	struct ground_mount m;
	(void)state;

	assert_true(ground_find_mount(mountinfo, 22, &m));
	assert_string_equal(m.type, "ext4");
	assert_string_equal(m.source, "/dev/vda1");
	assert_true(ground_find_mount(mountinfo, 25, &m));
	assert_string_equal(m.options, "rw,data=journal");
	assert_true(ground_find_mount(mountinfo, 26, &m));
	assert_string_equal(m.type, "btrfs");
	assert_true(ground_find_mount(mountinfo, 27, &m));
	assert_string_equal(m.type, "fuse.sshfs");
	assert_false(ground_find_mount(mountinfo, 2, &m));
	assert_false(ground_find_mount("", 22, &m));
	assert_false(ground_find_mount("22 1 254:1 / / rw", 22, &m));
	assert_false(ground_find_mount("22 1 254:1 / / rw - ", 22, &m));
}

static void each_file_system_has_its_reason(void **state)
{
	struct ground_mount btrfs = { .type = "btrfs" }, ext4 = { .type = "ext4" };
	(void)state;

	assert_int_equal(judged("ext4", "rw,relatime"), 0);
	assert_int_equal(judged("ext4", "rw,data=ordered"), 0);
	assert_int_equal(judged("ext4", "rw,data=writeback"), 0);
	assert_int_equal(judged("ext4", "rw,data=journal"), BIT(JOURNALLED));
	assert_int_equal(judged("ext4", "data=journal,rw"), BIT(JOURNALLED));
	assert_int_equal(judged("ext4", "rw,journal_path=/data=journal2"), 0);
	assert_int_equal(ground_judge(&ext4, false, true), BIT(JOURNALLED));
	assert_int_equal(judged("ext4", "rw,data=journal,commit=5,"), BIT(JOURNALLED));
	assert_int_equal(judged("ext2", "rw"), 0);
	assert_int_equal(judged("xfs", "rw"), 0);
	assert_int_equal(judged("btrfs", "rw"), BIT(COPIES));
	assert_int_equal(ground_judge(&btrfs, true, false), 0);
	assert_int_equal(judged("zfs", "rw"), BIT(COPIES));
	assert_int_equal(judged("bcachefs", "rw"), BIT(COPIES));
	assert_int_equal(judged("f2fs", "rw"), BIT(COPIES));
	assert_int_equal(judged("overlay", "rw"), BIT(OVERLAY));
	assert_int_equal(judged("nfs4", "rw"), BIT(NETWORK));
	assert_int_equal(judged("cifs", "rw"), BIT(NETWORK));
	assert_int_equal(judged("9p", "rw"), BIT(NETWORK));
	assert_int_equal(judged("fuse.sshfs", "rw"), BIT(NETWORK));
	assert_int_equal(judged("tmpfs", "rw"), BIT(MEMORY));
	assert_int_equal(judged("vfat", "rw"), BIT(UNKNOWN));
}

static void what_is_not_there_is_not_known(void **state)
{
	(void)state;

	assert_int_equal(ground_look("/nowhere"), BIT(UNKNOWN));
}

/* --- real file systems ------------------------------------------------------------ */

/* The state of a real mount made by this shell command, which gets the image as $1 and
 * where to mount it as $2; or a skip, where it cannot be made here. */
static ground_set look_at_mount(const char *what, const char *command)
{
	char dir[] = "/tmp/custos-test-XXXXXX", line[1024], where[64];
	struct root_files files;
	struct cu_err err = { 0 };
	ground_set found = 0;
	int status;

	assert_non_null(mkdtemp(dir));
	snprintf(where, sizeof(where), "%s/on", dir);
	snprintf(line, sizeof(line),
		"set -e; mkdir %s/on; truncate -s 300M %s/image; set -- %s/image "
		"%s/on; "
		"{ %s; } >/dev/null 2>&1",
		dir, dir, dir, dir, command);
	status = system(line);
	if (status == 0) {
		root_files_init(&files);
		if (root_files_create(&files, where, &err) == 0) {
			found = ground_look(where) &
				~BIT(SOLID); /* depends on this machine */
		} else {
			status = -1;
		}
		root_files_close(&files);
	}
	snprintf(
		line, sizeof(line), "umount %s >/dev/null 2>&1; rm -rf %s", where, dir);
	(void)!system(line);
	if (status != 0) {
		print_message("%s cannot be mounted here %s\n", what, err.msg);
		skip();
	}
	return found;
}

static void ext4_writes_in_place(void **state)
{
	(void)state;

	assert_int_equal(
		look_at_mount("ext4", "mkfs.ext4 -q $1; mount -o loop $1 $2"), 0);
}

static void ext4_with_journalled_data_is_seen(void **state)
{
	(void)state;

	assert_int_equal(look_at_mount("ext4 with data=journal",
				 "mkfs.ext4 -q $1; mount -o loop,data=journal $1 $2"),
		BIT(JOURNALLED));
}

/* /proc/self/mountinfo says nothing of it. */
static void ext4_that_journals_data_by_default_is_seen(void **state)
{
	(void)state;

	assert_int_equal(look_at_mount("ext4 with data=journal by default",
				 "mkfs.ext4 -q $1; tune2fs -o journal_data $1; "
				 "mount -o loop $1 $2"),
		BIT(JOURNALLED));
}

static void xfs_writes_in_place(void **state)
{
	(void)state;

	assert_int_equal(
		look_at_mount("xfs", "mkfs.xfs -q $1; mount -o loop $1 $2"), 0);
}

/* The files that the vault makes there are marked; nothing else would be. */
static void root_files_on_btrfs_are_marked(void **state)
{
	(void)state;

	assert_int_equal(
		look_at_mount("btrfs", "mkfs.btrfs -q $1; mount -o loop $1 $2"), 0);
}

static void tmpfs_is_seen(void **state)
{
	(void)state;

	assert_int_equal(look_at_mount("tmpfs", "mount -t tmpfs none $2"), BIT(MEMORY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounts_are_found_by_their_number),
		cmocka_unit_test(each_file_system_has_its_reason),
		cmocka_unit_test(what_is_not_there_is_not_known),
		cmocka_unit_test(ext4_writes_in_place),
		cmocka_unit_test(ext4_with_journalled_data_is_seen),
		cmocka_unit_test(ext4_that_journals_data_by_default_is_seen),
		cmocka_unit_test(xfs_writes_in_place),
		cmocka_unit_test(root_files_on_btrfs_are_marked),
		cmocka_unit_test(tmpfs_is_seen),
	};

	return cmocka_run_group_tests_name("ground", tests, NULL, NULL);
}
