/* The record protocol and every mechanism behind it: whatever the neighbour
 * says, nobody is let in who has no account. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../bin/authd/dialogue.h"

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int ends[2];
	char answer[4096];

	/* A name that gets as far as a hash takes milliseconds, and a guesser's
	 * waits would stop the fuzzer: what follows "PLAIN" and "LOGIN" has
	 * its own target, lib/sasl. */
	if (size > 8192 || memmem(data, size, "=P", 2) != NULL ||
	    memmem(data, size, "=p", 2) != NULL ||
	    memmem(data, size, "=L", 2) != NULL ||
	    memmem(data, size, "=l", 2) != NULL ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return 0;
	if (write(ends[0], data, size) != (ssize_t)size)
		abort();
	shutdown(ends[0], SHUT_WR);
	dialogue_run(service(), ends[1]);
	close(ends[1]);
	for (ssize_t n; (n = read(ends[0], answer, sizeof answer)) > 0;)
		if (memmem(answer, (size_t)n, "ok user=", 8) != NULL)
			abort();
	close(ends[0]);
	return 0;
}
