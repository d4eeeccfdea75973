/*
 * starve.h: what the lab says to starve.c, which is preloaded into a program and refuses it memory.
 *
 * The environment names a file by STARVE_CONTROL; the control lies in it, mapped by both.
 */
#ifndef CU_TESTS_STARVE_H
#define CU_TESTS_STARVE_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct starve_control {
	atomic_int daemon;               /* its pid */
	atomic_bool is_daemons;          /* it alone is refused memory; else everybody but it, who has the file */
	atomic_uint_fast64_t seen;       /* allocations since the lab set it to 0 */
	atomic_uint_fast64_t from, upto; /* those of these numbers are refused; from 0: none */
	atomic_uint_fast64_t nrefused;
	char where[512];                 /* who asked for the first that was refused: "file+offset", innermost first */
};

#endif
