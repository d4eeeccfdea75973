/*
 * bench_socket SOCKET PEOPLE SECONDS: what custosd does for many callers at once.
 *
 * 8 connections, each with 16 calls under way, always.  First PEOPLE are added, one
 * call each; then they are read and looked up by e-mail address for SECONDS each, in
 * random order.  Then every second one consents to e-mail, and whether people may be written
 * to is asked for SECONDS, one by one and 1,000 at a time.  Every reply must be a good one.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"

#define CONNECTIONS 8
#define UNDER_WAY   16
#define ASKED       1000 /* ids of one filter */

enum phase { ADD, GET, SEARCH, GIVE, CHECK, FILTER };

struct caller {
	pthread_t thread;
	enum phase phase;
	unsigned number;
	uint64_t want; /* how many calls; UINT64_MAX: until the end */
	int64_t end_ns;
	uint64_t ndone;
	int fd;
	uint64_t seed;
};

static const char *socket_path;
static uint64_t npeople;
static char (*ids)[33];

static int dial(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", socket_path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		bench_die("cannot connect");
	}
	return fd;
}

static uint64_t next_random(struct caller *c)
{
	c->seed ^= c->seed << 13;
	c->seed ^= c->seed >> 7;
	c->seed ^= c->seed << 17;
	return c->seed;
}

static int format_filter(struct caller *c, char *to, size_t cap)
{
	int n = snprintf(to, cap,
		"{\"method\":\"io.custos.consent.Filter\",\"parameters\":{"
		"\"purpose\":\"marketing_email\",\"subjects\":[");

	for (int i = 0; i < ASKED; i++) {
		n += snprintf(to + n, cap - (size_t)n, "%s\"%s\"", i ? "," : "",
			ids[next_random(c) % npeople]);
	}
	return n + snprintf(to + n, cap - (size_t)n, "]}}");
}

/* The i-th call of this caller. */
static int format_call(struct caller *c, uint64_t i, char *to, size_t cap)
{
	uint64_t who = c->phase == ADD	  ? i * CONNECTIONS + c->number
		       : c->phase == GIVE ? (i * CONNECTIONS + c->number) * 2
					  : next_random(c) % npeople;
	struct bench_person p;

	bench_person(who, &p);
	switch (c->phase) {
	case ADD:
		return snprintf(to, cap,
			"{\"method\":\"io.custos.subject.Add\",\"parameters\":{"
			"\"kind\":\"person\","
			"\"purpose\":\"customer_service\",\"records\":[{\"collection\":"
			"\"profile\",\"fields\":"
			"{\"given_name\":\"%s\",\"family_name\":\"%s\",\"birth_date\":"
			"\"%s\"}},"
			"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"%"
			"s\",\"phone\":\"%s\","
			"\"street\":\"%s\",\"city\":\"%s\",\"postal_code\":\"%s\"}}]}}",
			p.given, p.family, p.birth, p.email, p.phone, p.street, p.city,
			p.code);
	case GET:
		return snprintf(to, cap,
			"{\"method\":\"io.custos.subject.Get\",\"parameters\":{"
			"\"subject\":\"%s\","
			"\"purpose\":\"customer_service\"}}",
			ids[who]);
	case SEARCH:
		return snprintf(to, cap,
			"{\"method\":\"io.custos.subject.Search\",\"parameters\":{"
			"\"by\":\"email\","
			"\"value\":\"%s\",\"purpose\":\"customer_service\"}}",
			p.email);
	case GIVE:
		return snprintf(to, cap,
			"{\"method\":\"io.custos.consent.Give\",\"parameters\":{"
			"\"subject\":\"%s\",\"purpose\":\"marketing_email\","
			"\"method\":\"checkbox\",\"language\":\"en\"}}",
			ids[who]);
	case CHECK:
		return snprintf(to, cap,
			"{\"method\":\"io.custos.consent.Check\",\"parameters\":{"
			"\"subject\":\"%s\",\"purpose\":\"marketing_email\","
			"\"explain\":false}}",
			ids[who]);
	case FILTER: return format_filter(c, to, cap);
	}
	return -1;
}

static void send_call(struct caller *c, uint64_t i)
{
	char text[40 * ASKED];
	int n = format_call(c, i, text, sizeof(text));
	size_t sent = 0;

	while (sent < (size_t)n + 1) { /* with its NUL */
		ssize_t got =
			send(c->fd, text + sent, (size_t)n + 1 - sent, MSG_NOSIGNAL);

		if (got < 0) {
			bench_die("the daemon hung up");
		}
		sent += (size_t)got;
	}
}

