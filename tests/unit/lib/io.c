/* lib/base/io: the one reader of protocol lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

static int ends[2];
static struct io io;

static int
open_pair(void **state)
{
	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return -1;
	io_init(&io, ends[0], ends[0]);
	io.idle_ms = 2000;
	return 0;
}

static int
close_pair(void **state)
{
	(void)state;
	io_free(&io);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static void
say(const char *text)
{
	assert_int_equal(write_all(ends[1], span_text(text)), 0);
}

static void
expect(enum io_result wanted, const char *text)
{
	struct span line = SPAN("");

	assert_int_equal(io_line(&io, 10, &line), wanted);
	if (text != NULL)
		assert_true(span_equal(line, span_text(text)));
}

static void
lines_end_in_crlf(void **state)
{
	(void)state;
	say("one\r\n\r\nthree\r\n");
	expect(IO_OK, "one");
	expect(IO_OK, "");
	expect(IO_OK, "three");
}

static void
a_bare_cr_or_lf_is_an_error(void **state)
{
	(void)state;
	say("a\nb\rc\r\nd\r\r\n\ne\r\n");
	expect(IO_BARE, NULL);
	expect(IO_BARE, NULL);
	expect(IO_BARE, NULL);
	expect(IO_BARE, NULL);
	expect(IO_OK, "e");
}

static void
a_long_line_is_read_to_its_end(void **state)
{
	char big[20000];

	(void)state;
	memset(big, 'x', sizeof big);
	say("0123456789\r\n01234567890\r\n");
	expect(IO_OK, "0123456789");
	expect(IO_LONG, NULL);
	assert_int_equal(
	    write_all(ends[1], (struct span){ big, sizeof big }), 0);
	say("\r\nafter\r\n");
	expect(IO_LONG, NULL);
	assert_true(io.input.size < sizeof big);
	expect(IO_OK, "after");
}

static void
a_line_in_pieces_is_one_line(void **state)
{
	(void)state;
	say("ab");
	io.deadline = clock_mono_ms() + 50;
	expect(IO_TIMEOUT, NULL);
	io.deadline = 0;
	say("c\r");
	io.deadline = clock_mono_ms() + 50;
	expect(IO_TIMEOUT, NULL);
	io.deadline = 0;
	say("\n");
	expect(IO_OK, "abc");
}

static void
exact_reads_never_pass_the_line(void **state)
{
	char rest[8];

	(void)state;
	io.exact = true;
	say("one\r\ntwo");
	expect(IO_OK, "one");
	assert_int_equal(io_pending(&io).len, 0);
	assert_int_equal(read(ends[0], rest, sizeof rest), 3);
}

static void
the_end_and_silence_are_told_apart(void **state)
{
	(void)state;
	io.idle_ms = 20;
	expect(IO_TIMEOUT, NULL);
	say("unfinished");
	shutdown(ends[1], SHUT_WR);
	expect(IO_EOF, NULL);
}

static void
answers_wait_for_the_end_of_a_pipeline(void **state)
{
	char got[64];

	(void)state;
	say("a\r\nb\r\n");
	expect(IO_OK, "a");
	io_put_text(&io, "1");
	expect(IO_OK, "b");
	assert_int_equal(recv(ends[1], got, sizeof got, MSG_DONTWAIT), -1);
	io_put_text(&io, "2");
	io.idle_ms = 20;
	expect(IO_TIMEOUT, NULL);
	assert_int_equal(recv(ends[1], got, sizeof got, MSG_DONTWAIT), 2);
}

static void
a_peer_that_reads_nothing_ends_the_output(void **state)
{
	static char page[4096];
	int rounds = 0;

	(void)state;
	io.idle_ms = 50;
	while (!io.failed && rounds++ < 1000)
		io_put(&io, (struct span){ page, sizeof page });
	assert_true(io.failed);
	assert_true(io.output.size < 65536);
}

/* As of who holds a lock: the peer reads nothing, and what it was to have is all
 * there when it does. */
