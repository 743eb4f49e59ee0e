/* imapd: one authenticated IMAP session over a Maildir.
 *
 *	imapd [-t tag] [-u user] maildir
 *
 * fd 0, 1	the client; login execs this with a connection, and on a
 *		terminal or a pipe it greets with PREAUTH
 * fd 2		log
 * uid		that of the mail (vmail, or the user's own)
 * exit		0 the session ended; 64 usage; 75 mail not reachable now;
 *		78 mail or sandbox not safe */
#include <errno.h>
#include <unistd.h>

#include "base/die.h"
#include "base/help.h"
#include "command.h"
#include "confine.h"
#include "os/proc.h"
#include "os/sock.h"
#include "session.h"
#include "store/index_place.h"
#include "store/quota.h"

static const char help[] =
    "usage: imapd [-t tag] [-u user] maildir\n"
    "One IMAP session, on standard input and output, of a user who is\n"
    "logged in.\n"
    "  -t tag   begin with the answer to the login that had this tag\n"
    "  -u user  the name in the log\n"
    "See chainmail-imapd(8).\n";

static void
configuration_read(struct session *s)
{
	int etc = conf_open();

	conf_limits(etc, &s->limits, NULL, NULL);
	offer_read(etc, span_text(fact("SERVICE")), &s->offer, conf_complain,
	    (void *)"imap");
	grant_open(&s->grant, etc, span_text(s->user),
	    span_text(fact("CHAINMAIL_LOGIN")));
	if (etc >= 0)
		close(etc);
}

/* The quota may have changed since the last delivery: enforce the current
 * one. */
static void
quota_renew(const struct store *s)
{
	struct quota q;
	uint64_t limit;

	if (span_is_number(
		span_text(fact("CHAINMAIL_QUOTA")), INT64_MAX, &limit))
		quota_read(s, limit, &q);
}

/* What login has found that others share with the user. Without it, or without
 * ACL, there is nothing. */
static void
shared_take(struct session *s)
{
	struct str user = STR_INIT;

	s->shared_list = -1;
	if (!session_offers(s, "ACL"))
		return;
	str_set(&user, span_text(s->user));
	str_lower(&user, 0);
	if (!shared_parse(span_text(fact("CHAINMAIL_SHARED")), str_span(&user),
		&s->shared))
		die_text(CONFIG, "CHAINMAIL_SHARED is malformed");
	s->store.shared = &s->shared;
	s->shared_list = shared_list_open(str_span(&user));
	str_free(&user);
}

/* Answer the client, which may be waiting for the reply to its LOGIN. */
static void
refuse(const char *tag, const char *path)
{
	bool unsafe = errno == EPERM || errno == EACCES;
	struct str text = STR_INIT;
	struct io io;
	int error = errno;

	str_set(&text, SPAN("The mailbox can't be opened now"));
	if (unsafe)
		store_fault(path, &text);
	io_init(&io, 0, 1);
	if (tag != NULL)
		io_putf(&io, "%s NO [%s] %s\r\n", tag,
		    unsafe ? "CONTACTADMIN" : "UNAVAILABLE", text.at);
	io_putf(&io, "* BYE %s\r\n", text.at);
	io_flush(&io);
	errno = error;
	die(error == EPERM ? CONFIG : TEMP, "open mail in %s", path);
}

int
main(int argc, char **argv)
{
	struct session s = { .user = "", .commands = commands };
	const char *tag = NULL;
	int option;

	proc_start(argv[0], 3);
	help_answer(argc, argv, help);
	while ((option = getopt(argc, argv, "t:u:")) != -1)
		if (option == 't')
			tag = optarg;
		else if (option == 'u')
			s.user = optarg;
		else
			help_usage(help);
	if (argc - optind != 1)
		help_usage(help);
	facts_complete();
	configuration_read(&s);
	if (store_open(&s.store, argv[optind], true) < 0)
		refuse(tag, argv[optind]);
	s.store.index = index_place_account(argv[optind]);
	quota_renew(&s.store);
	s.mark = quota_mark_open(&s.store, span_text(s.user));
	shared_take(&s);
	confine(argv[optind], s.store.shared);
	session_run(&s, tag);
	store_close(&s.store);
	shared_free(&s.shared);
	grant_close(&s.grant);
	proc_exit(DONE);
}
