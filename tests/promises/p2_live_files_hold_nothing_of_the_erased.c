/*
 * P2: nothing erased comes back, not from live files either.  A process of its own
 * reads all raw files for the ids of erased people, also where no row is; what it finds
 * there is wiped, and what it finds elsewhere is told.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/id.h"
#include "chinook.h"
#include "stage.h"

#define PEOPLE 8
#define PAGE   4096

static const char person[] =
	"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Somebody\"}},"
	"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"somebody@example."
	"org\"}},"
	"{\"collection\":\"need\",\"fields\":{\"topic\":\"to be forgotten\"}}]";

static void erase(struct stage *st, const char *id)
{
	stage_erase(st, "erase", id, "--purpose=erasure_request");
	assert_true(st->last.status == 0 || st->last.status == 75); /* no backup yet */
}

/* Some of many are erased; the last of them in ret_id. */
static void put_people_and_erase_some(struct stage *st, char ret_id[33])
{
	char ids[PEOPLE][33];

	chinook_import(st);
	for (int i = 0; i < PEOPLE; i++) {
		stage_add_person(st, person, ids[i]);
	}
	for (int i = 0; i < PEOPLE; i += 4) {
		erase(st, ids[i]);
		strcpy(ret_id, ids[i]);
	}
}

/* The numbers of the last search, as the reply has them. */
static int64_t scan(struct stage *st, enum who who, int status, const char *name)
{
	stage_ctl(st, who, "--json", "erase", "scan");
	stage_expect(st, status);
	return json_integer_value(
		json_object_get(json_object_get(stage_reply(st), "result"), name));
}

static const json_t *status_of_residue(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "--json", "status");
	stage_expect(st, 0);
	return json_object_get(stage_reply(st), "residue");
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Where a page of a table has room that no row uses, the id is written; on how many
 * pages. */
static unsigned plant(const char *dir, const char *name, const char *hex)
{
	char path[224];
	uint8_t page[PAGE];
	struct stat file;
	unsigned n = 0;
	struct id id;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_true(id_parse(hex, &id));
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &file) == 0);
	for (off_t at = PAGE; at < file.st_size; at += PAGE) {
		unsigned from, end;

		assert_int_equal(pread(fd, page, PAGE, at), PAGE);
		from = 12 + 2 * get16(page + 3);
		end = get16(page + 5);
		if ((page[0] == 0x0a || page[0] == 0x0d) && from + 64 <= end &&
			end <= PAGE) {
			assert_int_equal(pwrite(fd, id.b, sizeof(id.b), at + end - 32),
				sizeof(id.b));
			n++;
		}
	}
	close(fd);
	return n;
}

/* As bytes, not as text. */
static unsigned count_id(const char *dir, const char *name, const char *hex)
{
	char path[224];
	struct stat file;
	unsigned n = 0;
	struct id id;
	uint8_t *p, *at;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_true(id_parse(hex, &id));
	assert_int_equal(stat(path, &file), 0);
	p = malloc((size_t)file.st_size);
	f = fopen(path, "re");
	assert_true(
		p && f && fread(p, 1, (size_t)file.st_size, f) == (size_t)file.st_size);
	fclose(f);
	for (at = p; (at = memmem(at, (size_t)(p + file.st_size - at), id.b, 16));
		at++) {
		n++;
	}
	free(p);
	return n;
}

static void after_erasures_nothing_is_left(void **state)
{
	struct stage *st = *state;
	char id[33];

	put_people_and_erase_some(st, id);

	assert_int_equal(scan(st, AS_PRIVACY, 0, "left"), 0);
	assert_int_equal(scan(st, AS_ADMIN, 0, "erased"), PEOPLE / 4);
	assert_int_equal(
		scan(st, AS_AUDITOR, 0, "wiped"), 0); /* the first one did it */
	assert_true(scan(st, AS_ADMIN, 0, "bytes") > 300000);
	assert_int_equal(stage_count_leaves(st, "act=residue.none"), 4);
	assert_int_equal(
		json_integer_value(json_object_get(status_of_residue(st), "left")), 0);
	stage_ctl(st, AS_ADMIN, "status");
	assert_non_null(strstr(st->last.out, "residue"));
	assert_non_null(strstr(st->last.out, "none, 2"));
	if (stage_has_roles()) {
		stage_ctl(st, AS_SUPPORT, "erase", "scan");
		stage_expect(st, 77);
	}
}

