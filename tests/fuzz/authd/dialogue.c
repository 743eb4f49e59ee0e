/* The record protocol and every mechanism behind it: whatever the neighbour
 * says, nobody is let in who has no account. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../bin/authd/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct authd *
service(void)
{
	static struct authd a;
	char path[] = "/tmp/authd.XXXXXX";

	if (a.shared != NULL)
		return &a;
	users_open(&a.users, -1);
	secrets_open(&a.secrets, -1);
	a.shared = shared_new();
	close(mkstemp(path));
	a.penalties = penalties_open(path);
	unlink(path);
	a.runner = -1;
	/* The log is not what is tested. */
	dup2(open("/dev/null", O_WRONLY), 2);
	return &a;
}

static bool
guesses(struct span in)
{
	return span_find_case(in, SPAN("=PLAIN")) < in.len ||
	    span_find_case(in, SPAN("=LOGIN")) < in.len ||
	    span_find_case(in, SPAN("=EXTERNAL")) < in.len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int ends[2];
	char answer[4096];

	/* What counts as a failed guess costs a hash or a wait, which would stop
	 * the fuzzer; the parsers of those mechanisms have a target of their
	 * own, lib/sasl. */
	if (size > 8192 || guesses((struct span){ (const char *)data, size }) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return 0;
	if (write(ends[0], data, size) != (ssize_t)size)
		abort();
	shutdown(ends[0], SHUT_WR);
	session_run(service(), ends[1]);
	close(ends[1]);
	for (ssize_t n; (n = read(ends[0], answer, sizeof answer)) > 0;)
		if (memmem(answer, (size_t)n, "ok user=", 8) != NULL)
			abort();
	close(ends[0]);
	return 0;
}
