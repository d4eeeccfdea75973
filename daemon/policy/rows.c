#include "policy/rows.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "policy/faults.h"
#include "policy/rows_text.h"
#include "policy/yaml.h"

/* Words of up to this many edits are near enough to be suggested. */
#define NEAR 2

/* One reading of one file. */
struct read {
	struct yaml *y;
	struct faults *faults;
	bool is_out_of_memory;
};


static void fault(struct read *rd, const struct yaml_node *node, const char *item,
	const char *reason)
{
	faults_add(rd->faults, yaml_file(rd->y), node->line, item, "%s", _(reason));
}

static void put_at(void *to, size_t at, const void *value, size_t n)
{
	memcpy((uint8_t *)to + at, value, n);
}

/* ---- suggestions ---- */

struct guess {
	const char *of;
	char word[ROWS_KEY_SIZE];
	unsigned distance;
};

static void guess_offer(struct guess *g, const char *word)
{
	unsigned d = text_distance(g->of, word, NEAR);

	/* a word of which nothing remains is not a typing slip */
	if (d < g->distance && d < strlen(word)) {
		g->distance = d;
		snprintf(g->word, sizeof(g->word), "%s", word);
	}
}

static struct guess guess_for(const char *text)
{
	return (struct guess){ .of = text, .distance = NEAR + 1 };
}

static void fault_unknown(struct read *rd, const struct rows *rows,
	const struct yaml_node *node)
{
	struct guess g = guess_for(node->key);

	for (size_t i = 0; i < rows->n; i++) {
		guess_offer(&g, rows->v[i].key);
	}
	if (g.word[0]) {
		faults_add(rd->faults, yaml_file(rd->y), node->key_line, node->key,
			"is not known here; did you mean '%s'?", g.word);
	} else {
		faults_add(rd->faults, yaml_file(rd->y), node->key_line, node->key,
			"is not known here");
	}
}

static void fault_word(struct read *rd, const struct row *row,
	const struct yaml_node *node)
{
	struct guess g = guess_for(node->text);
	struct buf list = BUF_INIT;
	char word[ROWS_KEY_SIZE];

	for (size_t i = 0; rows_nth_word(row->words, i, word); i++) {
		guess_offer(&g, word);
		buf_putf(&list, "%s%s", i > 0 ? ", " : "", word);
	}
	if (g.word[0]) {
		faults_add(rd->faults, yaml_file(rd->y), node->line, row->key,
			"'%.64s' is not one of %s; did you mean '%s'?", node->text, buf_cstr(&list), g.word);
	} else {
		faults_add(rd->faults, yaml_file(rd->y), node->line, row->key,
			"'%.64s' is not one of %s", node->text, buf_cstr(&list));
	}
	buf_done(&list);
}

/* ---- scalars ---- */

/* A bound in the largest unit that it is whole in; 0 is so in days. */
static void format_duration(int64_t seconds, char to[32])
{
	if (seconds % DAY_SECONDS == 0) {
		snprintf(to, 32, "%lldd", (long long)(seconds / DAY_SECONDS));
	} else if (seconds % HOUR_SECONDS == 0) {
		snprintf(to, 32, "%lldh", (long long)(seconds / HOUR_SECONDS));
	} else {
		snprintf(to, 32, "%llds", (long long)seconds);
	}
}

static void fault_range(struct read *rd, const struct row *row,
	const struct yaml_node *node)
{
	const char *unit = row->type == SET_SIZE ? _(" bytes") : "";
	char min[32], max[32];

	if (row->type == SET_DURATION) {
		format_duration(row->min, min);
		format_duration(row->max, max);
	} else {
		snprintf(min, sizeof(min), "%lld%s", (long long)row->min, unit);
		snprintf(max, sizeof(max), "%lld%s", (long long)row->max, unit);
	}
	faults_add(rd->faults, yaml_file(rd->y), node->line, row->key,
		"'%.64s' is not between %s and %s", node->text, min, max);
}

static void fault_form(struct read *rd, const struct row *row, const struct yaml_node *node,
	const char *form)
{
	faults_add(rd->faults, yaml_file(rd->y), node->line, row->key,
		"'%.64s' is not %s", node->text, _(form));
}

static bool is_in_range(const struct row *row, int64_t v)
{
	return (row->min == 0 && row->max == 0) || (v >= row->min && v <= row->max);
}

