/* The socket of a service that accepts by itself: see os/serve.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "os/serve.h"
#include "os/sock.h"

enum { FD_SERVED = 0, FD_SYSTEMD = 3, BACKLOG = 1024 };

static bool
is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Remove a socket that a dead process left behind, never a live one. */
static void
leftover_remove(const char *path, int type)
{
	int other = sock_connect_unix(path, type, 0);

	if (other >= 0 || errno == EAGAIN)
		die_text(
		    TEMP, "another process serves %s; stop it first", path);
	if (errno == ECONNREFUSED)
		unlink(path);
}

/* The descriptor that systemd passed is meant for us (sd_listen_fds(3)). */
static bool
is_passed(void)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");

	return count != NULL && strcmp(count, "1") == 0 &&
	    (pid == NULL || strtol(pid, NULL, 10) == getpid()) &&
	    is_socket(FD_SYSTEMD);
}

static int
bind_new(const char *path, int type)
{
	struct str text = STR_INIT;
	struct sock_name name;
	int fd;

	str_setf(
	    &text, "%s%s", type == SOCK_SEQPACKET ? "seqpacket:" : "", path);
	if (sock_parse(str_span(&text), &name) < 0)
		die(CONFIG, "the socket's path %s", path);
	str_free(&text);
	leftover_remove(path, type);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&name.address, name.len) < 0 ||
	    chmod(path, 0660) < 0 || listen(fd, BACKLOG) < 0)
		die(TEMP, "listen on %s", path);
	return fd;
}

bool
serve_bind(const char *path, int type)
{
	bool passed = is_passed(), held = passed || is_socket(FD_SERVED);
	int fd;

	if (held && !passed)
		return true;
	fd = passed ? FD_SYSTEMD : bind_new(path, type);
	if (dup2(fd, FD_SERVED) < 0)
		die(TEMP, "dup2");
	close(fd);
	errno = 0;
	return held;
}
