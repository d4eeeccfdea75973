#include "be_custos.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "reply.h"

#define COLLECTION "\"collection\":\"data\""
#define CALL_MAX   2048

struct custos {
	int fd;
	char *in; /* what was received: frames that end with NUL */
	size_t n, cap, at;
};

const char *const be_custos_categories[10] = { "user.name", "user.account", "user.contact",
	"user.contact.email", "user.contact.phone_number", "user.settings", "user.unique_id",
	"user.content.private", "user.behavior.purchase_history", "user.demographic.date_of_birth" };

void *be_custos_of(int fd)
{
	struct custos *c = calloc(1, sizeof(*c));

	c->fd = fd;
	c->cap = 1 << 16;
	c->in = malloc(c->cap);
	return c;
}

static void *open_socket(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror(path);
		return NULL;
	}
	return be_custos_of(fd);
}

static void close_socket(void *h)
{
	struct custos *c = h;

	close(c->fd);
	free(c->in);
	free(c);
}

/* --- frames ------------------------------------------------------------------------------------ */

static bool send_all(struct custos *c, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(c->fd, text, n, MSG_NOSIGNAL);

		if (sent < 0) {
			return false;
		}
		text += sent;
		n -= (size_t)sent;
	}
	return true;
}

__attribute__((format(printf, 3, 4))) static bool send_call(struct custos *c, const char *method,
	const char *fmt, ...)
{
	char text[CALL_MAX];
	int n = snprintf(text, sizeof(text),
		"{\"method\":\"io.custos.%s\",%s\"parameters\":{", method,
		strcmp(method, "record.List") == 0 ? "\"more\":true," : "");
	va_list args;

	va_start(args, fmt);
	n += vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, args);
	va_end(args);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "}}");
	c->n = c->at = 0; /* the last reply was read to its end */
	return send_all(c, text, (size_t)n + 1);
}

/* The next frame, until the one after it is asked for; NULL: the connection is over. */
static char *next_frame(struct custos *c)
{
	size_t looked = c->at;
	char *end;

	while ((end = memchr(c->in + looked, '\0', c->n - looked)) == NULL) {
		ssize_t got;

		looked = c->n;
		if (c->n == c->cap) {
			c->cap *= 2;
			c->in = realloc(c->in, c->cap);
		}
		got = recv(c->fd, c->in + c->n, c->cap - c->n, 0);
		if (got <= 0) {
			return NULL;
		}
		c->n += (size_t)got;
	}
	looked = c->at;
	c->at = (size_t)(end - c->in) + 1;
	return c->in + looked;
}

/* The whole answer, frame by frame: its records go to row, its number into ret.  What is not
 * found is nothing: 0. */
static int answer(struct custos *c, const char *number, backend_row *row, void *ctx)
{
	struct reply r = { .number = number, .row = row, .ctx = ctx };
	int n = 0;

	do {
		char *frame = next_frame(c);

		if (!frame || !reply_read(&r, frame)) {
			fprintf(stderr, "custos: %s\n", frame ? "a reply is not understood" : "hung up");
			return BACKEND_FAILED;
		}
		n += r.nrows;
	} while (r.continues);
	if (r.error[0]) {
		if (strcmp(r.error, "io.custos.NotFound") == 0) {
			return 0;
		}
		fprintf(stderr, "custos: %s: %s\n", r.error, r.message);
		return BACKEND_FAILED;
	}
	return number ? (int)r.value : n;
}

/* --- records and rules ------------------------------------------------------------------------- */

static const char *category(const char *value)
{
	return be_custos_categories[atoi(value + 3) % 10];
}

static const char *automated(const char *value)
{
	return strcmp(value, "dec0") == 0 ? "yes" : "no";
}

/* The parameters of Put, but for its mode. */
static void format_record(const struct made *r, char *to, size_t cap)
{
	snprintf(to, cap,
		"\"purpose\":\"service\",\"records\":[{" COLLECTION ",\"key\":\"%s\","
		"\"owner\":{\"scheme\":\"user\",\"number\":\"%s\"},"
		"\"rule\":{\"purposes\":[\"service\",\"%s\"],\"objections\":[\"%s\"],"
		"\"automated\":%s,\"roles\":[\"%s\"],\"recipients\":[\"%s\"],\"source\":\"%s\","
		"\"category\":\"%s\",\"keep\":\"%ss\"},"
		"\"fields\":{\"user\":\"%s\",\"data\":\"%s\"}}]",
		r->key, r->meta[USR], r->meta[PUR], r->meta[OBJ],
		strcmp(automated(r->meta[DEC]), "yes") == 0 ? "true" : "false", r->meta[ACL],
		r->meta[SHR], r->meta[SRC], category(r->meta[CAT]), r->meta[TTL], r->meta[USR],
		r->data);
}

