/*
 * doctor.h: `doctor`: what is wrong with the host, with the way to custosd, and with custosd.
 *
 * custosctl looks at the host itself, so it answers when nothing else does; what only custosd can look
 * at comes from io.custos.Doctor.
 */
#ifndef CU_CTL_DOCTOR_H
#define CU_CTL_DOCTOR_H
#include <jansson.h>

struct args;

/* Exit statuses, in scripts. */
#define DOCTOR_EXIT_WARNINGS 1
#define DOCTOR_EXIT_ERRORS   2

/* One finding: area and level as words of io.custos.Doctor; remedy NULL: none. */
void doctor_add(json_t *findings, const char *area, const char *level, const char *remedy,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Kernel, users, units, clock, swap. */
void doctor_host(json_t *findings);
/* Looks at everything and prints it; the exit status. */
int doctor(const struct args *a);

#endif
