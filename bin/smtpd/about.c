#include "about.h"

#include <stdio.h>

#include "base/die.h"
#include "os/sock.h"

enum {
	FIRST_BYTES = 2048, /* of a line, with recipients; the rest is facts */
	MORE_BYTES = 3500,  /* of one that holds recipients alone */
};

struct span
about_address(struct span argument, struct span word)
{
	struct span rest = argument, address;

	span_take_case(&rest, word);
	rest = span_trim(rest);
	if (span_take(&rest, '<'))
		return span_until(&rest, '>', &address) ? address : rest;
	return span_head(rest, span_find(rest, ' '));
}

/* As many recipients as fit, from number i on; the next one's number. */
static size_t
recipients_log(
    const struct envelope *e, size_t i, struct logline *l, size_t bytes)
{
	do
		log_span(l, "to", e->recipients[i].address);
	while (++i < e->count && l->len < bytes);
	return i;
}

/* From, to and how many; the number of the first that did not fit. */
static size_t
envelope_log(const struct session *s, struct logline *l)
{
	const struct envelope *e = &s->envelope;
	size_t next = 0;

	if (s->asked_from.at != NULL)
		log_span(l, "from", s->asked_from);
	else if (s->state & (MAIL | RCPT | BDAT))
		log_span(l, "from", e->from);
	if (s->asked_to.at != NULL) {
		log_span(l, "to", s->asked_to);
	} else if (e->count > 0) {
		next = recipients_log(e, 0, l, FIRST_BYTES);
		log_number(l, "rcpts", (int64_t)e->count);
	}
	return next;
}

static void
client_log(const struct session *s, struct logline *l)
{
	log_peer(l);
	if (s->helo.len > 0)
		log_span(l, "helo", str_span(&s->helo));
	if (s->user.len > 0)
		log_span(l, "user", str_span(&s->user));
	if (s->tls) {
		log_span(l, "tls", str_span(&s->tls_facts.protocol));
		log_span(l, "cipher", str_span(&s->tls_facts.cipher));
	} else {
		log_text(l, "tls", "none");
	}
}

void
about_log(const struct session *s, struct logline *l)
{
	if (s->id.text[0] != '\0')
		log_text(l, "id", s->id.text);
	envelope_log(s, l);
	client_log(s, l);
}

static void
refusal_log(const struct message *m, struct logline *l)
{
	char code[8];
	struct str reply = STR_INIT;

	snprintf(code, sizeof code, "%d", m->code);
	str_setf(&reply, "%s %s %s", code, m->status, m->reason.at);
	log_text(l, "rule", m->rule);
	log_span(l, "reply", str_span(&reply));
	str_free(&reply);
}

void
about_message(const struct session *s)
{
	const struct message *m = &s->message;
	const struct envelope *e = &s->envelope;
	bool refused = m->code >= 400;
	struct logline l;
	size_t next;

	log_start(&l,
	    refused               ? "refuse"
		: m->code == DROP ? "drop"
				  : "message");
	log_text(&l, "id", s->id.text);
	next = envelope_log(s, &l);
	log_number(&l, "size", (int64_t)m->size);
	if (m->name.len > 0)
		log_span(&l, "message-id", m->name);
	client_log(s, &l);
	if (refused)
		refusal_log(m, &l);
	log_write(&l);
	while (!refused && next < e->count) {
		log_start(&l, "recipients");
		log_text(&l, "id", s->id.text);
		next = recipients_log(e, next, &l, MORE_BYTES);
		log_write(&l);
	}
}