/* Which records: all with this value in this field. */
static void format_where(int field, const char *value, char to[256])
{
	static const char *const words[NMETA] = { "purpose", "keep", "key", "objection",
		"automated", "role", "recipient", "source", "category" };
	const char *is = field == DEC ? automated(value) : field == CAT ? category(value) : value;

	if (field == USR) {
		snprintf(to, 256, COLLECTION ",\"where\":\"key\",\"scheme\":\"user\",\"key\":\"%s\"", value);
	} else {
		snprintf(to, 256, COLLECTION ",\"where\":\"%s\",\"is\":\"%s%s\"", words[field], is,
			field == TTL ? "s" : "");
	}
}

static void format_key(const char *key, char to[256])
{
	snprintf(to, 256, COLLECTION ",\"where\":\"key\",\"key\":\"%s\"", key);
}

/* --- calls ------------------------------------------------------------------------------------- */

static int reset(void *h)
{
	(void)h;
	return 0; /* run_gdpr makes a store */
}

static int put(void *h, const struct made *r, const char *mode)
{
	char record[CALL_MAX / 2];
	int n;

	format_record(r, record, sizeof(record));
	if (!send_call(h, "record.Put", "%s,\"mode\":\"%s\"", record, mode)) {
		return BACKEND_FAILED;
	}
	n = answer(h, "records", NULL, NULL);
	return n;
}

static int insert(void *h, const struct made *r)
{
	return put(h, r, "new");
}

static int update(void *h, const struct made *r)
{
	return put(h, r, "known");
}

static int read_one(void *h, const char *key, backend_row *row, void *ctx)
{
	return send_call(h, "record.Get",
		       "\"purpose\":\"service\",\"by\":\"key\"," COLLECTION ",\"key\":\"%s\"", key) ?
		answer(h, NULL, row, ctx) :
		BACKEND_FAILED;
}

static int read_meta(void *h, int field, const char *value, bool with_data, backend_row *row,
	void *ctx)
{
	char where[256];

	format_where(field, value, where);
	return send_call(h, "record.List", "\"purpose\":\"service\",%s%s", where,
		       with_data ? "" : ",\"fields\":[\"user\"]") ?
		answer(h, NULL, row, ctx) :
		BACKEND_FAILED;
}

static int set_rule(void *h, const char *where, int set, const char *to)
{
	static const char *const words[NMETA] = { "purpose", "keep", "", "objection", "automated",
		"role", "recipient", "source", "category" };
	const char *value = set == DEC ? automated(to) : set == CAT ? category(to) : to;

	return send_call(h, "record.Rule",
		       "\"purpose\":\"service\",%s,\"set\":\"%s\",\"values\":[\"%s%s\"],"
		       "\"dry_run\":false",
		       where, words[set], value, set == TTL ? "s" : "") ?
		answer(h, "matched", NULL, NULL) :
		BACKEND_FAILED;
}

static int update_key(void *h, const char *key, int set, const char *to)
{
	char where[256];

	format_key(key, where);
	return set_rule(h, where, set, to);
}

static int update_meta(void *h, int field, const char *value, int set, const char *to)
{
	char where[256];

	format_where(field, value, where);
	return set_rule(h, where, set, to);
}

static int delete_where(void *h, const char *where)
{
	return send_call(h, "record.Delete", "\"purpose\":\"service\",%s,\"dry_run\":false", where) ?
		answer(h, "deleted", NULL, NULL) :
		BACKEND_FAILED;
}

static int delete_one(void *h, const char *key)
{
	char where[256];

	format_key(key, where);
	return delete_where(h, where);
}

static int delete_meta(void *h, int field, const char *value)
{
	char where[256];

	format_where(field, value, where);
	return delete_where(h, where);
}

static int read_log(void *h, int n)
{
	return send_call(h, "log.Show", "\"count\":%d", n) ? answer(h, "leaves", NULL, NULL) :
							     BACKEND_FAILED;
}

static int count(void *h)
{
	return send_call(h, "record.Count", "\"purpose\":\"service\"," COLLECTION) ?
		answer(h, "count", NULL, NULL) :
		BACKEND_FAILED;
}

const struct backend backend_custos = { "custos", open_socket, close_socket, reset, insert,
	read_one, read_meta, update, update_key, update_meta, delete_one, delete_meta, read_log,
	count, NULL };
