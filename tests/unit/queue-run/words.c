/* bin/queue-run: answers, requests, senders of their own */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/queue-run/request.h"
#include "../../../bin/queue-run/verp.h"
#include "../../../bin/queue-run/wire.h"

static void
an_answer_is_read(void **state)
{
	struct reply a;

	(void)state;
	reply_init(&a);
	assert_int_equal(
	    reply_parse(
		SPAN("done n=7 verdict=0 status=2.0.0 host=mx.example "
		     "ip=192.0.2.1 "
		     "tls=TLSv1.3 rule=dane reply=1 action=1 text=250%20ok"),
		&a),
	    REPLY_DONE);
	assert_int_equal(a.n, 7);
	assert_int_equal(a.result.verdict, 0);
	assert_int_equal(a.result.action, ACTION_RELAYED);
	assert_true(a.result.reply);
	assert_false(a.result.reported || a.down || a.busy);
	assert_string_equal(a.via.at, "ip=192.0.2.1 tls=TLSv1.3 rule=dane");
	assert_true(span_equal(a.result.text, SPAN("250 ok")));
	assert_true(span_equal(a.result.host, SPAN("mx.example")));
	/* Nothing is left of the one before. */
	assert_int_equal(
	    reply_parse(SPAN("done n=8 verdict=67"), &a), REPLY_DONE);
	assert_int_equal(a.result.text.len + a.result.host.len + a.via.len, 0);
	assert_true(span_equal(a.result.status, SPAN("5.0.0")));
	reply_free(&a);
}

static void
what_is_not_sure_is_later(void **state)
{
	struct reply a;

	(void)state;
	reply_init(&a);
	assert_int_equal(reply_parse(SPAN("done n=1"), &a), REPLY_DONE);
	assert_int_equal(a.result.verdict, 75);
	assert_int_equal(
	    reply_parse(SPAN("done n=1 verdict=999"), &a), REPLY_DONE);
	assert_int_equal(a.result.verdict, 75);
	assert_int_equal(
	    reply_parse(SPAN("done n=1 verdict=75 status=2.1.5"), &a),
	    REPLY_DONE);
	assert_true(span_equal(a.result.status, SPAN("4.0.0")));
	assert_int_equal(reply_parse(SPAN("done verdict=0"), &a), REPLY_NONE);
	assert_int_equal(reply_parse(SPAN("done n=-1"), &a), REPLY_NONE);
	assert_int_equal(reply_parse(SPAN("gone n=1"), &a), REPLY_NONE);
	reply_free(&a);
}

static void
a_host_is_down_only_when_nothing_was_decided(void **state)
{
	struct reply a;

	(void)state;
	reply_init(&a);
	assert_int_equal(
	    reply_parse(SPAN("done n=1 verdict=75 down=1"), &a), REPLY_DONE);
	assert_true(a.down && !a.busy);
	assert_int_equal(
	    reply_parse(SPAN("done n=1 verdict=75 busy=1"), &a), REPLY_DONE);
	assert_true(a.busy && !a.down);
	assert_int_equal(
	    reply_parse(SPAN("done n=1 verdict=0 down=1 busy=1"), &a),
	    REPLY_DONE);
	assert_false(a.down || a.busy);
	assert_int_equal(
	    reply_parse(SPAN("done n=1 verdict=0 dsn=1"), &a), REPLY_DONE);
	assert_true(a.result.reported);
	assert_int_equal(
	    reply_parse(SPAN("done n=1 verdict=67 dsn=1"), &a), REPLY_DONE);
	assert_false(a.result.reported);
	reply_free(&a);
}

static void
a_request_names_messages(void **state)
{
	struct request q;
	struct id id;

	(void)state;
	assert_true(request_parse(SPAN("remove report=1\n"
				       "id=01K00000000000000000000000\n"
				       "id=../../etc/passwd\n"
				       "nonsense\n"
				       "id=01K00000000000000000000001"),
	    &q));
	assert_int_equal(q.verb, REQUEST_REMOVE);
	assert_true(q.report);
	assert_true(request_next(&q, &id));
	assert_string_equal(id.text, "01K00000000000000000000000");
	assert_true(request_next(&q, &id));
	assert_string_equal(id.text, "01K00000000000000000000001");
	assert_false(request_next(&q, &id));
	assert_true(request_parse(SPAN("retry all=1"), &q));
	assert_true(q.all);
	assert_true(request_parse(SPAN("destinations\n"), &q));
	assert_false(request_parse(SPAN("rm"), &q));
	assert_false(request_parse(SPAN(""), &q));
	assert_false(request_parse(SPAN("\nretry all=1"), &q));
}

static const char *
verp(const char *sender, const char *delimiters, const char *recipient)
{
	static struct str out = STR_INIT;

	return verp_sender(span_text(sender), span_text(delimiters),
		   span_text(recipient), &out)
	    ? out.at
	    : "no";
}

static void
a_sender_of_its_own_names_the_recipient(void **state)
{
	(void)state;
	assert_string_equal(verp("list@here.example", "-=", "bob@example.org"),
	    "list-bob=example.org@here.example");
	assert_string_equal(verp("list@here.example", "+=", "a+b@example.org"),
	    "list+a+b=example.org@here.example");
	assert_string_equal(verp("", "-=", "bob@example.org"), "no");
	assert_string_equal(
	    verp("list@here.example", "-", "b@x.example"), "no");
	assert_string_equal(
	    verp("list@here.example", "-=", "\"b c\"@x.example"), "no");
	assert_string_equal(
	    verp("list@here.example", "-=", "b@[192.0.2.1]"), "no");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_read),
		cmocka_unit_test(what_is_not_sure_is_later),
		cmocka_unit_test(a_host_is_down_only_when_nothing_was_decided),
		cmocka_unit_test(a_request_names_messages),
		cmocka_unit_test(a_sender_of_its_own_names_the_recipient),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
