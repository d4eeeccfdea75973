/*
 * custosd: keeps customers' personal data, and forgets it when it must.
 *
 * Options, wiring, signals; nothing else.
 */
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/intl.h"
#include "base/log.h"
#include "base/path.h"
#include "control/agent_link.h"
#include "control/daemon.h"
#include "control/drill_worker.h"
#include "control/launcher.h"
#include "control/peer.h"
#include "control/policy_files.h"
#include "control/recovery.h"
#include "control/residue_worker.h"
#include "job/work.h"
#include "service/service.h"
#include "wire/message.h"

struct signals {
	uv_signal_t term, interrupt, hangup;
	struct daemon *daemon;
};

#define FILES_WANTED 4096
#define LARGE        (256 << 10)

static const struct option long_options[] = {
	{ "state", required_argument, NULL, 's' },
	{ "policies", required_argument, NULL, 'p' },
	{ "socket", required_argument, NULL, 'l' },
	{ "intake", required_argument, NULL, 'i' },
	{ "agent", required_argument, NULL, 'g' },
	{ "agent-user", required_argument, NULL, 'u' },
	{ "plugins", required_argument, NULL, 'P' },
	{ "idle-ms", required_argument, NULL, 'm' }, /* for tests: not in the usage */
	{ "stall-ms", required_argument, NULL, 'w' }, /* likewise */
	{ "clock-ahead-ms", required_argument, NULL, 'a' }, /* likewise */
	{ "clock-ahead-file", required_argument, NULL, 'f' }, /* likewise: read whenever time is asked */
	{ "debug", no_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ 0 },
};

static int usage(FILE *to, int status)
{
	fprintf(to, "%s",
		_("usage: custosd [--state=DIRECTORY] [--policies=DIRECTORY] [--socket=PATH]\n"
		  "               [--intake=PROGRAM] [--agent=PROGRAM] [--agent-user=USER]\n"
		  "               [--plugins=DIRECTORY] [--debug]\n"
		  "       custosd restore --help\n"
		  "       custosd check-policies [DIRECTORY]\n"));
	return status;
}

/* For as many connections as there may be, and their descriptors. */
static void allow_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FILES_WANTED) {
		files.rlim_cur = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
		(void)setrlimit(RLIMIT_NOFILE, &files); /* control/caller.h makes do with what there is */
	}
}

/* What is large goes back to the system when it is freed; by itself glibc keeps up to 32 MiB of it in each heap,
 * and after a crowd of callers several hundred. */
static void give_memory_back(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
}

/* Nothing of a key or a person may end in a core dump or another process's hands. */
static void protect_process(void)
{
	struct rlimit none = { 0, 0 };

	umask(0077);
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
}

static void on_stop_signal(uv_signal_t *handle, int number)
{
	struct signals *s = handle->data;

	log_notice("stopping: %s", strsignal(number));
	service_stopping();
	daemon_stop(s->daemon);
}

static void on_hangup(uv_signal_t *handle, int number)
{
	struct signals *s = handle->data;

	(void)number;
	reload_begin(s->daemon);
}

static void watch_signals(struct signals *s, struct daemon *d, uv_loop_t *loop)
{
	uv_signal_t *all[] = { &s->term, &s->interrupt, &s->hangup };

	s->daemon = d;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uv_signal_init(loop, all[i]);
		all[i]->data = s;
		uv_unref((uv_handle_t *)all[i]);
	}
	uv_signal_start(&s->term, on_stop_signal, SIGTERM);
	uv_signal_start(&s->interrupt, on_stop_signal, SIGINT);
	uv_signal_start(&s->hangup, on_hangup, SIGHUP);
}

/* Whoever asks an ending custosd to end does not change how it ends: its status says why. */
static void forget_signals(struct signals *s)
{
	uv_close((uv_handle_t *)&s->term, NULL);
	uv_close((uv_handle_t *)&s->interrupt, NULL);
	uv_close((uv_handle_t *)&s->hangup, NULL);
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

/* A name or a number; whether there is one of this name. */
static bool find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *p = getpwnam(name);
	char *end;
	unsigned long number = strtoul(name, &end, 10);

	if (p) {
		*ret_uid = p->pw_uid;
		*ret_gid = p->pw_gid;
		return true;
	}
	*ret_uid = (uid_t)number;
	*ret_gid = (gid_t)number;
	return *name && !*end && number > 0 && number < PEER_OVERFLOW;
}

/* "agent.sock" beside the control socket. */
static int place_agent_socket(const char *socket, char out[PATH_SIZE], struct cu_err *err)
{
	const char *slash = strrchr(socket, '/');
	char dir[PATH_SIZE];

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - socket) : 1, slash ? socket : ".");
	return path_join(out, dir, "agent.sock", err);
}

