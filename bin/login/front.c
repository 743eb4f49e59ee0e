#include "front.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/record.h"
#include "os/sock.h"

enum { GOODBYE_MS = 1000 };

void
front_end(struct front *f, const char *text)
{
	if (!f->done)
		io_putf(&f->io, f->imap ? "* BYE %s\r\n" : "-ERR %s\r\n", text);
	f->done = true;
	/* Leave time for the goodbye after a timeout. */
	f->io.deadline = clock_mono_ms() + GOODBYE_MS;
}

void
front_no_line(struct front *f, enum io_result why)
{
	switch (why) {
	case IO_LONG:
		front_end(f, "The line is too long");
		break;
	case IO_BARE:
		front_end(f, "Lines must end with CR LF");
		break;
	case IO_TIMEOUT:
		/* RFC 9051 5.4, RFC 1939 3: an autologout timer */
		front_end(f, "Timeout: no login in time");
		break;
	case IO_OK:
	case IO_EOF:
		f->done = true;
		break;
	}
}

bool
front_line(struct front *f, size_t limit, struct span *line_r)
{
	enum io_result r = io_line(&f->io, limit, line_r);

	if (r != IO_OK)
		front_no_line(f, r);
	return r == IO_OK;
}

bool
front_is_private(const struct front *f)
{
	return f->tls || f->local;
}

struct span
front_ask(struct front *f, int *fd_r)
{
	int fds[FDS_MAX];
	size_t count = 0;

	if (sock_send(f->parent, str_span(&f->packet), NULL, 0) < 0)
		_exit(TEMP);
	explicit_bzero(f->packet.at, f->packet.len);
	if (sock_receive(f->parent, 0, &f->packet, fds, &count) <= 0)
		_exit(TEMP);
	if (fd_r != NULL)
		*fd_r = count > 0 ? fds[0] : -1;
	return str_span(&f->packet);
}

void
front_tls(struct front *f)
{
	uint64_t cert = 0;
	int fd;

	io_flush(&f->io);
	str_clear(&f->packet);
	record_verb(&f->packet, "tls");
	record_get_number(front_ask(f, &fd), "cert", 1, &cert);
	if (fd < 0 || dup2(fd, 0) != 0 || dup2(fd, 1) != 1)
		_exit(TEMP);
	close(fd);
	io_switch(&f->io, 0, 1);
	f->tls = true;
	f->cert = cert == 1;
	f->tls_possible = false;
	str_wipe(&f->name);
}
