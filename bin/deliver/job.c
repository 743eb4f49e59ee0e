#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/record.h"
#include "mail/address.h"
#include "spool/format.h"
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
	arena_free(&j->memory);
	str_free(&j->text);
	free(j);
}

/* False: a known word with an invalid value. */
static bool
word_keep(struct job *j, struct span key, struct span value)
{
	const struct {
		const char *name;
		struct span *to;
	} texts[] = { { "id", &j->id }, { "to", &j->to }, { "from", &j->from },
		{ "for", &j->via }, { "command", &j->command },
		{ "token", &j->token } };
	const struct {
		const char *name;
		uint64_t *to;
	} numbers[] = { { "n", &j->n }, { "attempt", &j->attempt },
		{ "index", &j->index }, { "order", &j->order } };
	uint64_t number;

	for (size_t i = 0; i < COUNT(texts); i++)
		if (span_equal(key, span_text(texts[i].name)))
			*texts[i].to = arena_copy(&j->memory, value);
	for (size_t i = 0; i < COUNT(numbers); i++) {
		if (!span_equal(key, span_text(numbers[i].name)))
			continue;
		if (!span_is_number(value, INT64_MAX, &number))
			return false;
		*numbers[i].to = number;
	}
	if (!span_equal(key, SPAN("kind")))
		return true;
	j->kind = span_equal(value, SPAN("pipe")) ? JOB_PIPE : JOB_MAILBOX;
	return j->kind == JOB_PIPE || span_equal(value, SPAN("mailbox"));
}

/* These go into header lines and environments. */
bool
job_is_clean(const struct job *j)
{
	return j->to.len > 0 && span_is_clean(j->to) &&
	    span_is_clean(j->from) && span_is_clean(j->via);
}

static bool
words_read(struct job *j, struct span record)
{
	struct str value = STR_INIT;
	struct span rest = record, key;
	bool ok = true;

	while (record_next(&rest, &key, &value))
		ok &= word_keep(j, key, str_span(&value));
	str_free(&value);
	return ok && rest.len == 0 && record_is(record, "job") &&
	    id_valid(j->id) && job_is_clean(j);
}

bool
job_parse(struct job *j, struct span record)
{
	struct spool_message m;
	const char *why = "not there";

	if (!words_read(j, record)) {
		job_result(
		    j, TEMP, "4.3.5", SPAN(""), "malformed job for deliver");
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

static bool
is_wanted(const struct job *j, struct span recipient)
{
	struct str key = STR_INIT;
	struct address a;
	bool same;

	if (address_parse(recipient, &a))
		address_key(&a, &key);
	same = span_equal(str_span(&key), j->wanted);
	str_free(&key);
	return same;
}

bool
job_is_recipient(const struct job *j)
{
	struct str text = STR_INIT;
	struct envelope e;
	bool found = false;

	if (j->offset <= SPOOL_FIRST_LEN || j->offset > SPOOL_HEADER_MAX)
		return false; /* by hand: there is none */
	envelope_init(&e);
	if (read_part(j->fd, SPOOL_FIRST_LEN,
		(size_t)j->offset - SPOOL_FIRST_LEN, &text) == 0 &&
	    envelope_parse(&e, str_span(&text)))
		for (size_t i = 0; !found && i < e.count; i++)
			found = is_wanted(j, e.recipients[i].address);
	envelope_free(&e);
	str_free(&text);
	return found;
}

struct span
job_delivered_to(const struct job *j)
{
	return j->via.len > 0 ? j->via : j->wanted;
}

void
job_result(struct job *j, int verdict, const char *status, struct span what,
    const char *text)
{
	if (verdict == DONE || j->verdict != DONE)
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
	const struct outlet *o = &j->outlet;
	struct logline l;

	log_start(&l,
	    j->verdict == TEMP       ? "deferred"
		: j->verdict != DONE ? "failed"
		: j->expanded        ? "expanded"
				     : "delivered");
	log_span(&l, "id", j->id);
	log_span(&l, "to", j->to);
	if (j->via.len > 0)
		log_span(&l, "for", j->via);
	if (o->kind == OUTLET_MAILDIR || o->kind == OUTLET_MBOX ||
	    o->kind == OUTLET_NULL)
		log_span(&l, "mailbox", o->place);
	if (j->folder.len > 0)
		log_span(&l, "folder", j->folder);
	if (j->expanded)
		log_number(&l, "places", (int64_t)j->places);
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
	if (j->expanded) {
		/* RFC 3464 2.3.3: "expanded". */
		record_add_number(record_r, "action", 2);
		record_add_number(record_r, "places", (int64_t)j->places);
	}
	if (j->text.len > 0)
		record_add(record_r, "text", str_span(&j->text));
}