static void what_lies_where_no_row_is_gets_wiped(void **state)
{
	static const char *const names[] = { "data.db", "index.db" };
	struct stage *st = *state;
	unsigned wiped;
	char id[33];

	put_people_and_erase_some(st, id);
	(void)scan(st, AS_PRIVACY, 0,
		"left"); /* and the files hold all, their logs nothing */
	wiped = stage_count_leaves(st, "act=residue.wiped");
	stage_stop(st);
	for (int i = 0; i < 2; i++) {
		assert_true(plant(st->state, names[i], id) > 2);
	}
	stage_start(st);

	stage_ctl(st, AS_PRIVACY, "erase", "scan");

	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "an erased id that no row uses"));
	assert_null(strstr(st->last.out, "LEFT"));
	assert_int_equal(stage_count_leaves(st, "act=residue.wiped"), wiped + 1);
	assert_int_equal(scan(st, AS_PRIVACY, 0, "wiped"), 0);
	stage_stop(st);
	assert_int_equal(count_id(st->state, "data.db", id),
		2); /* row and index that remember */
	assert_int_equal(count_id(st->state, "index.db", id), 0);
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "log", "verify");
	stage_expect(st, 0);
	stage_ctl_text(st, AS_PRIVACY, CHINOOK_SOMEONE, "subject", "search", "email",
		"--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
}

static void what_cannot_be_wiped_is_told(void **state)
{
	struct stage *st = *state;
	char hex[33], path[224];
	const json_t *place;
	struct id id;
	FILE *f;

	put_people_and_erase_some(st, hex);
	(void)scan(st, AS_PRIVACY, 0, "left"); /* the databases hold nothing more */
	assert_true(id_parse(hex, &id));
	snprintf(path, sizeof(path), "%s/spool", st->state);
	assert_int_equal(mkdir(path, 0755), 0);
	strcat(path, "/message");
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "to somebody: ");
	assert_int_equal(fwrite(id.b, 1, sizeof(id.b), f), sizeof(id.b));
	fclose(f);
	assert_int_equal(chmod(path, 0644), 0);

	assert_int_equal(scan(st, AS_PRIVACY, 65, "left"), 1);

	place = json_array_get(
		json_object_get(json_object_get(stage_reply(st), "result"), "places"),
		0);
	assert_string_equal(
		json_string_value(json_object_get(place, "file")), "spool/message");
	assert_int_equal(json_integer_value(json_object_get(place, "offset")), 13);
	assert_false(json_is_true(json_object_get(place, "wiped")));
	assert_int_equal(stage_count_leaves(st, "act=residue.found"), 1);
	stage_ctl(st, AS_ADMIN, "status");
	assert_non_null(strstr(st->last.out, "still hold traces of erased people"));
	assert_non_null(strstr(st->last.out, "FOUND, 2"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(scan(st, AS_PRIVACY, 0, "left"), 0);
	stage_ctl(st, AS_ADMIN, "status");
	assert_null(strstr(st->last.out, "still hold traces"));
}

/* Two nights later, by the daemon's clock. */
static void custosd_does_so_every_night_by_itself(void **state)
{
	struct stage *st = *state;
	unsigned wiped;
	char id[33];

	put_people_and_erase_some(st, id);
	(void)scan(st, AS_PRIVACY, 0, "left");
	wiped = stage_count_leaves(st, "act=residue.wiped");
	stage_stop(st);
	assert_true(plant(st->state, "data.db", id) > 2);
	st->options[0] = "--clock-ahead-ms=172800000";
	stage_start(st);

	for (int i = 0; i < 300 && stage_count_leaves(st, "act=residue.none") < 2;
		i++) {
		run_sleep_ms(100);
	}

	assert_int_equal(stage_count_leaves(st, "act=residue.none"), 2);
	assert_int_equal(stage_count_leaves(st, "act=residue.wiped"), wiped + 1);
	assert_int_equal(
		json_integer_value(json_object_get(status_of_residue(st), "left")), 0);
	stage_stop(st);
	assert_int_equal(count_id(st->state, "data.db", id), 2);
	stage_start(st);
	run_sleep_ms(3000); /* once a day, not at each start */
	assert_int_equal(stage_count_leaves(st, "act=residue.none"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(after_erasures_nothing_is_left),
		T(what_lies_where_no_row_is_gets_wiped),
		T(what_cannot_be_wiped_is_told),
		T(custosd_does_so_every_night_by_itself),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("p2_residue", tests, NULL, NULL);
}
