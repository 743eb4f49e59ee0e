/* What a long command says of itself (RFC 9585). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../bin/imapd/progress.h"

static void
heard(int fd, const char *expected)
{
	char text[256];
	ssize_t n = read(fd, text, sizeof text - 1);

	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, expected);
}

static void
a_long_command_tells_every_ten_seconds(void **state)
{
	struct session s = { .tag = SPAN("A01") };
	struct progress p;
	int64_t begin;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	io_init(&s.io, -1, fds[1]);
	str_init(&s.text);
	progress_start(&p, &s, 1000);
	begin = p.due - PROGRESS_MS;
	progress_step_at(&p, 1, begin + PROGRESS_MS - 1);
	progress_step_at(&p, 454, begin + PROGRESS_MS);
	progress_step_at(&p, 455, begin + 2 * PROGRESS_MS - 1);
	heard(fds[0], "* OK [INPROGRESS (\"A01\" 454 1000)] In progress\r\n");
	/* RFC 9585: the progress is below the goal, or there is none. */
	progress_step_at(&p, 1000, begin + 2 * PROGRESS_MS);
	heard(fds[0], "* OK [INPROGRESS (\"A01\" 1000 NIL)] In progress\r\n");
	progress_start(&p, &s, 0);
	progress_step_at(&p, 0, p.due);
	heard(fds[0], "* OK [INPROGRESS (\"A01\" 0 NIL)] In progress\r\n");
	io_free(&s.io);
	str_free(&s.text);
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_command_tells_every_ten_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
