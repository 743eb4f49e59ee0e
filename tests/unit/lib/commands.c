/* Requests for commands: what may be asked, and what may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "commands/last_line.h"
#include "commands/request.h"

#define ID "01KA0000000000000000000000"

static bool
delivery(const char *packet, uint64_t *n_r)
{
	struct delivery_request r;
	bool ok;

	delivery_request_init(&r);
	ok = delivery_request_parse(span_text(packet), &r);
	*n_r = r.n;
	delivery_request_free(&r);
	return ok;
}

static void
a_command_of_an_address(void **state)
{
	struct delivery_request r;

	(void)state;
	delivery_request_init(&r);
	assert_true(delivery_request_parse(
	    SPAN("run n=3 to=a+x@b command=echo%20%22%24EXT%22 sender= "
		 "recipient=list@b id=" ID),
	    &r));
	assert_int_equal(r.n, 3);
	assert_string_equal(r.to.at, "a+x@b");
	assert_string_equal(r.command.at, "echo \"$EXT\"");
	assert_string_equal(r.sender.at, "");
	assert_string_equal(r.recipient.at, "list@b");
	assert_string_equal(r.id.at, ID);
	delivery_request_free(&r);
}

static void
what_is_not_whole_or_not_clean_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"run",
		"walk n=1 to=a command=c sender= recipient=r id=" ID,
		"run to=a command=c sender= recipient=r id=" ID,
		"run n=-1 to=a command=c sender= recipient=r id=" ID,
		"run n=1 to= command=c sender= recipient=r id=" ID,
		"run n=1 to=a command= sender= recipient=r id=" ID,
		"run n=1 to=a command=c recipient=r id=" ID,
		"run n=1 to=a command=c sender=%0a recipient=r id=" ID,
		"run n=1 to=a%00 command=c sender= recipient=r id=" ID,
		"run n=1 to=a command=c sender= recipient=%7f id=" ID,
		"run n=1 to=a command=c sender= recipient=r id=../" ID,
	};
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(delivery(wrong[i], &n));
	/* Whose it was is known all the same. */
	assert_false(delivery("run n=7 to=a", &n));
	assert_int_equal(n, 7);
}

static bool
filter(const char *packet)
{
	struct filter_request r;

	return filter_request_parse(span_text(packet), &r);
}

static void
filters_of_two_files_and_no_other(void **state)
{
	(void)state;
	assert_true(filter("run file=filter.mx\nSENDER=a HELO=b"));
	assert_true(filter("run file=filter.submission\n"));
	assert_false(filter("run file=users\n"));
	assert_false(filter("run file=../spool/tmp/x\n"));
	assert_false(filter("run file=\n"));
	assert_false(filter("run\n"));
	assert_false(filter("file=filter.mx\n"));
	assert_false(filter(""));
}

/* A variable's name can be worth a command: LD_PRELOAD, PATH, ENV. */
static void
facts_have_names_that_are_known(void **state)
{
	(void)state;
	assert_false(filter("run file=filter.mx\nLD_PRELOAD=/x"));
	assert_false(filter("run file=filter.mx\nSENDER=a PATH=/x"));
	assert_false(filter("run file=filter.mx\nSENDER=a%00b"));
	assert_false(filter("run file=filter.mx\nSENDER=%"));
	assert_false(filter("run file=filter.mx\n=a"));
}

static void
a_shell_is_known_by_its_words(void **state)
{
	static const char *const shells[] = { "sh: 1: robot: not found",
		"sh: 1: Syntax error: end of file unexpected",
		"/usr/local/bin/robot: 3: x: not found",
		"/home/x/robot: line 12: x: command not found",
		"sh: line 1: x: command not found",
		"bash: line 0: x: no such file", "/bin/sh: 0: cannot open x" };
	static const char *const others[] = { "", "not today", "sh", ":",
		"list: at most 100 kB", "the list takes: 3: no more",
		"robot: 12 messages", "error: sh: 1: x" };

	(void)state;
	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
		assert_true(last_line_is_shells(span_text(shells[i])));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(last_line_is_shells(span_text(others[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_of_an_address),
		cmocka_unit_test(what_is_not_whole_or_not_clean_is_refused),
		cmocka_unit_test(filters_of_two_files_and_no_other),
		cmocka_unit_test(facts_have_names_that_are_known),
		cmocka_unit_test(a_shell_is_known_by_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
