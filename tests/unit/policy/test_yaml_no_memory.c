/* A policy for which there is no memory is refused: it is not read in part. */
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "fault.h"
#include "policy/faults.h"
#include "policy/yaml.h"

static const char text[] =
	"rules:\n"
	"  - {collection: order, keep: 10y, from: anchor}\n"
	"  - collection: profile\n"
	"    keep: 2y # of silence\n"
	"    then: \"review\"\n"
	"reasons: |\n"
	"  two lines of text,\n"
	"  of which one is long enough for a buffer to grow ..........................................\n"
	"last: [a, b, c, d, e, f, g, h]\n";

static void put(const struct yaml_node *n, struct buf *to)
{
	buf_putf(to, "%s=%s(", n->key ? n->key : "", n->text ? n->text : "");
	for (const struct yaml_node *at = n->first; at; at = at->next) {
		put(at, to);
	}
	buf_put_str(to, ")");
}

#define IN_PART 3 /* exit statuses of a process that reads it */
#define ITS_END 4

/* libfyaml 0.7 follows NULL pointers when there is no memory: the process may end by that, too. */
static int read_in_a_process(const struct buf *whole, long nth, enum fault_how how)
{
	static char room[4096];
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct buf read = { .p = (uint8_t *)room, .cap = sizeof(room) }; /* which needs no memory */
		struct faults faults = { 0 };
		struct yaml *y = NULL;
		int r;

		signal(SIGSEGV, SIG_DFL); /* cmocka would go on */
		fault_arm(FAULT_MEMORY, nth, how, ENOMEM);
		r = yaml_parse(span_str(text), "x.yaml", &faults, &y, NULL);
		if (fault_disarm() < nth) {
			_exit(r == 0 ? ITS_END : IN_PART);
		}
		if (r == 0) {
			put(yaml_root(y), &read);
		}
		_exit(r == 0 && !span_eq(buf_span(&read), buf_span(whole)) ? IN_PART : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static void a_policy_without_memory_is_not_read_in_part(void **state)
{
	struct buf whole = BUF_INIT;
	struct faults faults = { 0 };
	struct yaml *y = NULL;
	struct cu_err err = { 0 };

	(void)state;
	assert_ok(yaml_parse(span_str(text), "x.yaml", &faults, &y, &err), &err);
	put(yaml_root(y), &whole);
	yaml_free(y);
	for (int how = FAULT_FAIL; how <= FAULT_FAIL_ALL; how++) {
		int end = 0;
		long n = 0;

		while (end != ITS_END) {
			end = read_in_a_process(&whole, ++n, (enum fault_how)how);
			assert_int_not_equal(end, IN_PART);
		}
		assert_true(n > 50);
	}
	buf_done(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_without_memory_is_not_read_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
