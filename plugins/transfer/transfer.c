#include "transfer/transfer.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_S 15L
#define SLOW_BYTES        16L /* a second, on average ... */
#define SLOW_S            15L /* ... over so long is no transfer */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- where to ------------------------------------------------------------------------------ */

/* IANA's registry of special addresses, RFC 6890 and after. */
static const struct net4 {
	uint32_t net;
	unsigned bits;
	bool is_internal; /* else never */
} special4[] = {
	{ 0x00000000, 8, false },  /* this network */
	{ 0x0a000000, 8, true },   /* 10/8 */
	{ 0x64400000, 10, true },  /* 100.64/10, of providers */
	{ 0x7f000000, 8, true },   /* loopback */
	{ 0xa9fe0000, 16, false }, /* 169.254/16: link-local, metadata of clouds */
	{ 0xac100000, 12, true },  /* 172.16/12 */
	{ 0xc0000000, 24, false }, /* 192.0.0/24 */
	{ 0xc0000200, 24, false }, /* documentation, as two below */
	{ 0xc0a80000, 16, true },  /* 192.168/16 */
	{ 0xc6120000, 15, false }, /* benchmarks */
	{ 0xc6336400, 24, false },
	{ 0xcb007100, 24, false },
	{ 0xe0000000, 4, false },  /* multicast */
	{ 0xf0000000, 4, false },  /* reserved, broadcast */
};

static bool may_connect4(uint32_t a, bool may_be_internal)
{
	for (size_t i = 0; i < COUNT(special4); i++) {
		if ((a ^ special4[i].net) >> (32 - special4[i].bits) == 0) {
			return special4[i].is_internal && may_be_internal;
		}
	}
	return true;
}

static uint32_t read32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool may_connect6(const uint8_t a[16], bool may_be_internal)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	static const uint8_t loopback[16] = { [15] = 1 };

	if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0) {
		return may_connect4(read32(a + 12), may_be_internal);
	}
	if (a[0] == 0x20 && a[1] == 0x02) { /* 6to4 */
		return may_connect4(read32(a + 2), may_be_internal);
	}
	if (memcmp(a, loopback, 16) == 0 || (a[0] & 0xfe) == 0xfc) {
		return may_be_internal;
	}
	/* what is global, without documentation (2001:db8) and Teredo and its like (2001:0000/23) */
	return (a[0] & 0xe0) == 0x20 &&
		!(a[0] == 0x20 && a[1] == 0x01 && (a[2] < 2 || (a[2] == 0x0d && a[3] == 0xb8)));
}

bool transfer_may_connect(const struct sockaddr *to, bool may_be_internal)
{
	switch (to->sa_family) {
	case AF_INET:
		return may_connect4(
			ntohl(((const struct sockaddr_in *)(const void *)to)->sin_addr.s_addr),
			may_be_internal);
	case AF_INET6:
		return may_connect6(((const struct sockaddr_in6 *)(const void *)to)->sin6_addr.s6_addr,
			may_be_internal);
	default: return false;
	}
}

static curl_socket_t open_socket(void *transfer, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = transfer;

	(void)purpose;
	if (!transfer_may_connect(&to->addr, t->may_be_internal)) {
		t->was_vetoed = true;
		return CURL_SOCKET_BAD;
	}
	t->was_vetoed = false;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* --- what comes ------------------------------------------------------------------------------ */

static size_t count_up(size_t *n, size_t more)
{
	*n += more;
	return *n > TRANSFER_MAX_BYTES ? 0 : more; /* less than it gave ends the transfer */
}

/* It is dropped. */
static size_t on_body(char *p, size_t size, size_t n, void *transfer)
{
	(void)p;
	return count_up(&((struct transfer *)transfer)->nbody, size * n);
}

static size_t on_header(char *p, size_t size, size_t n, void *transfer)
{
	(void)p;
	return count_up(&((struct transfer *)transfer)->nheaders, size * n);
}

/* --- a transfer ------------------------------------------------------------------------------ */

int32_t transfer_startup(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? CU_DONE : CU_LATER;
}

#define SET(t, option, value) (curl_easy_setopt((t)->curl, option, value) == CURLE_OK)

int32_t transfer_begin(struct transfer *t, const char *protocols, const char *ca_file,
	bool may_be_internal, long timeout_s)
{
	bool is_set;

	*t = (struct transfer){ .curl = curl_easy_init(), .may_be_internal = may_be_internal };
	if (!t->curl) {
		return CU_LATER;
	}
	is_set = SET(t, CURLOPT_PROTOCOLS_STR, protocols) && SET(t, CURLOPT_FOLLOWLOCATION, 0L) &&
		SET(t, CURLOPT_PROXY, "") && SET(t, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
		SET(t, CURLOPT_NOSIGNAL, 1L) && SET(t, CURLOPT_NOPROGRESS, 1L) &&
		SET(t, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
		SET(t, CURLOPT_SSL_VERIFYPEER, 1L) && SET(t, CURLOPT_SSL_VERIFYHOST, 2L) &&
		(!ca_file || (SET(t, CURLOPT_CAINFO, ca_file) && SET(t, CURLOPT_CAPATH, NULL))) &&
		SET(t, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S) &&
		SET(t, CURLOPT_TIMEOUT, timeout_s) && SET(t, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES) &&
		SET(t, CURLOPT_LOW_SPEED_TIME, SLOW_S) && SET(t, CURLOPT_FORBID_REUSE, 1L) &&
		SET(t, CURLOPT_OPENSOCKETFUNCTION, open_socket) && SET(t, CURLOPT_OPENSOCKETDATA, t) &&
		SET(t, CURLOPT_WRITEFUNCTION, on_body) && SET(t, CURLOPT_WRITEDATA, t) &&
		SET(t, CURLOPT_HEADERFUNCTION, on_header) && SET(t, CURLOPT_HEADERDATA, t);
	if (!is_set) {
		transfer_end(t);
		return CU_LATER;
	}
	return CU_DONE;
}

void transfer_end(struct transfer *t)
{
	curl_easy_cleanup(t->curl);
	t->curl = NULL;
}

int32_t transfer_run(struct transfer *t, const struct cu_host *host, struct cu_fault *fault)
{
	CURLcode code = curl_easy_perform(t->curl);

	if (code == CURLE_OK) {
		return CU_DONE;
	}
	if (t->was_vetoed) {
		return host->fail(fault, CU_LATER, "its name leads to an address that is not allowed");
	}
	if (t->nbody > TRANSFER_MAX_BYTES || t->nheaders > TRANSFER_MAX_BYTES) {
		return host->fail(fault, CU_LATER, "its answer is over %d bytes", TRANSFER_MAX_BYTES);
	}
	return host->fail(fault, CU_LATER, "%s", curl_easy_strerror(code)); /* libcurl's own words */
}
