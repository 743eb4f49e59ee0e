/* Command lines in every state of a session, with a header at the end. */
#include <fcntl.h>
#include <stdlib.h>

#include "../../../bin/smtpd/command.h"
#include "../../../bin/smtpd/trace.h"
#include "../../../bin/smtpd/transaction.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum state states[] = { START, READY, MAIL, RCPT };
static const enum service services[] = { MX, SUBMISSION, SUBMISSIONS, LMTP };

static void
server_begin(struct server *server)
{
	static bool begun;

	if (begun)
		return;
	begun = true;
	setenv("CHAINMAIL_RUN", "/nonexistent", 1);
	setenv("CHAINMAIL_MAIL", "/nonexistent", 1);
	*server = (struct server){ .commands = commands,
		.etc = -1,
		.spool = { -1, -1, -1, -1, -1, -1, 0 },
		.runner = -1 };
	tls_place_init(&server->tls);
	conf_limits(-1, &server->limits, NULL, NULL);
	users_open(&server->users, -1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct server server;
	static int nothing = -1;
	struct session s = { .server = &server };
	struct span rest = { (const char *)data, size }, line;

	server_begin(&server);
	if (nothing < 0)
		nothing = open("/dev/null", O_RDWR);
	if (size < 2)
		return 0;
	s.service = services[data[0] % COUNT(services)];
	s.trusted = data[0] & 64;
	io_init(&s.io, nothing, nothing);
	tls_session_init(&s.tls_facts);
	str_init(&s.helo);
	str_init(&s.user);
	if (data[0] & 128)
		str_set(&s.user, SPAN("bob@example.org"));
	envelope_init(&s.envelope);
	message_init(&s.message);
	rest = span_from(rest, 1);
	while (span_line(&rest, &line)) {
		if (s.state != BDAT)
			s.state = states[data[1] % COUNT(states)];
		if (s.state == RCPT && s.envelope.count == 0)
			envelope_to(&s.envelope,
			    &(struct recipient){ .address = SPAN("a@b") });
		command_run(&s, line);
	}
	transaction_reset(&s);
	str_set(&s.message.header, (struct span){ (const char *)data, size });
	envelope_to(&s.envelope, &(struct recipient){ .address = SPAN("a@b") });
	s.message.file.error = 5;
	trace_write(&s);
	transaction_reset(&s);
	message_free(&s.message);
	envelope_free(&s.envelope);
	str_free(&s.user);
	str_free(&s.helo);
	tls_session_free(&s.tls_facts);
	io_free(&s.io);
	return 0;
}
