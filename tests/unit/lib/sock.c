/* lib/os/sock and facts: packets with descriptors, and who the peer is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "os/sock.h"

static int
open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void
a_descriptor_comes_with_its_packet(void **state)
{
	struct str packet = STR_INIT;
	int ends[2], pipes[2], fds[FDS_MAX];
	size_t count;
	char byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(sock_send(ends[0], SPAN("job n=1"), pipes, 2), 0);
	assert_int_equal(sock_receive(ends[1], 0, &packet, fds, &count), 1);
	assert_string_equal(packet.at, "job n=1");
	assert_int_equal(count, 2);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	close(fds[0]);
	close(fds[1]);
	close(pipes[0]);
	close(pipes[1]);
	close(ends[0]);
	assert_int_equal(sock_receive(ends[1], 0, &packet, fds, &count), 0);
	close(ends[1]);
	str_free(&packet);
}

/* As a uid without privilege: fill the kernel's count of descriptors on their
 * way, and send one more while another process empties it. */
static void
send_beyond_the_limit(void)
{
	struct rlimit few = { 16, 16 };
	struct str packet = STR_INIT;
	int ends[2], fds[FDS_MAX], sent = 0;
	size_t count;
	pid_t reader;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0 ||
	    setrlimit(RLIMIT_NOFILE, &few) < 0)
		_exit(2);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	while (sent < 64 && sock_send(ends[0], SPAN("x"), ends, 1) == 0)
		sent++;
	if (errno != ETOOMANYREFS)
		_exit(3);
	fcntl(ends[0], F_SETFL, 0);
	if ((reader = fork()) == 0) {
		usleep(50000);
		while (sock_receive(ends[1], 0, &packet, fds, &count) > 0)
			while (count > 0)
				close(fds[--count]);
		_exit(0);
	}
	sent = sock_send(ends[0], SPAN("x"), ends, 1);
	kill(reader, SIGKILL);
	_exit(sent < 0 ? 4 : 0);
}

static void
a_burst_of_descriptors_waits_for_its_receiver(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		if (getuid() == 0 && setuid(3000000000U + getpid()) < 0)
			_exit(1);
		send_beyond_the_limit();
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
refused_packets_leave_no_descriptor(void **state)
{
	static char big[PACKET_MAX + 1];
	struct str packet = STR_INIT;
	int ends[2], fds[FDS_MAX], before, size = 1 << 20;
	size_t count;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	before = open_descriptors();
	assert_int_equal(sock_send(ends[0], SPAN(""), ends, 1), 0);
	assert_int_equal(sock_receive(ends[1], 0, &packet, fds, &count), 0);
	assert_int_equal(
	    sock_send(ends[0], (struct span){ big, sizeof big }, ends, 1), 0);
	assert_int_equal(sock_receive(ends[1], 0, &packet, fds, &count), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(count, 0);
	assert_int_equal(open_descriptors(), before);
	close(ends[0]);
	close(ends[1]);
	str_free(&packet);
}

/* A connection over loopback: ours[0] is the client's end. */
static void
connect_loopback(int ours[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int l = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(l, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&a, &len), 0);
	ours[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(ours[0], (struct sockaddr *)&a, sizeof a), 0);
	ours[1] = accept(l, NULL, NULL);
	close(l);
}

static void
facts_forget(void)
{
	static const char *const names[] = { "PROTO", "TCPREMOTEIP",
		"TCPREMOTEPORT", "TCPLOCALIP", "TCPLOCALPORT" };

	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
}

static void
facts_of_a_connection(void **state)
{
	int c[2];

	(void)state;
	facts_forget();
	assert_true(fact_is_local()); /* a terminal, a pipe */
	connect_loopback(c);
	facts_from_socket(c[1]);
	assert_string_equal(fact("PROTO"), "TCP");
	assert_string_equal(fact("TCPREMOTEIP"), "127.0.0.1");
	assert_true(strtol(fact("TCPREMOTEPORT"), NULL, 10) > 0);
	assert_true(fact_is_local());
	close(c[0]);
	close(c[1]);
}

/* What it sent before can still be read, so it must not pass for local. */
static void
a_peer_that_has_reset_is_not_local(void **state)
{
	struct linger hard = { 1, 0 };
	char byte;
	int c[2];

	(void)state;
	facts_forget();
	connect_loopback(c);
	setsockopt(c[0], SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	close(c[0]);
	assert_int_equal(recv(c[1], &byte, 1, 0), -1);
	facts_from_socket(c[1]);
	assert_false(fact_is_local());
	close(c[1]);
	facts_forget();
}

static void
refused(int sock, struct span packet)
{
	assert_int_equal(sock_send(sock, packet, NULL, 0), 0);
}

static void
what_was_answered_outlives_what_is_refused(void **state)
{
	struct str got = STR_INIT;
	int pair[2], fds[FDS_MAX];
	size_t count;

	(void)state;
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
	assert_int_equal(sock_send(pair[1], SPAN("job 1"), NULL, 0), 0);
	assert_int_equal(sock_send(pair[1], SPAN("job 2"), pair, 1), 0);
	assert_int_equal(sock_send(pair[0], SPAN("answer"), NULL, 0), 0);
	sock_refuse(pair[0], refused);
	assert_int_equal(sock_send(pair[1], SPAN("job 3"), NULL, 0), -1);
	assert_int_equal(sock_send(pair[0], SPAN("more"), NULL, 0), 0);
	close(pair[0]);
	assert_int_equal(sock_receive(pair[1], 0, &got, fds, &count), 1);
	assert_string_equal(got.at, "answer");
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(
		    sock_receive(pair[1], 0, &got, fds, &count), 1);
		assert_int_equal(count, 0);
		assert_string_equal(got.at, i == 1 ? "job 1" : "job 2");
	}
	assert_int_equal(sock_receive(pair[1], 0, &got, fds, &count), 1);
	assert_string_equal(got.at, "more");
	assert_int_equal(sock_receive(pair[1], 0, &got, fds, &count), 0);
	close(pair[1]);
	str_free(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor_comes_with_its_packet),
		cmocka_unit_test(a_burst_of_descriptors_waits_for_its_receiver),
		cmocka_unit_test(refused_packets_leave_no_descriptor),
		cmocka_unit_test(facts_of_a_connection),
		cmocka_unit_test(a_peer_that_has_reset_is_not_local),
		cmocka_unit_test(what_was_answered_outlives_what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
