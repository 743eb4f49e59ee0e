/* bin/chainmail-check: command lines, lines of `listen`, misspelt names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/chainmail-check/command.h"
#include "../../../bin/chainmail-check/files.h"
#include "../../../bin/chainmail-check/listen.h"

static void
a_command_begins_with_its_program(void **state)
{
	static const struct {
		const char *line, *word; /* NULL: nothing can be said */
	} cases[] = {
		{ "bogofilter -p -e", "bogofilter" },
		{ "/usr/bin/rspamc --mime", "/usr/bin/rspamc" },
		{ "cat|tee /tmp/x", "cat" },
		{ "cat>/tmp/x", "cat" },
		{ "a;b", "a" },
		{ "sed 's/a/b/'", "sed" },
		{ "X=1 sed", NULL },
		{ "$HOME/bin/x", NULL },
		{ "\"my filter\"", NULL },
		{ "(cat)", NULL },
		{ "exec cat", NULL },
		{ "if true; then cat; fi", NULL },
		{ "test -f x && cat", NULL },
		{ "`which cat`", NULL },
		{ "", NULL },
	};
	struct str word = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool found = command_word(span_text(cases[i].line), &word);

		assert_int_equal(found, cases[i].word != NULL);
		if (found)
			assert_string_equal(word.at, cases[i].word);
	}
	str_free(&word);
}

static void
a_line_of_listen_is_a_socket_and_its_addresses(void **state)
{
	static const struct {
		const char *line;
		bool good;
	} cases[] = {
		{ "smtp 192.0.2.25:25", true },
		{ "imap 127.0.0.1:2143  [::1]:2143", true },
		{ "imap 192.0.2.1:2143", true },
		{ "imap 192.0.2.1:143,192.0.2.2:143", false },
		{ "imap", false }, { "lmtp /run/x/lmtp:0660", true },
		{ "submission *:587", true }, { "smtpd -c 500", true },
		{ "pop3 110", true }, { "pop3s localhost:995", false },
		{ "imaps 127.0.0.1", false }, { "nntp *:119", false },
		{ "smtp 192.0.2.25:25", false }, /* the second */
	};
	struct str seen = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    listen_line(span_text(cases[i].line), &seen) == NULL,
		    cases[i].good);
	str_free(&seen);
}

static void
a_misspelt_name_is_recognized(void **state)
{
	(void)state;
	assert_string_equal(name_guess("route"), "routes");
	assert_string_equal(name_guess("Limits"), "limits");
	assert_string_equal(name_guess("filters.mx"), "filter.mx");
	assert_string_equal(name_guess("tls_policy"), "tls-policy");
	assert_string_equal(name_guess("user"), "users");
	assert_string_equal(name_guess("route.auth"), "routes.auth");
	assert_null(name_guess("lists"));
	assert_null(name_guess("notes.txt"));
	assert_null(name_guess("x"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_begins_with_its_program),
		cmocka_unit_test(
		    a_line_of_listen_is_a_socket_and_its_addresses),
		cmocka_unit_test(a_misspelt_name_is_recognized),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
