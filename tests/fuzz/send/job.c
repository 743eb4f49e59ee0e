/* A packet of queue-run, and what is answered to it: any bytes. */
#include <stdlib.h>

#include "../../../bin/send/job.h"
#include "base/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_clean(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (byte_is_control(s.at[i]))
			abort();
}

/* All that goes into commands. */
static void
check(const struct job *j)
{
	const struct span words[] = { j->id, j->from, j->domain, j->ret,
		j->envid, j->via };

	if (j->count == 0 || j->id.len == 0 || j->domain.len == 0)
		abort();
	for (size_t i = 0; i < COUNT(words); i++)
		check_clean(words[i]);
	for (size_t i = 0; i < j->count; i++) {
		if (j->to[i].to.len == 0)
			abort();
		check_clean(j->to[i].to);
		check_clean(j->to[i].notify);
		check_clean(j->to[i].token);
		check_clean(j->to[i].orcpt);
	}
}

/* One line, that names the recipient by the number it came with. */
static void
check_answer(const struct job_recipient *t)
{
	struct str packet = STR_INIT, value = STR_INIT;
	struct span rest, line, key;
	uint64_t n;

	job_answer(t, &packet);
	rest = str_span(&packet);
	if (!span_line(&rest, &line) || rest.len > 0 ||
	    !record_is(line, "done") || !record_next(&line, &key, &value) ||
	    !record_next(&line, &key, &value) || !span_equal(key, SPAN("n")) ||
	    !span_is_number(str_span(&value), UINT64_MAX, &n) || n != t->n)
		abort();
	while (record_next(&line, &key, &value))
		;
	if (line.len > 0)
		abort();
	str_free(&value);
	str_free(&packet);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span packet = { (const char *)data, size };
	struct job *j = job_new();
	struct result r = { 0 };

	if (job_parse(j, packet))
		check(j);
	result_set(&r, &j->memory, TEMP, "4.3.0", "any");
	r.text = packet;
	job_result(j, &r);
	if (job_is_open(j))
		abort();
	for (size_t i = 0; i < j->count; i++)
		check_answer(&j->to[i]);
	job_free(j);
	return 0;
}
