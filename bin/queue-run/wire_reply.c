#include "wire.h"

#include "base/die.h"
#include "base/record.h"

void
reply_init(struct reply *a)
{
	*a = (struct reply){ .status = STR_INIT,
		.text = STR_INIT,
		.host = STR_INIT,
		.to = STR_INIT,
		.command = STR_INIT,
		.via = STR_INIT,
		.word = STR_INIT };
}

void
reply_free(struct reply *a)
{
	str_free(&a->status);
	str_free(&a->text);
	str_free(&a->host);
	str_free(&a->to);
	str_free(&a->command);
	str_free(&a->via);
	str_free(&a->word);
}

/* The default status for a verdict. */
static struct span
status_otherwise(int verdict)
{
	if (verdict == DONE)
		return SPAN("2.0.0");
	return verdict == TEMP ? SPAN("4.0.0") : SPAN("5.0.0");
}

static bool
flag(struct span record, const char *key)
{
	uint64_t n;

	return record_get_number(record, key, 1, &n) && n == 1;
}

static void
via_add(struct reply *a, struct span record, const char *key)
{
	if (record_get(record, key, &a->word) && a->word.len > 0)
		record_add(&a->via, key, str_span(&a->word));
}

static void
result_parse(struct span record, struct reply *a, uint64_t unsaid)
{
	uint64_t verdict = unsaid, action = ACTION_DELIVERED, places = 0;
	struct span fit;

	record_get_number(record, "verdict", 255, &verdict);
	record_get_number(record, "action", ACTION_EXPANDED, &action);
	record_get_number(record, "places", UINT32_MAX, &places);
	record_get(record, "status", &a->status);
	record_get(record, "text", &a->text);
	record_get(record, "host", &a->host);
	fit = status_otherwise((int)verdict);
	if (a->status.at[0] != fit.at[0])
		str_set(&a->status, fit);
	if (verdict != DONE)
		action = ACTION_DELIVERED;
	a->result = (struct result){ .verdict = (int)verdict,
		.status = str_span(&a->status),
		.text = str_span(&a->text),
		.host = str_span(&a->host),
		.reply = flag(record, "reply"),
		.action = (enum state_action)action,
		.places = action == ACTION_EXPANDED ? places : 0,
		/* RFC 3461 5.2.1: the next host sends the DSN. */
		.reported = verdict == DONE && flag(record, "dsn") };
}

static bool
place_parse(struct span record, struct reply *a)
{
	uint64_t order = 0;

	a->place = (struct recipient){ .kind = RECIPIENT_ADDRESS };
	if (!record_get(record, "to", &a->to) || a->to.len == 0)
		return false;
	if (record_get(record, "kind", &a->word)) {
		a->place.kind = span_equal(str_span(&a->word), SPAN("mailbox"))
		    ? RECIPIENT_MAILBOX
		    : RECIPIENT_PIPE;
		if (a->place.kind == RECIPIENT_PIPE &&
		    !span_equal(str_span(&a->word), SPAN("pipe")))
			return false;
	}
	record_get_number(record, "order", UINT32_MAX, &order);
	record_get(record, "command", &a->command);
	a->place.address = str_span(&a->to);
	a->place.order = (uint32_t)order;
	a->place.command = str_span(&a->command);
	return true;
}

static enum reply_kind
kind_parse(struct span record, struct reply *a)
{
	if (record_is(record, "session"))
		return REPLY_SESSION;
	if (!record_get_number(record, "n", UINT64_MAX, &a->n))
		return REPLY_NONE;
	if (record_is(record, "place"))
		return place_parse(record, a) ? REPLY_PLACE : REPLY_NONE;
	if (record_is(record, "back"))
		return REPLY_BACK;
	return record_is(record, "done") ? REPLY_DONE : REPLY_NONE;
}

enum reply_kind
reply_parse(struct span record, struct reply *a_r)
{
	a_r->kind = kind_parse(record, a_r);
	if (a_r->kind != REPLY_DONE && a_r->kind != REPLY_PLACE)
		return a_r->kind;
	result_parse(record, a_r, a_r->kind == REPLY_DONE ? TEMP : DONE);
	/* A finished or refused recipient says nothing about the host. */
	a_r->down = a_r->result.verdict == TEMP && flag(record, "down");
	a_r->busy = a_r->result.verdict == TEMP && flag(record, "busy");
	a_r->self = a_r->result.verdict != DONE &&
	    a_r->result.verdict != TEMP && flag(record, "self");
	str_clear(&a_r->via);
	via_add(a_r, record, "ip");
	via_add(a_r, record, "tls");
	via_add(a_r, record, "rule");
	return a_r->kind;
}
