/* lib/store: annotations and special uses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "maildir_made.h"
#include "store/mailbox.h"
#include "store/metadata.h"
#include "store/special_use.h"

static void
names_have_a_scope_and_no_empty_level(void **state)
{
	static const char *const good[] = { "/private/comment", "/SHARED/x y",
		"/shared/vendor/a/b", "/private/vendorx" };
	static const char *const parents[] = { "/private", "/shared",
		"/shared/vendor", "/shared/vendor/a" };
	static const char *const bad[] = { "", "/", "//", "/private/",
		"/private//x", "private/x", "/privatex/y", "/other/x",
		"/private/a*", "/private/a%", "/private/\t",
		"/private/\xc3\xa9", "/private/x/" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(metadata_name_is_valid(span_text(good[i]), false));
	for (size_t i = 0; i < COUNT(parents); i++) {
		assert_false(
		    metadata_name_is_valid(span_text(parents[i]), false));
		assert_true(
		    metadata_name_is_valid(span_text(parents[i]), true));
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(metadata_name_is_valid(span_text(bad[i]), true));
}

static void
what_is_not_understood_is_left_out(void **state)
{
	struct metadata m;

	(void)state;
	assert_false(metadata_parse(SPAN(""), &m));
	assert_false(metadata_parse(SPAN("chainmail-metadata 2\n"), &m));
	assert_true(
	    metadata_parse(SPAN("chainmail-metadata 1\n"
				"entry name=/shared/comment value=a%20b\n"
				"entry name=/SHARED/comment value=second\n"
				"entry name=/nowhere value=x\n"
				"entry name=/private/none\n"
				"later name=/private/x value=y\n"
				"entry name=/private/x value="),
		&m));
	assert_int_equal(m.count, 2);
	assert_true(span_equal(m.at[0].value, SPAN("a b")));
	assert_true(
	    span_equal(metadata_find(&m, SPAN("/Private/X"))->value, SPAN("")));
	metadata_free(&m);
}

static void
set(struct made *m, const char *mailbox, const char *name, const char *value)
{
	struct annotation a = { .name = span_text(name) };

	if (value != NULL)
		a.value = span_text(value);
	assert_int_equal(
	    metadata_change(&m->store, span_text(mailbox), &a, 1), 0);
}

static void
the_file_goes_with_its_last_annotation(void **state)
{
	struct made *m = *state;
	struct annotation a = { SPAN("/shared/x"), SPAN("1") };
	struct metadata all;

	set(m, "Sent", "/shared/x", "1");
	set(m, "Sent", "/shared/y", "");
	assert_non_null(made_find(m, ".Sent", "metadata"));
	set(m, "Sent", "/SHARED/x", NULL);
	set(m, "Sent", "/shared/none", NULL);
	assert_int_equal(metadata_read(&m->store, SPAN("Sent"), &all), 0);
	assert_int_equal(all.count, 1);
	metadata_free(&all);
	set(m, "Sent", "/shared/y", NULL);
	assert_null(made_find(m, ".Sent", "metadata"));
	assert_int_equal(made_count(m, "tmp"), 0);
	assert_int_equal(metadata_change(&m->store, SPAN("none"), &a, 1), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(metadata_change(&m->store, SPAN("a//b"), &a, 1), -1);
	assert_int_equal(errno, EINVAL);
}

static void
a_symbolic_link_is_no_file_of_annotations(void **state)
{
	struct made *m = *state;
	struct metadata all;

	made_file(m, "real", "chainmail-metadata 1\n");
	assert_int_equal(symlinkat("real", m->store.root.dir, "metadata"), 0);
	assert_int_equal(metadata_read(&m->store, SPAN("INBOX"), &all), -1);
	assert_int_equal(errno, ELOOP);
}

static unsigned
uses(struct made *m, const char *mailbox)
{
	unsigned u;

	assert_int_equal(special_uses(&m->store, span_text(mailbox), &u), 0);
	return u;
}

static void
a_use_is_said_or_that_of_the_name(void **state)
{
	struct made *m = *state;
	struct str name = STR_INIT;

	assert_int_equal(uses(m, "Junk"), USE_JUNK);
	assert_int_equal(
	    special_use_create(&m->store, SPAN("Spam"), USE_JUNK | USE_SENT),
	    0);
	assert_int_equal(
	    special_use_create(&m->store, SPAN("Spam"), USE_JUNK), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(uses(m, "Spam"), USE_JUNK | USE_SENT);
	assert_int_equal(uses(m, "Junk"), 0);
	assert_int_equal(
	    special_use_create(&m->store, SPAN("Sent/2"), USE_SENT), 0);
	assert_int_equal(uses(m, "Spam"), USE_JUNK);
	assert_true(special_use_find(&m->store, USE_JUNK, &name));
	assert_string_equal(name.at, "Spam");
	assert_int_equal(mailbox_delete(&m->store, SPAN("Spam")), 0);
	assert_int_equal(uses(m, "Junk"), USE_JUNK);
	assert_int_equal(
	    mailbox_rename(&m->store, SPAN("Junk"), SPAN("Müll")), 0);
	assert_int_equal(mailbox_create(&m->store, SPAN("Junk")), 0);
	assert_int_equal(uses(m, "Müll"), USE_JUNK);
	assert_int_equal(uses(m, "Junk"), 0);
	/* One that can't be read says nothing. */
	made_file(m, ".M&APw-ll/metadata", "damaged\n");
	assert_int_equal(uses(m, "Junk"), USE_JUNK);
	str_free(&name);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, made_setup, made_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_a_scope_and_no_empty_level),
		cmocka_unit_test(what_is_not_understood_is_left_out),
		TEST(the_file_goes_with_its_last_annotation),
		TEST(a_symbolic_link_is_no_file_of_annotations),
		TEST(a_use_is_said_or_that_of_the_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
