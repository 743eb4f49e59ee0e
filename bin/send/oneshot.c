/* One message, sent by hand. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/help.h"
#include "base/id.h"
#include "mail/address.h"
#include "mail/domain.h"
#include "net/route_parse.h"
#include "os/input.h"
#include "os/sandbox.h"
#include "sender.h"

const char oneshot_help[] =
    "usage: send [-v] [-f sender] [-t tls] target recipient ... < message\n"
    "       send\n"
    "Sends a message to another host. Without arguments it is a worker, and\n"
    "standard input a packet socket of jobs.\n"
    "  -v         write the log too, with each host that failed\n"
    "  -f sender  the envelope sender; empty without it\n"
    "  -t tls     none, may, require, verify or wrapped\n"
    "  target     host[:port], mx:domain, lmtp:host:port or lmtp:/path\n"
    "See chainmail-send(8).\n";

static void
message_take(struct job *j, uint64_t limit, struct input *in_r)
{
	if (input_take(0, limit, in_r) < 0) {
		if (errno == EMSGSIZE)
			die(DATA, "the message is over message-size");
		die(TEMP, "read the message");
	}
	j->fd = in_r->fd;
}

/* The target as a line of routes would have it. */
static bool
target_take(struct job *j, const char *target, const char *tls,
    struct route_line *line_r)
{
	struct str line = STR_INIT, wrong = STR_INIT;
	bool ok;

	str_setf(&line, "* %s", target);
	if (tls != NULL)
		str_addf(&line, " tls=%s", tls);
	ok = route_parse(arena_copy(&j->memory, str_span(&line)), &j->memory,
	    line_r, &wrong);
	if (!ok)
		fprintf(stderr, "send: %s\n", wrong.at);
	str_free(&line);
	str_free(&wrong);
	return ok;
}

/* The domain for the TLS rules: that of the first recipient. */
static void
domain_find(struct job *j)
{
	struct str domain = STR_INIT;
	struct address a;

	if (address_parse(j->to[0].to, &a) &&
	    (domain_fold(a.domain, &domain) ||
		(str_set(&domain, a.domain), true)))
		j->domain = arena_copy(&j->memory, str_span(&domain));
	str_free(&domain);
}

static bool
options(int argc, char **argv, struct sender *s, struct job *j,
    struct route_line *line)
{
	const char *tls = NULL;
	int c;

	while ((c = getopt(argc, argv, "f:t:v")) != -1)
		if (c == 'f')
			j->from = span_text(optarg);
		else if (c == 't')
			tls = optarg;
		else if (c == 'v')
			s->quiet = false;
		else
			return false;
	if (span_take(&j->from, '<') && j->from.len > 0)
		j->from.len--;
	if (argc - optind < 2 || !target_take(j, argv[optind++], tls, line))
		return false;
	for (; optind < argc; optind++)
		job_add(j,
		    &(struct job_recipient){ .to = span_text(argv[optind]) });
	domain_find(j);
	j->smtputf8 = true; /* if something needs it */
	return true;
}

/* Print one line: recipient, result, host, and text. */
static void
result_tell(const struct job_recipient *t)
{
	const struct result *r = &t->result;
	const char *what = r->verdict == DONE ? "accepted"
	    : !r->reply && r->verdict == TEMP ? "not accepted, try again later"
	    : !r->reply                       ? "not sent"
	    : r->verdict == TEMP              ? "refused for now"
					      : "refused";
	/* Some of our own words begin with the host. */
	bool named = r->host.len > 0 &&
	    (r->reply || !span_starts(r->text, r->host));

	printf("%.*s: %s%s%.*s: %.*s\n", (int)t->to.len, t->to.at, what,
	    named ? r->reply ? " by " : ": " : "", named ? (int)r->host.len : 0,
	    r->host.at, (int)r->text.len, r->text.at);
}

/* Print all results; returns the worst verdict. */
static int
verdicts_tell(const struct sender *s, const struct job *j)
{
	int code = DONE;

	for (size_t i = 0; i < j->count; i++) {
		const struct result *r = &j->to[i].result;

		result_tell(&j->to[i]);
		if (!s->quiet)
			job_log(j, &j->to[i]);
		if (code == DONE || r->verdict == TEMP)
			code = r->verdict;
	}
	return code;
}

int
oneshot_run(struct sender *s, int argc, char **argv)
{
	struct job *j = job_new();
	struct id id = id_new();
	struct route_line *line = arena_new(&j->memory, sizeof *line);
	struct input in;
	int code;

	j->id = span_text(id.text);
	s->quiet = true;
	if (!options(argc, argv, s, j, line)) {
		job_free(j);
		help_usage(oneshot_help);
	}
	message_take(j, s->limits.message_size, &in);
	s->forced = &line->route;
	sender_sandbox(false);
	if (message_open(&j->message, j->fd, in.offset, in.size, SPAN("")) < 0)
		die(TEMP, "read the message");
	attempt_run(s, j);
	conn_quit(&s->conn);
	code = verdicts_tell(s, j);
	job_free(j);
	return code;
}