static int serve(const struct daemon_options *options, struct launcher *launcher)
{
	static struct daemon daemon; /* large, and there is one */
	struct signals signals = { 0 };
	uv_loop_t loop;
	struct cu_err err;
	int r;

	work_init();
	if (uv_loop_init(&loop) < 0) {
		log_error("no event loop");
		return 1;
	}
	r = daemon_init(&daemon, &loop, options, launcher, &err);
	if (r == 0) {
		watch_signals(&signals, &daemon, &loop);
		log_happened(LOG_LEVEL_NOTICE, LOG_EVENT_STARTED, CUSTOS_VERSION,
			"custosd %s serves %s at %s", CUSTOS_VERSION, options->state_dir,
			options->socket);
		service_ready("serving");
		uv_run(&loop, UV_RUN_DEFAULT);
		forget_signals(&signals);
	} else {
		log_error("%s", err.msg);
	}
	daemon_done(&daemon);
	uv_loop_close(&loop);
	return r < 0 ? cu_err_exit_status(r) : daemon.exit_status;
}

/* A test writes there how far ahead the clock is, in milliseconds: years pass in one run. */
static int64_t *map_clock(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *p = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED) {
		log_error("%s: cannot be read as a clock", path);
		exit(1);
	}
	close(fd);
	return p;
}

int main(int argc, char *argv[])
{
	int64_t clock_ahead_ms;
	struct daemon_options options = { "/var/lib/custos", POLICY_DIR,
		"/run/custos/custos.sock", .confines = true };
	struct launcher_programs programs = { .intake = CUSTOS_INTAKE, .agent = CUSTOS_AGENT,
		.plugins = CUSTOS_PLUGINS };
	struct agent_link_options agent = { .is_launched = true };
	const char *agent_user = "custos-agent";
	char agent_socket[PATH_SIZE];
	struct launcher *launcher = NULL;
	struct cu_err err;
	int c, status;

	options.credentials_dir = getenv("CREDENTIALS_DIRECTORY");
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	protect_process();
	allow_files();
	give_memory_back();
	message_wipe_json();
	if (argc > 1 && strcmp(argv[1], "restore") == 0) {
		(void)intl_use(intl_of_environment());
		return recovery_main(argc - 1, argv + 1);
	}
	if (argc > 1 && strcmp(argv[1], POLICY_FILES) == 0) {
		(void)intl_use(intl_of_environment());
		return policy_files_main(argc - 1, argv + 1);
	}
	if (argc > 1 && strcmp(argv[1], DRILL_WORKER) == 0) {
		return drill_worker_main();
	}
	if (argc > 1 && strcmp(argv[1], RESIDUE_WORKER) == 0) {
		return residue_worker_main();
	}
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (c) {
		case 's': options.state_dir = optarg; break;
		case 'p': options.policy_dir = optarg; break;
		case 'l': options.socket = optarg; break;
		case 'i': programs.intake = optarg; break;
		case 'g': programs.agent = optarg; break;
		case 'u': agent_user = optarg; break;
		case 'P': programs.plugins = optarg; break;
		case 'm': options.idle_ms = strtoull(optarg, NULL, 10); break;
		case 'w': options.stall_ms = strtoll(optarg, NULL, 10); break;
		case 'a':
			clock_ahead_ms = strtoll(optarg, NULL, 10);
			options.clock_ahead_ms = &clock_ahead_ms;
			break;
		case 'f': options.clock_ahead_ms = map_clock(optarg); break;
		case 'd': log_set_level(LOG_LEVEL_DEBUG); break;
		case 'v': printf("custosd %s\n", CUSTOS_VERSION); return 0;
		case 'h': return usage(stdout, 0);
		default: return usage(stderr, cu_err_exit_status(CU_EINVAL));
		}
	}
	if (optind != argc) {
		return usage(stderr, cu_err_exit_status(CU_EINVAL));
	}
	agent.has_uid = find_user(agent_user, &programs.agent_uid, &programs.agent_gid);
	agent.uid = programs.agent_uid;
	agent.is_launched = *programs.agent != '\0';
	programs.has_agent_uid = agent.has_uid;
	programs.agent_socket = agent.socket = agent_socket;
	options.agent = &agent;
	service_use_journal();
	if (service_take_socket(&options.socket_fd, &err) < 0 ||
		place_agent_socket(options.socket, agent_socket, &err) < 0 ||
		launcher_start(&programs, &launcher, &err) < 0) {
		log_error("%s", err.msg);
		return 1;
	}
	status = serve(&options, launcher);
	launcher_stop(launcher);
	return status;
}
