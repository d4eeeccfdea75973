#include "fixture.h"

#include "backup/chain.h"
#include "backup/point.h"

#define MOST 8

/* A chain of backups, of which the n-th has the image and the time of the n-th here. */
struct made {
	unsigned char image;
	int64_t time_ms;
};

static struct chain_link links[MOST];

static struct chain of(const struct made *v, size_t n)
{
	struct chain chain = { links, n };

	memset(links, 0, sizeof(links));
	for (size_t i = 0; i < n; i++) {
		links[i].sequence = i + 1;
		links[i].data_object[0] = v[i].image;
		links[i].data_time_ms = v[i].time_ms;
	}
	return chain;
}

#define CHAIN(...)                                                                             \
	of((const struct made[]){ __VA_ARGS__ },                                               \
		sizeof((const struct made[]){ __VA_ARGS__ }) / sizeof(struct made))

/* 0: none */
static uint64_t at_time(const struct chain *chain, int64_t at_ms)
{
	struct point p = point_at(chain, at_ms);

	return p.link ? p.link->sequence : 0;
}

static void the_newest_that_is_not_later_is_taken(void **state)
{
	struct chain chain = CHAIN({ 1, 1000 }, { 2, 2000 }, { 3, 3000 });
	(void)state;

	assert_int_equal(at_time(&chain, 999), 0);
	assert_int_equal(at_time(&chain, 1000), 1);
	assert_int_equal(at_time(&chain, 1999), 1);
	assert_int_equal(at_time(&chain, 2000), 2);
	assert_int_equal(at_time(&chain, 99999), 3);
	assert_null(point_at(&chain, 1500).back);
}

static void a_backup_that_only_renewed_the_vault_is_no_point_of_its_own(void **state)
{
	struct chain chain = CHAIN({ 1, 1000 }, { 1, 1000 }, { 1, 1000 }, { 2, 2000 });
	(void)state;

	assert_int_equal(at_time(&chain, 1500), 1);
	assert_int_equal(at_time(&chain, 2500), 4);
	assert_null(point_at(&chain, 1500).back);
}

/* 12:00, then the clock was set back an hour */
static void after_a_clock_that_went_back_the_number_decides(void **state)
{
	struct chain chain = CHAIN({ 1, 1000 }, { 2, 3000 }, { 3, 2000 }, { 4, 4000 });
	struct point p = point_at(&chain, 2500);
	(void)state;

	assert_int_equal(p.link->sequence, 3);
	assert_ptr_equal(p.back, &links[2]);
	assert_int_equal(at_time(&chain, 1500), 1);
	assert_int_equal(at_time(&chain, 3500), 3); /* not 2, which says 3000 */
}

/* one backup says next year */
static void a_clock_that_was_ahead_for_one_backup_hides_only_that_one(void **state)
{
	struct chain chain = CHAIN({ 1, 1000 }, { 2, 900000 }, { 3, 3000 });
	(void)state;

	assert_int_equal(at_time(&chain, 2000), 1);
	assert_int_equal(at_time(&chain, 5000), 3);
	assert_int_equal(at_time(&chain, 900000), 3);
	assert_ptr_equal(point_at(&chain, 2000).back, &links[2]);
}

static void what_there_is_is_listed_once_each(void **state)
{
	struct chain chain = CHAIN({ 1, 1000 }, { 1, 1000 }, { 2, 2000 });
	struct buf text = BUF_INIT;
	(void)state;

	point_list(&chain, 5, &text);

	assert_int_equal(buf_check(&text, NULL), 0);
	buf_put(&text, "", 1);
	assert_string_equal((const char *)text.p, "  backup 1      1970-01-01T00:00:01.000Z\n"
						  "  backup 3      1970-01-01T00:00:02.000Z\n");
	buf_done(&text);
}

static void a_long_list_says_how_long_it_is(void **state)
{
	struct chain chain = CHAIN({ 1, 1000 }, { 2, 2000 }, { 3, 3000 }, { 4, 4000 });
	struct buf text = BUF_INIT;
	(void)state;

	point_list(&chain, 1, &text);

	buf_put(&text, "", 1);
	assert_string_equal((const char *)text.p, "  backup 1      1970-01-01T00:00:01.000Z\n"
						  "  and 3 more, the last of which is\n"
						  "  backup 4      1970-01-01T00:00:04.000Z\n");
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_that_is_not_later_is_taken),
		cmocka_unit_test(a_backup_that_only_renewed_the_vault_is_no_point_of_its_own),
		cmocka_unit_test(after_a_clock_that_went_back_the_number_decides),
		cmocka_unit_test(a_clock_that_was_ahead_for_one_backup_hides_only_that_one),
		cmocka_unit_test(what_there_is_is_listed_once_each),
		cmocka_unit_test(a_long_list_says_how_long_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
