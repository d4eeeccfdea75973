#include "control/policy_files.h"

#include <stdio.h>

#include "base/err.h"
#include "base/intl.h"
#include "base/text.h"
#include "policy/faults.h"
#include "policy/policy.h"

/* A file may hold anything. */
static void print_lines(const char *before, const struct faults *lines)
{
	char safe[2048];

	for (size_t i = 0; i < lines->n; i++) {
		text_escape(lines->text[i], safe, sizeof(safe));
		printf("%s%s\n", before, safe);
	}
}

int policy_files_main(int argc, char *argv[])
{
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;
	struct policy *p = NULL;
	struct cu_err err;
	int r;

	if (argc > 2) {
		fprintf(stderr, "%s", _("usage: custosd check-policies [DIRECTORY]\n"));
		return cu_err_exit_status(CU_EINVAL);
	}
	r = policy_load(argc == 2 ? argv[1] : POLICY_DIR, &faults, &p, &err);
	if (r < 0 && faults.n == 0) {
		fprintf(stderr, "custosd: %s\n", err.msg);
		return cu_err_exit_status(r);
	}
	if (r == 0) {
		policy_warn(p, &warnings);
		printf("%s", _("The policies are without fault.\n"));
	}
	print_lines("", &faults);
	print_lines(_("warning: "), &warnings);
	policy_unref(p);
	faults_done(&faults);
	faults_done(&warnings);
	return r < 0 ? cu_err_exit_status(CU_ECORRUPT) : 0;
}
