#include "policy/yaml.h"

#include <libfyaml.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "base/text.h"
#include "policy/faults.h"

/* The events are read rather than libfyaml's own documents: those resolve aliases, and find
 * double keys only while building.  Here a file's nodes, depth and keys are counted as they
 * come, and what is not data stops the reading. */

#define BLOCK_SIZE 16384 /* a small policy file with its tree fits one */

struct block {
	struct block *older;
	size_t used, cap;
	alignas(max_align_t) uint8_t bytes[];
};

struct yaml {
	struct block *blocks;
	const char *file;
	struct yaml_node *root;
};

/* A mapping or list that has not ended yet. */
struct open {
	struct yaml_node *node;
	struct yaml_node *last;
	const char *key; /* of a mapping, when its value is awaited */
	unsigned key_line;
	bool is_double; /* the key was there before: its value is dropped */
};

struct reader {
	struct yaml *y;
	struct faults *faults;
	struct open open[YAML_MAX_DEPTH];
	unsigned depth;
	size_t nnodes;
	unsigned ndocuments;
	unsigned line; /* of the event at hand */
	int code;      /* 0, or why the reading stopped */
};

void *yaml_alloc(struct yaml *y, size_t n)
{
	size_t step = alignof(max_align_t);
	size_t need = (n + step - 1) / step * step;
	struct block *b = y->blocks;
	void *p;

	if (need < n) {
		return NULL;
	}
	if (!b || b->cap - b->used < need) {
		size_t cap = need > BLOCK_SIZE ? need : BLOCK_SIZE;

		if (cap > SIZE_MAX - sizeof(*b)) {
			return NULL;
		}
		b = calloc(1, sizeof(*b) + cap);
		if (!b) {
			return NULL;
		}
		b->cap = cap;
		b->older = y->blocks;
		y->blocks = b;
	}
	p = b->bytes + b->used;
	b->used += need;
	return p;
}

void yaml_free(struct yaml *y)
{
	if (!y) {
		return;
	}
	while (y->blocks) {
		struct block *older = y->blocks->older;

		free(y->blocks);
		y->blocks = older;
	}
	free(y);
}

static const char *copy(struct yaml *y, const char *s, size_t n)
{
	char *to = yaml_alloc(y, n + 1);

	if (to && n > 0) {
		memcpy(to, s, n);
	}
	return to;
}

static void stop(struct reader *r, const char *item, const char *reason)
{
	faults_add(r->faults, r->y->file, r->line, item, "%s", reason);
	r->code = CU_EINVAL;
}

static struct open *innermost(struct reader *r)
{
	return r->depth > 0 ? &r->open[r->depth - 1] : NULL;
}

static bool awaits_key(const struct open *in)
{
	return in && in->node->kind == YAML_MAP && !in->key;
}

static struct yaml_node *new_node(struct reader *r, enum yaml_kind kind)
{
	struct yaml_node *node;

	if (++r->nnodes > YAML_MAX_NODES) {
		stop(r, "file", "has too many values");
		return NULL;
	}
	node = yaml_alloc(r->y, sizeof(*node));
	if (!node) {
		r->code = CU_ENOMEM;
		return NULL;
	}
	node->kind = kind;
	node->line = r->line;
	node->key_line = r->line;
	return node;
}

/* Hangs a node where the reading stands. */
static void attach(struct reader *r, struct yaml_node *node)
{
	struct open *in = innermost(r);

	if (!in) {
		r->y->root = node;
		return;
	}
	if (in->key) {
		bool is_double = in->is_double;

		node->key = in->key;
		node->key_line = in->key_line;
		in->key = NULL;
		in->is_double = false;
		if (is_double) {
			return;
		}
	}
	if (in->last) {
		in->last->next = node;
	} else {
		in->node->first = node;
	}
	in->last = node;
	in->node->nchildren++;
}

/* Tokens carry places from 0; a place that is absent leaves the line where it was. */
static void move_to(struct reader *r, struct fy_event *e)
{
	const struct fy_mark *mark = fy_event_start_mark(e);

	if (mark && mark->line >= 0) {
		r->line = (unsigned)mark->line + 1;
	}
}

static bool is_plain_data(struct reader *r, struct fy_event *e)
{
	if (fy_event_get_anchor_token(e)) {
		stop(r, "&", "anchors and aliases are not allowed");
	} else if (fy_event_get_tag_token(e)) {
		stop(r, "!", "tags are not allowed");
	}
	return r->code == 0;
}

