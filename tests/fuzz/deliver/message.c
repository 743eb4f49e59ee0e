/* A job's record, and behind the first LF any message: what is put out is the
 * message less its Return-Path fields, behind two lines of ours. What the job
 * says goes nowhere where it could forge a line. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../bin/deliver/message.h"
#include "base/io.h"
#include "base/record.h"
#include "mail/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
gather(void *to, struct span bytes)
{
	str_add(to, bytes);
	return 0;
}

/* Nothing is lost but those fields, and none of them is left. */
static void
check(const struct message *m, struct span message, struct span out)
{
	struct header_field f;
	struct span rest = message;
	size_t gone = 0;

	for (int lines = 0; lines < 2; lines++)
		if (!header_next(&out, &f))
			abort();
	/* What would continue our lines is body. */
	if (message.len > 0 && byte_is_blank(message.at[0])) {
		if (!span_take(&out, '\n') || !span_equal(out, message))
			abort();
		return;
	}
	while (header_next(&rest, &f))
		if (header_is(&f, "Return-Path"))
			gone += f.whole.len;
	if (out.len + gone != message.len || m->read != message.len)
		abort();
	while (header_next(&out, &f))
		if (header_is(&f, "Return-Path"))
			abort();
}

static bool
has_control(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (byte_is_control(s.at[i]))
			return true;
	return false;
}

/* One record, whatever the job was. */
static void
check_answer(const struct job *j)
{
	struct str answer = STR_INIT, value = STR_INIT;
	struct span rest, key;
	uint64_t n;

	job_answer(j, &answer);
	rest = str_span(&answer);
	if (span_find(rest, '\n') < rest.len || !record_is(rest, "done") ||
	    !record_get_number(rest, "n", UINT64_MAX, &n) || n != j->n)
		abort();
	while (record_next(&rest, &key, &value))
		;
	if (rest.len > 0)
		abort();
	str_free(&answer);
	str_free(&value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = { (const char *)data, size }, record;
	struct job *j = job_new();
	struct message m;
	struct str out = STR_INIT;

	message_init(&m);
	record = span_head(all, span_find(all, '\n'));
	all = span_from(all, record.len + 1);
	job_parse(j, record); /* there is no spool file */
	check_answer(j);
	if (job_is_clean(j) &&
	    (has_control(j->to) || has_control(j->from) || has_control(j->via)))
		abort();
	if (j->to.len > 0 && job_is_clean(j)) {
		j->fd = memfd_create("message", 0);
		if (write_all(j->fd, all) < 0)
			abort();
		j->size = all.len;
		j->wanted = j->to;
		j->verdict = DONE;
		j->outlet.kind = OUTLET_MAILDIR;
		/* A place was looked at with another address. */
		if (!message_load(&m, j) &&
		    (!m.loops || j->kind != JOB_ADDRESS))
			abort();
		if (message_each(&m, true, gather, &out) < 0)
			abort();
		check(&m, all, str_span(&out));
	}
	message_free(&m);
	str_free(&out);
	job_free(j);
	return 0;
}
