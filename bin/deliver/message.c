#include "message.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "mail/address.h"
#include "mail/header.h"

enum {
	WHOLE_MAX = 1 << 20, /* a message up to this size is read at once */
	CHUNK = 1 << 18,
};

void
message_init(struct message *m)
{
	*m = (struct message){ .text = STR_INIT };
}

void
message_free(struct message *m)
{
	str_free(&m->text);
}

static void
put_top(struct message *m)
{
	str_clear(&m->text);
	/* RFC 5321 4.4: final delivery puts the sender here. */
	str_add_text(&m->text, "Return-Path: <");
	str_add(&m->text, m->job->from);
	str_add_text(&m->text, ">\n");
	m->return_path = m->text.len;
	str_add_text(&m->text, "Delivered-To: ");
	str_add(&m->text, job_delivered_to(m->job));
	str_add_text(&m->text, "\n");
}

/* A Delivered-To with the job's address, in any form. */
static bool
is_same_address(struct span value, struct span wanted)
{
	struct str key = STR_INIT;
	struct address a;
	bool same = span_equal_case(value, wanted);

	if (!same && address_parse(value, &a)) {
		address_key(&a, &key);
		same = span_equal(str_span(&key), wanted);
	}
	str_free(&key);
	return same;
}

/* The header fields of spam filters: SpamAssassin, rspamd, bogofilter. */
static bool
is_junk_mark(const struct header_field *f)
{
	static const struct {
		const char *name, *value;
	} marks[] = { { "X-Spam-Flag", "yes" }, { "X-Spam-Status", "yes" },
		{ "X-Spam", "yes" }, { "X-Bogosity", "spam" } };
	struct span value = span_trim(f->value);

	for (size_t i = 0; i < COUNT(marks); i++) {
		struct span want = span_text(marks[i].value);

		if (header_is(f, marks[i].name) &&
		    span_starts_case(value, want) &&
		    (value.len == want.len ||
			(!byte_is_alpha(value.at[want.len]) &&
			    !byte_is_digit(value.at[want.len]))))
			return true;
	}
	return false;
}

/* Scan the header and remove certain fields. */
static void
header_look(struct message *m, size_t at)
{
	struct span rest = span_from(str_span(&m->text), at);
	struct header_field f;

	while (header_next(&rest, &f)) {
		if (header_is(&f, "Return-Path")) {
			size_t start = (size_t)(f.whole.at - m->text.at);

			/* RFC 5321 4.4: only one, and it is ours. */
			memmove(m->text.at + start,
			    m->text.at + start + f.whole.len,
			    m->text.len - start - f.whole.len);
			str_cut(&m->text, m->text.len - f.whole.len);
			rest = span_from(str_span(&m->text), start);
			continue;
		}
		if (header_is(&f, "Delivered-To") &&
		    is_same_address(span_trim(f.value), m->job->wanted))
			m->loops = true;
		m->junk |= is_junk_mark(&f);
	}
}

static int
message_read(struct message *m)
{
	const struct job *job = m->job;
	size_t at;

	m->loops = m->junk = false;
	m->read = job->size < WHOLE_MAX ? job->size : WHOLE_MAX;
	put_top(m);
	at = m->text.len;
	if (read_part(job->fd, job->offset, (size_t)m->read, &m->text) < 0)
		return -1;
	if (byte_is_blank(m->text.at[at])) {
		/* It would continue our last line. As it is not a header, make
		 * it body. */
		str_clear(&m->text);
		put_top(m);
		str_add_byte(&m->text, '\n');
		return read_part(
		    job->fd, job->offset, (size_t)m->read, &m->text);
	}
	header_look(m, at);
	return 0;
}

bool
message_load(struct message *m, struct job *job)
{
	bool address = job->kind == JOB_ADDRESS ||
	    job->outlet.kind == OUTLET_NONE;

	m->job = job;
	if (message_read(m) < 0) {
		job_errno(job, SPAN("spool file"), errno);
		return false;
	}
	/* RFC 5321 6.3: a mail loop ends here. A place was checked with its
	 * address. */
	if (address && m->loops)
		job_result(job, DATA, "5.4.6", job->wanted,
		    "mail loop: the message was already delivered here");
	return job->verdict == DONE;
}

int
message_each(const struct message *m, bool final, message_put *put, void *to)
{
	struct str chunk = STR_INIT;
	struct span text = str_span(&m->text);
	int r = put(to, final ? text : span_from(text, m->return_path));

	for (uint64_t at = m->read; r == 0 && at < m->job->size;) {
		uint64_t left = m->job->size - at;
		size_t n = left < CHUNK ? (size_t)left : CHUNK;

		str_clear(&chunk);
		r = read_part(m->job->fd, m->job->offset + at, n, &chunk);
		if (r == 0)
			r = put(to, str_span(&chunk));
		at += n;
	}
	str_free(&chunk);
	return r;
}
