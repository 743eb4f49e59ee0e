/* The front: what both protocols need. */
#include "login.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/encode.h"
#include "base/record.h"
#include "os/sandbox.h"
#include "os/sock.h"

enum { GOODBYE_MS = 1000 };

void
front_run(struct front *f)
{
	/* With no call that opens anything, Landlock would add nothing. */
	sandbox_calls(CALLS_STREAM | CALLS_SOCKET);
	str_init(&f->packet);
	str_init(&f->challenge);
	str_init(&f->name);
	io_init(&f->io, 0, 1);
	/* What comes after the command that ends this process belongs to the
	 * session program. */
	f->io.exact = true;
	f->io.deadline = clock_mono_ms() + (int64_t)f->limits.login_time * 1000;
	if (f->imap)
		imap_greet(f);
	else
		pop3_greet(f);
	while (!f->done) {
		if (f->imap)
			imap_command(f);
		else
			pop3_command(f);
		if (f->errors > f->limits.errors ||
		    f->idle > f->limits.idle_commands ||
		    f->failures >= FAILURES_MAX)
			front_end(f, "Too many errors");
	}
	io_flush(&f->io);
	_exit(NOPERM);
}

void
front_end(struct front *f, const char *text)
{
	if (!f->done)
		io_putf(&f->io, f->imap ? "* BYE %s\r\n" : "-ERR %s\r\n", text);
	f->done = true;
	/* The goodbye may still be said when the time is up. */
	f->io.deadline = clock_mono_ms() + GOODBYE_MS;
}

bool
front_line(struct front *f, size_t limit, struct span *line_r)
{
	switch (io_line(&f->io, limit, line_r)) {
	case IO_OK:
		return true;
	case IO_LONG:
		front_end(f, "The line is too long");
		return false;
	case IO_BARE:
		front_end(f, "Lines end in CR LF");
		return false;
	case IO_TIMEOUT:
		/* RFC 9051 5.4, RFC 1939 3: an autologout timer */
		front_end(f, "Too slow");
		return false;
	case IO_EOF:
		break;
	}
	f->done = true;
	return false;
}

bool
front_is_http(struct span line)
{
	static const char *const verbs[] = { "GET ", "HEAD ", "POST ", "PUT ",
		"DELETE ", "OPTIONS ", "CONNECT ", "TRACE ", "PATCH " };

	for (size_t i = 0; i < COUNT(verbs); i++)
		if (span_starts(line, span_text(verbs[i])))
			return true;
	return false;
}

bool
front_is_private(const struct front *f)
{
	return f->tls || f->local;
}

void
front_mechanisms(const struct front *f, struct str *out, const char *prefix)
{
	const char *name;

	for (size_t i = 0;
	     (name = auth_mechanism(i, f->tls, f->local, f->cert)) != NULL; i++)
		str_addf(out, "%s%s", prefix, name);
}

/* Send the packet and take the answer into it; ends when the keeper is gone. */
static struct span
ask(struct front *f, int *fd_r)
{
	int fds[FDS_MAX];
	size_t count = 0;

	if (sock_send(f->keeper, str_span(&f->packet), NULL, 0) < 0)
		_exit(TEMP);
	explicit_bzero(f->packet.at, f->packet.len);
	if (sock_receive(f->keeper, 0, &f->packet, fds, &count) <= 0)
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
	record_get_number(ask(f, &fd), "cert", 1, &cert);
	if (fd < 0 || dup2(fd, 0) != 0 || dup2(fd, 1) != 1)
		_exit(TEMP);
	close(fd);
	io_switch(&f->io, 0, 1);
	f->tls = true;
	f->cert = cert == 1;
	f->tls_possible = false;
	str_wipe(&f->name);
}

/* Show the client the challenge and ask for its response: what to tell the
 * keeper is in the packet. */
static bool
client_ask(struct front *f)
{
	struct span line;

	/* RFC 3501 7.5, RFC 5034 4: "+ " also before an empty challenge. */
	io_putf(&f->io, "+ %s\r\n", f->challenge.at);
	if (!front_line(f, AUTH_DATA_MAX, &line))
		return false;
	str_clear(&f->packet);
	if (span_equal(line, SPAN("*"))) {
		record_verb(&f->packet, "cancel");
	} else {
		record_verb(&f->packet, "response");
		record_add(&f->packet, "data", line);
	}
	return true;
}

/* The user is known. What the mechanism still has to say goes as a challenge,
 * since neither protocol has room for it in its success (RFC 4422 3.5). */
static _Noreturn void
succeed(struct front *f, struct span answer)
{
	if (record_get(answer, "data", &f->challenge) &&
	    (!client_ask(f) || record_is(str_span(&f->packet), "cancel"))) {
		io_flush(&f->io);
		_exit(NOPERM);
	}
	io_flush(&f->io);
	_exit(DONE);
}

enum auth_code
front_authenticate(struct front *f, const struct attempt *a)
{
	struct span answer;
	uint64_t code;

	str_clear(&f->packet);
	record_verb(&f->packet, "auth");
	record_add(&f->packet, "mech", a->mechanism);
	record_add(&f->packet, "tag", a->tag);
	record_add(&f->packet, "name", a->name);
	if (f->utf8)
		record_add_text(&f->packet, "utf8", "1");
	if (a->initial.at != NULL)
		record_add(&f->packet, "initial", a->initial);
	io_flush(&f->io);
	for (;;) {
		answer = ask(f, NULL);
		if (record_is(answer, "ok"))
			succeed(f, answer);
		if (!record_is(answer, "more"))
			break;
		record_get(answer, "data", &f->challenge);
		if (!client_ask(f))
			return AUTH_CANCELLED;
	}
	f->failures++;
	if (!record_get_number(answer, "code", AUTH_CANCELLED, &code))
		return AUTH_UNAVAILABLE;
	return (enum auth_code)code;
}

enum auth_code
front_password(
    struct front *f, struct span tag, struct span name, struct span password)
{
	struct str plain = STR_INIT, text = STR_INIT;
	struct attempt a = {
		.mechanism = SPAN("PLAIN"), .tag = tag, .name = name
	};
	enum auth_code code;

	/* RFC 4616 2: no authorization identity. */
	str_add_byte(&plain, '\0');
	str_add(&plain, name);
	str_add_byte(&plain, '\0');
	str_add(&plain, password);
	base64_encode(&text, str_span(&plain));
	str_wipe(&plain);
	a.initial = str_span(&text);
	code = front_authenticate(f, &a);
	str_wipe(&text);
	return code;
}
