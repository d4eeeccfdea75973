/*
 * PostgreSQL with what the paper adds to it: an index on each attribute, row-level security with
 * a role for each workload, a log of every statement, TLS, and a purge each second (run_gdpr).
 * where: a conninfo of libpq.  One prepared statement for each call, each its own transaction.
 * The audit is read from the end of the newest csv file in GDPR_LOG.
 */
#include <dirent.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"

#define COLUMNS "key,pur,ttl,usr,obj,dec,acl,shr,src,cat"
#define MAX_STATEMENTS 256

struct pg {
	PGconn *conn;
	bool is_prepared[MAX_STATEMENTS];
};

static void *open_pg(const char *where)
{
	struct pg *p = calloc(1, sizeof(*p));

	p->conn = PQconnectdb(where);
	if (PQstatus(p->conn) != CONNECTION_OK) {
		fprintf(stderr, "pg: %s", PQerrorMessage(p->conn));
		PQfinish(p->conn);
		free(p);
		return NULL;
	}
	return p;
}

static void close_pg(void *h)
{
	struct pg *p = h;

	PQfinish(p->conn);
	free(p);
}

/* --- statements -------------------------------------------------------------------------------- */

static int finish(struct pg *p, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	int n = status == PGRES_COMMAND_OK ? atoi(PQcmdTuples(result)) :
		status == PGRES_TUPLES_OK  ? PQntuples(result) :
		state && (strcmp(state, "40P01") == 0 || strcmp(state, "40001") == 0) ?
					     BACKEND_RETRY :
					     BACKEND_FAILED;

	if (n == BACKEND_FAILED) {
		fprintf(stderr, "pg: %s", PQerrorMessage(p->conn));
	}
	PQclear(result);
	return n;
}

/* number: of the statement, which is prepared when it is used first. */
static PGresult *execute(struct pg *p, int number, const char *sql, int n, const char *const *v)
{
	char name[16];

	snprintf(name, sizeof(name), "s%d", number);
	if (!p->is_prepared[number]) {
		PGresult *result = PQprepare(p->conn, name, sql, n, NULL);

		if (PQresultStatus(result) != PGRES_COMMAND_OK) {
			return result;
		}
		PQclear(result);
		p->is_prepared[number] = true;
	}
	return PQexecPrepared(p->conn, name, n, v, NULL, NULL, 0);
}

static int show(struct pg *p, PGresult *result, bool with_data, backend_row *row, void *ctx)
{
	int n = PQresultStatus(result) == PGRES_TUPLES_OK ? PQntuples(result) : 0;

	for (int i = 0; i < n; i++) {
		const char *value[NFIELDS];

		for (int f = 0; f < NMETA; f++) {
			value[f] = PQgetvalue(result, i, f + 1);
		}
		value[DATA] = with_data ? PQgetvalue(result, i, DATA + 1) : NULL;
		row(ctx, PQgetvalue(result, i, 0), value);
	}
	return finish(p, result);
}

/* --- the store --------------------------------------------------------------------------------- */

static bool set_up(struct pg *p, const char *sql)
{
	return finish(p, PQexec(p->conn, sql)) >= 0;
}

static int reset(void *h)
{
	static const char *const roles[] = { "controller", "customer", "processor", "regulator",
		"expirer" };
	char sql[256];
	bool ok = set_up(h, "DROP TABLE IF EXISTS usertable") &&
		set_up(h, "CREATE TABLE usertable(key varchar PRIMARY KEY, pur varchar, ttl varchar, "
			  "usr varchar, obj varchar, dec varchar, acl varchar, shr varchar, src "
			  "varchar, cat varchar, data varchar, expiry timestamptz NOT NULL)") &&
		set_up(h, "CREATE INDEX ON usertable(expiry)");

	for (int f = 0; ok && f < NMETA; f++) {
		snprintf(sql, sizeof(sql), "CREATE INDEX ON usertable(%s)", made_names[f]);
		ok = set_up(h, sql);
	}
	for (int i = 0; ok && i < 5; i++) {
		snprintf(sql, sizeof(sql), "GRANT SELECT,INSERT,UPDATE,DELETE ON usertable TO %s",
			roles[i]);
		ok = set_up(h, sql);
		snprintf(sql, sizeof(sql),
			"CREATE POLICY p_%s ON usertable TO %s USING (true) WITH CHECK (true)",
			roles[i], roles[i]);
		ok = ok && set_up(h, sql);
	}
	ok = ok && set_up(h, "ALTER TABLE usertable ENABLE ROW LEVEL SECURITY");
	return ok ? 0 : BACKEND_FAILED;
}

/* --- calls ------------------------------------------------------------------------------------- */

