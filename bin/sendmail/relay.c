/* -bs: the caller speaks SMTP with smtpd through us. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "complain.h"
#include "send.h"
#include "smtp.h"

enum { CHUNK = 32768 };

/* Pass on what is available; false at the end. */
static bool
pass(int from, int to)
{
	char chunk[CHUNK];
	ssize_t n = read(from, chunk, sizeof chunk);

	if (n < 0)
		return errno == EINTR;
	return n > 0 && write_all(to, (struct span){ chunk, (size_t)n }) == 0;
}

int
relay_run(void)
{
	int server = smtp_connect();
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = server, .events = POLLIN } };

	for (;;) {
		if (poll(fds, COUNT(fds), -1) < 0 && errno != EINTR)
			complain_and_end(TEMP, "poll");
		if (fds[0].revents != 0 && !pass(STDIN_FILENO, server)) {
			shutdown(server, SHUT_WR);
			fds[0].fd = -1; /* the last replies are still to come */
		}
		if (fds[1].revents != 0 && !pass(server, STDOUT_FILENO))
			return DONE;
	}
}
