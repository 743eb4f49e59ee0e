#include "reply.h"

#include "base/die.h"
#include "base/record.h"

void
answer_init(struct answer *a)
{
	*a = (struct answer){ .status = STR_INIT,
		.text = STR_INIT,
		.host = STR_INIT,
		.via = STR_INIT,
		.word = STR_INIT };
}

void
answer_free(struct answer *a)
{
	str_free(&a->status);
	str_free(&a->text);
	str_free(&a->host);
	str_free(&a->via);
	str_free(&a->word);
}

/* What a status must begin with to fit the verdict. */
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
via_add(struct answer *a, struct span record, const char *key)
{
	if (record_get(record, key, &a->word) && a->word.len > 0)
		record_add(&a->via, key, str_span(&a->word));
}

static void
result_parse(struct span record, struct answer *a)
{
	uint64_t verdict = TEMP, action = ACTION_DELIVERED;
	struct span fit;

	record_get_number(record, "verdict", 255, &verdict);
	record_get_number(record, "action", ACTION_EXPANDED, &action);
	record_get(record, "status", &a->status);
	record_get(record, "text", &a->text);
	record_get(record, "host", &a->host);
	fit = status_otherwise((int)verdict);
	if (a->status.at[0] != fit.at[0])
		str_set(&a->status, fit);
	a->result = (struct result){ .verdict = (int)verdict,
		.status = str_span(&a->status),
		.text = str_span(&a->text),
		.host = str_span(&a->host),
		.reply = flag(record, "reply"),
		.action = (enum state_action)action,
		/* RFC 3461 5.2.1: the next host reports by itself. */
		.reported = verdict == DONE && flag(record, "dsn") };
}

bool
answer_parse(struct span record, struct answer *a_r)
{
	if (!record_is(record, "done") ||
	    !record_get_number(record, "n", UINT64_MAX, &a_r->n))
		return false;
	result_parse(record, a_r);
	/* A recipient that is done, or refused, was not about the host. */
	a_r->down = a_r->result.verdict == TEMP && flag(record, "down");
	a_r->busy = a_r->result.verdict == TEMP && flag(record, "busy");
	str_clear(&a_r->via);
	via_add(a_r, record, "ip");
	via_add(a_r, record, "tls");
	via_add(a_r, record, "rule");
	return true;
}
