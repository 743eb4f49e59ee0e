#include "job.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/record.h"

struct job *
job_new(void)
{
	struct job *j = mem_new(sizeof *j);

	message_init(&j->message);
	j->fd = -1;
	j->started = clock_mono_ms();
	return j;
}

void
job_close(struct job *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
}

void
job_free(struct job *j)
{
	job_close(j);
	message_free(&j->message);
	arena_free(&j->memory);
	free(j->to);
	free(j);
}

void
job_add(struct job *j, const struct job_recipient *t)
{
	if (j->count == j->size) {
		j->size = j->size == 0 ? 1 : 2 * j->size;
		j->to = mem_resize(j->to, j->size, sizeof *j->to);
	}
	j->to[j->count++] = *t;
}

struct word {
	const char *name;
	struct span *text;
	uint64_t *number;
	bool *flag;
};

/* Store a line's words; unknown ones are ignored. */
static bool
words_read(
    struct arena *a, struct span line, const struct word *words, size_t count)
{
	struct str value = STR_INIT;
	struct span key;
	bool ok = true;

	while (ok && record_next(&line, &key, &value))
		for (size_t i = 0; i < count; i++) {
			struct span v = str_span(&value);

			if (!span_equal(key, span_text(words[i].name)))
				continue;
			if (words[i].text != NULL)
				*words[i].text = arena_copy(a, v);
			if (words[i].number != NULL)
				ok &= span_is_number(
				    v, INT64_MAX, words[i].number);
			if (words[i].flag != NULL)
				*words[i].flag = span_equal(v, SPAN("1"));
			/* No control characters. */
			ok &= span_is_clean(v);
		}
	str_free(&value);
	return ok && line.len == 0;
}

static bool
recipient_parse(struct job *j, struct span line)
{
	struct job_recipient t = { .attempt = 1 };
	const struct word words[] = {
		{ "to", &t.to, NULL, NULL },
		{ "n", NULL, &t.n, NULL },
		{ "attempt", NULL, &t.attempt, NULL },
		{ "notify", &t.notify, NULL, NULL },
		{ "orcpt", &t.orcpt, NULL, NULL },
		{ "index", NULL, &t.index, NULL },
		{ "token", &t.token, NULL, NULL },
	};
	bool ok = words_read(&j->memory, line, words, COUNT(words));

	if (j->count < JOB_RECIPIENTS_MAX)
		job_add(j, &t);
	else
		ok = false;
	return ok && t.to.len > 0;
}

bool
job_parse(struct job *j, struct span packet)
{
	const struct word words[] = {
		{ "id", &j->id, NULL, NULL },
		{ "from", &j->from, NULL, NULL },
		{ "domain", &j->domain, NULL, NULL },
		{ "for", &j->via, NULL, NULL },
		{ "ret", &j->ret, NULL, NULL },
		{ "envid", &j->envid, NULL, NULL },
		{ "smtputf8", NULL, NULL, &j->smtputf8 },
		{ "requiretls", NULL, NULL, &j->requiretls },
	};
	struct span line;
	bool ok = span_line(&packet, &line) && record_is(line, "job") &&
	    words_read(&j->memory, line, words, COUNT(words));

	while (span_line(&packet, &line))
		if (line.len > 0)
			ok &= recipient_parse(j, line);
	return ok && j->count > 0 && j->id.len > 0 && j->domain.len > 0;
}

void
job_result(struct job *j, const struct result *r)
{
	for (size_t i = 0; i < j->count; i++)
		if (!j->to[i].result.set)
			j->to[i].result = *r;
}

bool
job_is_open(const struct job *j)
{
	for (size_t i = 0; i < j->count; i++)
		if (!j->to[i].result.set)
			return true;
	return false;
}

static void
answer_word(struct str *packet, const char *key, struct span value)
{
	if (value.len > 0)
		record_add(packet, key, value);
}

static void
answer_flag(struct str *packet, const char *key, bool value)
{
	if (value)
		record_add_text(packet, key, "1");
}

void
job_answer(const struct job_recipient *t, struct str *packet)
{
	const struct result *r = &t->result;

	record_verb(packet, "done");
	record_add_number(packet, "n", (int64_t)t->n);
	record_add_number(packet, "verdict", r->verdict);
	record_add_text(packet, "status", r->status);
	answer_word(packet, "host", r->host);
	answer_word(packet, "ip", r->ip);
	answer_word(packet, "tls", r->tls);
	answer_word(packet, "rule", r->rule);
	answer_flag(packet, "reply", r->reply);
	answer_flag(packet, "down", r->down);
	answer_flag(packet, "busy", r->busy);
	answer_flag(packet, "self", r->self);
	answer_flag(packet, "action", r->action);
	answer_flag(packet, "dsn", r->dsn);
	answer_word(packet, "text", r->text);
	record_end(packet);
}

void
job_log(const struct job *j, const struct job_recipient *t)
{
	const struct result *r = &t->result;
	const struct {
		const char *name;
		struct span value;
	} words[] = { { "host", r->host }, { "ip", r->ip }, { "tls", r->tls },
		{ "rule", r->rule } };
	struct logline l;

	log_start(&l,
	    r->verdict == DONE       ? "sent"
		: r->verdict == TEMP ? "deferred"
				     : "failed");
	log_span(&l, "id", j->id);
	log_span(&l, "to", t->to);
	for (size_t i = 0; i < COUNT(words); i++)
		if (words[i].value.len > 0)
			log_span(&l, words[i].name, words[i].value);
	log_number(&l, "verdict", r->verdict);
	log_text(&l, "status", r->status);
	log_span(&l, "text", r->text);
	log_number(&l, "size", (int64_t)j->message.size);
	log_number(&l, "ms", clock_mono_ms() - j->started);
	log_write(&l);
}
