#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/log.h"
#include "base/record.h"
#include "filter.h"
#include "os/sock.h"
#include "session.h"

enum { WRITE_AT = 65536 };

void
message_init(struct message *m)
{
	*m = (struct message){ .text = STR_INIT,
		.header = STR_INIT,
		.file = { .fd = -1, .pending = STR_INIT },
		.scratch = -1,
		.pending = STR_INIT,
		.status = "",
		.reason = STR_INIT };
}

void
message_free(struct message *m)
{
	str_free(&m->text);
	str_free(&m->header);
	str_free(&m->pending);
	str_free(&m->reason);
}

/* Let go of what is on the disk. */
static void
release(struct message *m)
{
	spool_abort(&m->file);
	m->file.fd = -1;
	if (m->scratch >= 0)
		close(m->scratch);
	m->scratch = -1;
	str_clear(&m->pending);
	str_clear(&m->header);
}

void
message_abort(struct session *s)
{
	struct message *m = &s->message;

	release(m);
	m->lines = (struct lines){ .state = LINES_START };
	m->in_body = false;
	m->size = 0;
	m->code = 0;
	m->status = "";
	str_clear(&m->reason);
}

void
message_refuse(
    struct session *s, int code, const char *status, const char *format, ...)
{
	struct message *m = &s->message;
	char text[400];
	va_list ap;

	if (m->code != 0)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	release(m);
	m->code = code;
	m->status = status;
	str_set(&m->reason, span_text(text));
}

void
message_refuse_errno(struct session *s)
{
	int error = errno;

	if (spool_reply(error) == 452)
		message_refuse(s, 452, "4.3.1", "No room for it now");
	else
		message_refuse(s, 451, "4.3.0", "It can't be stored now (%s)",
		    strerror(error));
}

static const char *
filter_file(const struct session *s)
{
	return s->service & (SUBMISSION | SUBMISSIONS | LOCAL)
	    ? "filter.submission"
	    : "filter.mx";
}

void
message_start(struct session *s, bool chunked)
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
	} else if (s->server->runner < 0) {
		message_refuse(s, 451, "4.3.0", "Filters can't be run");
	} else {
		m->scratch = spool_scratch(&s->server->spool);
		if (m->scratch < 0)
			message_refuse_errno(s);
	}
}

static bool
scratch_flush(struct session *s)
{
	struct message *m = &s->message;
	int r = write_all(m->scratch, str_span(&m->pending));

	if (r < 0)
		message_refuse_errno(s);
	else
		str_clear(&m->pending);
	return r == 0;
}

void
message_write(struct session *s, struct span text)
{
	struct message *m = &s->message;

	if (m->code != 0)
		return;
	if (m->scratch < 0) {
		if (spool_write(&m->file, text) < 0)
			message_refuse_errno(s);
		return;
	}
	str_add(&m->pending, text);
	if (m->pending.len >= WRITE_AT)
		scratch_flush(s);
}

/* Where the header ends in its collected text, searched from a place on that
 * was not searched before; 0: not yet. */
static size_t
header_end(const struct str *header, size_t from)
{
	const char *p;

	if (header->len > 0 && header->at[0] == '\n')
		return 1;
	from = from > 0 ? from - 1 : 0;
	p = memmem(header->at + from, header->len - from, "\n\n", 2);
	return p == NULL ? 0 : (size_t)(p - header->at) + 2;
}

static void
text_take(struct session *s, struct span text)
{
	struct message *m = &s->message;
	size_t before = m->header.len, end;

	if (m->in_body) {
		message_write(s, text);
		return;
	}
	str_add(&m->header, text);
	end = header_end(&m->header, before);
	if ((end == 0 ? m->header.len : end) > s->server->limits.header_size) {
		message_refuse(s, 552, "5.3.4", "The header is too large");
	} else if (end > 0) {
		m->in_body = true;
		str_cut(&m->header, end);
		trace_write(s);
		message_write(s, span_from(text, end - before));
	}
}

static void
text_check(struct session *s)
{
	struct message *m = &s->message;

	/* RFC 5321 2.3.8. A LF by itself is a line's end to those whom we
	 * know; from outside it may be an attempt to smuggle. */
	if (m->lines.bare_cr || (m->lines.bare_lf && !s->trusted))
		message_refuse(s, 550, "5.6.11",
		    "A line ends in CR LF, neither comes alone");
	if (m->lines.nul)
		message_refuse(s, 550, "5.6.0", "NUL in the message");
	if (m->size > s->server->limits.message_size)
		message_refuse(s, 552, "5.3.4",
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
message_block(struct session *s, struct span *block)
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
	record_add_text(facts, "ME", s->server->users.me.at);
}

static void
filter_answer(struct session *s, const struct filter_verdict *v)
{
	const struct limits *l = &s->server->limits;
	bool said = v->text.len > 0;

	if (v->code == DROP)
		s->message.code = DROP;
	else if (v->code == TEMP)
		message_refuse(s, 451, "4.7.1", "%s",
		    said ? v->text.at : "Try again later");
	/* A filter that met a full disk knows no better than to fail. */
	else if (v->code != DONE &&
	    spool_room(&s->server->spool, s->declared, l->disk_reserve) < 0)
		message_refuse(s, 452, "4.3.1", "No room for it now");
	else if (v->code != DONE)
		message_refuse(s, 550, "5.7.1", "%s",
		    said ? v->text.at : "The message is refused");
}

/* From the scratch file through the filters into the spool. */
static void
filters_pass(struct session *s)
{
	struct message *m = &s->message;
	struct str facts = STR_INIT;
	struct filter_verdict v = { .code = TEMP, .text = STR_INIT };
	struct filter_request r = { .file = filter_file(s),
		.in = m->scratch,
		.seconds = s->server->limits.filter_time };

	if (!scratch_flush(s))
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
message_log(struct session *s)
{
	struct message *m = &s->message;
	const struct envelope *e = &s->envelope;
	struct logline l;

	log_start(&l, "message");
	log_text(&l, "id", s->id.text);
	log_span(&l, "from", e->from);
	log_span(&l, "to", e->recipients[0].address);
	log_number(&l, "rcpts", (int64_t)e->count);
	log_number(&l, "size", (int64_t)m->size);
	log_peer(&l);
	if (s->user.len > 0)
		log_span(&l, "user", str_span(&s->user));
	log_number(&l, "verdict",
	    m->code == DROP      ? DROP
		: m->code == 0   ? DONE
		: m->code >= 500 ? NOPERM
				 : TEMP);
	if (m->code >= 400) {
		log_text(&l, "status", m->status);
		log_span(&l, "text", str_span(&m->reason));
	}
	log_write(&l);
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
	if (m->code < 400)
		s->errors = s->idle = 0;
}

void
message_end(struct session *s)
{
	struct message *m = &s->message;

	str_clear(&m->text);
	lines_finish(&m->lines, &m->text);
	text_pass(s);
	if (m->code == 0 && !m->in_body)
		trace_write(s); /* a header and nothing else */
	if (m->code == 0 && m->scratch >= 0)
		filters_pass(s);
	if (m->code == 0 && spool_commit(&m->file) < 0)
		message_refuse_errno(s);
	message_log(s);
	/* RFC 2033 4.2, 4.3: LMTP answers for each recipient. */
	message_answer(s, s->service == LMTP ? s->envelope.count : 1);
	session_reset(s);
}

void
message_fail(struct session *s)
{
	message_log(s);
	message_answer(s, 1);
	session_reset(s);
}