/* Asks the row's own check; false when it had a reason. */
static bool passes_check(struct read *rd, const struct row *row,
	const struct yaml_node *node)
{
	const char *reason = row->check ? row->check(node->text) : NULL;

	if (reason) {
		faults_add(rd->faults, yaml_file(rd->y), node->line, row->key,
			"'%.64s' %s", node->text, _(reason));
	}
	return !reason;
}

static void read_text(struct read *rd, const struct row *row, const struct yaml_node *node,
	void *to)
{
	if (row->type == SET_NAME && !rows_is_name(node->text)) {
		fault_form(rd, row, node,
			N_("a name: 1 to 63 of a-z, 0-9, '_', '.' and '-'"));
	} else if (node->text[0] == '\0') {
		fault(rd, node, row->key, "is empty");
	} else if (rows_has_control(node->text)) {
		fault(rd, node, row->key, "holds a control character");
	} else if (passes_check(rd, row, node)) {
		put_at(to, row->at, &node->text, sizeof(node->text));
	}
}

static void read_number(struct read *rd, const struct row *row, const struct yaml_node *node,
	void *to)
{
	bool is_size = row->type == SET_SIZE;
	int64_t v;

	if (is_size ? !rows_parse_size(node->text, &v) : !rows_parse_number(node->text, &v, NULL)) {
		fault_form(rd, row, node,
			is_size ? N_("a size such as 4096, 64KiB or 1MiB") : N_("a whole number"));
	} else if (!is_in_range(row, v)) {
		fault_range(rd, row, node);
	} else if (passes_check(rd, row, node)) {
		put_at(to, row->at, &v, sizeof(v));
	}
}

static void read_duration(struct read *rd, const struct row *row,
	const struct yaml_node *node, void *to)
{
	struct duration d;

	if (!duration_parse(node->text, &d)) {
		fault_form(rd, row, node, N_("a duration such as 72h, 30d or 7y"));
	} else if (!is_in_range(row, duration_seconds(d))) {
		fault_range(rd, row, node);
	} else if (passes_check(rd, row, node)) {
		put_at(to, row->at, &d, sizeof(d));
	}
}

static void read_boolean(struct read *rd, const struct row *row,
	const struct yaml_node *node, void *to)
{
	bool v;

	if (!rows_parse_boolean(node->text, &v)) {
		fault_form(rd, row, node, N_("yes or no"));
		return;
	}
	put_at(to, row->at, &v, sizeof(v));
}

static void read_word(struct read *rd, const struct row *row, const struct yaml_node *node,
	void *to)
{
	char word[ROWS_KEY_SIZE];

	for (size_t i = 0; rows_nth_word(row->words, i, word); i++) {
		if (strcmp(word, node->text) == 0) {
			int v = (int)i;

			put_at(to, row->at, &v, sizeof(v));
			return;
		}
	}
	fault_word(rd, row, node);
}

/* ---- lists and mappings ---- */

static void *alloc(struct read *rd, size_t n, size_t size)
{
	void *p = NULL;

	if (size == 0 || n <= SIZE_MAX / size) {
		p = yaml_alloc(rd->y, n * size);
	}
	if (!p) {
		rd->is_out_of_memory = true;
	}
	return p;
}

static bool is_taken(const struct names *names, const char *text)
{
	for (size_t i = 0; i < names->n; i++) {
		if (strcmp(names->v[i], text) == 0) {
			return true;
		}
	}
	return false;
}

bool names_allow(const struct names *names, const char *name)
{
	return names->n == 0 || is_taken(names, name);
}

static void take_name(struct read *rd, const struct row *row, const struct yaml_node *node,
	struct names *names)
{
	if (node->kind != YAML_SCALAR) {
		fault(rd, node, row->key, "must be a list of names");
	} else if (!row->check && !rows_is_name(node->text)) {
		fault_form(rd, row, node,
			N_("a name: 1 to 63 of a-z, 0-9, '_', '.' and '-'"));
	} else if (is_taken(names, node->text)) {
		faults_add(rd->faults, yaml_file(rd->y), node->line, row->key,
			"'%.64s' stands twice", node->text);
	} else if (passes_check(rd, row, node)) {
		names->v[names->n++] = node->text;
	}
}

