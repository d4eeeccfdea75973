#include "ctl/check_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/intl.h"

static void become(const char *program, const char *dir)
{
	char name[] = "custosd", what[] = "check-policies", place[PATH_MAX];
	char *argv[] = { name, what, NULL, NULL };

	if (dir) {
		snprintf(place, sizeof(place), "%s", dir);
		argv[2] = place;
	}
	execv(program, argv);
}

int check_files(const char *dir)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("custosd"));
	char *slash;

	if (n > 0) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		strcpy(slash + 1, "custosd");
		become(path, dir);
	}
	become(CUSTOSD_PROGRAM, dir);
	fprintf(stderr, _("custosctl: " CUSTOSD_PROGRAM ": %s\n"), strerror(errno));
	return cu_err_exit_status(CU_EUNAVAIL);
}
