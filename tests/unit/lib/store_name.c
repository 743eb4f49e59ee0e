/* lib/store/name */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/name.h"

#define OURS                                                                   \
	"1764000000.01JDABCDEFGHJKMNPQRSTVWXYZr3f9c01a2.host,S=4096,"          \
	"W=4180,U=17:2,FSab"

static void
our_name_is_read_whole(void **state)
{
	struct name n;

	(void)state;
	assert_true(name_parse(span_text(OURS), &n));
	assert_true(n.ours);
	assert_int_equal(n.time, 1764000000);
	assert_int_equal(n.size, 4096);
	assert_int_equal(n.wire, 4180);
	assert_int_equal(n.uid, 17);
	assert_int_equal(n.flags, FLAG_FLAGGED | FLAG_SEEN);
	assert_int_equal(n.keywords, 3);
	assert_int_equal(n.base.len, 51);
}

static void
foreign_names_are_read(void **state)
{
	static const struct {
		const char *file;
		uint64_t size, wire;
		uint32_t uid, flags;
	} cases[] = {
		/* qmail, mutt, Courier, Dovecot, mbsync, offlineimap */
		{ "1204680122.27c448.host", NAME_NO_SIZE, NAME_NO_SIZE, 0, 0 },
		{ "1204680122.R3.host:2,", NAME_NO_SIZE, NAME_NO_SIZE, 0, 0 },
		{ "1204680122.M1P2V3I4_0.h,S=12:2,T", 12, NAME_NO_SIZE, 0,
		    FLAG_DELETED },
		{ "1204680122.M1P2.h,W=13,S=12:2,RS", 12, 13, 0,
		    FLAG_ANSWERED | FLAG_SEEN },
		{ "1204680122.1_0.h,U=123:2,D", NAME_NO_SIZE, NAME_NO_SIZE, 123,
		    FLAG_DRAFT },
		{ "1204680122_0.1.h,U=5,FMD5=7e33:2,P", NAME_NO_SIZE,
		    NAME_NO_SIZE, 5, FLAG_PASSED },
		{ "cafe:1,x", NAME_NO_SIZE, NAME_NO_SIZE, 0, 0 },
		{ "x,U=0,S=,W=-1,U=4294967295", NAME_NO_SIZE, NAME_NO_SIZE, 0,
		    0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct name n;

		assert_true(name_parse(span_text(cases[i].file), &n));
		assert_false(n.ours);
		assert_true(n.size == cases[i].size);
		assert_true(n.wire == cases[i].wire);
		assert_int_equal(n.uid, cases[i].uid);
		assert_int_equal(n.flags, cases[i].flags);
	}
}

static void
what_is_no_message_is_refused(void **state)
{
	char longest[257];
	struct name n;

	(void)state;
	for (size_t i = 0; i < sizeof longest; i++)
		longest[i] = 'a';
	assert_true(name_parse((struct span){ longest, 255 }, &n));
	assert_false(name_parse((struct span){ longest, 256 }, &n));
	assert_false(name_parse(SPAN(""), &n));
	assert_false(name_parse(SPAN(".nfs0001"), &n));
	assert_false(name_parse(SPAN("a/b"), &n));
	assert_false(name_parse(SPAN("a\0b"), &n));
}

static void
formatting_keeps_what_it_does_not_know(void **state)
{
	struct str out = STR_INIT;
	struct name n;

	(void)state;
	assert_true(name_parse(SPAN("12.x.h,S=5,U=9,FMD5=7e,X:2,PSz"), &n));
	n.uid = 10;
	n.flags |= FLAG_FLAGGED;
	name_format(&out, &n, true);
	assert_string_equal(out.at, "12.x.h,S=5,FMD5=7e,X,U=10:2,FPSz");
	str_clear(&out);
	n.uid = 0;
	name_format(&out, &n, false);
	assert_string_equal(out.at, "12.x.h,S=5,FMD5=7e,X");
	str_free(&out);
}

static void
our_name_survives_the_round(void **state)
{
	struct str out = STR_INIT;
	struct name n;

	(void)state;
	assert_true(name_parse(span_text(OURS), &n));
	name_format(&out, &n, true);
	assert_string_equal(out.at, OURS);
	str_free(&out);
}

static void
a_name_is_made_for_the_recipient(void **state)
{
	struct str out = STR_INIT, mark = STR_INIT, upper = STR_INIT;
	struct name n;

	(void)state;
	name_mark(&mark, SPAN("bob@example.org"));
	name_mark(&upper, SPAN("Bob@Example.org"));
	assert_string_equal(mark.at, upper.at);
	assert_int_equal(mark.len, 9);
	name_make(&out, 1764000000, SPAN("01JDABCDEFGHJKMNPQRSTVWXYZ"),
	    str_span(&mark), SPAN("a/b:c,d"));
	name_sizes(&out, 7, 8);
	assert_true(name_parse(str_span(&out), &n));
	assert_true(n.ours);
	assert_int_equal(n.size, 7);
	assert_int_equal(n.wire, 8);
	assert_non_null(strstr(out.at, ".a\\057b\\072c\\054d,S=7,W=8"));
	str_free(&out);
	str_free(&mark);
	str_free(&upper);
}

static void
a_change_never_replaces_a_name(void **state)
{
	char path[] = "/tmp/chainmail-unit-XXXXXX";
	int dir;

	(void)state;
	assert_non_null(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(dir, "one", 0700), 0);
	assert_int_equal(mkdirat(dir, "two", 0700), 0);
	assert_int_equal(name_change(dir, "one", dir, "two"), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(name_change(dir, "three", dir, "four"), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(name_change(dir, "one", dir, "three"), 0);
	assert_int_equal(unlinkat(dir, "one", AT_REMOVEDIR), -1);
	assert_int_equal(unlinkat(dir, "two", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(dir, "three", AT_REMOVEDIR), 0);
	close(dir);
	assert_int_equal(rmdir(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_name_is_read_whole),
		cmocka_unit_test(foreign_names_are_read),
		cmocka_unit_test(what_is_no_message_is_refused),
		cmocka_unit_test(formatting_keeps_what_it_does_not_know),
		cmocka_unit_test(our_name_survives_the_round),
		cmocka_unit_test(a_name_is_made_for_the_recipient),
		cmocka_unit_test(a_change_never_replaces_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
