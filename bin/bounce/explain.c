/* The human-readable report: what happened, the reply, what to do. */
#include "mail/date.h"
#include "mail/header.h"
#include "mail/word.h"
#include "report.h"
#include "text.h"

enum {
	TEXT_MAX = 700,
	SUBJECT_MAX = 200, /* of the message's */
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
};

/* All recipients have one reason. */
static const struct reason *
common_reason(const struct report *r)
{
	const struct reason *reason = NULL;

	for (size_t i = 0; i < r->envelope->count; i++)
		if (r->chosen[i]) {
			if (reason != NULL && reason != r->reasons[i])
				return NULL;
			reason = r->reasons[i];
		}
	return reason;
}

/* A recipient as the sender may see it. The command itself is not disclosed. */
static void
name_add(const struct report *r, size_t i, struct str *out)
{
	const struct recipient *to = &r->envelope->recipients[i];

	if (to->kind == RECIPIENT_PIPE)
		str_add_text(out, "the command of ");
	str_add(out, to->address);
	if (to->through.len == 0 || span_equal_case(to->through, to->address))
		return;
	str_add_text(out, " (through ");
	str_add(out, to->through);
	str_add_byte(out, ')');
}

/* The same on a line of its own. */
static void
name_list(const struct report *r, size_t i, struct str *out)
{
	struct str name = STR_INIT;

	name_add(r, i, &name);
	text_wrap(out, str_span(&name), "    ");
	str_free(&name);
}

void
explain_subject(const struct report *r, struct str *out)
{
	const struct reason *reason = common_reason(r);
	struct str name = STR_INIT;
	size_t first = 0, n = report_count(r, &first);

	switch (r->kind) {
	case REPORT_NONE:
	case REPORT_FAILED:
		str_add_text(out,
		    report_is_double(r) ? "Report without a sender, not "
					  "delivered to "
					: "Not delivered to ");
		break;
	case REPORT_DELAYED:
		str_add_text(out, "Not yet delivered to ");
		break;
	case REPORT_DELIVERED:
		str_add_text(out, "Delivered to ");
		reason = NULL;
		break;
	}
	if (n == 1) {
		name_add(r, first, &name);
		text_clean(out, str_span(&name));
	} else {
		str_addf(out, "%zu addresses", n);
	}
	str_free(&name);
	if (reason != NULL)
		str_addf(out, ": %s", reason->brief);
}

/* "5 days", "4 hours", "a minute". */
static void
duration_add(struct str *out, int64_t seconds)
{
	static const struct {
		int64_t length;
		const char *name, *one;
	} units[] = { { DAY, "days", "a day" }, { HOUR, "hours", "an hour" },
		{ MINUTE, "minutes", "a minute" } };

	for (size_t i = 0; i < COUNT(units); i++) {
		int64_t n = (seconds + units[i].length / 2) / units[i].length;

		if (seconds >= 2 * units[i].length || n > 1) {
			str_addf(out, "%lld %s", (long long)n, units[i].name);
			return;
		}
		if (n == 1) {
			str_add_text(out, units[i].one);
			return;
		}
	}
	str_add_text(out, "a minute");
}

/* "bob@example.org" or "these 3 addresses". */
static void
whom_add(const struct report *r, struct str *out)
{
	size_t first = 0, n = report_count(r, &first);

	if (n == 1)
		name_add(r, first, out);
	else
		str_addf(out, "these %zu addresses", n);
}

/* The first sentence. */
static void
happened_add(const struct report *r, struct str *out)
{
	struct str text = STR_INIT;

	switch (r->kind) {
	case REPORT_NONE:
	case REPORT_FAILED:
		str_add_text(&text,
		    report_is_double(r) ? "A report on the delivery of a "
					  "message (a bounce)"
					: "Your message");
		str_add_text(&text, " could not be delivered to ");
		whom_add(r, &text);
		str_add_text(&text, " and will not be tried again.");
		break;
	case REPORT_DELAYED:
		str_add_text(&text, "Your message has not been delivered to ");
		whom_add(r, &text);
		str_add_text(&text,
		    " yet. You need not send it again: it will be tried for ");
		duration_add(&text, r->until - r->now);
		str_add_text(&text,
		    " more, and if it still can't be delivered then, you will "
		    "be told.");
		break;
	case REPORT_DELIVERED:
		str_add_text(&text,
		    "Your message has been delivered; you asked to "
		    "be told.");
		break;
	}
	text_wrap(out, str_span(&text), "");
	str_free(&text);
}

/* The source of the reply. */
static void
said_add(const struct report *r, const struct result *res, struct str *out)
{
	struct str text = STR_INIT;

	if (res->text.len == 0)
		return;
	if (res->reply) {
		text_wrap(&text, res->host, "");
		str_cut(&text, text.len > 0 ? text.len - 1 : 0);
		str_add_text(&text,
		    text.len > 0 ? " answered:" : "The other host answered:");
	} else {
		str_add(&text, r->me);
		str_add_text(&text, " says:");
	}
	text_wrap(out, str_span(&text), "        ");
	text_wrap(out, span_head(res->text, TEXT_MAX), "            ");
	str_free(&text);
}

