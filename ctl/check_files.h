/*
 * check_files.h: policy files are checked by the program that reads them, without a custosd that runs.
 */
#ifndef CU_CTL_CHECK_FILES_H
#define CU_CTL_CHECK_FILES_H

/* Becomes `custosd check-policies`, the one beside this program or else the installed one; dir may be
 * NULL.  Returns only with the exit status of a failure, after it has said so. */
int check_files(const char *dir);

#endif
