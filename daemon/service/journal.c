/* Log lines as entries of the journal, with the id of what happened. */
#include "service/service.h"

#include "base/log.h"

#ifdef HAVE_SYSTEMD
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

/* systemd.exec(5), JOURNAL_STREAM: device and inode of what stderr is. */
static bool is_stderr_the_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static void put_line(enum log_level level, const struct log_event *event, const char *what,
	const char *line)
{
	if (event) {
		(void)sd_journal_send("PRIORITY=%i", (int)level, "MESSAGE=%s", line, "MESSAGE_ID=%s",
			event->id, "CUSTOS_EVENT=%s", event->name, "CUSTOS_WHAT=%s", what, NULL);
	} else {
		(void)sd_journal_send("PRIORITY=%i", (int)level, "MESSAGE=%s", line, NULL);
	}
}

void service_use_journal(void)
{
	if (is_stderr_the_journal()) {
		log_set_sink(put_line);
	}
}

#else

void service_use_journal(void)
{
}

#endif
