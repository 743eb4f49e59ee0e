/* lib/net/sts: the texts of MTA-STS, and the question to mta-sts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/sts.h"
#include "os/sock.h"

static void
a_record_holds_an_id(void **state)
{
	static const struct {
		const char *text, *id;
	} cases[] = {
		{ "v=STSv1; id=20160831085700Z;", "20160831085700Z" },
		{ "v=STSv1;id=1", "1" },
		{ "v=STSv1 ;\tid=1 ; ", "1" },
		{ "v=STSv1; x-1=a:b; id=a2; id=b3", "a2" },
		{ "v=STSv1; id=12345678901234567890123456789012",
		    "12345678901234567890123456789012" },
		{ "v=STSv1; id=123456789012345678901234567890123", NULL },
		{ "v=STSv1;", NULL },
		{ "v=STSv1", NULL },
		{ "v=STSv1; id=", NULL },
		{ "v=STSv1; id=a-b", NULL },
		{ "v=STSv1; id=1; nonsense", NULL },
		{ "v=STSv1; id=1; a b=c", NULL },
		{ "v=STSv1 id=1", NULL },
		{ "v=STSv12; id=1", NULL },
		{ " v=STSv1; id=1", NULL },
		{ "v=stsv1; id=1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span id = SPAN("");
		bool ok = sts_text_parse(span_text(cases[i].text), &id);

		if (ok != (cases[i].id != NULL) ||
		    (ok && !span_equal(id, span_text(cases[i].id))))
			fail_msg("%s", cases[i].text);
	}
	assert_true(sts_text_is(SPAN("v=STSv1; ?")));
	assert_false(sts_text_is(SPAN("v=STSv1")));
}

static void
a_policy_is_read(void **state)
{
	struct arena a = ARENA_INIT;
	struct sts_policy p;

	(void)state;
	assert_null(sts_policy_parse(
	    SPAN("version: STSv1\r\nmode: enforce\r\nmx: Mail.Example.ORG\r\n"
		 "mx:*.example.net\nunknown: thing\nmax_age: 604800"),
	    &a, &p));
	assert_int_equal(p.mode, STS_ENFORCE);
	assert_int_equal(p.max_age, 604800);
	assert_int_equal(p.count, 2);
	assert_true(span_equal(p.mx[0], SPAN("mail.example.org")));
	assert_true(span_equal(p.mx[1], SPAN("*.example.net")));
	/* RFC 8461 3.2: the first of two counts; a limit; mode none. */
	assert_null(sts_policy_parse(
	    SPAN("mode: none\nmode: enforce\nmax_age: 9999999999\n"
		 "version: STSv1\n"),
	    &a, &p));
	assert_int_equal(p.mode, STS_NONE);
	assert_int_equal(p.max_age, STS_AGE_MAX);
	arena_free(&a);
}

static void
a_policy_that_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"version: STSv1\nmode: enforce\nmax_age: 1\n",
		"mode: enforce\nmx: a.b\nmax_age: 1\n",
		"version: STSv2\nmode: enforce\nmx: a.b\nmax_age: 1\n",
		"version: STSv1\nmode: Enforce\nmx: a.b\nmax_age: 1\n",
		"version: STSv1\nmode: enforce\nmx: a.b\n",
		"version: STSv1\nmode: enforce\nmx: a.b\nmax_age: -1\n",
		"version: STSv1\nmode: enforce\nmx: a\nmax_age: 11111111111\n",
		"version: STSv1\nmode: enforce\nmx: a.*.b\nmax_age: 1\n",
		"version: STSv1\nmode: enforce\nmx: *\nmax_age: 1\n",
		"version: STSv1\nmode: enforce\nmx: *.\nmax_age: 1\n",
		"version: STSv1\nmode: enforce\nmx: a..b\nmax_age: 1\n",
		"version: STSv1\nmode: enforce\nmx: a b\nmax_age: 1\n",
		"version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 1\nx\n",
		"<html>: \n",
	};
	struct arena a = ARENA_INIT;
	struct sts_policy p;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (sts_policy_parse(span_text(texts[i]), &a, &p) == NULL)
			fail_msg("%s", texts[i]);
	arena_free(&a);
}