static void
what_is_put_now_never_waits(void **state)
{
	static char page[4096], got[65536];
	size_t sent = 0, taken = 0;
	ssize_t n;

	(void)state;
	io.idle_ms = 0;
	memset(page, 'x', sizeof page);
	while ((n = send(ends[0], page, sizeof page, MSG_DONTWAIT)) > 0)
		sent += (size_t)n;
	io_put_text(&io, "before ");
	for (int i = 0; i < 5000; i++)
		io_put_now(&io, SPAN("now "));
	assert_false(io.failed);
	assert_true(io.output.len >= 7 && io.output.len <= 16384);
	while (sent > taken)
		taken += (size_t)recv(ends[1], got, sizeof got, 0);
	io_put_now(&io, SPAN("end"));
	assert_int_equal(io_flush(&io), IO_OK);
	taken = (size_t)recv(ends[1], got, sizeof got, 0);
	assert_true(
	    span_starts((struct span){ got, taken }, SPAN("before now now ")));
}

static void
what_came_before_starttls_is_forgotten(void **state)
{
	(void)state;
	say("STARTTLS\r\nMAIL FROM:<>\r\n");
	expect(IO_OK, "STARTTLS");
	assert_int_equal(io_discard(&io), 14);
	say("EHLO\r\n");
	expect(IO_OK, "EHLO");
}

static void
a_long_line_that_ends_bare_is_bare(void **state)
{
	(void)state;
	say("0123456789012345\nMAIL\r\n");
	expect(IO_BARE, NULL);
	expect(IO_OK, "MAIL");
}

static void
a_flood_does_not_outlive_the_deadline(void **state)
{
	(void)state;
	io.deadline = clock_mono_ms() - 1;
	say("x");
	expect(IO_TIMEOUT, NULL);
}

static void
bulk_is_taken_in_big_pieces_and_given_back(void **state)
{
	static char big[20000];
	struct span bytes;
	size_t got = 0;

	(void)state;
	memset(big, 'x', sizeof big);
	assert_int_equal(
	    write_all(ends[1], (struct span){ big, sizeof big }), 0);
	while (got < sizeof big) {
		assert_int_equal(io_some(&io, sizeof big - got, &bytes), IO_OK);
		got += bytes.len;
	}
	say("after\r\n");
	expect(IO_OK, "after");
	assert_true(io.input.size < 8192);
}

static void
a_formatted_line_is_never_cut(void **state)
{
	static char big[5001];
	char got[6000];
	size_t n = 0;

	(void)state;
	memset(big, 'y', sizeof big - 1);
	io_putf(&io, "%s\r\n", big);
	assert_int_equal(io_flush(&io), IO_OK);
	while (n < 5002)
		n += (size_t)read(ends[1], got + n, sizeof got - n);
	assert_int_equal(n, 5002);
	assert_memory_equal(got + 5000, "\r\n", 2);
}

/* A transport that changes the case of letters, takes and gives three bytes at
 * a time, and wants to wait before each. */
struct changer {
	int fd;
	bool ready;
};

static ssize_t
change(struct changer *c, const char *from, char *to, size_t len)
{
	if (!c->ready) {
		c->ready = true;
		errno = EAGAIN;
		return -1;
	}
	c->ready = false;
	for (size_t i = 0; i < len; i++)
		to[i] = byte_is_alpha(from[i]) ? (char)(from[i] ^ 0x20)
					       : from[i];
	return (ssize_t)len;
}

static ssize_t
change_read(void *arg, char *into, size_t room, short *events_r)
{
	struct changer *c = arg;
	char bytes[3];
	ssize_t n;

	*events_r = POLLIN;
	if (!c->ready)
		return change(c, NULL, NULL, 0);
	n = recv(c->fd, bytes, room < 3 ? room : 3, MSG_DONTWAIT);
	return n > 0 ? change(c, bytes, into, (size_t)n) : n;
}