/* Replies come in the order of the calls. */
static void take_reply(struct caller *c, const char *reply)
{
	const char *at = strstr(reply, "\"subject\":\"");

	if (strncmp(reply, "{\"parameters\"", 13) != 0 && strstr(reply, "\"error\"")) {
		bench_die(reply);
	}
	if (c->phase == ADD) {
		if (!at) {
			bench_die(reply);
		}
		memcpy(ids[c->ndone * CONNECTIONS + c->number], at + 11, 32);
	} else if (c->phase == SEARCH && !strstr(reply, "\"subjects\":[\"")) {
		bench_die(reply);
	} else if (c->phase >= CHECK && !strstr(reply, "\"allowed\":")) {
		bench_die(reply);
	}
	c->ndone++;
}

static int has_more(const struct caller *c, uint64_t nsent)
{
	return nsent < c->want && (c->want != UINT64_MAX || bench_ns() < c->end_ns);
}

static void *call(void *arg)
{
	struct caller *c = arg;
	static __thread char in[1 << 20];
	uint64_t nsent = 0;
	size_t n = 0;

	c->fd = dial();
	while (nsent < UNDER_WAY && has_more(c, nsent)) {
		send_call(c, nsent++);
	}
	while (c->ndone < nsent) {
		ssize_t got = recv(c->fd, in + n, sizeof(in) - n, 0);
		char *from = in, *end;

		if (got <= 0) {
			bench_die("the daemon hung up");
		}
		n += (size_t)got;
		while ((end = memchr(from, '\0', n - (size_t)(from - in))) != NULL) {
			take_reply(c, from);
			from = end + 1;
			if (has_more(c, nsent)) {
				send_call(c, nsent++);
			}
		}
		n -= (size_t)(from - in);
		memmove(in, from, n);
	}
	close(c->fd);
	return NULL;
}

/* What the daemon at the other end has used so far, in seconds of a processor. */
static double daemon_cpu(void)
{
	unsigned long long user = 0, system = 0;
	struct ucred peer;
	socklen_t n = sizeof(peer);
	char path[64];
	int fd = dial();
	FILE *stat;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0) {
		bench_die("whose socket is it?");
	}
	close(fd);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)peer.pid);
	stat = fopen(path, "re");
	if (!stat || fscanf(stat,
			     "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
			     "%llu %llu",
			     &user, &system) != 2) {
		bench_die(path);
	}
	fclose(stat);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double run(enum phase phase, double seconds, double *ret_cpu_us)
{
	struct caller callers[CONNECTIONS];
	uint64_t n = 0;
	double cpu = daemon_cpu();
	int64_t from = bench_ns();

	for (unsigned i = 0; i < CONNECTIONS; i++) {
		callers[i] = (struct caller){ .phase = phase,
			.number = i,
			.want = phase == ADD	? npeople / CONNECTIONS
				: phase == GIVE ? npeople / CONNECTIONS / 2
						: UINT64_MAX,
			.end_ns = from + (int64_t)(seconds * 1e9),
			.seed = 88172645463325252u + i };
		if (pthread_create(&callers[i].thread, NULL, call, &callers[i]) != 0) {
			bench_die("no thread");
		}
	}
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		pthread_join(callers[i].thread, NULL);
		n += callers[i].ndone;
	}
	seconds = bench_seconds(from);
	*ret_cpu_us = (daemon_cpu() - cpu) * 1e6 / (double)n;
	return (double)n / seconds;
}

int main(int argc, char *argv[])
{
	double add, get, search, give, check, filter, add_us, get_us, search_us, give_us,
		check_us, filter_us,
		seconds = argc == 4 ? atof(argv[3]) : 0;

	if (seconds <= 0) {
		bench_die("bench_socket SOCKET PEOPLE SECONDS");
	}
	socket_path = argv[1];
	npeople = strtoull(argv[2], NULL, 10) / CONNECTIONS * CONNECTIONS;
	ids = calloc(npeople, sizeof(*ids));
	if (!ids || npeople == 0) {
		bench_die("how many people?");
	}
	add = run(ADD, 0, &add_us);
	get = run(GET, seconds, &get_us);
	search = run(SEARCH, seconds, &search_us);
	give = run(GIVE, 0, &give_us);
	check = run(CHECK, seconds, &check_us);
	filter = run(FILTER, seconds, &filter_us) * ASKED;
	printf("{\"add\": %.1f, \"get\": %.1f, \"search\": %.1f, \"add_us\": %.1f, "
	       "\"get_us\": %.1f, \"search_us\": %.1f, \"give\": %.1f, \"check\": %.1f, "
	       "\"filter\": %.1f, \"check_us\": %.1f, \"filter_us\": %.3f}\n",
		add, get, search, add_us, get_us, search_us, give, check, filter, check_us,
		filter_us / ASKED);
	free(ids);
	return 0;
}