static void
a_star_is_one_label(void **state)
{
	struct span mx[] = { SPAN("mail.example.org"), SPAN("*.example.net") };
	struct sts_policy p = { .mode = STS_ENFORCE, .mx = mx, .count = 2 };

	(void)state;
	assert_true(sts_matches(&p, SPAN("mail.example.org")));
	assert_true(sts_matches(&p, SPAN("a.example.net")));
	assert_false(sts_matches(&p, SPAN("a.b.example.net")));
	assert_false(sts_matches(&p, SPAN("example.net")));
	assert_false(sts_matches(&p, SPAN(".example.net")));
	assert_false(sts_matches(&p, SPAN("aexample.net")));
	assert_false(sts_matches(&p, SPAN("a.mail.example.org")));
	assert_false(sts_matches(&p, SPAN("*.example.nett")));
	assert_false(sts_matches(&p, SPAN("")));
}

/* A service that gives this answer once ("": hangs up). */
static pid_t
serve(const char *folder, const char *answer)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	pid_t pid;

	snprintf(at.sun_path, sizeof at.sun_path, "%s/sts", folder);
	unlink(at.sun_path);
	assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(s, 1), 0);
	pid = fork();
	if (pid == 0) {
		char request[100] = "";
		int c = accept(s, NULL, NULL);
		bool good = read(c, request, sizeof request - 1) > 0 &&
		    strcmp(request, "policy domain=example.org") == 0;

		if (answer[0] != '\0')
			(void)!write(c, answer, strlen(answer));
		_exit(good ? 0 : 1);
	}
	close(s);
	return pid;
}

static void
mta_sts_is_asked(void **state)
{
	char folder[] = "/tmp/chainmail-sts-XXXXXX", path[64];
	struct arena a = ARENA_INIT;
	struct sts_answer r;
	int status;
	static const struct {
		const char *answer;
		enum sts_result result;
	} cases[] = {
		{ "ok mode=enforce id=1 max-age=60 mx=a.b mx=*.c.d\n",
		    STS_FOUND },
		{ "none\n", STS_ABSENT },
		{ "fail result=sts-policy-invalid text=oh%20no\n", STS_FAILED },
		{ "", STS_LATER },
		{ "what\n", STS_LATER },
	};

	(void)state;
	assert_non_null(mkdtemp(folder));
	setenv("CHAINMAIL_RUN", folder, 1);
	sts_ask(SPAN("example.org"), &a, &r); /* no mta-sts here */
	assert_int_equal(r.result, STS_ABSENT);
	for (size_t i = 0; i < COUNT(cases); i++) {
		pid_t pid = serve(folder, cases[i].answer);

		sts_ask(SPAN("example.org"), &a, &r);
		assert_int_equal(r.result, cases[i].result);
		if (r.result == STS_FOUND) {
			assert_int_equal(r.policy.mode, STS_ENFORCE);
			assert_int_equal(r.policy.max_age, 60);
			assert_true(span_equal(r.policy.mx[1], SPAN("*.c.d")));
		}
		if (r.result == STS_FAILED) {
			assert_string_equal(r.failure, "sts-policy-invalid");
			assert_true(span_equal(r.text, SPAN("oh no")));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	sts_ask(SPAN("example.org"), &a, &r); /* a socket, and nobody there */
	assert_int_equal(r.result, STS_LATER);
	snprintf(path, sizeof path, "%s/sts", folder);
	unlink(path);
	rmdir(folder);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_holds_an_id),
		cmocka_unit_test(a_policy_is_read),
		cmocka_unit_test(a_policy_that_is_none),
		cmocka_unit_test(a_star_is_one_label),
		cmocka_unit_test(mta_sts_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
