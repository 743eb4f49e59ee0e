/* mail-verify: a filter that has verifyd check a message (SPF, DKIM, ARC,
 * DMARC, iprev), writes down what it found, and passes on its verdict.
 *	descriptors	0 the message, 1 the message with
 *			Authentication-Results, 2 the log; the last line is for
 *			the client
 *	environment	as chainmail-filter(7) has it
 * Without the service it starts verifyd for this one message. uid: of the
 * filters.
 * Exit codes: 0 accepted; 64 usage; 65 the header is too long; 75 later;
 * 77 refused; 78 configuration. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "base/die.h"
#include "base/help.h"
#include "base/io.h"
#include "base/log.h"
#include "base/record.h"
#include "mail/header.h"
#include "os/conf.h"
#include "os/dirs.h"
#include "os/input.h"
#include "os/proc.h"
#include "os/sock.h"

static const char help[] =
    "usage: mail-verify < message > message\n"
    "A filter that checks mail from outside (SPF, DKIM, ARC, DMARC, iprev)\n"
    "and adds the field Authentication-Results.\n"
    "See chainmail-mail-verify(8).\n";

enum {
	CONNECT_MS = 10000,
	HEADER_MAX = 2 << 20,
	CHUNK = 65536,
};

struct filter {
	const char *id, *helo, *sender; /* of the envelope */
	int service;
	struct input message;
	struct str me;
	struct limits limits;
	struct answer answer;
};

/* The last line is for the client. */
static _Noreturn void
later(const char *what)
{
	struct logline l;

	log_start(&l, "error");
	log_text(&l, "text", what);
	log_errno(&l);
	log_write(&l);
	fprintf(stderr,
	    "4.3.0 The message can't be checked now; "
	    "try again later\n");
	exit(TEMP);
}

/* Before proc_start(), which drops them. */
static const char *
envelope_fact(const char *name)
{
	const char *value = getenv(name);

	return value == NULL ? "" : value;
}

/* The service's socket, or a verifyd of our own. */
static int
own_service(void)
{
	struct str path = STR_INIT;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		later("socketpair");
	proc_sibling("verifyd", &path);
	pid = fork();
	if (pid < 0)
		later("start verifyd");
	if (pid == 0) {
		int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

		if (dup2(pair[1], STDIN_FILENO) < 0 ||
		    dup2(nothing, STDOUT_FILENO) < 0)
			_exit(TEMP);
		execl(path.at, path.at, (char *)NULL);
		_exit(TEMP);
	}
	close(pair[1]);
	str_free(&path);
	return pair[0];
}

static int
service_open(void)
{
	struct str path = STR_INIT;
	int fd;

	str_setf(&path, "%s/verify", dir_run());
	fd = sock_connect_unix(path.at, SOCK_SEQPACKET, CONNECT_MS);
	if (fd < 0 && errno == ENOENT)
		fd = own_service();
	if (fd < 0)
		later("connect to verifyd");
	str_free(&path);
	return fd;
}

/* Open what is needed and enter the sandbox. */
static void
prepare(struct filter *f)
{
	int etc = conf_open();

	conf_me(etc, &f->me);
	conf_limits(etc, &f->limits, NULL, NULL);
	if (etc >= 0)
		close(etc);
	f->service = service_open();
	filter_confine(f->limits.message_size);
}

static void
question_send(struct filter *f)
{
	struct str q = STR_INIT;

	record_verb(&q, "verify");
	record_add_text(&q, "id", f->id);
	record_add_text(&q, "client", fact("TCPREMOTEIP"));
	record_add_text(&q, "helo", f->helo);
	record_add_text(&q, "sender", f->sender);
	record_add_text(&q, "user", fact("AUTH_USER"));
	record_add_number(&q, "offset", (int64_t)f->message.offset);
	record_add_number(&q, "size", (int64_t)f->message.size);
	record_end(&q);
	if (sock_send(f->service, str_span(&q), &f->message.fd, 1) < 0)
		later("ask verifyd");
	str_free(&q);
}

static void
answer_receive(struct filter *f)
{
	struct str packet = STR_INIT;
	int fds[FDS_MAX];
	size_t count = 0;

	if (sock_receive(f->service, 0, &packet, fds, &count) != 1 ||
	    !answer_parse(str_span(&packet), &f->answer))
		later("no answer of verifyd");
	while (count > 0)
		close(fds[--count]);
	str_free(&packet);
}

static void
put(struct span bytes)
{
	if (write_all(STDOUT_FILENO, bytes) < 0)
		later("write the message");
}

static void
message_part(const struct filter *f, uint64_t at, size_t len, struct str *out)
{
	if (read_part(f->message.fd, f->message.offset + at, len, out) < 0)
		later("read the message");
}

/* False: the header is too long. */
static bool
message_pass(const struct filter *f)
{
	struct str in = STR_INIT, out = STR_INIT;
	uint64_t at = f->message.size < HEADER_MAX ? f->message.size
						   : HEADER_MAX;

	message_part(f, 0, (size_t)at, &in);
	if (at < f->message.size && header_size(str_span(&in)) == in.len)
		return false;
	header_write(&f->answer, str_span(&in), str_span(&f->me), &out);
	put(str_span(&out));
	while (at < f->message.size) {
		uint64_t left = f->message.size - at;
		size_t len = left < CHUNK ? (size_t)left : CHUNK;

		str_clear(&in);
		message_part(f, at, len, &in);
		put(str_span(&in));
		at += len;
	}
	/* Some file systems report a full disk only at close. */
	if (close(STDOUT_FILENO) < 0)
		later("write the message");
	str_free(&in);
	str_free(&out);
	return true;
}

int
main(int argc, char **argv)
{
	struct filter f = { .id = envelope_fact("MESSAGE_ID"),
		.helo = envelope_fact("HELO"),
		.sender = envelope_fact("SENDER"),
		.me = STR_INIT };

	proc_start(argv[0], 3);
	help_answer(argc, argv, help);
	if (argc > 1)
		help_usage(help);
	prepare(&f);
	if (input_take(STDIN_FILENO, 2 * f.limits.message_size, &f.message) < 0)
		later("read the message");
	question_send(&f);
	answer_receive(&f);
	if (f.answer.verdict == DONE && !message_pass(&f)) {
		f.answer.verdict = DATA;
		str_setf(&f.answer.text, "5.3.4 The header is too long");
	}
	if (f.answer.verdict != DONE)
		fprintf(stderr, "%s\n", f.answer.text.at);
	answer_free(&f.answer);
	str_free(&f.me);
	return f.answer.verdict;
}
