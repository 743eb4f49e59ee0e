#include "result.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
status_set(struct result *r, const char *status)
{
	snprintf(r->status, sizeof r->status, "%s", status);
}

void
result_set(struct result *r, struct arena *a, int verdict, const char *status,
    const char *format, ...)
{
	struct str text = STR_INIT;
	va_list ap;

	va_start(ap, format);
	str_add_format(&text, format, ap);
	va_end(ap);
	str_cut(&text, REPLY_TEXT_MAX);
	r->set = true;
	r->verdict = verdict;
	r->reply = false;
	status_set(r, status);
	r->text = arena_copy(a, str_span(&text));
	str_free(&text);
}

/* RFC 3463 for a reply without an enhanced code. Only codes with a certain
 * meaning at this stage are mapped; the rest is "x.0.0". */
static const struct {
	unsigned code;
	enum stage stage;
	const char *rest;
} meanings[] = {
	{ 421, STAGE_GREETING, "3.2" },
	{ 421, STAGE_MAIL, "3.2" },
	{ 421, STAGE_RCPT, "3.2" },
	{ 421, STAGE_DATA, "3.2" },
	{ 450, STAGE_RCPT, "2.0" },
	{ 451, STAGE_DATA, "3.0" },
	{ 452, STAGE_MAIL, "3.1" },
	{ 452, STAGE_RCPT, "5.3" },
	{ 452, STAGE_DATA, "3.1" },
	{ 535, STAGE_AUTH, "7.8" },
	{ 550, STAGE_RCPT, "1.1" },
	{ 551, STAGE_RCPT, "1.6" },
	{ 552, STAGE_MAIL, "3.4" },
	{ 552, STAGE_RCPT, "2.2" },
	{ 552, STAGE_DATA, "3.4" },
	{ 553, STAGE_MAIL, "1.8" },
	{ 553, STAGE_RCPT, "1.3" },
	{ 556, STAGE_RCPT, "1.10" },
};

static void
status_derive(struct result *r, unsigned code, enum stage stage)
{
	const char *rest = code >= 500 && code <= 504 ? "5.0" : "0.0";

	for (size_t i = 0; i < COUNT(meanings); i++)
		if (meanings[i].code == code && meanings[i].stage == stage)
			rest = meanings[i].rest;
	snprintf(r->status, sizeof r->status, "%u.%s", code / 100, rest);
}

/* RFC 3464 2.3.6: a diagnostic of type smtp is the reply with its codes. */
static void
reply_tell(struct result *r, struct arena *a, const struct reply *reply)
{
	struct str text = STR_INIT;

	str_addf(&text, "%u", reply->code);
	if (reply->status[0] != '\0')
		str_addf(&text, " %s", reply->status);
	if (reply->text.len > 0)
		str_add_byte(&text, ' ');
	str_add(&text, str_span(&reply->text));
	r->text = arena_copy(a, str_span(&text));
	str_free(&text);
}

void
result_reply(struct result *r, struct arena *a, const struct reply *reply,
    enum stage stage)
{
	unsigned class = reply_class(reply);

	r->set = true;
	r->reply = true;
	r->verdict = class == 2 ? DONE : class == 5 ? DATA : TEMP;
	if (reply->status[0] != '\0')
		status_set(r, reply->status);
	else
		status_derive(r, reply->code, stage);
	/* 3xx where a final reply was due. */
	if (class == 3)
		status_set(r, "4.5.0");
	reply_tell(r, a, reply);
}

void
result_soften(struct result *r)
{
	r->verdict = TEMP;
	if (r->status[0] == '5')
		r->status[0] = '4';
}
