/* Every call of GDPRbench, through the socket, against a model that knows what must come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "be_custos.h"
#include "load.h"
#include "stage.h"

#define WORKLOAD SOURCE_DIR "/tests/bench/gdpr/workloads/all.w"

static struct stage *stage;

static void *open_as_privacy(const char *where)
{
	(void)where;
	return be_custos_of(stage_connect(stage, AS_PRIVACY));
}

/* GDPRbench's own policies; somebody must make the store, too. */
static void use_policies(void)
{
	char path[256];
	FILE *roles;

	assert_true(be_custos_policies(stage->policies, (unsigned)stage_uid(AS_PRIVACY)));
	if (stage_uid(AS_ADMIN) != stage_uid(AS_PRIVACY)) {
		snprintf(path, sizeof(path), "%s/roles.yaml", stage->policies);
		roles = fopen(path, "ae");
		assert_non_null(roles);
		fprintf(roles, "  - {uid: %u, roles: [all]}\n", (unsigned)stage_uid(AS_ADMIN));
		fclose(roles);
	}
}

static int up(void **state)
{
	stage = stage_new();
	use_policies();
	stage_start(stage);
	stage_init(stage);
	*state = stage;
	return 0;
}

static void every_call_is_answered_as_an_exact_model_says(void **state)
{
	struct backend custos = backend_custos;
	struct load_options o = { .backend = &custos, .where = "", .seed = 1, .is_exact = true };
	struct load_result r;
	uint64_t size;

	(void)state;
	custos.open = open_as_privacy;
	assert_true(workload_read(WORKLOAD, &o.workload));
	assert_true(load_fill(&o, &r));
	assert_int_equal(r.calls, o.workload.records);
	assert_int_equal(r.failed, 0);

	/* every tenth record lives for 30 seconds */
	stage_stop(stage);
	stage->options[0] = "--clock-ahead-ms=40000";
	stage_start(stage);
	size = stage_log_size(stage);
	assert_true(load_run(&o, &r));
	assert_int_equal(r.wrong, 0);
	assert_int_equal(r.failed, 0);
	assert_int_equal(r.checked, o.workload.calls);
	assert_true(stage_log_size(stage) > size + o.workload.calls / 2); /* they are in the log */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_call_is_answered_as_an_exact_model_says, up, stage_down),
	};

	return cmocka_run_group_tests_name("story_gdpr", tests, NULL, NULL);
}
