#include "os/journald.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"

#define STREAM "JOURNAL_STREAM"
#define NAME "CHAINMAIL_JOURNAL" /* whose stream stderr is */

enum { MAIL_INFO = 2 << 3 | LEVEL_INFO }; /* facility and priority */

/* "DEVICE:INODE" of a descriptor, as JOURNAL_STREAM has it. */
static bool
stream_of(int fd, struct str *text_r)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	str_setf(text_r, "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	return true;
}

/* systemd.exec(5): stderr leads to the journal only if the variable names
 * it. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv(STREAM);
	struct str own = STR_INIT;
	bool same = stream != NULL && stream_of(STDERR_FILENO, &own) &&
	    strcmp(stream, own.at) == 0;

	str_free(&own);
	return same;
}

/* As sd_journal_stream_fd(3) does: the name, the unit (known to journald), the
 * default priority, that lines may begin with a priority, and no forwarding
 * beyond journald's configuration. */
static int
stream_open(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/stdout" };
	struct str header = STR_INIT;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	str_setf(&header, "%s\n\n%d\n1\n0\n0\n0\n", name, MAIL_INFO);
	if (fd >= 0 &&
	    (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ||
		shutdown(fd, SHUT_RD) < 0 ||
		write_all(fd, str_span(&header)) < 0)) {
		close(fd);
		fd = -1;
	}
	str_free(&header);
	return fd;
}

void
journald_open(struct journald *j_r, const char *name)
{
	struct str stream = STR_INIT;

	*j_r = (struct journald){ -1, STR_INIT, STR_INIT };
	if (!stderr_is_journal() || (j_r->fd = stream_open(name)) < 0 ||
	    !stream_of(j_r->fd, &stream))
		return;
	str_setf(&j_r->where, STREAM "=%s", stream.at);
	str_setf(&j_r->whose, NAME "=%s", name);
	str_free(&stream);
}

/* Make stderr our own stream, unless it already is. */
static void
stderr_replace(const char *name)
{
	const char *whose = getenv(NAME);
	struct str stream = STR_INIT;
	int fd;

	if (whose != NULL && strcmp(whose, name) == 0)
		return;
	fd = stream_open(name);
	if (fd < 0)
		return;
	if (dup2(fd, STDERR_FILENO) >= 0 && stream_of(STDERR_FILENO, &stream)) {
		setenv(STREAM, stream.at, 1);
		setenv(NAME, name, 1);
	}
	close(fd);
	str_free(&stream);
}

void
journald_start(const char *name)
{
	if (!stderr_is_journal())
		return;
	stderr_replace(name);
	log_to_journal();
}
