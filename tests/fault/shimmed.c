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
	char dir[160];
	int fd;

	*s = (struct shimmed){ .stage = st };
	snprintf(dir, sizeof(dir), "%.120s/shim", st->dir);
	snprintf(s->library, sizeof(s->library), "%s/shim.so", dir);
	snprintf(s->notes, sizeof(s->notes), "%s/notes", dir);
	snprintf(s->graves, sizeof(s->graves), "%.190s", graves);
	snprintf(s->control_path, sizeof(s->control_path), "%s/control", dir);
	free(run_shell("mkdir -p -m 777 '%s'; mkdir -m 755 '%s'; cp '%s' '%s'; chmod 755 '%s'; chmod 777 '%s'; "
		       "truncate -s %zu '%s'; chmod 666 '%s'; touch '%s'; chmod 666 '%s'",
		s->graves, dir, SHIM, s->library, s->library, s->graves, sizeof(struct shim_control), s->control_path,
		s->control_path, s->notes, s->notes));
	fd = open(s->control_path, O_RDWR | O_CLOEXEC);
	s->control = mmap(NULL, sizeof(*s->control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(fd >= 0 && s->control != MAP_FAILED);
	close(fd);
}

void shimmed_done(struct shimmed *s)
{
	munmap(s->control, sizeof(*s->control));
}

static void begin(const struct shimmed *s, const char *dirs)
{
	char preload[512];

	snprintf(preload, sizeof(preload), "%s%s", SANITIZER, s->library);
	setenv("LD_PRELOAD", preload, 1);
	setenv("SHIM_DIR", dirs, 1);
	setenv("SHIM_CONTROL", s->control_path, 1);
}

void shimmed_begin(const struct shimmed *s, const char *deaf)
{
	begin(s, s->stage->state);
	setenv("SHIM_NOTES", s->notes, 1);
	setenv("SHIM_GRAVES", s->graves, 1);
	if (deaf) {
		setenv("SHIM_DEAF", deaf, 1);
	}
}

void shimmed_begin_counting(const struct shimmed *s, const char *dirs)
{
	begin(s, dirs);
	unsetenv("SHIM_NOTES");
	unsetenv("SHIM_DEAF");
}

void shimmed_end(void)
{
	unsetenv("LD_PRELOAD");
}
