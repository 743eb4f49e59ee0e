#include "intake.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "about.h"
#include "base/die.h"
#include "base/record.h"
#include "filter.h"
#include "os/sock.h"
#include "reply.h"
#include "trace.h"
#include "transaction.h"

static const char *
filter_file(const struct session *s)
{
	return s->service & (SUBMISSION | SUBMISSIONS | LOCAL)
	    ? "filter.submission"
	    : "filter.mx";
}

void
intake_start(struct session *s, bool chunked)
{
	struct message *m = &s->message;

	message_abort(s);
	m->lines.opaque = chunked;
	if (!filter_wanted(s->server->etc, filter_file(s))) {
		if (spool_create(&m->file, &s->server->spool, &s->id,
			&s->envelope) < 0) {
			m->file.fd = -1;
			message_refuse_errno(s);
		}
	} else if (s->server->scratch < 0) {
		message_refuse(s, "filter", 451, "4.3.0",
		    "The content filters can't be run");
	} else {
		m->scratch = spool_scratch(s->server->scratch);
		if (m->scratch < 0)
			message_refuse_errno(s);
	}
}

static void
text_take(struct session *s, struct span text)
{
	struct message *m = &s->message;
	uint64_t size;

	if (m->in_body) {
		message_write(s, text);
		return;
	}
	str_add(&m->header, text);
	m->in_body = header_scan(&m->scan, text);
	size = m->in_body ? m->scan.size : m->header.len;
	if (size > s->server->limits.header_size)
		message_refuse(
		    s, "header", 552, "5.3.4", "The header is too large");
	else if (m->in_body)
		trace_write(s);
}

static void
text_check(struct session *s)
{
	struct message *m = &s->message;

	/* RFC 5321 2.3.8. A bare LF is accepted as a line end from trusted
	 * clients; from others it may be smuggling. */
	if (m->lines.bare_cr || (m->lines.bare_lf && !s->trusted))
		message_refuse(s, "content", 550, "5.6.11",
		    "Bare CR or LF: lines must end with CR LF");
	if (m->lines.nul)
		message_refuse(
		    s, "content", 550, "5.6.0", "NUL in the message");
	/* RFC 1870 5: its size counts CR and LF of each line end. */
	if (m->size + m->lines.ends > s->server->limits.message_size)
		message_refuse(s, "size", 552, "5.3.4",
		    "The message is larger than %llu bytes",
		    (unsigned long long)s->server->limits.message_size);
}

static void
text_pass(struct session *s)
{
	struct message *m = &s->message;

	m->size += m->text.len;
	text_check(s);
	if (m->code == 0)
		text_take(s, str_span(&m->text));
}

bool
intake_block(struct session *s, struct span *block)
{
	struct message *m = &s->message;
	bool ended;

	str_clear(&m->text);
	ended = lines_feed(&m->lines, block, &m->text);
	text_pass(s);
	return ended;
}

/* The environment of the filters. */
static void
facts_write(struct session *s, struct str *facts)
{
	const struct envelope *e = &s->envelope;

	record_add_text(facts, "MESSAGE_ID", s->id.text);
	record_add_text(facts, "CONNECTION", fact("CONNECTION"));
	record_add(facts, "SENDER", e->from);
	record_add(facts, "RECIPIENT", e->recipients[0].address);
	record_add_number(facts, "RECIPIENTS", (int64_t)e->count);
	record_add(facts, "HELO", e->helo);
	record_add(facts, "SERVICE", e->service);
	record_add(facts, "AUTH_USER", e->auth);
	record_add(facts, "TLS_PROTOCOL", e->tls);
	record_add_text(facts, "TCPREMOTEIP", fact("TCPREMOTEIP"));
	record_add_text(facts, "TCPREMOTEPORT", fact("TCPREMOTEPORT"));
	record_add_text(facts, "TCPLOCALIP", fact("TCPLOCALIP"));
	record_add_text(facts, "TCPLOCALPORT", fact("TCPLOCALPORT"));
	record_add_text(facts, "ME", s->server->users.me.at);
}

/* A filter's words may begin with the reply's status (RFC 3463 2), of the class
 * of its verdict: "5.7.26 ". It is taken off *words; else the status is ours. */
