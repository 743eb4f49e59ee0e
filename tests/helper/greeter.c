/* A session program for tests: greets with what it knows of its peer, then
 * does what it is told: "exit N", "hold" (until the peer goes). */
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "os/serve.h"
#include "os/sock.h"

static int
session(void *arg)
{
	struct io io;
	struct span line;
	uint64_t code = 0;

	(void)arg;
	io_init(&io, 0, 1);
	io.deadline = 0;
	io_putf(&io, "%s %s %s %s %s %s\r\n", fact("SERVICE"), fact("PROTO"),
	    fact("TCPREMOTEIP"), fact("TCPREMOTEPORT"), fact("TCPLOCALIP"),
	    fact("TCPLOCALPORT"));
	while (io_line(&io, 100, &line) == IO_OK)
		if (span_take_text(&line, SPAN("exit ")) &&
		    span_number(&line, 255, &code))
			break;
	io_flush(&io);
	io_free(&io);
	return (int)code;
}

int
main(int argc, char **argv)
{
	struct serve s = { .session = session };

	(void)argc;
	proc_start(argv[0], 3);
	sandbox_calls(CALLS_FORK | CALLS_SOCKET | CALLS_ACCEPT);
	return serve(&s);
}
