#include "answers.h"

#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "wire/interfaces.h"

struct answers {
	atomic_uint text; /* shared with the process */
};

static pid_t server;

/* --- texts ------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	uint32_t ranges[14][2]; /* of code points, each once; then the text */
	const char *text;
	unsigned times; /* 0: once */
} texts[] = {
	{ "each byte but NUL, as a character", { { 1, 0xff } }, "" },
	{ "marks that turn, hide or end a line",
		{ { 0x202a, 0x202e }, { 0x2066, 0x2069 }, { 0x200b, 0x200f }, { 0x2028, 0x2029 }, { 0x2060, 0x2064 },
			{ 0x61c, 0x61c }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0x180e, 0x180e }, { 0xe0001, 0xe0001 },
			{ 0xe0020, 0xe007f } }, "" },
	{ "what terminals obey", { { 0, 0 } },
		"\033]0;title\007\033]52;c;cm0gLXJmIC8=\007\033[2J\033[31m\033[6n\033P+q544e\033\\\xc2\x9b" "2J\xc2\x9d" "0;t\xc2\x9c\r\b\b\b\n\t\v\f", 0 },
	{ "combining marks without end", { { 0, 0 } }, "\xcc\x81\xcd\xa0\xe2\x83\x9d", 400 },
	{ "wide characters", { { 0, 0 } }, "\xe7\x8e\x8b\xef\xbc\xa1", 300 },
	{ "a text of 40,000 bytes", { { 0, 0 } }, "abcdefgh", 5000 },
	{ "nothing", { { 0, 0 } }, "" },
	{ "formats and markup", { { 0, 0 } }, "%s%n%1000000d{}<script>&'\"`$(reboot)\\x1b\\u001b" },
	{ "all of it, in an error", { { 1, 0xff }, { 0x202a, 0x202e }, { 0x2066, 0x2069 }, { 0x200b, 0x200f } }, "\033]0;t\007" },
};

#define NTEXTS (sizeof(texts) / sizeof(texts[0]))

unsigned answers_ntexts(void)
{
	return NTEXTS;
}

const char *answers_text_name(unsigned text)
{
	return texts[text].name;
}

static void put_utf8(struct buf *b, uint32_t cp)
{
	if (cp < 0x80) {
		buf_put_u8(b, (uint8_t)cp);
	} else if (cp < 0x800) {
		buf_put_u8(b, (uint8_t)(0xc0 | cp >> 6));
		buf_put_u8(b, (uint8_t)(0x80 | (cp & 0x3f)));
	} else {
		if (cp < 0x10000) {
			buf_put_u8(b, (uint8_t)(0xe0 | cp >> 12));
		} else {
			buf_put_u8(b, (uint8_t)(0xf0 | cp >> 18));
			buf_put_u8(b, (uint8_t)(0x80 | (cp >> 12 & 0x3f)));
		}
		buf_put_u8(b, (uint8_t)(0x80 | (cp >> 6 & 0x3f)));
		buf_put_u8(b, (uint8_t)(0x80 | (cp & 0x3f)));
	}
}

static json_t *hostile(unsigned text)
{
	struct buf b = BUF_INIT;
	json_t *v;

	for (size_t i = 0; i < 14 && texts[text].ranges[i][0]; i++) {
		for (uint32_t cp = texts[text].ranges[i][0]; cp <= texts[text].ranges[i][1]; cp++) {
			buf_put_u8(&b, 'x');
			put_utf8(&b, cp);
		}
	}
	for (unsigned i = 0; i < (texts[text].times ? texts[text].times : 1); i++) {
		buf_put_str(&b, texts[text].text);
	}
	v = json_string(buf_cstr(&b));
	buf_done(&b);
	assert_non_null(v);
	return v;
}

/* --- answers ---------------------------------------------------------------------------------- */

static json_t *value_of(const struct idl_type *type, const char *name, unsigned text, unsigned nth);

static json_t *struct_of(const struct idl_type *t, unsigned text, unsigned nth)
{
	json_t *v = json_object();

	for (size_t i = 0; i < t->nfields; i++) {
		json_object_set_new(v, t->fields[i].name, value_of(t->fields[i].type, t->fields[i].name, text, nth));
	}
	return v;
}

