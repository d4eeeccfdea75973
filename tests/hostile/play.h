/*
 * play.h: people who mean harm at the socket of a real custosd, and people beside them who do not.
 *
 * Whoever does something is a process of its own, under the uid that it has in stage.h.  Two honest ones
 * call all the time: an application that asks whether somebody agreed, and a member of staff who reads;
 * now and then by a new connection.  How long each waited is counted for the scene that is on.
 */
#ifndef CU_TESTS_PLAY_H
#define CU_TESTS_PLAY_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "stage.h"

enum scene { CALM, FRAMES, SLOW, CROWD, DESCRIPTORS, LONG_CALLS, WHO, NSCENES };

/* What the honest met: buckets[i] calls were answered within 2^i microseconds. */
struct figures {
	atomic_uint answered, failed;
	atomic_ullong longest_us;
	atomic_uint buckets[40];
};

enum reply_kind {
	REPLY_GOOD, REPLY_INVALID, REPLY_DENIED, REPLY_NOT_FOUND, REPLY_BUSY, REPLY_PROTOCOL, REPLY_SERVICE,
	REPLY_OTHER, NREPLIES
};

/* In memory that all processes share. */
struct tally {
	atomic_int scene;
	atomic_bool is_over;
	struct figures honest[NSCENES];
	char said[200]; /* what was wrong with the first honest call that failed */
	atomic_ullong frames, replies[NREPLIES], connections, refused, closed, descriptors;
};

struct play {
	struct stage *stage;
	struct tally *tally;
	uint64_t seed;
	int seconds;   /* of the scene; 0: the whole measure */
	bool is_short; /* a sample, for ctest */
	char subject[33], victim[33]; /* the honest ask for the first; the others may do anything to the second */
	pid_t honest[2];
	unsigned nfds;      /* custosd's at the beginning */
	unsigned long rss;  /* KiB, likewise */
	unsigned long most; /* KiB, that it ever had in a scene */
};

/* custosd serves; the honest have begun. */
void play_begin(struct play *p);
void play_end(struct play *p);
void play_scene(struct play *p, enum scene scene);
const char *play_scene_name(enum scene scene);

/* splitmix64, below `below`. */
uint64_t play_draw(uint64_t *seed, uint64_t below);

/* A process under this uid, with a seed of its own.  It ends with what fn returns. */
typedef int play_fn(struct play *p, uint64_t seed, void *ctx);
pid_t play_start(struct play *p, uid_t uid, play_fn *fn, uint64_t number, void *ctx);
int play_wait(pid_t pid);
/* All of them at once, and each ends with 0. */
void play_all(struct play *p, uid_t uid, unsigned n, play_fn *fn, void *ctx);

/* A connection as whoever we are; -1 when it is refused. */
int play_connect(const struct play *p);
/* One call by a connection of its own: the reply's error, "" for none, "closed" for no reply. */
const char *play_ask(int fd, const char *text, char said[512]);

/* custosd is the one that began, answers a member of staff, has given back descriptors and memory, and the
 * honest were always answered, and are. */
void play_check(struct play *p, enum scene scene);
void play_print(const struct play *p);

enum reply_kind play_kind(const char *reply, size_t n);

#endif
