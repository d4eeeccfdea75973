/*
 * In each program of a build that counts branches: where libgcov writes the counts, and when.
 *
 * A user cannot add to the files of another, nor could custosd and a test be told by their
 * environment, which custosd's children do not get: so each user has a directory, chosen here.
 * What ends by _exit, as a process that dies at its n-th write does in a test, has counts, too.
 */
#include <gcov.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((noreturn)) void __real__exit(int status);
__attribute__((noreturn)) void __wrap__exit(int status);

__attribute__((constructor)) static void choose_directory(void)
{
	char dir[512];

	snprintf(dir, sizeof(dir), "%s/%u", CUSTOS_COVERAGE_DATA, (unsigned)geteuid());
	mkdir(dir, 0700);
	setenv("GCOV_PREFIX", dir, 1);
}

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}