static void take_key(struct reader *r, const char *text)
{
	struct open *in = innermost(r);
	const struct yaml_node *before = yaml_find(in->node, text);

	if (strcmp(text, "<<") == 0) {
		stop(r, "<<", "merge keys are not allowed");
		return;
	}
	if (in->node->nchildren == YAML_MAX_KEYS) {
		stop(r, "mapping", "has too many keys");
		return;
	}
	if (before) {
		faults_add(r->faults, r->y->file, r->line, text,
			"stands twice; first in line %u", before->key_line);
	}
	in->key = text;
	in->key_line = r->line;
	in->is_double = before != NULL;
}

static void on_scalar(struct reader *r, struct fy_event *e)
{
	size_t n = 0;
	const char *text = "", *kept;
	struct yaml_node *node;

	if (!is_plain_data(r, e)) {
		return;
	}
	if (e->scalar.value) {
		text = fy_token_get_text(e->scalar.value, &n);
	}
	if (n != fy_token_get_text_length(e->scalar.value)) { /* without memory for it libfyaml gives "" */
		r->code = CU_ENOMEM;
		return;
	}
	if (!text || memchr(text, '\0', n)) {
		stop(r, "value", "holds a NUL");
		return;
	}
	kept = copy(r->y, text, n);
	if (!kept) {
		r->code = CU_ENOMEM;
		return;
	}
	if (awaits_key(innermost(r))) {
		take_key(r, kept);
		return;
	}
	node = new_node(r, YAML_SCALAR);
	if (node) {
		node->text = kept;
		node->is_quoted = e->scalar.value &&
			fy_token_scalar_style(e->scalar.value) != FYSS_PLAIN;
		attach(r, node);
	}
}

static void on_start(struct reader *r, struct fy_event *e, enum yaml_kind kind)
{
	struct yaml_node *node;

	if (!is_plain_data(r, e)) {
		return;
	}
	if (awaits_key(innermost(r))) {
		stop(r, "key", "must be a plain text");
		return;
	}
	if (r->depth == YAML_MAX_DEPTH) {
		stop(r, "file", "is nested too deeply");
		return;
	}
	node = new_node(r, kind);
	if (node) {
		attach(r, node);
		r->open[r->depth++] = (struct open){ .node = node };
	}
}

static void on_document(struct reader *r)
{
	if (++r->ndocuments > 1) {
		stop(r, "---", "only one document is allowed in a file");
	}
}

static void on_end(struct reader *r)
{
	if (r->depth > 0) {
		r->depth--;
	}
}

static void on_event(struct reader *r, struct fy_event *e)
{
	move_to(r, e);
	switch (e->type) {
	case FYET_DOCUMENT_START: on_document(r); break;
	case FYET_SCALAR: on_scalar(r, e); break;
	case FYET_MAPPING_START: on_start(r, e, YAML_MAP); break;
	case FYET_SEQUENCE_START: on_start(r, e, YAML_LIST); break;
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END: on_end(r); break;
	case FYET_ALIAS: stop(r, "*", "anchors and aliases are not allowed"); break;
	case FYET_NONE:
	case FYET_STREAM_START:
	case FYET_STREAM_END:
	case FYET_DOCUMENT_END: break;
	}
}

static void discard(struct fy_diag *diag, void *user, const char *buf, size_t len)
{
	(void)diag;
	(void)user;
	(void)buf;
	(void)len;
}

static struct fy_diag *new_diag(void)
{
	struct fy_diag_cfg cfg;
	struct fy_diag *diag;

	fy_diag_cfg_default(&cfg);
	cfg.fp = NULL; /* never to stderr */
	cfg.output_fn = discard;
	cfg.level = FYET_ERROR;
	cfg.colorize = false;
	diag = fy_diag_create(&cfg);
	if (diag) {
		fy_diag_set_collect_errors(diag, true);
	}
	return diag;
}

/* What libfyaml found wrong with the form. */
static void take_diagnostics(struct reader *r, struct fy_diag *diag)
{
	struct fy_diag_error *e;
	void *at = NULL;
	size_t before = r->faults->ntotal;

	while ((e = fy_diag_errors_iterate(diag, &at))) {
		unsigned line = e->line > 0 ? (unsigned)e->line : r->line;

		faults_add(r->faults, r->y->file, line, "form", "%s",
			e->msg ? e->msg : "is not YAML");
	}
	if (r->faults->ntotal == before) {
		faults_add(r->faults, r->y->file, r->line, "form", "is not YAML");
	}
	r->code = CU_EINVAL;
}

