/*
 * custos-verify: checks what custos published, with none of custos's own code.
 *
 * For an auditor, a court, a person who was forgotten: it needs the file and the log's
 * verifier key, which must have come by another way than the file.
 */
#include <getopt.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/certificate.h"
#include "verify/receipt.h"
#include "verify/flaw.h"
#include "verify/inclusion.h"
#include "verify/input.h"
#include "verify/published.h"
#include "verify/report.h"
#include "verify/signed.h"

static const char usage[] =
	"NAME\n"
	"  custos-verify - check a log, a proof or a certificate of custos, "
	"independently\n"
	"\n"
	"SYNOPSIS\n"
	"  custos-verify log         --key=KEY [--from=CHECKPOINT] DIR\n"
	"  custos-verify checkpoint  --key=KEY FILE\n"
	"  custos-verify proof       --key=KEY --leaf=ENTRY FILE\n"
	"  custos-verify certificate --key=KEY [--log=DIR] FILE\n"
	"  custos-verify receipt     --key=KEY [--log=DIR] FILE\n"
	"\n"
	"DESCRIPTION\n"
	"  Computes everything once more and shares no code with the daemon that wrote "
	"it.\n"
	"  FILE may be '-' for standard input.\n"
	"\n"
	"  log          A published log: DIR has 'checkpoint' and 'tile/'. Every "
	"entry, every\n"
	"               tile, the root, the signature.\n"
	"  checkpoint   The signature of a checkpoint.\n"
	"  proof        What 'custosctl log prove' printed: that ENTRY is in the log.\n"
	"  certificate  A certificate of erasure: its signature, its proofs, and that "
	"all of\n"
	"               it says the same.\n"
	"  receipt      A receipt of what somebody said about a purpose: the same.\n"
	"\n"
	"OPTIONS\n"
	"  --key=KEY    The log's verifier key, <name>+<hash>+<base64>, or a file with "
	"it on\n"
	"               one line. Take it from whom you trust: 'custosctl init' prints "
	"it,\n"
	"               'custosctl log checkpoint' shows it. Never from beside the "
	"log.\n"
	"  --from=FILE  An older checkpoint of the same log that you kept: the log "
	"must\n"
	"               extend it, so nothing before it was changed or cut.\n"
	"  --leaf=ENTRY The entry, 'v=1 t=...', or a file with it on one line.\n"
	"  --log=DIR    A mirror of the log: the certificate's entries must stand in "
	"it, and\n"
	"               it must have no other shredding of this erasure.\n"
	"  --json       One JSON object on standard output.\n"
	"  --help, --version\n"
	"\n"
	"EXIT STATUS\n"
	"  0 valid   64 usage   65 NOT VALID   66 a file is not there   74 could not "
	"be read\n";

struct options {
	const char *verb, *key, *from, *leaf, *log, *path;
	bool is_json;
	char key_text[256];
	struct signed_key by;
};

/* --- arguments -------------------------------------------------------------------- */

/* A file's one line, with or without its newline. */
static int read_line(const char *path, size_t limit, struct input *in,
	struct bytes *ret, struct flaw *f)
{
	if (input_read(in, path, limit + 1, f) < 0) {
		return -1;
	}
	*ret = input_bytes(in);
	if (ret->n > 0 && ret->p[ret->n - 1] == '\n') {
		ret->n--;
	}
	if (ret->n == 0 || memchr(ret->p, '\n', ret->n)) {
		return flaw_set(f, VERDICT_INVALID, "%s: is not one line", path);
	}
	return 0;
}

/* A key has a '+'; what has none is the name of a file with one. */
static int take_key(struct options *o, struct flaw *f)
{
	struct input in = { NULL, 0, 0 };
	struct bytes text = bytes_of_text(o->key);
	int r = 0;

	if (!strchr(o->key, '+')) {
		r = read_line(o->key, sizeof(o->key_text), &in, &text, f);
	}
	if (r == 0 && !bytes_copy_text(text, o->key_text, sizeof(o->key_text))) {
		r = flaw_set(f, VERDICT_USAGE, "not a verifier key");
	}
	input_done(&in);
	return r < 0 || signed_parse_key(o->key_text, &o->by, f) < 0
		       ? flaw_in(f, "--key")
		       : 0;
}

