/*
 * stage.h: the real custosd in a directory of its own, and people who talk to it.
 *
 *	DIR/bin/          copies of the programs, so that every uid can start them
 *	DIR/plugins/      likewise of custos-agent's plugins
 *	DIR/N/policies/   the shipped schema, and roles and targets as the test wants them
 *	DIR/N/state/      0700, of the daemon's uid
 *	DIR/N/repo/       the target "local"
 *	DIR/N/run/s       the socket
 *	DIR/N/files/      where everybody may write
 *
 * Run as root, everybody is another uid, none of which has an entry in passwd.  Otherwise all
 * are the one uid that runs the test, and stage_has_roles() is false.  Everything here fails
 * the running test when it does not work.
 */
#ifndef CU_TESTS_STAGE_H
#define CU_TESTS_STAGE_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "raw.h"
#include "run.h"
#include "wire/client.h"

/* AS_SECOND is another of AS_PRIVACY's kind, who confirms what that one asks for. */
enum who {
	AS_DAEMON, AS_ADMIN, AS_PRIVACY, AS_SECOND, AS_SUPPORT, AS_AUDITOR, AS_AGENT, AS_STRANGER, AS_SELF
};

struct stage {
	char dir[128], policies[160], state[160], repo[160], socket[160], files[160];
	char agent_socket[160];
	char identity[192];     /* in files/; there after stage_init */
	pid_t daemon;           /* 0: does not run */
	struct job job;         /* the daemon's */
	char log[160];          /* its standard error, of all starts one after the other */
	const char *options[4]; /* more options for it; NULL-terminated */
	struct ran last;        /* of the last program run by stage_ctl and friends */
	json_t *reply;          /* of stage_reply */
};

bool stage_has_roles(void);
uid_t stage_uid(enum who who);

/* Directories and policies; nothing runs. */
struct stage *stage_new(void);
/* Stops the daemon if it runs, looks at what it left, removes everything.  NULL is fine. */
void stage_free(struct stage *st);

/* cmocka fixtures: a daemon that serves an empty store; the state is the struct stage. */
int stage_up(void **state);
int stage_down(void **state);
/* Only the directories. */
int stage_up_bare(void **state);

/* A file of policies/. */
void stage_policy(struct stage *st, const char *name, const char *text);
/* A file of files/, readable for everybody; its path is kept until stage_free. */
const char *stage_file(struct stage *st, const char *name, const void *bytes, size_t n);
const char *stage_text(struct stage *st, const char *name, const char *text);
/* The path of a file in files/, which need not be there; kept likewise. */
const char *stage_path(struct stage *st, const char *name);

/* Starts custosd and waits until it answers; or does not wait. */
void stage_start(struct stage *st);
void stage_launch(struct stage *st);
/* After stage_launch: until it answers.  False: it has ended by itself, with *ret_status. */
bool stage_await(struct stage *st, int *ret_status);
/* Makes a store; the identity lies in st->identity. */
void stage_init(struct stage *st);
/* SIGTERM: it ends by itself with status 0, without a sanitizer's report, and leaves no
 * process behind. */
void stage_stop(struct stage *st);
/* SIGKILL: nor does that leave a process behind. */
void stage_kill(struct stage *st);
/* It must have ended by itself; its status. */
int stage_wait_end(struct stage *st, int timeout_ms);

/* Another state directory for the next start: a restored one. */
void stage_use_state(struct stage *st, const char *state);

/* Runs custosctl; status, out and err are in st->last too. */
int stage_ctl_input(struct stage *st, enum who who, const void *input, size_t n,
	const char *const args[]);
#define stage_ctl(st, who, ...) \
	stage_ctl_input(st, who, NULL, 0, (const char *const[]){ __VA_ARGS__, NULL })
#define stage_ctl_text(st, who, input, ...)              \
	stage_ctl_input(st, who, input, strlen(input), \
		(const char *const[]){ __VA_ARGS__, NULL })
/* "erase" with these arguments, to its end: with --now, and AS_SECOND confirms it.  Where all are
 * one uid, there is no grace period instead. */
int stage_erase_with(struct stage *st, const char *const args[]);
#define stage_erase(st, ...) stage_erase_with(st, (const char *const[]){ __VA_ARGS__, NULL })
/* Waits until AS_SECOND is asked to confirm something; its id. */
void stage_approval(struct stage *st, char ret_id[33]);
/* custos-agent, started by somebody else than custosd, as AS_AGENT. */
struct job stage_agent_start(struct stage *st);
/* custosctl in the background. */
struct job stage_ctl_start(struct stage *st, enum who who, int stdin_fd,
	const char *const args[]);
/* custosd itself with other arguments ("restore", ...), as AS_DAEMON. */
int stage_custosd(struct stage *st, const char *const args[]);
#define stage_restore(st, ...) \
	stage_custosd(st, (const char *const[]){ "restore", __VA_ARGS__, NULL })
/* Stops custosd if it runs, restores the data of the first backup into files/elsewhere, made anew, and
 * serves that.  What the restore said is in st->last. */
void stage_serve_first(struct stage *st);

/* Where a program lies that every user may start. */
char *stage_program(const char *name, char path[192]);

/* The last run ended so; else the test fails with what it said. */
void stage_expect(struct stage *st, int status);
/* The last line of what it printed, as JSON: borrowed until the next. */
const json_t *stage_reply(struct stage *st);
/* A text member of that. */
const char *stage_reply_text(struct stage *st, const char *name);

/* A connection as that uid. */
int stage_connect(const struct stage *st, enum who who);
struct raw stage_raw(const struct stage *st, enum who who);
struct client *stage_client(const struct stage *st, enum who who);
/* One call; takes parameters.  0 and the reply (new reference), or the error's code with its
 * message in *err. */
struct cu_err;
int stage_call(const struct stage *st, enum who who, const char *method, json_t *parameters,
	json_t **ret, struct cu_err *err);

/* People, by the shortest way: the id in ret_id (33 bytes). */
void stage_add_person(struct stage *st, const char *records, char ret_id[33]);
#define STAGE_PURPOSE "customer_service"

/* The whole log, one leaf a line, each after its number; to be freed.  And how many of its
 * lines hold this text, which may be NULL. */
char *stage_log(struct stage *st);
unsigned stage_count_leaves(struct stage *st, const char *with);
uint64_t stage_log_size(struct stage *st);

/* Whether this text stands in any file below this directory. */
bool stage_grep(const char *dir, const char *text);

/* Flips a bit in the middle of a file. */
void stage_change_byte(const char *path);

/* Everything that custosd has logged so far; to be freed. */
char *stage_daemon_log(const struct stage *st);

#endif