static const char *
filter_status(char class, const char *ours, struct span *words,
    char status[FILTER_STATUS_MAX])
{
	struct span rest = *words;
	uint64_t subject, detail;

	if (!span_take(&rest, class) || !span_take(&rest, '.') ||
	    !span_number(&rest, 999, &subject) || !span_take(&rest, '.') ||
	    !span_number(&rest, 999, &detail) || !span_take(&rest, ' ') ||
	    rest.len == 0)
		return ours;
	snprintf(status, FILTER_STATUS_MAX, "%c.%u.%u", class,
	    (unsigned)subject, (unsigned)detail);
	*words = rest;
	return status;
}

static void
filter_answer(struct session *s, const struct filter_verdict *v)
{
	const struct limits *l = &s->server->limits;
	struct span words = str_span(&v->text);
	char *room = s->message.filter_status;
	const char *status = v->code == TEMP
	    ? filter_status('4', "4.7.1", &words, room)
	    : filter_status('5', "5.7.1", &words, room);

	if (v->code == DROP)
		s->message.code = DROP;
	else if (v->code == TEMP)
		message_refuse(s, "filter", 451, status, "%s",
		    words.len > 0 ? words.at : "Try again later");
	/* A filter may have failed because the disk is full. */
	else if (v->code != DONE &&
	    spool_room(&s->server->spool, s->declared, l->disk_reserve) < 0)
		message_refuse(
		    s, "disk", 452, "4.3.1", "Insufficient disk space");
	else if (v->code != DONE)
		message_refuse(s, "filter", 550, status, "%s",
		    words.len > 0 ? words.at : "Message refused");
}

/* From the scratch file through the filters into the spool. */
static void
filters_pass(struct session *s)
{
	struct message *m = &s->message;
	struct str facts = STR_INIT;
	struct filter_verdict v = { .code = TEMP, .text = STR_INIT };
	struct filter_job r = { .file = filter_file(s),
		.in = m->scratch,
		.seconds = s->server->limits.filter_time };

	if (!message_flush(s))
		return;
	facts_write(s, &facts);
	r.facts = str_span(&facts);
	if (spool_create(&m->file, &s->server->spool, &s->id, &s->envelope) <
		0 ||
	    (r.out = spool_share(&m->file)) < 0 ||
	    lseek(m->scratch, 0, SEEK_SET) < 0)
		message_refuse_errno(s);
	else {
		filter_run(s->server->runner, &r, &v);
		filter_answer(s, &v);
	}
	str_free(&facts);
	str_free(&v.text);
}

static void
message_answer(struct session *s, size_t n)
{
	struct message *m = &s->message;

	for (char *p = m->reason.at; *p != '\0'; p++)
		if (byte_is_control(*p) || (unsigned char)*p > 126)
			*p = '?';
	while (n-- > 0)
		if (m->code < 400)
			io_putf(&s->io, "250 2.0.0 %s\r\n", s->id.text);
		else
			io_putf(&s->io, "%d %s %s\r\n", m->code, m->status,
			    m->reason.at);
	if (m->code >= 500)
		s->errors++;
	if (m->code < 400) {
		s->errors = s->idle = 0;
		refusals_tell(s);
	}
}

void
intake_end(struct session *s)
{
	struct message *m = &s->message;

	str_clear(&m->text);
	lines_finish(&m->lines, &m->text);
	text_pass(s);
	if (m->code == 0 && !m->in_body)
		trace_write(s); /* a header and nothing else */
	if (m->last != '\n')    /* BDAT data may end anywhere */
		message_write(s, SPAN("\n"));
	if (m->code == 0 && m->scratch >= 0)
		filters_pass(s);
	if (m->code == 0 && spool_commit(&m->file) < 0)
		message_refuse_errno(s);
	about_message(s);
	/* RFC 2033 4.2, 4.3: LMTP has a reply for each recipient. */
	message_answer(s, s->service == LMTP ? s->envelope.count : 1);
	transaction_reset(s);
}

void
intake_fail(struct session *s)
{
	about_message(s);
	message_answer(s, 1);
	transaction_reset(s);
}