static json_t *map_of(const struct idl_type *of, unsigned text)
{
	json_t *v = json_object(), *key = hostile(text);

	json_object_set_new(v, json_string_value(key), of ? value_of(of, "", text, 0) : hostile(text));
	json_object_set_new(v, "given_name", of ? value_of(of, "", text, 0) : hostile(text));
	json_decref(key);
	return v;
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return n >= k && strcmp(name + n - k, end) == 0;
}

static json_t *value_of(const struct idl_type *type, const char *name, unsigned text, unsigned nth)
{
	const struct idl_type *t = idl_resolve(type);
	json_t *v;

	switch (t->kind) {
	case IDL_BOOL: return json_boolean(nth == 0);
	case IDL_INT: return json_integer(ends_with(name, "_ms") ? 1795298944123 : 3);
	case IDL_FLOAT: return json_real(0.5);
	case IDL_STRING: return hostile(text);
	case IDL_ENUM: return json_string(t->fields[nth % t->nfields].name);
	case IDL_OBJECT:
	case IDL_ANY: return map_of(NULL, text);
	case IDL_MAP: return map_of(t->of, text);
	case IDL_STRUCT: return struct_of(t, text, nth);
	case IDL_ARRAY:
		v = json_array();
		for (unsigned i = 0; i < 3; i++) {
			json_array_append_new(v, value_of(t->of, name, text, i));
		}
		return v;
	case IDL_NAMED:
	case IDL_MAYBE: break; /* resolved */
	}
	abort();
}

static void reply(int fd, json_t *message)
{
	char *s = json_dumps(message, JSON_COMPACT);
	size_t n = strlen(s) + 1;

	for (size_t at = 0; at < n;) {
		ssize_t sent = send(fd, s + at, n - at, MSG_NOSIGNAL);

		if (sent <= 0) {
			break;
		}
		at += (size_t)sent;
	}
	free(s);
	json_decref(message);
}

static void answer(int fd, const struct interfaces *set, const char *call, unsigned text)
{
	json_t *c = json_loads(call, 0, NULL);
	const struct idl_member *m = interfaces_method(set, json_string_value(json_object_get(c, "method")), NULL);

	if (text == NTEXTS - 1 || !m) {
		reply(fd, json_pack("{s:s, s:{s:o}}", "error", "io.custos.Invalid", "parameters", "message", hostile(text)));
	} else {
		if (json_is_true(json_object_get(c, "more"))) {
			reply(fd, json_pack("{s:o, s:b}", "parameters", value_of(m->out, "", text, 0), "continues", 1));
		}
		reply(fd, json_pack("{s:o}", "parameters", value_of(m->out, "", text, 1)));
	}
	json_decref(c);
}

/* --- the process ------------------------------------------------------------------------------ */

static void serve_one(int fd, const struct interfaces *set, const struct answers *a)
{
	struct buf b = BUF_INIT;
	const uint8_t *end;
	ssize_t n;

	for (;;) {
		uint8_t *room = buf_room(&b, 65536);

		n = recv(fd, room, 65536, 0);
		if (n <= 0) {
			break;
		}
		b.n += (size_t)n;
		while ((end = memchr(b.p, 0, b.n)) != NULL) {
			size_t used = (size_t)(end - b.p) + 1;

			answer(fd, set, (const char *)b.p, atomic_load(&a->text));
			memmove(b.p, b.p + used, b.n - used);
			b.n -= used;
		}
	}
	buf_done(&b);
	close(fd);
}

static _Noreturn void serve(int listener, const struct answers *a)
{
	struct interfaces *set = NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (interfaces_load(&set, NULL) < 0) {
		_exit(1);
	}
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0) {
			serve_one(fd, set, a);
			_exit(0);
		}
		close(fd);
	}
}

struct answers *answers_start(const char *path)
{
	struct answers *a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	assert_true(a != MAP_FAILED && fd >= 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(listen(fd, 16), 0);
	fflush(NULL);
	server = fork();
	assert_true(server >= 0);
	if (server == 0) {
		signal(SIGCHLD, SIG_IGN);
		serve(fd, a);
	}
	close(fd);
	return a;
}

void answers_stop(struct answers *a)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	munmap(a, sizeof(*a));
}

void answers_use(struct answers *a, unsigned text)
{
	atomic_store(&a->text, text);
}
