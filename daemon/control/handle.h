/*
 * handle.h: one handler for each command of commands.h; a missing one does not link.
 */
#ifndef CU_CONTROL_HANDLE_H
#define CU_CONTROL_HANDLE_H
#include "control/exchange.h"

#define X(id, words, method, arguments, access, summary, details) handler handle_##id;
CU_DAEMON_COMMANDS(X)
#undef X

#endif
