/*
 * recovery.h: `custosd restore`: from a repository and an identity to a state directory.
 *
 * Needs no daemon, no configuration and no network: the repository and the identity are all.
 */
#ifndef CU_CONTROL_RECOVERY_H
#define CU_CONTROL_RECOVERY_H

/* argv[0] is "restore".  Prints a report; returns an exit status. */
int recovery_main(int argc, char *argv[]);

#endif