static void read_names(struct read *rd, const struct row *row, const struct yaml_node *node,
	void *to)
{
	bool is_list = node->kind == YAML_LIST;
	struct names names = { .n = 0 };

	names.v = alloc(rd, is_list ? node->nchildren : 1, sizeof(*names.v));
	if (!names.v) {
		return;
	}
	if (is_list) {
		for (const struct yaml_node *at = node->first; at; at = at->next) {
			take_name(rd, row, at, &names);
		}
	} else { /* one name may stand for a list of one */
		take_name(rd, row, node, &names);
	}
	put_at(to, row->at, &names, sizeof(names));
}

static void read_map(struct read *rd, const struct rows *rows, const struct yaml_node *map,
	const char *item, void *to);

static void read_maps(struct read *rd, const struct row *row, const struct yaml_node *node,
	void *to)
{
	uint8_t *v;
	size_t n = 0;

	if (node->kind != YAML_LIST) {
		fault(rd, node, row->key, "must be a list");
		return;
	}
	v = alloc(rd, node->nchildren, row->of->size);
	if (!v) {
		return;
	}
	for (const struct yaml_node *at = node->first; at; at = at->next) {
		read_map(rd, row->of, at, row->key, v + n++ * row->of->size);
	}
	put_at(to, row->at, &v, sizeof(v));
	put_at(to, row->count_at, &n, sizeof(n));
}

static void read_value(struct read *rd, const struct row *row, const struct yaml_node *node,
	void *to)
{
	bool is_nested = row->type >= SET_NAMES;

	if (!is_nested && node->kind != YAML_SCALAR) {
		fault(rd, node, row->key, "must be a single value");
		return;
	}
	switch (row->type) {
	case SET_NAME:
	case SET_TEXT: read_text(rd, row, node, to); break;
	case SET_INTEGER:
	case SET_SIZE: read_number(rd, row, node, to); break;
	case SET_BOOLEAN: read_boolean(rd, row, node, to); break;
	case SET_DURATION: read_duration(rd, row, node, to); break;
	case SET_ENUM: read_word(rd, row, node, to); break;
	case SET_NAMES: read_names(rd, row, node, to); break;
	case SET_MAP: read_map(rd, row->of, node, row->key, (uint8_t *)to + row->at); break;
	case SET_MAPS: read_maps(rd, row, node, to); break;
	case SET_NODE: put_at(to, row->at, &node, sizeof(node)); break;
	}
}

static void read_default(struct read *rd, const struct row *row, void *to)
{
	struct yaml_node node = { .kind = YAML_SCALAR };
	char *text;

	if (!row->standard) {
		return;
	}
	text = alloc(rd, strlen(row->standard) + 1, 1);
	if (text) { /* the struct may borrow it */
		memcpy(text, row->standard, strlen(row->standard) + 1);
		node.text = text;
		read_value(rd, row, &node, to);
	}
}

static void read_row(struct read *rd, const struct row *row, const struct yaml_node *map,
	void *to)
{
	const struct yaml_node *node = yaml_find(map, row->key);

	if (node && !yaml_is_empty(node)) {
		read_value(rd, row, node, to);
	} else if (node && (row->type < SET_NAMES || row->flags & MUST)) {
		fault(rd, node, row->key, "has no value");
	} else if (!node && row->flags & MUST) {
		fault(rd, map, row->key, "is missing");
	} else {
		read_default(rd, row, to);
	}
}

static const struct row *find_row(const struct rows *rows, const char *key)
{
	for (size_t i = 0; i < rows->n; i++) {
		if (strcmp(rows->v[i].key, key) == 0) {
			return &rows->v[i];
		}
	}
	return NULL;
}

/* Calls itself through read_value, as deep as the tables are nested. */
static void read_map(struct read *rd, const struct rows *rows, const struct yaml_node *map,
	const char *item, void *to)
{
	put_at(to, rows->node_at, &map, sizeof(map));
	if (map->kind != YAML_MAP) {
		fault(rd, map, item, "must be a mapping of keys to values");
		return;
	}
	for (const struct yaml_node *at = map->first; at; at = at->next) {
		if (!find_row(rows, at->key)) {
			fault_unknown(rd, rows, at);
		}
	}
	for (size_t i = 0; i < rows->n; i++) {
		read_row(rd, &rows->v[i], map, to);
	}
}

int rows_read(const struct rows *rows, struct yaml *y, const struct yaml_node *map,
	struct faults *faults, void *to)
{
	struct read rd = { .y = y, .faults = faults };
	size_t before = faults->ntotal;

	read_map(&rd, rows, map, "file", to);
	if (rd.is_out_of_memory) {
		return CU_ENOMEM;
	}
	return (int)(faults->ntotal - before);
}
