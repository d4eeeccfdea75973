/*
 * input.h: what must not stand on a command line is asked for, or read from standard input.
 */
#ifndef CU_CTL_INPUT_H
#define CU_CTL_INPUT_H

struct args;
struct cu_err;

/* Reads what the command still needs: one line for a value (with a prompt on a terminal), a whole text
 * for a letter, a JSON text for records and fields, from standard input or the file of --from.  CU_EINVAL. */
int input_read(struct args *a, struct cu_err *err);

#endif
