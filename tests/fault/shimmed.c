#include "shimmed.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

void shimmed_init(struct shimmed *s, const struct stage *st, const char *graves)
{
	const char *files = st->files;
	int fd;

	*s = (struct shimmed){ .stage = st };
	snprintf(s->notes, sizeof(s->notes), "%.150s/notes", files);
	snprintf(s->graves, sizeof(s->graves), "%.190s", graves);
	snprintf(s->control_path, sizeof(s->control_path), "%.150s/control", files);
	free(run_shell("cp '%s' '%s/shim.so'; chmod 755 '%s/shim.so'; mkdir -p -m 777 '%s'; "
		       "chmod 777 '%s'; truncate -s %zu '%s'; chmod 666 '%s'; touch '%s'; chmod 666 '%s'",
		SHIM, files, files, s->graves, s->graves, sizeof(struct shim_control),
		s->control_path, s->control_path, s->notes, s->notes));
	fd = open(s->control_path, O_RDWR | O_CLOEXEC);
	s->control = mmap(NULL, sizeof(*s->control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(fd >= 0 && s->control != MAP_FAILED);
	close(fd);
}

void shimmed_done(struct shimmed *s)
{
	munmap(s->control, sizeof(*s->control));
}

void shimmed_begin(const struct shimmed *s, const char *deaf)
{
	char preload[512];

	snprintf(preload, sizeof(preload), "%s%s/shim.so", SANITIZER, s->stage->files);
	setenv("LD_PRELOAD", preload, 1);
	setenv("SHIM_DIR", s->stage->state, 1);
	setenv("SHIM_NOTES", s->notes, 1);
	setenv("SHIM_GRAVES", s->graves, 1);
	setenv("SHIM_CONTROL", s->control_path, 1);
	if (deaf) {
		setenv("SHIM_DEAF", deaf, 1);
	}
}

void shimmed_end(void)
{
	unsetenv("LD_PRELOAD");
}
