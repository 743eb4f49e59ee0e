#include "send.h"

#include <unistd.h>

#include "complain.h"
#include "header.h"
#include "message.h"
#include "smtp.h"

struct sending {
	const struct options *options;
	struct smtp smtp;
	struct message message;
	struct addresses recipients;
	struct str sender; /* empty: the null sender */
	struct str header; /* as it goes out */
	bool utf8;
	enum verdict verdict; /* the first that was not good */
};

static void
fail(struct sending *s, struct span whom)
{
	enum verdict v = smtp_verdict(&s->smtp);
	struct span words = smtp_words(&s->smtp);

	complain(
	    "%.*s: %.*s", (int)whom.len, whom.at, (int)words.len, words.at);
	if (s->verdict == DONE)
		s->verdict = v;
}

/* RFC 3461 4: encode bytes invalid in a parameter. */
static void
xtext_add(struct str *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text > ' ' && *text <= '~' && *text != '+' && *text != '=')
			str_add_byte(out, *text);
		else
			str_addf(out, "+%02X", (unsigned char)*text);
}

static void
parameters_write(const struct sending *s, struct str *out)
{
	const struct options *o = s->options;

	str_addf(out, " SIZE=%llu", (unsigned long long)s->message.size);
	if (s->message.eight_bit) /* RFC 6152 */
		str_add_text(out, " BODY=8BITMIME");
	if (s->utf8)
		str_add_text(out, " SMTPUTF8");
	if (o->ret != NULL)
		str_addf(out, " RET=%s", o->ret);
	if (o->envid != NULL) {
		str_add_text(out, " ENVID=");
		xtext_add(out, o->envid);
	}
	if (o->verp != NULL)
		str_addf(
		    out, " XVERP%s%s", o->verp[0] == '\0' ? "" : "=", o->verp);
}

static bool
mail_say(struct sending *s)
{
	struct str words = STR_INIT;
	bool ok;

	parameters_write(s, &words);
	ok = smtp_say(&s->smtp, "MAIL FROM:<%s>%s", s->sender.at, words.at) ==
	    250;
	if (!ok)
		fail(s, s->sender.len > 0 ? str_span(&s->sender) : SPAN("<>"));
	str_free(&words);
	return ok;
}

static bool
rcpt_say(struct sending *s, struct span address)
{
	const char *notify = s->options->notify;
	int code = smtp_say(&s->smtp, "RCPT TO:<%.*s>%s%s", (int)address.len,
	    address.at,
	    notify == NULL ? "" : " NOTIFY=", notify == NULL ? "" : notify);

	if (code / 100 != 2)
		fail(s, address);
	return code / 100 == 2;
}

/* One transaction, with as many of the recipients as the server takes. */
static void
transaction(struct sending *s, struct span *rest)
{
	struct span address;
	uint64_t asked = 0, taken = 0;
	bool mail = mail_say(s);

	if (!mail)
		rest->len = 0;
	while (asked < s->smtp.recipients_max && span_line(rest, &address)) {
		asked++;
		taken += rcpt_say(s, address);
	}
	if (taken == 0) {
		smtp_say(&s->smtp, "RSET");
		return;
	}
	if (smtp_say(&s->smtp, "DATA") != 354 ||
	    smtp_text(&s->smtp, str_span(&s->header), s->message.body) != 250)
		fail(s, SPAN("the message is not sent"));
}

/* -f, or the caller; a full name next to the address is removed. */
static void
sender_set(struct sending *s, const struct caller *c)
{
	struct addresses a = { .text = STR_INIT };
	const char *word = s->options->sender;

	str_init(&s->sender);
	addresses_add(&a, word == NULL ? str_span(&c->user) : span_text(word));
	if (a.count > 1)
		complain_and_end(USAGE, "-f takes one address");
	str_set(&s->sender,
	    span_head(str_span(&a.text), span_find(str_span(&a.text), '\n')));
	str_free(&a.text);
}

static void
recipients_set(struct sending *s)
{
	for (char **word = s->options->recipients; *word != NULL; word++)
		addresses_add(&s->recipients, span_text(*word));
	if (s->options->from_header)
		header_recipients(str_span(&s->message.header), &s->recipients);
	if (s->recipients.count == 0)
		complain_and_end(USAGE, "no recipients");
}

static void
header_set(struct sending *s, const struct caller *c)
{
	const char *name = s->options->name;
	bool own = s->options->sender == NULL;
	const struct author by = { .sender = str_span(&s->sender),
		.name = name != NULL ? span_text(name)
		    : own            ? str_span(&c->name)
				     : SPAN(""),
		.me = str_span(&s->smtp.me) };

	str_init(&s->header);
	s->utf8 = header_write(str_span(&s->message.header), &by, &s->header) ||
	    !span_is_ascii(str_span(&s->recipients.text)) ||
	    !span_is_ascii(str_span(&s->sender));
}

static void
sending_free(struct sending *s)
{
	str_free(&s->message.header);
	str_free(&s->recipients.text);
	str_free(&s->sender);
	str_free(&s->header);
}

int
send_run(const struct options *o, const struct caller *c)
{
	const struct message_limits limits = { .size = c->limits.message_size,
		.header = c->limits.header_size,
		.dot_is_text = o->dot_is_text };
	struct sending s = { .options = o,
		.smtp = { .verbose = o->verbose },
		.message = { .header = STR_INIT, .body = c->file },
		.recipients = { .text = STR_INIT },
		.verdict = DONE };
	struct span rest;

	sender_set(&s, c);
	/* Read the message first: its writer may take hours, as cron's jobs. */
	message_read(&s.message, &limits);
	recipients_set(&s);
	smtp_open(&s.smtp, str_span(&c->user));
	header_set(&s, c);
	for (rest = str_span(&s.recipients.text); rest.len > 0;)
		transaction(&s, &rest);
	smtp_close(&s.smtp);
	sending_free(&s);
	return (int)s.verdict;
}

int
verify_run(const struct options *o, const struct caller *c)
{
	struct sending s = { .options = o,
		.smtp = { .verbose = o->verbose },
		.message = { .header = STR_INIT },
		.recipients = { .text = STR_INIT },
		.header = STR_INIT,
		.verdict = DONE };
	struct span rest, address;

	sender_set(&s, c);
	recipients_set(&s);
	smtp_open(&s.smtp, str_span(&c->user));
	s.utf8 = !span_is_ascii(str_span(&s.recipients.text));
	rest = str_span(&s.recipients.text);
	while (mail_say(&s) && span_line(&rest, &address)) {
		if (rcpt_say(&s, address))
			complain("%.*s: can be sent to", (int)address.len,
			    address.at);
		smtp_say(&s.smtp, "RSET");
	}
	smtp_close(&s.smtp);
	sending_free(&s);
	return (int)s.verdict;
}
