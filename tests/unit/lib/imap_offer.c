/* lib/imap: which capabilities the file `imap` leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "imap/offer.h"

/* The complaints, one after the other. */
static void
note(unsigned line, const char *text, void *arg)
{
	str_addf(arg, "%u: %s\n", line, text);
}

static int
offer_of(const char *text, const char *service, struct offer *o, struct str *c)
{
	char path[] = "/tmp/imap-offer.XXXXXX";
	int dir, fd, r;

	assert_non_null(mkdtemp(path));
	dir = open(path, O_DIRECTORY | O_RDONLY);
	fd = openat(dir, "imap", O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write_all(fd, span_text(text)), 0);
	close(fd);
	r = offer_read(dir, span_text(service), o, note, c);
	unlinkat(dir, "imap", 0);
	close(dir);
	rmdir(path);
	return r;
}

static void
without_a_file_all_is_there_but_uidonly(void **state)
{
	struct offer o;

	(void)state;
	assert_int_equal(offer_read(-1, SPAN("imap"), &o, NULL, NULL), 0);
	assert_true(offer_has(&o, SPAN("COMPRESS=DEFLATE")));
	assert_true(offer_has(&o, SPAN("IMAP4rev1")));
	assert_false(offer_has(&o, SPAN("UIDONLY")));
}

static void
a_line_counts_for_its_service(void **state)
{
	const char *text = "imap -IDLE\n* -move +uidonly # both\nimaps -ID\n";
	struct str c = STR_INIT;
	struct offer o;

	(void)state;
	assert_int_equal(offer_of(text, "imap", &o, &c), 0);
	assert_false(offer_has(&o, SPAN("IDLE")));
	assert_false(offer_has(&o, SPAN("MOVE")));
	assert_true(offer_has(&o, SPAN("UIDONLY")));
	assert_true(offer_has(&o, SPAN("ID")));
	assert_int_equal(offer_of(text, "imaps", &o, &c), 0);
	assert_true(offer_has(&o, SPAN("IDLE")));
	assert_false(offer_has(&o, SPAN("ID")));
	assert_int_equal(offer_of(text, "", &o, &c), 0);
	assert_true(offer_has(&o, SPAN("IDLE")));
	assert_false(offer_has(&o, SPAN("MOVE")));
	assert_int_equal(c.len, 0);
	str_free(&c);
}

static void
the_last_word_counts(void **state)
{
	struct str c = STR_INIT;
	struct offer o;

	(void)state;
	assert_int_equal(
	    offer_of("* -IDLE\nimap +IDLE -ID +ID -ID\n", "imap", &o, &c), 0);
	assert_true(offer_has(&o, SPAN("IDLE")));
	assert_false(offer_has(&o, SPAN("ID")));
}

static void
each_wrong_word_is_told(void **state)
{
	struct str c = STR_INIT;
	struct offer o;

	(void)state;
	assert_int_equal(offer_of("imap IDLE -IDEL -ID\npop3 -ID\n*\n"
				  "* -IMAP4rev1\n",
			     "imap", &o, &c),
	    5);
	assert_string_equal(c.at,
	    "1: IDLE: write -CAPABILITY to leave it out, +CAPABILITY to offer "
	    "it\n"
	    "1: -IDEL: no capability that can be left out\n"
	    "2: pop3: a line begins with imap, imaps or *\n"
	    "3: *: no capability follows\n"
	    "4: -IMAP4rev1: no capability that can be left out\n");
	assert_false(offer_has(&o, SPAN("ID")));
	assert_true(offer_has(&o, SPAN("IDLE")));
	str_free(&c);
}

static void
a_file_that_cannot_be_read_leaves_imap4rev1(void **state)
{
	char path[] = "/tmp/imap-offer.XXXXXX";
	struct offer o;
	int dir;

	(void)state;
	assert_non_null(mkdtemp(path));
	dir = open(path, O_DIRECTORY | O_RDONLY);
	assert_int_equal(mkdirat(dir, "imap", 0700), 0);
	assert_int_equal(offer_read(dir, SPAN("imap"), &o, NULL, NULL), -1);
	assert_false(offer_has(&o, SPAN("IDLE")));
	assert_true(offer_has(&o, SPAN("IMAP4rev1")));
	unlinkat(dir, "imap", AT_REMOVEDIR);
	close(dir);
	rmdir(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_file_all_is_there_but_uidonly),
		cmocka_unit_test(a_line_counts_for_its_service),
		cmocka_unit_test(the_last_word_counts),
		cmocka_unit_test(each_wrong_word_is_told),
		cmocka_unit_test(a_file_that_cannot_be_read_leaves_imap4rev1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
