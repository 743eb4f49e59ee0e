#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/record.h"
#include "spool/spool.h"

enum { TEXT_MAX = 400 };

struct job *
job_new(void)
{
	struct job *j = mem_new(sizeof *j);

	j->fd = -1;
	str_init(&j->text);
	memcpy(j->status, "2.0.0", sizeof "2.0.0");
	j->started = clock_mono_ms();
	return j;
}

void
job_free(struct job *j)
{
	if (j->fd >= 0)
		close(j->fd);
	arena_free(&j->memory);
	str_free(&j->text);
	free(j);
}

static void
word_keep(struct job *j, struct span key, const struct str *value)
{
	const struct {
		const char *name;
		struct span *to;
	} words[] = { { "id", &j->id }, { "to", &j->to }, { "from", &j->from },
		{ "notify", &j->notify }, { "orcpt", &j->orcpt } };

	for (size_t i = 0; i < COUNT(words); i++)
		if (span_equal(key, span_text(words[i].name)))
			*words[i].to = arena_copy(&j->memory, str_span(value));
	if (span_equal(key, SPAN("n")))
		span_is_number(str_span(value), UINT64_MAX, &j->n);
	if (span_equal(key, SPAN("attempt")))
		span_is_number(str_span(value), UINT32_MAX, &j->attempt);
}

/* These go into header lines and environments. */
static bool
is_clean(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (byte_is_control(s.at[i]))
			return false;
	return true;
}

bool
job_is_clean(const struct job *j)
{
	return j->to.len > 0 && is_clean(j->to) && is_clean(j->from);
}

bool
job_parse(struct job *j, struct span record)
{
	struct str value = STR_INIT;
	struct spool_message m;
	struct span rest = record, key;
	const char *why = "not there";

	while (record_next(&rest, &key, &value))
		word_keep(j, key, &value);
	str_free(&value);
	if (rest.len > 0 || !record_is(record, "job") || !id_valid(j->id) ||
	    !job_is_clean(j)) {
		job_result(j, TEMP, "4.3.5", SPAN(""),
		    "the job makes no sense to deliver");
		return false;
	}
	if (j->fd < 0 || spool_check(j->fd, &m, &why) != SPOOL_WHOLE) {
		job_result(j, TEMP, "4.3.0", SPAN("spool file"), why);
		return false;
	}
	j->offset = m.header;
	j->size = m.size;
	return true;
}

int64_t
job_birth(const struct job *j)
{
	return id_birth_ms(j->id) / 1000;
}

struct part *
job_part(struct job *j, enum part_kind kind, struct span address)
{
	struct part *p = arena_new(&j->memory, sizeof *p);

	p->kind = kind;
	p->address = arena_copy(&j->memory, address);
	if (j->last != NULL)
		j->last->next = p;
	else
		j->parts = p;
	j->last = p;
	j->count++;
	j->others |= kind != PART_MAILDIR;
	return p;
}

void
job_result(struct job *j, int verdict, const char *status, struct span what,
    const char *text)
{
	if (verdict == DONE || j->verdict == TEMP ||
	    (j->verdict != DONE && verdict != TEMP))
		return;
	j->verdict = verdict;
	strncpy(j->status, status, sizeof j->status - 1);
	str_set(&j->text, what);
	if (what.len > 0)
		str_add_text(&j->text, ": ");
	str_add_text(&j->text, text == NULL ? "unknown" : text);
	str_cut(&j->text, TEXT_MAX);
}

void
job_errno(struct job *j, struct span what, int error)
{
	/* RFC 3463: 4.3.1 mail system full, 4.2.2 mailbox full. */
	const char *status = error == ENOSPC || error == EFBIG ? "4.3.1"
	    : error == EDQUOT                                  ? "4.2.2"
							       : "4.3.0";

	job_result(j, TEMP, status, what,
	    error == EPERM ? "not a safe folder: it belongs to another user, "
			     "others can write to it, or it is a link"
			   : strerror(error));
}

void
job_log(const struct job *j)
{
	struct logline l;

	log_start(&l,
	    j->verdict == DONE       ? "delivered"
		: j->verdict == TEMP ? "deferred"
				     : "failed");
	log_span(&l, "id", j->id);
	log_span(&l, "to", j->to);
	if (j->mailbox.len > 0)
		log_span(&l, "mailbox", j->mailbox);
	if (j->count > 1)
		log_number(&l, "targets", (int64_t)j->count);
	log_number(&l, "verdict", j->verdict);
	log_text(&l, "status", j->status);
	if (j->text.len > 0)
		log_span(&l, "text", str_span(&j->text));
	log_number(&l, "size", (int64_t)j->size);
	log_number(&l, "ms", clock_mono_ms() - j->started);
	log_write(&l);
}

void
job_answer(const struct job *j, struct str *record_r)
{
	str_clear(record_r);
	record_verb(record_r, "done");
	record_add_number(record_r, "n", (int64_t)j->n);
	record_add_number(record_r, "verdict", j->verdict);
	record_add_text(record_r, "status", j->status);
	if (j->text.len > 0)
		record_add(record_r, "text", str_span(&j->text));
}
