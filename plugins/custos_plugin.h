/*
 * custos_plugin.h: what a plugin of custos-agent is: one shared object with one symbol.
 *
 * custos-agent is the only process of custos that has a network.  It holds no keys and cannot open
 * the store; plugins are how it speaks with the world.  A plugin is a file NAME.so in the agent's
 * directory of plugins that exports one object:
 *
 *	const struct cu_plugin cu_plugin = {
 *		CU_PLUGIN_MAJOR, CU_PLUGIN_MINOR, sizeof(struct cu_plugin),
 *		.kinds = CU_PLUGIN_MESSAGE, .name = "pager", .settings = rows, .nsettings = 2,
 *		.startup = startup, .message = &calls,
 *	};
 *
 * It links against nothing of custos: what it needs of it comes through struct cu_host.  It needs
 * only this header, which includes nothing but <stdint.h> and <stddef.h>.  plugins/null is the
 * shortest one that does something.
 *
 * A *route* of agent.yaml is one plugin with settings that sends messages; a *target* of backup.yaml is
 * one that keeps backups.  A plugin may have several of both open.
 *
 * Threads: startup, open and close are called by one thread, one after the other.  Each route and each
 * target has a thread of its own, which makes all other calls; they may block, and must come back
 * within two minutes, whatever the other side does (put: longer, by its size).  Two routes of one plugin
 * send at the same time.
 *
 * Files and calls: after all routes are open the process is confined: it may read what resolving
 * names and checking certificates takes, and the files that settings of the type CU_SETTING_FILE
 * name; it may read and write below the directories that those of CU_SETTING_DIRECTORY name; it starts no programs and opens no Unix sockets.  Whatever else a plugin needs of the file
 * system it opens in startup or open.
 *
 * What must not happen: no personal data in a fault or a log line, and no text of the other side,
 * which may repeat an address: say which answer it gave by its number.
 *
 * Changes.  major changes when an old plugin would misbehave; minor when something is appended.
 *	1.0	the first
 *	1.1	CU_PLUGIN_TARGET and .target; CU_SETTING_DIRECTORY; CU_ABSENT, CU_TAKEN, CU_AWAY
 */
#ifndef CUSTOS_PLUGIN_H
#define CUSTOS_PLUGIN_H
#include <stddef.h>
#include <stdint.h>

#define CU_PLUGIN_MAJOR  1u
#define CU_PLUGIN_MINOR  1u
#define CU_PLUGIN_SYMBOL "cu_plugin"

/* What a plugin does: bits of cu_plugin.kinds. */
#define CU_PLUGIN_MESSAGE 1u /* it sends messages: .message */
#define CU_PLUGIN_TARGET  2u /* it keeps backups: .target */

/* Bits of cu_plugin.flags. */
#define CU_PLUGIN_PERSONAL 1u /* it may take messages that are addressed to a person */

/* What came of a call. */
#define CU_DONE    0
#define CU_LATER   (-1) /* it may go well another time: the message is sent again, later each time */
#define CU_REFUSED (-2) /* the same would be answered to every further attempt: it is not sent again */
#define CU_ABSENT  (-3) /* of a target: it has nothing of that name */
#define CU_TAKEN   (-4) /* of a target: it has something of that name, which stays as it is */
/* Of a target: nothing of it can be reached.  What is mounted after the process was confined may be out
 * of its sight: another process of the agent asks once more. */
#define CU_AWAY    (-5)

/* --- settings ---------------------------------------------------------------------- */

#define CU_SETTING_TEXT   1u
#define CU_SETTING_NUMBER 2u
#define CU_SETTING_WORD   3u /* one of .words, separated by blanks; its number is its place there */
#define CU_SETTING_FILE   4u /* an absolute path of a file that is read now or later */
/* A file that only the agent's user can read, or the name of a systemd credential (LoadCredential=
 * of the agent's unit).  custosd and agent.yaml know its name alone; the text is what is in it,
 * without the line end. */
#define CU_SETTING_SECRET 5u
/* An absolute path of a directory, which need not be there. */
#define CU_SETTING_DIRECTORY 6u

#define CU_SETTING_MUST 1u /* of .flags */

/* One row; a plugin's settings are a table of them.  A key that is in agent.yaml and not in the table
 * is a fault, as is a value that does not fit its row. */
struct cu_setting {
	const char *key;
	uint32_t type;
	uint32_t flags;
	const char *text;     /* what it is for, one sentence */
	const char *standard; /* the value when there is none; NULL: none */
	int64_t min, max;     /* of a number; both 0: 0 or more */
	const char *words;    /* of a word */
};

/* The value of the row in the same place of the table. */
struct cu_value {
	const char *text; /* NULL: there is none; lives until close */
	int64_t number;   /* of numbers and words */
};

/* --- what custos-agent does for a plugin --------------------------------------------- */

struct cu_fault; /* why a call failed: filled by cu_host.fail */