enum { OPT_KEY = 1, OPT_FROM, OPT_LEAF, OPT_LOG, OPT_JSON, OPT_HELP, OPT_VERSION };

static const struct option longs[] = {
	{ "key", required_argument, NULL, OPT_KEY },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "leaf", required_argument, NULL, OPT_LEAF },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

/* An option twice would leave it open which one was checked. */
static bool set_once(const char **to)
{
	bool is_first = *to == NULL;

	*to = optarg;
	return is_first;
}

static int parse_options(int argc, char *argv[], struct options *o, struct flaw *f)
{
	bool is_good = true;

	for (int c; is_good && (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		switch (c) {
		case OPT_KEY: is_good = set_once(&o->key); break;
		case OPT_FROM: is_good = set_once(&o->from); break;
		case OPT_LEAF: is_good = set_once(&o->leaf); break;
		case OPT_LOG: is_good = set_once(&o->log); break;
		case OPT_JSON: o->is_json = true; break;
		case OPT_HELP: fputs(usage, stdout); exit(VERDICT_VALID);
		case OPT_VERSION:
			puts("custos-verify " CUSTOS_VERSION);
			exit(VERDICT_VALID);
		default: is_good = false; break;
		}
	}
	if (!is_good || argc - optind != 2) {
		return flaw_set(f, VERDICT_USAGE, "what is to be checked? see --help");
	}
	o->verb = argv[optind];
	o->path = argv[optind + 1];
	return 0;
}

/* --- verbs ------------------------------------------------------------------------ */

static void tell_head(
	struct report *r, const struct options *o, const struct head *head)
{
	char root[sodium_base64_ENCODED_LEN(
		MERKLE_SIZE, sodium_base64_VARIANT_ORIGINAL)];

	sodium_bin2base64(root, sizeof(root), head->root, MERKLE_SIZE,
		sodium_base64_VARIANT_ORIGINAL);
	report_fact(r, "log", "%s", o->by.name);
	report_fact(r, "entries", "%" PRIu64, head->size);
	report_fact(r, "root", "%s", root);
}

static int read_head(
	const struct options *o, const char *path, struct head *ret, struct flaw *f)
{
	struct input in = { NULL, 0, 0 };
	int r = input_read(&in, path, HEAD_LIMIT, f);

	if (r == 0 && head_open(input_bytes(&in), &o->by, ret, f) < 0) {
		r = flaw_in(f, "%s", path);
	}
	input_done(&in);
	return r;
}

static int check_log(const struct options *o, struct report *r, struct flaw *f)
{
	struct published_waypoint from = { 0 };
	struct published_wish wish = { &from, o->from ? 1 : 0, NULL, NULL };
	struct published_result result;
	struct head older;

	if (o->from) {
		if (read_head(o, o->from, &older, f) < 0) {
			return -1;
		}
		from.size = older.size;
		memcpy(from.root, older.root, MERKLE_SIZE);
	}
	if (published_check(o->path, &o->by, &wish, &result, f) < 0) {
		return -1;
	}
	tell_head(r, o, &result.head);
	report_checked(r, "the checkpoint is signed by this key");
	report_checked(r,
		"each of %" PRIu64
		" entries is in the strict form and hashes to its tile",
		result.head.size);
	report_checked(r,
		"%" PRIu64 " files agree, byte for byte, with the checkpoint's root",
		result.nfiles);
	if (o->from) {
		report_checked(r,
			"the log extends the older checkpoint of %" PRIu64 " entries",
			from.size);
	} else {
		report_unproven(r, "that nothing was cut or changed since an earlier "
				   "day: keep this "
				   "checkpoint, and give it with --from next time");
	}
	if (result.nbeyond > 0) {
		report_fact(r, "not judged",
			"%" PRIu64 " files that this checkpoint does not cover",
			result.nbeyond);
	}
	report_unproven(
		r, "that this is the newest state of the log: ask another mirror");
	report_unproven(r,
		"that what the entries say is true, or that nothing was left unsaid");
	return 0;
}

static int check_checkpoint(const struct options *o, struct report *r, struct flaw *f)
{
	struct head head;

	if (read_head(o, o->path, &head, f) < 0) {
		return -1;
	}
	tell_head(r, o, &head);
	report_checked(r, "the checkpoint is signed by this key");
	report_unproven(r, "that a log with this root exists: check the log itself");
	return 0;
}

static int check_proof(const struct options *o, struct report *r, struct flaw *f)
{
	struct input proof = { NULL, 0, 0 }, file = { NULL, 0, 0 };
	struct bytes line = bytes_of_text(o->leaf);
	struct entry entry;
	struct head head;
	uint64_t index;
	int result = -1;

	if (strncmp(o->leaf, "v=", 2) != 0 &&
		read_line(o->leaf, ENTRY_LIMIT, &file, &line, f) < 0) {
		(void)flaw_in(f, "--leaf");
	} else if (input_read(&proof, o->path, INCLUSION_LIMIT, f) == 0 &&
		   entry_parse(line, &entry, f) == 0 &&
		   inclusion_check(
			   input_bytes(&proof), line, &o->by, &index, &head, f) == 0) {
		tell_head(r, o, &head);
		report_fact(r, "index", "%" PRIu64, index);
		report_fact(r, "time", "%.*s", (int)entry.time.n,
			(const char *)entry.time.p);
		report_fact(
			r, "act", "%.*s", (int)entry.act.n, (const char *)entry.act.p);
		report_checked(r, "the checkpoint is signed by this key");
		report_checked(r, "the entry is in the strict form and in the log with "
				  "this root");
		report_unproven(r, "that what the entry says is true");
		report_unproven(r, "anything about other entries");
		result = 0;
	}
	input_done(&proof);
	input_done(&file);
	return result;
}

static void tell_certificate(struct report *r, const struct certificate *c)
{
	report_fact(r, "store", "%s", c->store);
	report_fact(r, "erasure", "%s", c->erasure);
	report_fact(r, "subject", "%s", c->subject);
	report_fact(r, "scope", "%s", c->scope);
	report_fact(r, "purpose", "%s", c->purpose);
	report_fact(r, "begun", "%.*s", (int)c->claims[0].entry.time.n,
		(const char *)c->claims[0].entry.time.p);
	report_fact(r, "done", "%.*s", (int)c->claims[c->nclaims - 1].entry.time.n,
		(const char *)c->claims[c->nclaims - 1].entry.time.p);
	report_fact(r, "issued", "%s", c->issued);
	report_fact(r, "generation", "%" PRIu64, c->generation);
	report_fact(r, "keys shredded", "%" PRIu64, c->nslots);
	report_fact(r, "guarantee", "%s", c->guarantee);
	report_fact(r, "last copy", "%s%s%s", c->last_state, c->last_date ? " " : "",
		c->last_date ? c->last_date : "");
	report_fact(r, "statement", "%s", c->statement);
}

static int check_certificate(const struct options *o, struct report *r, struct flaw *f)
{
	struct input in = { NULL, 0, 0 };
	struct certificate c = { NULL };
	struct published_result log;
	int result = -1;

	if (input_read(&in, o->path, CERTIFICATE_LIMIT, f) == 0 &&
		certificate_open(input_bytes(&in), o->key_text, &o->by, &c, f) == 0 &&
		(!o->log || certificate_check_log(&c, o->log, &o->by, &log, f) == 0)) {
		tell_certificate(r, &c);
		report_checked(r, "the certificate is signed by this key");
		report_checked(r,
			"%zu entries are in the log: begin, %zu of shredding, done",
			c.nclaims, c.nclaims - 2);
		report_checked(r,
			"members and entries agree: erasure, subject, purpose, "
			"generation, number of keys, order of times");
		if (o->log) {
			report_checked(r,
				"the whole log of %" PRIu64
				" entries is valid, has these "
				"entries, and no other shredding of this erasure",
				log.head.size);
		} else {
			report_unproven(r, "that the log is whole: give a mirror of it "
					   "with --log");
		}
		report_unproven(r,
			"that the keys are gone from disks: the log says that they "
			"were "
			"overwritten; 'guarantee' says what the ground was worth");
		report_unproven(
			r, "what targets were told to the daemon about deleted copies");
		report_unproven(r, "anything about copies that were never custos's");
		result = 0;
	}
	certificate_done(&c);
	input_done(&in);
	return result;
}

static void tell_receipt(struct report *r, const struct receipt *c)
{
	report_fact(r, "store", "%s", c->store);
	report_fact(r, "subject", "%s", c->subject);
	report_fact(r, "purpose", "%s", c->purpose);
	if (c->channel) {
		report_fact(r, "channel", "%s", c->channel);
	}
	report_fact(r, "said", "%s", c->state);
	report_fact(r, "time", "%s", c->time);
	if (c->until) {
		report_fact(r, "valid until", "%s", c->until);
	}
	if (c->notice) {
		report_fact(r, "notice", "%s%s%s", c->notice, c->sha256 ? " sha256 " : "",
			c->sha256 ? c->sha256 : "");
	}
	report_fact(r, "issued", "%s", c->issued);
}

static int check_receipt(const struct options *o, struct report *r, struct flaw *f)
{
	struct input in = { NULL, 0, 0 };
	struct receipt c = { NULL };
	struct published_result log;
	int result = -1;

	if (input_read(&in, o->path, CERTIFICATE_LIMIT, f) == 0 &&
		receipt_open(input_bytes(&in), o->key_text, &o->by, &c, f) == 0 &&
		(!o->log || receipt_check_log(&c, o->log, &o->by, &log, f) == 0)) {
		tell_receipt(r, &c);
		report_checked(r, "the receipt is signed by this key");
		report_checked(r, "its entry is in the log, and says the same: person, "
				  "purpose, channel, what was said, when, notice, end");
		if (o->log) {
			report_checked(r,
				"the whole log of %" PRIu64
				" entries is valid and has this entry",
				log.head.size);
		} else {
			report_unproven(r, "that the log is whole: give a mirror of it "
					   "with --log");
		}
		report_unproven(r, "that nothing was said about this since");
		report_unproven(r, "that the person said it: the log says who noted it "
				   "down");
		result = 0;
	}
	receipt_done(&c);
	input_done(&in);
	return result;
}

/* --- main ------------------------------------------------------------------------- */

static const struct verb {
	const char *name, *what;
	int (*run)(const struct options *o, struct report *r, struct flaw *f);
	bool has_from, has_leaf, has_log;
} verbs[] = {
	{ "log", "log", check_log, .has_from = true },
	{ "checkpoint", "checkpoint", check_checkpoint },
	{ "proof", "proof of an entry", check_proof, .has_leaf = true },
	{ "certificate", "certificate of erasure", check_certificate, .has_log = true },
	{ "receipt", "receipt of a consent", check_receipt, .has_log = true },
};

static const struct verb *find_verb(const struct options *o, struct flaw *f)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct verb *v = &verbs[i];

		if (strcmp(v->name, o->verb) != 0) {
			continue;
		}
		if (!o->key) {
			(void)flaw_set(f, VERDICT_USAGE, "--key is needed: see --help");
			return NULL;
		}
		if ((o->from && !v->has_from) || (o->log && !v->has_log) ||
			(o->leaf != NULL) != v->has_leaf) {
			(void)flaw_set(f, VERDICT_USAGE, "%s: %s", v->name,
				v->has_leaf && !o->leaf
					? "--leaf is needed: see --help"
					: "an option that is not for it: see --help");
			return NULL;
		}
		return v;
	}
	(void)flaw_set(f, VERDICT_USAGE, "cannot check that kind of thing: see --help");
	return NULL;
}

static int run(int argc, char *argv[], struct report *r)
{
	struct options o = { NULL };
	struct flaw f = { VERDICT_FAILED, "" };
	const struct verb *v = NULL;
	int result = parse_options(argc, argv, &o, &f);

	if (result == 0) {
		v = find_verb(&o, &f);
		result = v ? take_key(&o, &f) : -1;
	}
	if (result == 0) {
		result = v->run(&o, r, &f);
	}
	return result == 0 ? report_print(r, v->what, o.is_json)
			   : report_flaw(&f, v ? v->what : "arguments", o.is_json);
}

int main(int argc, char *argv[])
{
	struct report report;
	int status;

	if (sodium_init() < 0) {
		fputs("custos-verify: libsodium cannot be used\n", stderr);
		return VERDICT_FAILED;
	}
	report_init(&report);
	status = run(argc, argv, &report);
	report_done(&report);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("custos-verify: the output could not be written\n", stderr);
		return status != VERDICT_VALID ? status : VERDICT_FAILED;
	}
	return status;
}
