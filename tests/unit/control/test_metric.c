/* Metrics: the text that Prometheus reads, its documentation, and the alerts over it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/path.h"
#include "control/call_meter.h"
#include "control/metric.h"

static const char *docs;

static void samples_of_a_metric_stand_together_under_its_type(void **state)
{
	struct metrics m;
	struct buf page = BUF_INIT;

	(void)state;
	metrics_init(&m);
	metric_put_ms(&m, METRIC_DRILL_TIME, "local", 1764378000123);
	metric_put(&m, METRIC_DRILL_PASSED, "local", NULL, 1);
	metric_put(&m, METRIC_HOLD_REVIEWS, NULL, NULL, 0);
	metric_put_ms(&m, METRIC_DRILL_TIME, "usb", -1500);

	assert_int_equal(metrics_write(&m, &page, NULL), 0);

	assert_string_equal(buf_cstr(&page),
		"# HELP custos_holds_review_due Active holds that are to be reviewed.\n"
		"# TYPE custos_holds_review_due gauge\n"
		"custos_holds_review_due 0\n"
		"# HELP custos_drill_last_timestamp_seconds When the last drill at the target was held, of "
		"whatever level.\n"
		"# TYPE custos_drill_last_timestamp_seconds gauge\n"
		"custos_drill_last_timestamp_seconds{target=\"local\"} 1764378000.123\n"
		"custos_drill_last_timestamp_seconds{target=\"usb\"} -1.500\n"
		"# HELP custos_drill_last_passed 1 when it passed.\n"
		"# TYPE custos_drill_last_passed gauge\n"
		"custos_drill_last_passed{target=\"local\"} 1\n");
	metrics_done(&m);
	buf_done(&page);
}

static void what_would_end_a_label_is_escaped(void **state)
{
	struct metrics m;
	struct buf page = BUF_INIT;

	(void)state;
	metrics_init(&m);
	metric_put(&m, METRIC_CALLS, "a\"b\\c\nd", "ok", 3);
	assert_int_equal(metrics_write(&m, &page, NULL), 0);
	assert_non_null(strstr(buf_cstr(&page),
		"custos_calls_total{method=\"a\\\"b\\\\c\\nd\",outcome=\"ok\"} 3\n"));
	metrics_done(&m);
	buf_done(&page);
}

static void a_histogram_ends_with_its_sum_and_count(void **state)
{
	struct metrics m;
	struct buf page = BUF_INIT;

	(void)state;
	metrics_init(&m);
	metric_put_bucket(&m, METRIC_CALL_TIME, "x", "0.1", 2);
	metric_put_bucket(&m, METRIC_CALL_TIME, "x", "+Inf", 3);
	metric_put_sum_us(&m, METRIC_CALL_TIME, "x", 1000042, 3);
	assert_int_equal(metrics_write(&m, &page, NULL), 0);
	assert_non_null(strstr(buf_cstr(&page),
		"# TYPE custos_call_duration_seconds histogram\n"
		"custos_call_duration_seconds_bucket{method=\"x\",le=\"0.1\"} 2\n"
		"custos_call_duration_seconds_bucket{method=\"x\",le=\"+Inf\"} 3\n"
		"custos_call_duration_seconds_sum{method=\"x\"} 1.000042\n"
		"custos_call_duration_seconds_count{method=\"x\"} 3\n"));
	metrics_done(&m);
	buf_done(&page);
}

static void a_call_is_counted_once_by_outcome_and_by_time(void **state)
{
	static struct call_meter m;
	const struct call_count *c = &m.v[COMMAND_STATUS];

	(void)state;
	call_meter_note(&m, COMMAND_STATUS, 0, 100);
	call_meter_note(&m, COMMAND_STATUS, CU_EDENIED, 101);
	call_meter_note(&m, COMMAND_STATUS, 0, 61000000);

	assert_int_equal(call_count_of(c, 0), 2);
	assert_int_equal(call_count_of(c, (unsigned)(CU_EDENIED - CU_CODE_START_)), 1);
	assert_string_equal(call_outcome_word((unsigned)(CU_EDENIED - CU_CODE_START_)), "Denied");
	assert_string_equal(call_outcome_word(0), "ok");
	assert_int_equal(c->within[0], 1);
	assert_int_equal(c->within[1], 1);
	assert_int_equal(c->within[CALL_NBOUNDS], 1);
	assert_int_equal(c->sum_us, 61000201);
}

static void read_doc(const char *name, struct buf *to)
{
	char path[PATH_SIZE];

	assert_int_equal(path_join(path, docs, name, NULL), 0);
	assert_int_equal(path_read_file(path, 1 << 20, to, NULL), 0);
}

static void the_page_about_metrics_holds_all_of_them(void **state)
{
	struct buf page = BUF_INIT, table = BUF_INIT;

	(void)state;
	read_doc("metrics.md", &page);
	metrics_explain(&table);
	if (!strstr(buf_cstr(&page), buf_cstr(&table))) {
		fail_msg("docs/metrics.md is stale: take the output of 'test_metric docs --reference'");
	}
	buf_done(&page);
	buf_done(&table);
}

static bool is_metric(const char *name, size_t n)
{
	static const char *const ends[] = { "", "_bucket", "_sum", "_count" };

	for (enum metric i = 0; i < NMETRICS; i++) {
		size_t known = strlen(metric_name(i));

		for (size_t e = 0; e < sizeof(ends) / sizeof(ends[0]); e++) {
			if (n == known + strlen(ends[e]) && strncmp(name, metric_name(i), known) == 0 &&
				strncmp(name + known, ends[e], strlen(ends[e])) == 0) {
				return true;
			}
		}
	}
	return false;
}

static void the_alerts_name_metrics_that_there_are(void **state)
{
	struct buf rules = BUF_INIT;
	unsigned n = 0;

	(void)state;
	read_doc("prometheus/custos.rules.yaml", &rules);
	for (const char *p = buf_cstr(&rules); (p = strstr(p, "custos_")); n++) {
		size_t length = strspn(p, "abcdefghijklmnopqrstuvwxyz_");

		if (!is_metric(p, length)) {
			fail_msg("there is no metric %.*s", (int)length, p);
		}
		p += length;
	}
	assert_true(n > 10);
	buf_done(&rules);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_of_a_metric_stand_together_under_its_type),
		cmocka_unit_test(what_would_end_a_label_is_escaped),
		cmocka_unit_test(a_histogram_ends_with_its_sum_and_count),
		cmocka_unit_test(a_call_is_counted_once_by_outcome_and_by_time),
		cmocka_unit_test(the_page_about_metrics_holds_all_of_them),
		cmocka_unit_test(the_alerts_name_metrics_that_there_are),
	};
	struct buf table = BUF_INIT;

	docs = argc > 1 ? argv[1] : "docs";
	if (argc > 2 && strcmp(argv[2], "--reference") == 0) {
		metrics_explain(&table);
		fputs(buf_cstr(&table), stdout);
		buf_done(&table);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