struct cu_host {
	uint32_t major, minor; /* of the agent's header */
	uint32_t size;         /* what is past it is not there */
	/* Fills the fault (one sentence, cut at 200 bytes) and returns the code. Any thread. */
	int32_t (*fail)(struct cu_fault *fault, int32_t code, const char *format, ...)
#ifdef __GNUC__
		__attribute__((format(printf, 3, 4)))
#endif
		;
	void (*log)(const char *line); /* one line for the journal; any thread */
	void *(*alloc)(size_t n);      /* zeros, or NULL; any thread */
	void (*release)(void *p);      /* what alloc gave; NULL is fine; any thread */
	int64_t (*now_ms)(void);       /* since 1970, UTC; any thread */
};

/* --- messages ------------------------------------------------------------------------ */

#define CU_MESSAGE_PERSONAL 1u /* of .flags: it is addressed to a person, and says so */

struct cu_message {
	uint32_t size;    /* what is past it is not there */
	uint32_t flags;
	const char *id;   /* 32 hexadecimal digits: the same at each attempt, for whoever receives it */
	const char *type; /* "alarm.drill_failed": what a program may go by */
	int64_t time_ms;  /* when it was made, not when it is sent */
	const char *to;   /* an address, with CU_MESSAGE_PERSONAL; else NULL: the route knows whom */
	const char *subject; /* one line, UTF-8 */
	const char *text;    /* UTF-8; lines end with '\n' */
};

struct cu_message_calls {
	uint32_t size;
	/* A route with these values, one for each row of the plugin's settings, which live until close.
	 * Does not connect: whether the other side is there shows when something is sent.  CU_REFUSED
	 * with the reason when the settings are not right; the route is then not used. */
	int32_t (*open)(const struct cu_value *values, void **ret_route, struct cu_fault *fault);
	/* CU_DONE: the other side has taken it.  It is sent at least once: the same message may come
	 * again when custos did not learn of it.  All is borrowed for the call.  A message that is
	 * CU_MESSAGE_PERSONAL comes only to a plugin with CU_PLUGIN_PERSONAL. */
	int32_t (*send)(void *route, const struct cu_message *message, struct cu_fault *fault);
	void (*close)(void *route);
};

/* --- backups ------------------------------------------------------------------------- */

/*
 * A target keeps objects under names: 1 to 127 letters of [A-Za-z0-9._/-], parts between slashes, none
 * of which begins with a dot.  It is given what is encrypted or signed, and is not trusted: custosd
 * verifies all that comes back.  What it must be able to do is to keep what it said it kept, and to
 * delete: a person who was erased is gone from it only then.
 */

#define CU_PUT_REPLACE 1u /* of flags: what is there goes, in one step */

/* Tells one object that is there.  Not CU_DONE: give up, and return that. */
typedef int32_t cu_told(void *ctx, const char *name, uint64_t size);

struct cu_target_calls {
	uint32_t size;
	/* As that of messages.  Whether what it leads to is there shows with the first call. */
	int32_t (*open)(const struct cu_value *values, void **ret_target, struct cu_fault *fault);
	/* The first size bytes of fd, a file for reading, under this name: whole, or not at all, and
	 * durably once CU_DONE is returned.  Without CU_PUT_REPLACE CU_TAKEN when the name is taken.
	 * A process that is killed meanwhile leaves nothing under this name. */
	int32_t (*put)(void *target, const char *name, int fd, uint64_t size, uint32_t flags,
		struct cu_fault *fault);
	/* All of it into fd, a pipe.  CU_ABSENT.  That writing fails means that nobody wants more. */
	int32_t (*get)(void *target, const char *name, int fd, struct cu_fault *fault);
	/* How many bytes it has.  CU_ABSENT. */
	int32_t (*measure)(void *target, const char *name, uint64_t *ret, struct cu_fault *fault);
	/* Tells all objects whose names begin with under and a slash, in any order; none is CU_DONE. */
	int32_t (*list)(void *target, const char *under, cu_told *told, void *ctx,
		struct cu_fault *fault);
	/* It is gone, durably, once CU_DONE is returned; also when it was never there. */
	int32_t (*remove)(void *target, const char *name, struct cu_fault *fault);
	void (*close)(void *target);
};

/* --- the symbol ---------------------------------------------------------------------- */

struct cu_plugin {
	uint32_t major, minor; /* looked at before any other field */
	uint32_t size;         /* sizeof(struct cu_plugin) at its build; what is past it is absent */
	uint32_t kinds;        /* CU_PLUGIN_MESSAGE, CU_PLUGIN_TARGET */
	uint32_t flags;        /* CU_PLUGIN_PERSONAL */
	const char *name;      /* that of its file, without ".so" */
	const struct cu_setting *settings;
	size_t nsettings;
	/* Once, before anything else, while the process can still open what it likes.  CU_DONE, or the
	 * plugin is not used.  host lives as long as the process.  NULL: nothing is to be done. */
	int32_t (*startup)(const struct cu_host *host);
	const struct cu_message_calls *message; /* with CU_PLUGIN_MESSAGE */
	const struct cu_target_calls *target;   /* with CU_PLUGIN_TARGET; since 1.1 */
};

#ifdef __GNUC__
#define CUSTOS_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define CUSTOS_PLUGIN_EXPORT
#endif

extern CUSTOS_PLUGIN_EXPORT const struct cu_plugin cu_plugin;

#endif