static int insert(void *h, const struct made *r)
{
	const char *v[NMETA + 3] = { r->key };
	char ttl[16];

	for (int f = 0; f < NMETA; f++) {
		v[f + 1] = r->meta[f];
	}
	snprintf(ttl, sizeof(ttl), "%u", r->ttl_s);
	v[NMETA + 1] = r->data;
	v[NMETA + 2] = ttl;
	return finish(h, execute(h, 0,
				 "INSERT INTO usertable(" COLUMNS ",data,expiry) VALUES($1,$2,$3,$4,"
				 "$5,$6,$7,$8,$9,$10,$11,now()+$12::int*interval '1 s')",
				 NMETA + 3, v));
}

static int read_one(void *h, const char *key, backend_row *row, void *ctx)
{
	return show(h, execute(h, 1, "SELECT " COLUMNS ",data FROM usertable WHERE key=$1", 1, &key),
		true, row, ctx);
}

static int read_meta(void *h, int field, const char *value, bool with_data, backend_row *row,
	void *ctx)
{
	char sql[160];

	snprintf(sql, sizeof(sql), "SELECT " COLUMNS "%s FROM usertable WHERE %s=$1",
		with_data ? ",data" : "", made_names[field]);
	return show(h, execute(h, 10 + field * 2 + with_data, sql, 1, &value), with_data, row, ctx);
}

static int update(void *h, const struct made *r)
{
	const char *v[NMETA + 2] = { r->key };

	for (int f = 0; f < NMETA; f++) {
		v[f + 1] = r->meta[f];
	}
	v[NMETA + 1] = r->data;
	return finish(h, execute(h, 2,
				 "UPDATE usertable SET pur=$2,ttl=$3,usr=$4,obj=$5,dec=$6,acl=$7,"
				 "shr=$8,src=$9,cat=$10,data=$11 WHERE key=$1",
				 NMETA + 2, v));
}

static int update_key(void *h, const char *key, int set, const char *to)
{
	const char *v[2] = { key, to };
	char sql[128];

	snprintf(sql, sizeof(sql), "UPDATE usertable SET %s=$2 WHERE key=$1", made_names[set]);
	return finish(h, execute(h, 40 + set, sql, 2, v));
}

static int update_meta(void *h, int field, const char *value, int set, const char *to)
{
	const char *v[2] = { value, to };
	char sql[128];

	snprintf(sql, sizeof(sql), "UPDATE usertable SET %s=$2 WHERE %s=$1", made_names[set],
		made_names[field]);
	return finish(h, execute(h, 60 + field * 10 + set, sql, 2, v));
}

static int delete_one(void *h, const char *key)
{
	return finish(h, execute(h, 3, "DELETE FROM usertable WHERE key=$1", 1, &key));
}

static int delete_meta(void *h, int field, const char *value)
{
	char sql[96];

	snprintf(sql, sizeof(sql), "DELETE FROM usertable WHERE %s=$1", made_names[field]);
	return finish(h, execute(h, 200 + field, sql, 1, &value));
}

static int count(void *h)
{
	PGresult *result = execute(h, 4, "SELECT count(*) FROM usertable", 0, NULL);
	int n = PQresultStatus(result) == PGRES_TUPLES_OK ? atoi(PQgetvalue(result, 0, 0)) :
							    BACKEND_FAILED;

	PQclear(result);
	return n;
}

static int purge(void *h)
{
	return finish(h, execute(h, 5, "DELETE FROM usertable WHERE expiry <= now()", 0, NULL));
}

/* --- the audit --------------------------------------------------------------------------------- */

static bool find_newest(const char *dir, char *ret, size_t cap)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	time_t newest = 0;

	ret[0] = '\0';
	while (d && (e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);
		char path[512];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (n > 4 && strcmp(e->d_name + n - 4, ".csv") == 0 && stat(path, &st) == 0 &&
			st.st_mtime >= newest) {
			newest = st.st_mtime;
			snprintf(ret, cap, "%s", path);
		}
	}
	if (d) {
		closedir(d);
	}
	return ret[0] != '\0';
}

static int read_log(void *h, int n)
{
	enum { STEP = 65536 };
	static __thread char bytes[STEP];
	const char *dir = getenv("GDPR_LOG");
	char path[512];
	int fd = dir && find_newest(dir, path, sizeof(path)) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	off_t at = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	int got = 0;

	(void)h;
	while (at > 0 && got < n) {
		off_t part = at < STEP ? at : STEP;

		at -= part;
		if (pread(fd, bytes, (size_t)part, at) != part) {
			break;
		}
		for (off_t i = part; i-- > 0 && got < n;) {
			got += bytes[i] == '\n';
		}
	}
	if (fd >= 0) {
		close(fd);
	}
	return got;
}

const struct backend backend_pg = { "pg", open_pg, close_pg, reset, insert, read_one, read_meta,
	update, update_key, update_meta, delete_one, delete_meta, read_log, count, purge };
