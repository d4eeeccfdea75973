/*
 * transfer.h: libcurl as one talks with it to somebody who may be hostile.
 *
 * Built into each plugin that uses it; it is no library.  A transfer follows no redirects, uses no
 * proxy, no cookies, no .netrc and nothing below TLS 1.2, checks certificates, and ends when it takes
 * too long, comes too slowly, or brings too much.  Where it connects is looked at after the name was
 * resolved.  A route's thread.
 */
#ifndef CUSTOS_TRANSFER_H
#define CUSTOS_TRANSFER_H
#include <curl/curl.h>
#include <stdbool.h>

#include "custos_plugin.h"

#define TRANSFER_MAX_BYTES 65536 /* of an answer, and of its headers */

struct transfer {
	CURL *curl;
	bool may_be_internal; /* loopback, private networks; link-local ones never */
	bool was_vetoed;      /* all that the name stands for was not allowed */
	size_t nbody, nheaders;
};

/* curl_global_init, once for each plugin. */
int32_t transfer_startup(void);

/* protocols: as CURLOPT_PROTOCOLS_STR; ca_file: NULL, those of the system.  CU_LATER. */
int32_t transfer_begin(struct transfer *t, const char *protocols, const char *ca_file,
	bool may_be_internal, long timeout_s);
void transfer_end(struct transfer *t);

/* 0 when an answer came, whatever it says; else CU_LATER with the reason, in which nothing stands that
 * the other side said. */
int32_t transfer_run(struct transfer *t, const struct cu_host *host, struct cu_fault *fault);

/* May one connect there? */
bool transfer_may_connect(const struct sockaddr *to, bool may_be_internal);

#endif
