/* See starve.h. */
#include "starve.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>
#include <unwind.h>

#include "no_memory.h"

#define DEPTH      12
#define OWN_FRAMES 3

static struct starve_control *control;
static pid_t self;
static char *is_first; /* a page that a forked process has as zeros: it is another one */
static __thread bool is_telling;

/* libseccomp goes round in a circle for ever, frees twice, or leaves out a rule: nobody can help that, nor does anybody
 * wait for a program that has not begun. */
static struct {
	uintptr_t from, to;
} spared;

static int on_library(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	(void)ctx;
	for (int i = 0; strstr(info->dlpi_name, "/libseccomp.so") && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type == PT_LOAD && (part->p_flags & PF_X)) {
			spared.from = info->dlpi_addr + part->p_vaddr;
			spared.to = spared.from + part->p_memsz;
		}
	}
	return 0;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("STARVE_CONTROL");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0) {
		return;
	}
	is_first = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (is_first == MAP_FAILED || madvise(is_first, 4096, MADV_WIPEONFORK) < 0) {
		_exit(120);
	}
	*is_first = 1;
	(void)dl_iterate_phdr(on_library, NULL);
	self = getpid();
	control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (control == MAP_FAILED) {
		_exit(120);
	}
}

struct walk {
	int depth;
	size_t at;
};

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *frame, void *ctx)
{
	struct walk *w = ctx;
	const char *ip = (const char *)_Unwind_GetIP(frame), *name; /* NOLINT: it is a place */
	Dl_info info;

	if (w->depth++ >= OWN_FRAMES && dladdr(ip, &info) && info.dli_fname) {
		name = strrchr(info.dli_fname, '/');
		w->at += (size_t)snprintf(control->where + w->at, sizeof(control->where) - w->at, " %.30s+%#tx",
			name ? name + 1 : info.dli_fname, ip - (const char *)info.dli_fbase);
	}
	return w->depth < DEPTH && w->at < sizeof(control->where) - 80 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* No memory here, either. */
static void tell_where(void)
{
	struct walk w = { 0 };

	control->where[0] = '\0';
	(void)_Unwind_Backtrace(on_frame, &w);
}

static bool is_spared(const void *asker)
{
	return (uintptr_t)asker >= spared.from && (uintptr_t)asker < spared.to;
}

bool no_memory_now(const void *asker)
{
	uint64_t from, at;

	if (!control || control == MAP_FAILED || is_telling || (from = atomic_load(&control->from)) == 0 ||
		(self == atomic_load(&control->daemon)) != atomic_load(&control->is_daemons) || !*is_first || is_spared(asker)) {
		return false;
	}
	at = atomic_fetch_add(&control->seen, 1) + 1;
	if (at < from || at > atomic_load(&control->upto)) {
		return false;
	}
	if (atomic_fetch_add(&control->nrefused, 1) == 0) {
		is_telling = true;
		tell_where();
		is_telling = false;
	}
	errno = ENOMEM;
	return true;
}