static ssize_t
change_write(void *arg, struct span bytes, short *events_r)
{
	struct changer *c = arg;
	char changed[3];
	ssize_t n;

	*events_r = POLLOUT;
	n = change(c, bytes.at, changed, bytes.len < 3 ? bytes.len : 3);
	return n > 0 ? send(c->fd, changed, (size_t)n, 0) : n;
}

static void
a_transport_stands_between(void **state)
{
	static const struct io_transport transport = { change_read,
		change_write };
	struct changer c = { .fd = ends[0] };
	char got[32] = "";

	(void)state;
	io_switch_transport(&io, ends[0], &transport, &c);
	say("Hello you\r\nTWO\r\n");
	io_put_text(&io, "Line\r\n");
	expect(IO_OK, "hELLO YOU");
	expect(IO_OK, "two");
	assert_int_equal(io_flush(&io), IO_OK);
	assert_int_equal(recv(ends[1], got, sizeof got - 1, 0), 6);
	assert_string_equal(got, "lINE\r\n");
	/* The output that the peer may wait for goes out before we wait. */
	io.idle_ms = 50;
	io_put_text(&io, "x");
	expect(IO_TIMEOUT, NULL);
	assert_int_equal(recv(ends[1], got, sizeof got - 1, 0), 1);
	io.idle_ms = 0;
	io.deadline = clock_mono_ms() + 50;
	expect(IO_TIMEOUT, NULL);
	io.deadline = 0;
	shutdown(ends[1], SHUT_WR);
	expect(IO_EOF, NULL);
}

/* Says yes as often as its argument has left. */
static bool
beat(void *arg)
{
	unsigned *left = arg;

	return (*left)-- > 0;
}

static void
a_pulse_is_asked_while_we_wait_and_ends_it(void **state)
{
	unsigned left = 3;
	char word[8];
	int64_t next;

	(void)state;
	assert_true(io_pulse(&io, &next));
	assert_int_equal(next, -1);
	io.pulse = beat;
	io.pulse_arg = &left;
	io.pulse_ms = 5;
	expect(IO_TIMEOUT, NULL);
	assert_int_equal(left, UINT32_MAX);
	/* A last word can be said. */
	io_put_text(&io, "bye");
	assert_int_equal(io_flush(&io), IO_OK);
	assert_int_equal(recv(ends[1], word, sizeof word, 0), 3);
}

static void
a_peer_that_never_lets_us_wait_is_asked_about_too(void **state)
{
	unsigned left = 1;

	(void)state;
	io.pulse = beat;
	io.pulse_arg = &left;
	io.pulse_ms = 1;
	do
		say("x\r\n");
	while (io_line(&io, 10, &(struct span){ 0 }) == IO_OK);
	assert_int_equal(left, UINT32_MAX);
}

int
main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)
	const struct CMUnitTest tests[] = {
		EACH(lines_end_in_crlf),
		EACH(a_bare_cr_or_lf_is_an_error),
		EACH(a_long_line_is_read_to_its_end),
		EACH(a_line_in_pieces_is_one_line),
		EACH(exact_reads_never_pass_the_line),
		EACH(the_end_and_silence_are_told_apart),
		EACH(answers_wait_for_the_end_of_a_pipeline),
		EACH(a_peer_that_reads_nothing_ends_the_output),
		EACH(what_is_put_now_never_waits),
		EACH(what_came_before_starttls_is_forgotten),
		EACH(a_long_line_that_ends_bare_is_bare),
		EACH(a_flood_does_not_outlive_the_deadline),
		EACH(bulk_is_taken_in_big_pieces_and_given_back),
		EACH(a_formatted_line_is_never_cut),
		EACH(a_transport_stands_between),
		EACH(a_pulse_is_asked_while_we_wait_and_ends_it),
		EACH(a_peer_that_never_lets_us_wait_is_asked_about_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
