/*
 * bench_store: the store and the vault without a daemon in front of them.
 *
 *	bench_store insert STATE POLICIES SECONDS   32 threads add people, each durably
 *	bench_store fill STATE POLICIES BYTES       notes of 2 KiB until data.db is that large
 *	bench_store erase STATE POLICIES N          adds N people, then erases one after the other
 *	bench_store shred DIR N                     one vault_shred of N people's 8 slots each
 *
 * STATE is one that 'custosctl init' made and no daemon has open.  How long a sync takes is the
 * disk's matter, so syncs are timed apart: fsync and fdatasync below are the ones that the program
 * and SQLite call.
 */
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/civil.h"
#include "bench_house.h"
#include "crypto/key.h"
#include "store/tx_erase.h"
#include "vault/vault.h"

#define PURPOSE "customer_service"

static atomic_llong sync_ns, nsyncs;

static int timed_sync(long call, int fd)
{
	int64_t from = bench_ns();
	int r = (int)syscall(call, fd);

	atomic_fetch_add(&sync_ns, bench_ns() - from);
	atomic_fetch_add(&nsyncs, 1);
	return r;
}

int fsync(int fd)
{
	return timed_sync(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return timed_sync(SYS_fdatasync, fd);
}

/* --- people ----------------------------------------------------------------------- */

/* A step of the store; number is what it is about. */
struct step {
	struct store_op op;
	uint64_t number;
	struct id subject, erasure;
};

static void run_step(struct step *s, int kind,
	int (*apply)(struct tx *, struct store_op *, struct cu_err *))
{
	struct cu_err err;

	s->op = (struct store_op){ .apply = apply, .kind = kind };
	memset(s->op.actor.b, 0x11, sizeof(s->op.actor.b));
	must(store_run(house.store, &s->op, &err), &err);
}

static int set(
	struct record *rec, const char *field, const char *value, struct cu_err *err)
{
	return record_set(rec, span_str(field), span_str(value), err);
}

static void begin_record(
	struct record *rec, const char *collection, const struct id *subject)
{
	memset(rec, 0, sizeof(*rec));
	strcpy(rec->collection, collection);
	rec->subject = *subject;
	rec->anchor_day = CIVIL_NO_DAY;
	rec->level = 1;
	rec->origin = RECORD_INTERNAL;
}

static int put_profile(
	struct tx *tx, struct step *s, const struct bench_person *p, struct cu_err *err)
{
	struct record rec;
	int r;

	begin_record(&rec, "profile", &s->subject);
	r = set(&rec, "given_name", p->given, err);
	if (r == 0) {
		r = set(&rec, "family_name", p->family, err);
	}
	if (r == 0) {
		r = set(&rec, "birth_date", p->birth, err);
	}
	return r < 0 ? r : tx_record_put(tx, &rec, err);
}

static int put_contact(
	struct tx *tx, struct step *s, const struct bench_person *p, struct cu_err *err)
{
	const char *const fields[][2] = { { "email", p->email }, { "phone", p->phone },
		{ "street", p->street }, { "city", p->city },
		{ "postal_code", p->code } };
	struct record rec;
	int r = 0;

	begin_record(&rec, "contact_point", &s->subject);
	for (size_t i = 0; r == 0 && i < sizeof(fields) / sizeof(fields[0]); i++) {
		r = set(&rec, fields[i][0], fields[i][1], err);
	}
	return r < 0 ? r : tx_record_put(tx, &rec, err);
}

static int add_person(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;
	struct bench_person p;
	int r = tx_subject_add(tx, SUBJECT_PERSON, PURPOSE, &s->subject, err);

	bench_person(s->number, &p);
	if (r == 0) {
		r = put_profile(tx, s, &p, err);
	}
	if (r == 0) {
		r = put_contact(tx, s, &p, err);
	}
	return r < 0 ? r
		     : tx_records_leaf(tx, &s->subject, NULL, PURPOSE, NULL, 2, err);
}

/* --- insert ----------------------------------------------------------------------- */

static atomic_ullong npeople;
static int64_t end_ns;

static void *insert_some(void *arg)
{
	struct step s;

	(void)arg;
	while (bench_ns() < end_ns) {
		s.number = atomic_fetch_add(&npeople, 1);
		run_step(&s, STORE_CHANGE, add_person);
	}
	return NULL;
}

static void insert(double seconds)
{
	pthread_t threads[BENCH_THREADS];
	int64_t from = bench_ns();
	double took;

	end_ns = from + (int64_t)(seconds * 1e9);
	for (int i = 0; i < BENCH_THREADS; i++) {
		if (pthread_create(&threads[i], NULL, insert_some, NULL) != 0) {
			bench_die("no thread");
		}
	}
	for (int i = 0; i < BENCH_THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	took = bench_seconds(from);
	printf("{\"people\": %llu, \"per_second\": %.1f, \"syncs\": %lld}\n",
		atomic_load(&npeople), (double)atomic_load(&npeople) / took,
		(long long)atomic_load(&nsyncs));
}

/* --- fill ------------------------------------------------------------------------- */

#define NOTE_BYTES    2000
#define NOTES_AT_ONCE 400

static int add_notes(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;
	char text[NOTE_BYTES + 1];
	struct record rec;
	int r = 0;

	for (int i = 0; r == 0 && i < NOTES_AT_ONCE; i++) {
		if (i % 8 == 0) {
			r = tx_subject_add(
				tx, SUBJECT_PERSON, PURPOSE, &s->subject, err);
		}
		for (size_t at = 0; at < NOTE_BYTES; at += 16) {
			snprintf(text + at, sizeof(text) - at, "%07llu called; ",
				(unsigned long long)(s->number * 7919 + at) % 10000000);
		}
		begin_record(&rec, "profile", &s->subject);
		if (r == 0) {
			r = set(&rec, "note", text, err);
		}
		if (r == 0) {
			r = tx_record_put(tx, &rec, err);
		}
		s->number++;
	}
	return r < 0 ? r
		     : tx_records_leaf(tx, &s->subject, NULL, PURPOSE, NULL,
			       NOTES_AT_ONCE, err);
}

static int flush(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	(void)op;
	return tx_flush(tx, err);
}

static int64_t data_bytes(void)
{
	char path[PATH_SIZE];
	struct stat st;
	struct cu_err err;

	must(path_join(path, house.dir, "data.db", &err), &err);
	return stat(path, &st) == 0 ? st.st_size : 0;
}

static void fill(int64_t bytes)
{
	struct step s = { .number = 0 };

	while (data_bytes() < bytes) {
		for (int i = 0; i < 20; i++) {
			run_step(&s, STORE_CHANGE, add_notes);
		}
		run_step(&s, STORE_ALONE, flush);
	}
	printf("{\"records\": %llu, \"bytes\": %lld}\n", (unsigned long long)s.number,
		(long long)data_bytes());
}

/* --- erase ------------------------------------------------------------------------ */

static int begin_erasure(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;

	struct erase_what what = { .subject = s->subject, .purpose = PURPOSE };

	return tx_erase_begin(tx, &what, &s->erasure, err);
}

static int let_go(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	static const struct erase_limits limits = { INT64_MAX, 1, UINT64_MAX, UINT64_MAX };
	struct row_erasure row;

	return tx_erase_admit(tx, &((struct step *)op)->erasure, &limits, &row, err);
}

static int shred_subject(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_erase_shred(tx, &((struct step *)op)->erasure, err);
}

static int delete_rows(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_erase_rows(tx, &((struct step *)op)->erasure, err);
}

static int end_erasure(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_erase_done(tx, &((struct step *)op)->erasure, err);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double at_share(const double *sorted, size_t n, double share)
{
	size_t i = (size_t)(share * (double)n);

	return sorted[i < n ? i : n - 1];
}

static double cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* One person, as control/eraser.c does it up to the targets: milliseconds without the
 * syncs, and those of a processor. */
static double erase_one(struct step *s, double *ret_cpu_ms)
{
	double cpu = cpu_ms();
	int64_t from = bench_ns(), syncs = atomic_load(&sync_ns);

	run_step(s, STORE_CHANGE, begin_erasure);
	run_step(s, STORE_CHANGE, let_go);
	run_step(s, STORE_CHANGE, shred_subject);
	run_step(s, STORE_CHANGE, delete_rows);
	run_step(s, STORE_ALONE, flush);
	run_step(s, STORE_CHANGE, end_erasure);
	*ret_cpu_ms = cpu_ms() - cpu;
	return (double)(bench_ns() - from - (atomic_load(&sync_ns) - syncs)) / 1e6;
}

static void erase(size_t n)
{
	struct step *people = calloc(n, sizeof(*people));
	double *ms = calloc(n, sizeof(*ms)), *cpu = calloc(n, sizeof(*cpu));
	long long syncs, before;
	int64_t spent;

	if (!people || !ms || !cpu || n == 0) {
		bench_die("how many?");
	}
	for (size_t i = 0; i < n; i++) {
		people[i].number = i;
		run_step(&people[i], STORE_CHANGE, add_person);
	}
	before = atomic_load(&nsyncs);
	spent = atomic_load(&sync_ns);
	for (size_t i = 0; i < n; i++) {
		ms[i] = erase_one(&people[i * 7919 % n], &cpu[i]);
	}
	syncs = atomic_load(&nsyncs) - before;
	qsort(ms, n, sizeof(*ms), compare);
	qsort(cpu, n, sizeof(*cpu), compare);
	printf("{\"n\": %zu, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"cpu_p50_ms\": %.3f, "
	       "\"cpu_p99_ms\": %.3f, \"syncs_each\": %.1f, \"sync_ms_each\": %.3f}\n",
		n, at_share(ms, n, 0.5), at_share(ms, n, 0.99), at_share(cpu, n, 0.5),
		at_share(cpu, n, 0.99), (double)syncs / (double)n,
		(double)(atomic_load(&sync_ns) - spent) / 1e6 / (double)n);
	free(cpu);
	free(people);
	free(ms);
}

/* --- shred ------------------------------------------------------------------------ */

static void shred(const char *dir, size_t n)
{
	struct key_arena *arena;
	struct vault *v;
	struct key *k0;
	struct cu_err err;
	uint64_t *slots = calloc(n, VAULT_RUN * sizeof(*slots));
	unsigned leaves =
		(unsigned)((n * VAULT_RUN + VAULT_LEAF_SLOTS - 1) / VAULT_LEAF_SLOTS);
	int64_t from;

	if (!slots) {
		bench_die("out of memory");
	}
	must(key_arena_new(VAULT_NODES_CACHED + 8, &arena, &err), &err);
	must(key_new(arena, &k0, &err), &err);
	key_fill_random(k0);
	must(vault_create(dir, k0, arena, &err), &err);
	must(vault_open(dir, k0, arena, &v, &err), &err);
	must(vault_extend(v, 2 * leaves, &err), &err); /* as many stay */
	for (size_t i = 0; i < n * VAULT_RUN; i++) {
		slots[i] = i / VAULT_RUN * 2 * VAULT_RUN +
			   i % VAULT_RUN; /* every other person */
	}
	from = bench_ns();
	must(vault_shred(v, slots, n * VAULT_RUN, &err), &err);
	printf("{\"n\": %zu, \"per_second\": %.1f, \"generations\": %llu}\n", n,
		(double)n / bench_seconds(from),
		(unsigned long long)vault_generation(v) - 1);
	vault_close(v);
	key_arena_free(arena);
	free(slots);
}

int main(int argc, char *argv[])
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "shred") == 0 && argc == 4) {
		shred(argv[2], strtoull(argv[3], NULL, 10));
		return 0;
	}
	if (argc != 5) {
		bench_die("bench_store insert|fill|erase STATE POLICIES N, or shred "
			  "DIR N");
	}
	open_house(argv[2], argv[3]);
	if (strcmp(verb, "insert") == 0) {
		insert(atof(argv[4]));
	} else if (strcmp(verb, "fill") == 0) {
		fill(strtoll(argv[4], NULL, 10));
	} else if (strcmp(verb, "erase") == 0) {
		erase(strtoull(argv[4], NULL, 10));
	} else {
		bench_die("no such verb");
	}
	close_house();
	return 0;
}
