/* lib/base/log: one event is one line, whatever the bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/die.h"
#include "base/log.h"
#include "base/program.h"

static struct logline l;

static void
expect(struct span value, const char *text)
{
	program_name_set("unit");
	log_start(&l, "x");
	log_span(&l, "v", value);
	l.at[l.len] = '\0';
	assert_string_equal(l.at, text);
}

static void
values_are_quoted_and_escaped(void **state)
{
	(void)state;
	expect(SPAN("plain"), "unit event=x v=plain");
	expect(SPAN(""), "unit event=x v=\"\"");
	expect(SPAN("a b"), "unit event=x v=\"a b\"");
	expect(SPAN("a=b"), "unit event=x v=\"a=b\"");
	expect(SPAN("a\"b"), "unit event=x v=\"a\\x22b\"");
	expect(SPAN("a\\b"), "unit event=x v=a\\x5cb");
	expect(SPAN("a\r\nb"), "unit event=x v=a\\x0d\\x0ab");
	expect(SPAN("\0"), "unit event=x v=\"\\x00\"");
	expect(SPAN("\xc3\xa9"), "unit event=x v=\xc3\xa9");
	expect(SPAN("\xff"), "unit event=x v=\\xff");
	/* C1 controls steer terminals, as UTF-8 too. */
	expect(SPAN("\xc2\x9b"), "unit event=x v=\\xc2\\x9b");
}

static void
long_values_and_lines_are_cut(void **state)
{
	static char big[5000];
	struct span value = { big, sizeof big };

	(void)state;
	memset(big, 'x', sizeof big);
	log_start(&l, "x");
	for (int i = 0; i < 20; i++)
		log_span(&l, "v", value);
	assert_true(l.len < sizeof l.at);
	assert_true(l.len > 512);
	/* A character is not cut in two. */
	memset(big, 'x', 511);
	memcpy(big + 511, "\xc3\xa9", 2);
	log_start(&l, "x");
	log_span(&l, "v", (struct span){ big, 600 });
	l.at[l.len] = '\0';
	assert_null(strstr(l.at, "\\x"));
	assert_null(strchr(l.at, '\xc3'));
}

/* What die() logs in a child, with an errno that something else has left. */
static void
die_says(enum verdict v, const char *line)
{
	char text[256] = "";
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], 2);
		program_name_set("unit");
		errno = ENOENT;
		die(v, "text");
	}
	close(fds[1]);
	assert_true(read(fds[0], text, sizeof text - 1) > 0);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), v);
	assert_string_equal(text, line);
}

static void
an_error_of_the_system_is_none_of_the_input(void **state)
{
	(void)state;
	die_says(TEMP,
	    "unit event=die text=text error=\"No such file or directory\" "
	    "exit=75\n");
	die_says(DATA, "unit event=die text=text exit=65\n");
	die_says(USAGE, "unit event=die text=text exit=64\n");
	die_says(NOUSER, "unit event=die text=text exit=67\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_quoted_and_escaped),
		cmocka_unit_test(long_values_and_lines_are_cut),
		cmocka_unit_test(an_error_of_the_system_is_none_of_the_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
