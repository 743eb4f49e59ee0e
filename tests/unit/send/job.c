/* bin/send: packets of queue-run, and the answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/send/job.h"

static void
equals(struct span s, const char *text)
{
	assert_true(span_equal(s, span_text(text)));
}

static void
a_packet_with_two_recipients(void **state)
{
	struct job *j = job_new();

	(void)state;
	assert_true(job_parse(j,
	    SPAN("job id=1 from=a@x.example domain=y.example ret=HDRS "
		 "envid=a%20b smtputf8=1 new=word for=sales@x.example\n"
		 "to=b@y.example n=7 index=3 token=0123456789abcdef "
		 "notify=FAILURE "
		 "orcpt=rfc822;b@y.example\n"
		 "to=c@y.example n=8 attempt=3\n")));
	equals(j->id, "1");
	equals(j->from, "a@x.example");
	equals(j->domain, "y.example");
	equals(j->ret, "HDRS");
	equals(j->envid, "a b");
	assert_true(j->smtputf8);
	assert_false(j->requiretls);
	assert_int_equal(j->count, 2);
	assert_int_equal(j->to[0].n, 7);
	assert_int_equal(j->to[0].attempt, 1);
	equals(j->to[0].notify, "FAILURE");
	equals(j->to[0].orcpt, "rfc822;b@y.example");
	assert_int_equal(j->to[0].index, 3);
	equals(j->to[0].token, "0123456789abcdef");
	equals(j->to[1].token, "");
	equals(j->via, "sales@x.example");
	assert_int_equal(j->to[1].n, 8);
	assert_int_equal(j->to[1].attempt, 3);
	equals(j->to[1].to, "c@y.example");
	assert_true(job_is_open(j));
	job_free(j);
}

static void
what_is_no_job(void **state)
{
	static const char *const none[] = { "", "\n",
		"job id=1 domain=y\n",              /* nobody */
		"jobs id=1 domain=y\nto=b@y n=1\n", /* another verb */
		"job domain=y\nto=b@y n=1\n",       /* no id */
		"job id=1\nto=b@y n=1\n",           /* no destination */
		"job id=1 domain=y\nn=1\n",         /* no address */
		"job id=1 domain=y\nto=b@y n=x\n",
		"job id=1 domain=y\nto=b@y n=9223372036854775808\n",
		"job id=1 domain=y\nto=b%0D%0ADATA@y n=1\n",
		"job id=1 domain=y from=%00\nto=b@y n=1\n",
		"job id=1 domain=y for=a%0Ab@c\nto=b@y n=1\n",
		"job id=1 domain=y\nto=b%zz@y n=1\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++) {
		struct job *j = job_new();

		assert_false(job_parse(j, span_text(none[i])));
		job_free(j);
	}
}

/* Queue-run waits for an answer for each that it named. */
static void
recipients_of_a_bad_packet_are_answered(void **state)
{
	struct job *j = job_new();

	(void)state;
	assert_false(
	    job_parse(j, SPAN("job id=1 domain=y\nto= n=4\nto=b@y n=5\n")));
	assert_int_equal(j->count, 2);
	assert_int_equal(j->to[0].n, 4);
	assert_int_equal(j->to[1].n, 5);
	job_free(j);
}

static void
an_answer_says_what_became(void **state)
{
	struct job *j = job_new();
	struct result r = { 0 };
	struct str packet = STR_INIT;

	(void)state;
	assert_true(
	    job_parse(j, SPAN("job id=1 domain=y\nto=a@y n=4\nto=b@y n=5\n")));
	result_set(&j->to[0].result, &j->memory, DONE, "2.0.0", "took it");
	result_set(&r, &j->memory, TEMP, "4.4.1", "no %s", "answer\n");
	r.down = true;
	r.host = SPAN("mx.y");
	assert_true(job_is_open(j));
	/* What is decided stays. */
	job_result(j, &r);
	assert_false(job_is_open(j));
	job_answer(&j->to[0], &packet);
	job_answer(&j->to[1], &packet);
	assert_string_equal(packet.at,
	    "done n=4 verdict=0 status=2.0.0 text=took%20it\n"
	    "done n=5 verdict=75 status=4.4.1 host=mx.y down=1 "
	    "text=no%20answer%0A\n");
	str_free(&packet);
	job_free(j);
}

static void
there_is_a_most_of_recipients(void **state)
{
	struct job *j = job_new();
	struct str s = STR_INIT;

	(void)state;
	str_add_text(&s, "job id=1 domain=y\n");
	for (int i = 0; i <= JOB_RECIPIENTS_MAX; i++)
		str_addf(&s, "to=a@y n=%d\n", i);
	assert_false(job_parse(j, str_span(&s)));
	assert_int_equal(j->count, JOB_RECIPIENTS_MAX);
	str_free(&s);
	job_free(j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_with_two_recipients),
		cmocka_unit_test(what_is_no_job),
		cmocka_unit_test(recipients_of_a_bad_packet_are_answered),
		cmocka_unit_test(an_answer_says_what_became),
		cmocka_unit_test(there_is_a_most_of_recipients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
