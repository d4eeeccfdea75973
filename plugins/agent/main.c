/*
 * custos-agent: the only process of custos that has a network.  It holds no keys.
 *
 * custosd hands it messages; its plugins send them.  It lives as long as one connection to custosd;
 * whoever started it starts it again.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/confine.h"
#include "base/err.h"
#include "base/log.h"

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "plugins", required_argument, NULL, 'p' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ 0 },
};

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: custos-agent [--socket=PATH] [--plugins=DIRECTORY]\n");
	return status;
}

int main(int argc, char *argv[])
{
	struct agent_options options = { "/run/custos/agent.sock", CUSTOS_PLUGINS, NULL };
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	char kept[4096];
	struct cu_err err;
	int c, r;

	if (credentials && snprintf(kept, sizeof(kept), "%s", credentials) < (int)sizeof(kept)) {
		options.credentials_dir = kept; /* the environment goes */
	}
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (c) {
		case 's': options.socket = optarg; break;
		case 'p': options.plugins_dir = optarg; break;
		case 'v': printf("custos-agent %s\n", CUSTOS_VERSION); return 0;
		case 'h': return usage(stdout, 0);
		default: return usage(stderr, cu_err_exit_status(CU_EINVAL));
		}
	}
	if (optind != argc) {
		return usage(stderr, cu_err_exit_status(CU_EINVAL));
	}
	r = confine_prepare(&err);
	if (r == 0) {
		r = agent_run(&options, &err);
	}
	if (r < 0) {
		log_error("%s", err.msg);
		return cu_err_exit_status(r);
	}
	return 0;
}
