#include "smtp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "complain.h"
#include "os/dirs.h"
#include "os/sock.h"

enum {
	LINE_MAX_REPLY = 4096,
	REPLY_MAX = 65536,
	WAIT_MS = 600000,  /* RFC 5321 4.5.3.2.6: ten minutes after the dot */
	RESTART_MS = 5000, /* smtpd may be restarting */
	CHUNK = 32768,
	UNAVAILABLE = 69,     /* sysexits.h: EX_UNAVAILABLE */
	RECIPIENTS_MAX = 100, /* RFC 5321 4.5.3.1.8: every server takes this
			       * many */
};

int
smtp_connect(void)
{
	int64_t until = clock_mono_ms() + RESTART_MS;
	struct str path = STR_INIT;
	int fd;

	str_setf(&path, "%s/local", dir_run());
	while ((fd = sock_connect_unix(path.at, SOCK_STREAM, RESTART_MS)) < 0 &&
	    errno == ECONNREFUSED && clock_mono_ms() < until)
		poll(NULL, 0, 50);
	if (fd < 0)
		complain_and_end(TEMP,
		    "no mail server answers at %s (%s); the message is not "
		    "sent, try again later",
		    path.at, strerror(errno));
	str_free(&path);
	return fd;
}

static _Noreturn void
lost(void)
{
	complain_and_end(TEMP,
	    "the mail server closed the connection; the message may not be "
	    "sent, try "
	    "again later");
}

/* RFC 5321 4.2: "250-text" goes on, "250 text" is the last line. */
static int
reply_read(struct smtp *s)
{
	struct span line;
	uint64_t code;

	str_clear(&s->reply);
	s->io.deadline = clock_mono_ms() + WAIT_MS;
	do {
		if (io_line(&s->io, LINE_MAX_REPLY, &line) != IO_OK ||
		    line.len < 3 ||
		    !span_is_number(span_head(line, 3), 599, &code) ||
		    s->reply.len > REPLY_MAX)
			lost();
		if (s->verbose)
			printf("%.*s\n", (int)line.len, line.at);
		str_add(&s->reply, line);
		str_add_byte(&s->reply, '\n');
	} while (line.len > 3 && line.at[3] == '-');
	return (int)code;
}

int
smtp_say(struct smtp *s, const char *format, ...)
{
	struct str command = STR_INIT;
	va_list ap;

	va_start(ap, format);
	str_add_format(&command, format, ap);
	va_end(ap);
	if (s->verbose)
		printf(">>> %s\n", command.at);
	str_add_text(&command, "\r\n");
	io_put(&s->io, str_span(&command));
	str_free(&command);
	return reply_read(s);
}

/* EHLO's reply: the host's name first, then the extensions. */
static void
hello_read(struct smtp *s)
{
	struct span rest = str_span(&s->reply), line;

	if (span_line(&rest, &line)) {
		line = span_from(line, 4);
		str_set(&s->me, span_head(line, span_find(line, ' ')));
	}
	s->recipients_max = RECIPIENTS_MAX;
	while (span_line(&rest, &line)) {
		struct span words = span_from(line, 4);

		/* RFC 9422 */
		if (span_take_case(&words, SPAN("LIMITS RCPTMAX=")))
			span_number(&words, UINT32_MAX, &s->recipients_max);
	}
	if (s->recipients_max == 0)
		s->recipients_max = RECIPIENTS_MAX;
}

static _Noreturn void
refused(struct smtp *s)
{
	struct span words = smtp_words(s);

	complain_and_end(smtp_verdict(s), "the mail server says: %.*s",
	    (int)words.len, words.at);
}

void
smtp_open(struct smtp *s, struct span user)
{
	int fd = smtp_connect();

	str_init(&s->reply);
	str_init(&s->me);
	io_init(&s->io, fd, fd);
	if (reply_read(s) != 220 ||
	    smtp_say(s, "EHLO %.*s", (int)user.len, user.at) != 250)
		refused(s);
	hello_read(s);
}

/* Text in the disk's line ends, as the wire has it. */
static void
text_put(struct smtp *s, struct span text, bool *at_start)
{
	while (text.len > 0) {
		struct span line = span_head(text, span_find(text, '\n'));

		if (*at_start && line.len > 0 && line.at[0] == '.')
			io_put(&s->io, SPAN("."));
		io_put(&s->io, line);
		*at_start = line.len < text.len;
		if (*at_start)
			io_put(&s->io, SPAN("\r\n"));
		text = span_from(text, line.len + 1);
	}
}

int
smtp_text(struct smtp *s, struct span header, int body)
{
	char chunk[CHUNK];
	bool at_start = true;
	ssize_t n;

	text_put(s, header, &at_start);
	text_put(s, SPAN("\n"), &at_start);
	if (lseek(body, 0, SEEK_SET) < 0)
		complain_and_end(
		    TEMP, "the message is lost: %s", strerror(errno));
	while ((n = read(body, chunk, sizeof chunk)) != 0) {
		if (n < 0 && errno != EINTR)
			complain_and_end(TEMP, "the message can't be read: %s",
			    strerror(errno));
		s->io.deadline = clock_mono_ms() + WAIT_MS;
		if (n > 0)
			text_put(
			    s, (struct span){ chunk, (size_t)n }, &at_start);
	}
	io_put(&s->io, SPAN(".\r\n"));
	return reply_read(s);
}

void
smtp_close(struct smtp *s)
{
	smtp_say(s, "QUIT");
	close(s->io.in);
	io_free(&s->io);
	str_free(&s->reply);
	str_free(&s->me);
}

struct span
smtp_words(const struct smtp *s)
{
	struct span rest = str_span(&s->reply), line, last = SPAN("");

	while (span_line(&rest, &line))
		last = line;
	return last;
}

enum verdict
smtp_verdict(const struct smtp *s)
{
	struct span words = smtp_words(s), status = span_from(words, 4);

	if (words.at[0] != '5')
		return words.at[0] == '4' ? TEMP : DONE;
	if (span_starts(status, SPAN("5.1.")))
		return NOUSER;
	if (span_starts(status, SPAN("5.7.")))
		return NOPERM;
	if (span_starts(status, SPAN("5.3.")) ||
	    span_starts(status, SPAN("5.6.")))
		return DATA;
	return (enum verdict)UNAVAILABLE;
}