static bool
is_same_answer(const struct result *a, const struct result *b)
{
	return span_equal(a->text, b->text) && span_equal(a->host, b->host) &&
	    a->reply == b->reply;
}

/* The addresses of one reason; the answer after all that got it. */
static void
group_list(const struct report *r, size_t first, struct str *out)
{
	size_t last = first;

	for (size_t i = first; i < r->envelope->count; i++) {
		if (!r->chosen[i] || r->reasons[i] != r->reasons[first])
			continue;
		if (!is_same_answer(&r->results[last], &r->results[i]))
			said_add(r, &r->results[last], out);
		name_list(r, i, out);
		last = i;
	}
	said_add(r, &r->results[last], out);
}

/* How long it was tried, for those that expired. */
static void
tried_add(const struct report *r, size_t first, struct str *out)
{
	if (r->kind != REPORT_FAILED || r->now - r->birth < HOUR ||
	    !span_starts(r->results[first].status, SPAN("4.")))
		return;
	str_add_text(out, " It was tried for ");
	duration_add(out, r->now - r->birth);
	str_add_byte(out, '.');
}

/* A reason with its addresses. */
static void
group_add(const struct report *r, size_t first, struct str *out)
{
	const struct reason *reason = r->reasons[first];
	struct str text = STR_INIT;

	str_add_text(&text, reason->what);
	tried_add(r, first, &text);
	str_add_byte(out, '\n');
	text_wrap(out, str_span(&text), "");
	str_add_byte(out, '\n');
	group_list(r, first, out);
	if (r->kind == REPORT_FAILED && !report_is_double(r)) {
		str_setf(&text, "What to do: %s", reason->advice);
		str_add_byte(out, '\n');
		text_wrap(out, str_span(&text), "");
	}
	str_free(&text);
}

static void
groups_add(const struct report *r, struct str *out)
{
	for (size_t i = 0; i < r->envelope->count; i++) {
		bool first = r->chosen[i];

		for (size_t j = 0; first && j < i; j++)
			first = !r->chosen[j] || r->reasons[j] != r->reasons[i];
		if (first)
			group_add(r, i, out);
	}
}

/* RFC 3461 6.2.3: where it went. */
static const struct way {
	enum state_action action;
	bool pipe;
	const char *text;
} ways[] = {
	{ ACTION_DELIVERED, false, "It is in the mailbox of:" },
	{ ACTION_DELIVERED, true, "It was passed to:" },
	{ ACTION_RELAYED, false,
	    "It was passed on to a host that sends no such reports, so you "
	    "will "
	    "hear no more of it unless it fails:" },
	{ ACTION_EXPANDED, false,
	    "It was forwarded to the addresses that this one stands for, or to "
	    "the members of a list; the delivery to each of them is not "
	    "reported:" },
};

static bool
went(const struct report *r, size_t i, const struct way *w)
{
	bool pipe = r->envelope->recipients[i].kind == RECIPIENT_PIPE;

	return r->chosen[i] && r->results[i].action == w->action &&
	    (w->action != ACTION_DELIVERED || pipe == w->pipe);
}

static void
arrived_add(const struct report *r, struct str *out)
{
	for (size_t k = 0; k < COUNT(ways); k++) {
		bool any = false;

		for (size_t i = 0; i < r->envelope->count; i++) {
			if (!went(r, i, &ways[k]))
				continue;
			if (!any) {
				str_add_byte(out, '\n');
				text_wrap(out, span_text(ways[k].text), "");
				str_add_byte(out, '\n');
			}
			any = true;
			name_list(r, i, out);
		}
	}
}

/* Identify the message. */
static void
message_tell(const struct report *r, struct str *out)
{
	struct header_field subject;
	struct str text = STR_INIT;

	str_addf(out, "\nThe message%s:\n\n",
	    r->kind == REPORT_DELAYED ? "" : " (attached, or only its header)");
	if (header_find(r->header, "Subject", &subject)) {
		str_add_text(&text, "Subject: ");
		word_decode(
		    &text, span_head(span_trim(subject.value), SUBJECT_MAX));
		text_wrap(out, str_span(&text), "    ");
	}
	str_add_text(out, "    Sent:    ");
	date_format(out, (struct date){ r->birth, 0 });
	str_add_byte(out, '\n');
	if (r->message.text[0] != '\0')
		str_addf(out, "    Id:      %s\n", r->message.text);
	str_free(&text);
}

static void
postmaster_tell(struct str *out)
{
	text_wrap(out,
	    SPAN(
		"You receive this as the postmaster, since a report has no "
		"sender of its own. Often the sender's address of the message "
		"that it is about was forged or misspelt; then nothing needs "
		"to be done. If the address above is one of yours, or if there "
		"are many of these, look at the attached report for what "
		"sends them."),
	    "");
}

void
explain(const struct report *r, struct str *out)
{
	happened_add(r, out);
	if (r->kind == REPORT_DELIVERED)
		arrived_add(r, out);
	else
		groups_add(r, out);
	if (report_is_double(r)) {
		str_add_byte(out, '\n');
		postmaster_tell(out);
	}
	message_tell(r, out);
	str_add_text(out, "\nThis report was written by the mail system at ");
	str_add(out, r->me);
	str_add_text(out, ".\nReplies to it are not read.\n");
}
