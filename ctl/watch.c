#include "ctl/watch.h"

#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/intl.h"
#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "ctl/term.h"
#include "ctl/watch_facts.h"
#include "wire/args.h"
#include "wire/client.h"

#define ASK_MS 10000

/* A screen of its own without a cursor, and lines that end at its edge; and back. */
#define SCREEN_BEGIN "\033[?1049h\033[?25l\033[?7l"
#define SCREEN_END   "\033[?7h\033[?25h\033[?1049l"

static volatile sig_atomic_t is_over;

static void on_end(int number)
{
	(void)number;
	is_over = 1;
}

/* That the screen has another size interrupts the sleep: it is drawn anew. */
static void on_resize(int number)
{
	(void)number;
}

static void catch_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	/* a write goes on; a sleep and a wait for an answer end all the same */
	struct sigaction end = { .sa_handler = on_end, .sa_flags = SA_RESTART },
			 resize = { .sa_handler = on_resize, .sa_flags = SA_RESTART };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		sigaction(ends[i], &end, NULL);
	}
	sigaction(SIGWINCH, &resize, NULL);
}

static void say(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

/* --- the screen -------------------------------------------------------------------- */

static int rows(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 2 ? size.ws_row : 24;
}

/* As many lines as there is room for; what was there before is wiped line by line, so nothing flickers. */
static void draw(const char *text)
{
	int left = rows() - 1;

	fputs("\033[H", stdout);
	for (const char *end; *text && left > 0; text = *end ? end + 1 : end, left--) {
		end = strchrnul(text, '\n');
		fwrite(text, 1, (size_t)(end - text), stdout);
		fputs("\033[0m\033[K\n", stdout);
	}
	say("\033[J");
}

/* What a function that prints says, as a text. */
static char *render(const struct args *a, const json_t *reply, const char *trouble)
{
	char *text = NULL, now[32];
	size_t n = 0;
	FILE *terminal = stdout, *memory = open_memstream(&text, &n);

	if (!memory) {
		return NULL;
	}
	stdout = memory;
	out_line(_("custosctl watch, %s. Ctrl-C ends it."), out_time((int64_t)time(NULL) * 1000, now));
	if (trouble) {
		term_begin(TERM_WARN);
		out_line(_("reconnecting: %s"), trouble);
		term_end();
	}
	out_line("%s", "");
	if (reply) {
		cmd_status(a, reply);
	}
	stdout = terminal;
	fclose(memory);
	return text;
}

static void show_screen(const struct args *a, const json_t *reply, const char *trouble)
{
	char *text = render(a, reply, trouble);

	if (text) {
		draw(text);
	}
	free(text);
}

/* --- lines ------------------------------------------------------------------------- */

struct watcher {
	const struct args *args;
	struct client *client; /* NULL: not connected */
	json_t *last;          /* reply; NULL: none yet */
	json_t *facts;         /* of last */
	bool is_lost;          /* that it does not answer was said */
};

static void show_lines(struct watcher *w, const char *trouble)
{
	json_t *facts;

	if (trouble && !w->is_lost) {
		facts_line(_("reconnecting: %s"), trouble);
	}
	if (trouble || !w->last) {
		return;
	}
	facts = facts_of(w->last);
	facts_show(w->facts, facts);
	json_decref(w->facts);
	w->facts = facts;
}

static void show(struct watcher *w, const char *trouble)
{
	if (term_is_tty()) {
		show_screen(w->args, w->last, trouble);
	} else {
		show_lines(w, trouble);
		fflush(stdout);
	}
	w->is_lost = trouble != NULL;
}

/* --- asking ------------------------------------------------------------------------ */

static int connect_again(struct watcher *w, struct cu_err *err)
{
	const char *path = args_text(w->args, "socket");
	int r;

	if (w->client) {
		return 0;
	}
	path = path ? path : getenv("CUSTOS_SOCKET");
	r = client_connect(path && *path ? path : CLIENT_SOCKET, ASK_MS, &w->client, err);
	if (r == 0) {
		client_heed(w->client, &is_over);
	}
	return r;
}

static int ask(struct watcher *w, struct cu_err *err)
{
	json_t *reply = NULL;
	int r = connect_again(w, err);

	if (r == 0) {
		r = client_call(w->client, "io.custos.Status", NULL, -1, &reply, err);
	}
	if (r < 0) {
		client_close(w->client);
		w->client = NULL;
		return r;
	}
	json_decref(w->last);
	w->last = reply;
	return 0;
}

/* Such ends by itself: custosd is started again, or has time again. */
static bool is_passing(int code)
{
	return code == CU_EUNAVAIL || code == CU_ETIMEDOUT || code == CU_EPROTO || code == CU_EIO ||
		code == CU_EBUSY || code == CU_ECANCELED;
}

static int look(struct watcher *w, struct cu_err *err)
{
	int r = ask(w, err);

	if (is_over) {
		return 0;
	}
	if (r < 0 && !is_passing(r)) {
		return r;
	}
	show(w, r < 0 ? err->msg : NULL);
	return 0;
}

int watch(const struct args *a, struct cu_err *err)
{
	struct watcher w = { .args = a };
	int64_t seconds = args_count(a, "every", WATCH_EACH_S);
	const struct timespec each = { .tv_sec = seconds < 1 ? 1 : seconds > 3600 ? 3600 : (time_t)seconds };
	int r = 0;

	catch_signals();
	if (term_is_tty()) {
		say(SCREEN_BEGIN);
	}
	while (r == 0 && !is_over) {
		r = look(&w, err);
		if (r == 0 && !is_over) {
			(void)nanosleep(&each, NULL); /* a signal ends it early */
		}
	}
	if (term_is_tty()) {
		say(SCREEN_END);
	}
	client_close(w.client);
	json_decref(w.last);
	json_decref(w.facts);
	return r;
}
