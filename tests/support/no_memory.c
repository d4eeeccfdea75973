#include "no_memory.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

/* Called before a sanitizer is awake, and by it. */
#define BARE   __attribute__((no_sanitize("address", "undefined", "thread")))
#define EXPORT __attribute__((visibility("default"))) BARE

static struct {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	int (*posix_memalign)(void **, size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	void *(*mmap)(void *, size_t, int, int, int, off_t);
} real;

/* The linker asks for memory itself while it looks for these; it may have some of this, once. */
static union {
	max_align_t align;
	char bytes[16384];
} early;
static size_t nearly;
static bool is_looking, is_awake;

BARE static void *take_early(size_t n)
{
	size_t at = nearly, room = (n + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);

	if (room > sizeof(early) - at) {
		_exit(120);
	}
	nearly += room;
	return early.bytes + at;
}

BARE static void find(void *to, const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (!f) {
		_exit(120);
	}
	memcpy(to, &f, sizeof(f));
}

/* False: the linker is asking. */
BARE static bool find_all(void)
{
	if (real.mmap) {
		return true;
	}
	if (is_looking) {
		return false;
	}
	is_looking = true;
	find(&real.malloc, "malloc");
	find(&real.calloc, "calloc");
	find(&real.realloc, "realloc");
	find(&real.posix_memalign, "posix_memalign");
	find(&real.aligned_alloc, "aligned_alloc");
	find(&real.mmap, "mmap64");
	is_looking = false;
	return true;
}

__attribute__((constructor)) static void begin(void)
{
	(void)find_all(); /* while there is one thread */
	is_awake = true;
}

BARE static bool is_refused(const void *asker)
{
	return is_awake && no_memory_now(asker);
}

#define ASKER __builtin_return_address(0)

EXPORT void *malloc(size_t n)
{
	if (!find_all()) {
		return take_early(n);
	}
	return is_refused(ASKER) ? NULL : real.malloc(n);
}

EXPORT void *calloc(size_t n, size_t each)
{
	if (!find_all()) {
		return take_early(n * each); /* zeros, and small */
	}
	return is_refused(ASKER) ? NULL : real.calloc(n, each);
}

EXPORT void *realloc(void *p, size_t n)
{
	return !find_all() || is_refused(ASKER) ? NULL : real.realloc(p, n);
}

EXPORT int posix_memalign(void **ret, size_t align, size_t n)
{
	return !find_all() || is_refused(ASKER) ? ENOMEM : real.posix_memalign(ret, align, n);
}

EXPORT void *aligned_alloc(size_t align, size_t n)
{
	return !find_all() || is_refused(ASKER) ? NULL : real.aligned_alloc(align, n);
}

/* Both of the C library's names, whatever the headers make of them. */
EXPORT void *map(void *at, size_t n, int protection, int flags, int fd, off_t offset) __asm__("mmap");
EXPORT void *map64(void *at, size_t n, int protection, int flags, int fd, off_t offset) __asm__("mmap64");

BARE static void *map_for(const void *asker, void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	if (!find_all() || ((flags & MAP_ANONYMOUS) && is_refused(asker))) {
		return MAP_FAILED;
	}
	return real.mmap(at, n, protection, flags, fd, offset);
}

BARE void *map(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	return map_for(ASKER, at, n, protection, flags, fd, offset);
}

BARE void *map64(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	return map_for(ASKER, at, n, protection, flags, fd, offset);
}