static void read_events(struct reader *r, struct fy_parser *parser, struct fy_diag *diag)
{
	while (r->code == 0) {
		struct fy_event *e = fy_parser_parse(parser);
		bool is_last = !e || e->type == FYET_STREAM_END;

		if (e) {
			on_event(r, e);
			fy_parser_event_free(parser, e);
		}
		if (is_last) {
			break;
		}
	}
	if (r->code == 0 &&
		(fy_parser_get_stream_error(parser) || fy_diag_got_error(diag))) {
		take_diagnostics(r, diag);
	}
}

static void read_text(struct reader *r, struct span text)
{
	struct fy_parse_cfg cfg = {
		.search_path = "",
		.flags = FYPCF_QUIET | FYPCF_JSON_NONE,
	};
	struct fy_parser *parser = NULL;

	cfg.diag = new_diag();
	if (cfg.diag) {
		parser = fy_parser_create(&cfg);
	}
	if (!parser || fy_parser_set_string(parser, (const char *)text.p, text.n) != 0) {
		r->code = CU_ENOMEM;
	} else {
		read_events(r, parser, cfg.diag);
	}
	if (parser) {
		fy_parser_destroy(parser);
	}
	if (cfg.diag) {
		fy_diag_destroy(cfg.diag);
	}
}

/* Bytes that no file of ours has are refused before libfyaml sees them. */
static void check_bytes(struct reader *r, struct span text)
{
	unsigned line = 1;

	if (text.n > YAML_MAX_SIZE) {
		r->line = 0;
		stop(r, "file", "is larger than 1 MiB");
		return;
	}
	for (size_t i = 0, start = 0; text.n > 0 && i <= text.n; i++) {
		bool is_end = i == text.n || text.p[i] == '\n';
		bool is_control = i < text.n && text.p[i] < 0x20 && text.p[i] != '\t' &&
			text.p[i] != '\r' && !is_end;

		r->line = line;
		if (is_end && !text_is_utf8((const char *)text.p + start, i - start)) {
			stop(r, "file", "is not UTF-8 in this line");
			return;
		}
		if (is_control) {
			stop(r, "file", "has a control character in this line");
			return;
		}
		if (is_end) {
			start = i + 1;
			line++;
		}
	}
	r->line = 1;
}

static struct span without_mark(struct span text)
{
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) {
		return span_of(text.p + 3, text.n - 3);
	}
	return text;
}

int yaml_parse(struct span text, const char *file, struct faults *faults, struct yaml **ret,
	struct cu_err *err)
{
	struct reader r = { .faults = faults, .line = 1 };

	r.y = calloc(1, sizeof(*r.y));
	if (!r.y) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r.y->file = copy(r.y, file, strlen(file));
	if (!r.y->file) {
		yaml_free(r.y);
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	text = without_mark(text);
	check_bytes(&r, text);
	if (r.code == 0 && text.n > 0) {
		read_text(&r, text);
	}
	if (r.code == 0 && !r.y->root) {
		r.y->root = new_node(&r, YAML_MAP);
	}
	if (r.code < 0) {
		yaml_free(r.y);
		return r.code == CU_ENOMEM ? cu_err_set(err, CU_ENOMEM, "out of memory") :
					     faults_check(faults, err);
	}
	*ret = r.y;
	return 0;
}

int yaml_load(const char *dir, const char *file, struct faults *faults, struct yaml **ret,
	struct cu_err *err)
{
	char path[PATH_SIZE];
	struct buf text = BUF_INIT;
	int r = path_join(path, dir, file, err);

	if (r == 0) {
		r = path_read_file(path, YAML_MAX_SIZE, &text, err);
	}
	if (r == CU_ELIMIT) {
		faults_add(faults, file, 0, "file", "is larger than 1 MiB");
		r = faults_check(faults, err);
	} else if (r >= 0) {
		r = yaml_parse(buf_span(&text), file, faults, ret, err);
	}
	buf_done(&text);
	return r;
}

const struct yaml_node *yaml_root(const struct yaml *y)
{
	return y->root;
}

const char *yaml_file(const struct yaml *y)
{
	return y->file;
}

const struct yaml_node *yaml_find(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *at = map->kind == YAML_MAP ? map->first : NULL;

	while (at && strcmp(at->key, key) != 0) {
		at = at->next;
	}
	return at;
}

bool yaml_is_empty(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && !node->is_quoted && node->text[0] == '\0';
}
