/* lib/store/mailbox: names, and what is done to folders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "maildir_made.h"
#include "store/folder.h"
#include "store/mailbox.h"
#include "store/special_use.h"
#include "store/subscriptions.h"

/* Every mailbox with its state, as text. */
static const char *
listed(struct made *m, bool mark)
{
	static char text[2000];
	struct mailbox_list l;
	size_t n = 0;

	assert_int_equal(mailbox_list(&m->store, mark, &l), 0);
	text[0] = '\0';
	for (size_t i = 0; i < l.count; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s=%x ",
		    l.at[i].name.at, l.at[i].state);
	mailbox_list_free(&l);
	return text;
}

static void
a_mailbox_has_one_directory(void **state)
{
	static const char *const pairs[][2] = {
		{ "INBOX", "." },
		{ "Archive", ".Archive" },
		{ "Archive/2026", ".Archive.2026" },
		{ "INBOX/x", ".INBOX.x" },
		{ "J. P.", ".J&AC4- P&AC4-" },
		{ "é", ".&AOk-" },
		{ "..", ".&AC4ALg-" },
		{ "../..", ".&AC4ALg-.&AC4ALg-" },
		{ "cur", ".cur" },
		{ "~bob/x", ".~bob.x" },
		{ "a*%\"\\", ".a*%\"\\" },
	};
	struct str out = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		assert_true(mailbox_directory(span_text(pairs[i][0]), &out));
		assert_string_equal(out.at, pairs[i][1]);
		assert_true(mailbox_of_directory(span_text(pairs[i][1]), &out));
		assert_string_equal(out.at, pairs[i][0]);
	}
	assert_true(mailbox_directory(SPAN("inBox/x"), &out));
	assert_string_equal(out.at, ".INBOX.x");
	str_free(&out);
}

static void
what_is_no_mailbox_is_refused(void **state)
{
	static const char *const names[] = { "", "/", "/etc/x", "a/", "a//b",
		"a\nb", "\x7f", "\xff" };
	static const char *const dirs[] = { "", "..", ".", "a", ".a.", ".a..b",
		".INBOX", ".inbox", ".&AEk-NBOX", "...", ".\xe9", ".a\nb",
		".&AC8-" };
	struct str out = STR_INIT, longest = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_false(mailbox_directory(span_text(names[i]), &out));
	assert_false(mailbox_directory(SPAN("a\0b"), &out));
	for (size_t i = 0; i < COUNT(dirs); i++)
		assert_int_equal(mailbox_of_directory(span_text(dirs[i]), &out),
		    strcmp(dirs[i], ".") == 0);
	for (int i = 0; i < 300; i++)
		str_add_byte(&longest, 'a');
	assert_false(mailbox_directory(str_span(&longest), &out));
	str_free(&longest);
	str_free(&out);
}

static void
names_that_others_made_are_understood(void **state)
{
	static const char *const pairs[][2] = { { ".Gelöscht", "Gelöscht" },
		{ ".Entwürfe.A&B", "Entwürfe/A&B" }, { ".A&B", "A&B" },
		{ ".&", "&" }, { ".&AGE-", "a" }, { ".&AGEAYg-", "ab" },
		{ ".&AOk-&AOk-", "éé" }, { ".inbox.x", "INBOX/x" },
		{ ".a&AC8-b", "a/b" } };
	struct str out = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		assert_true(mailbox_of_directory(span_text(pairs[i][0]), &out));
		assert_string_equal(out.at, pairs[i][1]);
	}
	str_free(&out);
}

static void
a_folder_with_another_form_of_name_is_a_mailbox(void **state)
{
	struct made *m = *state;
	struct folder f;

	assert_int_equal(maildir_make(&m->store.root, ".Gelöscht"), 0);
	assert_int_equal(maildir_make(&m->store.root, ".Gelöscht.&AGE-"), 0);
	made_file(m, "subscriptions", "Gelöscht\n");
	made_file(m, ".Gelöscht/cur/1.a.h:2,", "x");
	assert_string_equal(listed(m, false),
	    "INBOX=1 Archive=1 Drafts=1 Gelöscht=7 Gelöscht/a=1 Junk=1 Sent=1 "
	    "Trash=1 ");
	assert_int_equal(
	    folder_open(&f, &m->store, SPAN("Gelöscht"), false), 0);
	assert_int_equal(f.count, 1);
	folder_close(&f);
	assert_int_equal(mailbox_create(&m->store, SPAN("Gelöscht")), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(
	    mailbox_subscribe(&m->store, SPAN("Gelöscht"), false), 0);
	assert_int_equal(
	    mailbox_rename(&m->store, SPAN("Gelöscht"), SPAN("Müll")), 0);
	assert_non_null(made_find(m, ".", ".M&APw-ll"));
	assert_non_null(made_find(m, ".", ".M&APw-ll.a"));
	assert_int_equal(mailbox_delete(&m->store, SPAN("Müll/a")), 0);
	assert_int_equal(mailbox_delete(&m->store, SPAN("Müll")), 0);
	assert_string_equal(listed(m, false),
	    "INBOX=1 Archive=1 Drafts=1 Junk=1 Sent=1 Trash=1 ");
}

static void
of_two_folders_of_one_name_ours_is_used(void **state)
{
	struct made *m = *state;
	struct str dir = STR_INIT;

	assert_int_equal(maildir_make(&m->store.root, ".é"), 0);
	assert_int_equal(mailbox_find(&m->store, SPAN("é"), &dir), 0);
	assert_string_equal(dir.at, ".é");
	assert_int_equal(maildir_make(&m->store.root, ".&AOk-"), 0);
	assert_int_equal(mailbox_find(&m->store, SPAN("é"), &dir), 0);
	assert_string_equal(dir.at, ".&AOk-");
	assert_int_equal(mailbox_find(&m->store, SPAN("a//b"), &dir), -1);
	assert_int_equal(errno, EINVAL);
	str_free(&dir);
}

static void
what_a_backup_dropped_is_made_again(void **state)
{
	struct made *m = *state;
	struct folder f;

	assert_int_equal(
	    unlinkat(m->store.root.dir, ".Sent/cur", AT_REMOVEDIR), 0);
	assert_int_equal(
	    unlinkat(m->store.root.dir, ".Sent/new", AT_REMOVEDIR), 0);
	assert_string_equal(listed(m, false),
	    "INBOX=1 Archive=5 Drafts=5 Junk=5 Sent=5 Trash=5 ");
	assert_int_equal(folder_open(&f, &m->store, SPAN("Sent"), false), 0);
	folder_close(&f);
}

static void
a_fault_names_the_folder_its_mode_and_a_remedy(void **state)
{
	struct made *m = *state;
	struct folder f;
	struct str text = STR_INIT;

	assert_int_equal(fchmodat(m->store.root.dir, ".Sent/cur", 0777, 0), 0);
	assert_int_equal(folder_open(&f, &m->store, SPAN("Sent"), false), -1);
	assert_int_equal(errno, EPERM);
	mailbox_fault(&m->store, SPAN("Sent"), &text);
	assert_non_null(strstr(text.at, ".Sent/cur is writable by others"));
	assert_non_null(strstr(text.at, "mode 0777"));
	assert_non_null(strstr(text.at, "chmod u+rwx,go-w .Sent/cur"));
	assert_int_equal(
	    unlinkat(m->store.root.dir, ".Trash/new", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("cur", m->store.root.dir, ".Trash/new"), 0);
	assert_int_equal(folder_open(&f, &m->store, SPAN("Trash"), false), -1);
	mailbox_fault(&m->store, SPAN("Trash"), &text);
	assert_non_null(strstr(text.at, ".Trash/new is a symbolic link"));
	str_free(&text);
}

static void
a_new_account_has_the_usual_folders(void **state)
{
	struct made *m = *state;

	assert_string_equal(listed(m, true),
	    "INBOX=1 Archive=5 Drafts=5 Junk=5 Sent=5 Trash=5 ");
	assert_int_equal(special_use_of_name(SPAN("Sent")), USE_SENT);
	assert_int_equal(special_use_of_name(SPAN("sent/x")), 0);
	assert_int_equal(store_make(m->path), 0);
}

static void
a_maildir_of_another_server_gets_the_usual_folders(void **state)
{
	struct made *m = *state;
	struct folder f;

	mailbox_delete(&m->store, SPAN("Junk"));
	mailbox_delete(&m->store, SPAN("Sent"));
	made_file(m, "subscriptions", "V\t2\n\nold\n");
	store_close(&m->store);
	assert_int_equal(store_open(&m->store, m->path, true), 0);
	assert_string_equal(listed(m, false),
	    "INBOX=1 Archive=1 Drafts=1 Junk=5 Sent=5 Trash=1 old=4 ");
	/* Once it is ours, what the user deletes stays deleted. */
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	folder_close(&f);
	mailbox_delete(&m->store, SPAN("Junk"));
	store_close(&m->store);
	assert_int_equal(store_open(&m->store, m->path, true), 0);
	assert_int_equal(mailbox_exists(&m->store, SPAN("Junk")), -1);
}

static void
folders_are_made_and_deleted(void **state)
{
	struct made *m = *state;
	struct store *s = &m->store;

	assert_int_equal(mailbox_create(s, SPAN("Sent/a/b")), 0);
	assert_int_equal(mailbox_create(s, SPAN("Sent/a/b")), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(mailbox_create(s, SPAN("inbox")), -1);
	assert_int_equal(errno, EEXIST);
	made_file(m, ".Sent.a.b/new/1.a.h", "x");
	assert_string_equal(listed(m, true),
	    "INBOX=1 Archive=5 Drafts=5 Junk=5 Sent=7 Sent/a=2 "
	    "Sent/a/b=11 Trash=5 ");
	assert_int_equal(mailbox_delete(s, SPAN("Sent/a")), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(mailbox_delete(s, SPAN("INBOX")), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(mailbox_delete(s, SPAN("Sent/a/b")), 0);
	assert_int_equal(mailbox_delete(s, SPAN("Junk")), 0);
	/* Deleted, but still subscribed. */
	assert_string_equal(listed(m, false),
	    "INBOX=1 Archive=5 Drafts=5 Junk=4 Sent=5 Trash=5 ");
	assert_int_equal(made_count(m, "tmp"), 0);
}

static void
a_folder_made_again_is_another(void **state)
{
	struct made *m = *state;
	struct folder f;
	uint32_t first;

	assert_int_equal(mailbox_create(&m->store, SPAN("a")), 0);
	assert_int_equal(folder_open(&f, &m->store, SPAN("a"), false), 0);
	first = f.uidvalidity;
	folder_close(&f);
	assert_int_equal(mailbox_delete(&m->store, SPAN("a")), 0);
	assert_int_equal(mailbox_create(&m->store, SPAN("a")), 0);
	assert_int_equal(folder_open(&f, &m->store, SPAN("a"), false), 0);
	assert_true(f.uidvalidity > first);
	folder_close(&f);
}

static void
renaming_takes_the_children(void **state)
{
	struct made *m = *state;
	struct store *s = &m->store;

	mailbox_create(s, SPAN("a"));
	mailbox_create(s, SPAN("a/b"));
	mailbox_create(s, SPAN("ab"));
	mailbox_create(s, SPAN("x/y"));
	assert_int_equal(mailbox_rename(s, SPAN("a"), SPAN("c/d")), 0);
	assert_int_equal(mailbox_exists(s, SPAN("c/d")), 0);
	assert_int_equal(mailbox_exists(s, SPAN("c/d/b")), 0);
	assert_int_equal(mailbox_exists(s, SPAN("ab")), 0);
	assert_int_equal(mailbox_exists(s, SPAN("a/b")), -1);
	assert_int_equal(mailbox_rename(s, SPAN("x"), SPAN("z")), 0);
	assert_int_equal(mailbox_exists(s, SPAN("z/y")), 0);
	assert_int_equal(mailbox_rename(s, SPAN("a"), SPAN("q")), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(mailbox_rename(s, SPAN("ab"), SPAN("c/d")), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(mailbox_rename(s, SPAN("ab"), SPAN("ab/c")), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(mailbox_rename(s, SPAN("ab"), SPAN("inbox")), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(mailbox_rename(s, SPAN("ab"), SPAN("/etc/x")), -1);
	assert_int_equal(errno, EINVAL);
}

static void
renaming_inbox_moves_its_messages(void **state)
{
	struct made *m = *state;

	made_file(m, "new/1.a.h", "x");
	made_file(m, "cur/2.b.h:2,S", "x");
	assert_int_equal(
	    mailbox_rename(&m->store, SPAN("INBOX"), SPAN("old/mail")), 0);
	assert_int_equal(made_count(m, "new"), 0);
	assert_int_equal(made_count(m, "cur"), 0);
	assert_int_equal(made_count(m, ".old.mail/cur"), 2);
	assert_int_equal(mailbox_exists(&m->store, SPAN("INBOX")), 0);
}

static void
subscriptions_are_kept(void **state)
{
	struct made *m = *state;
	struct store *s = &m->store;

	assert_int_equal(mailbox_subscribe(s, SPAN("Sent"), false), 0);
	assert_int_equal(mailbox_subscribe(s, SPAN("Sent"), false), 0);
	assert_int_equal(mailbox_subscribe(s, SPAN("INBOX"), true), 0);
	assert_int_equal(mailbox_subscribe(s, SPAN("not/there"), true), 0);
	assert_int_equal(mailbox_subscribe(s, SPAN("not/there"), true), 0);
	assert_string_equal(listed(m, false),
	    "INBOX=5 Archive=5 Drafts=5 Junk=5 Sent=1 Trash=5 not=8 "
	    "not/there=4 ");
	assert_int_equal(mailbox_subscribe(s, SPAN("a//b"), true), -1);
	assert_int_equal(errno, EINVAL);
}

static void
subscriptions_of_others_are_read(void **state)
{
	struct made *m = *state;

	made_file(m, "subscriptions", "V\t2\n\nArchive\t2026\nINBOX\n");
	assert_non_null(strstr(listed(m, false), "Archive/2026=4"));
	unlinkat(m->store.root.dir, "subscriptions", 0);
	made_file(m, "courierimapsubscribed", "INBOX.Sent\nINBOX\n");
	assert_non_null(strstr(listed(m, false), "Sent=5"));
	assert_non_null(strstr(listed(m, false), "INBOX=5"));
}

static void
a_folder_that_others_may_write_to_is_not_opened(void **state)
{
	struct made *m = *state;
	struct maildir d;
	int root = m->store.root.dir;

	assert_int_equal(fchmodat(root, ".Sent/new", 0770, 0), 0);
	assert_int_equal(maildir_open(&d, root, ".Sent"), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fchmodat(root, ".Sent/new", 0700, 0), 0);
	assert_int_equal(maildir_open(&d, root, ".Sent"), 0);
	maildir_close(&d);
	unlinkat(root, ".Sent/new", AT_REMOVEDIR);
	assert_int_equal(symlinkat("cur", root, ".Sent/new"), 0);
	assert_int_equal(maildir_open(&d, root, ".Sent"), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(symlinkat(".Junk", root, ".Link"), 0);
	assert_int_equal(maildir_open(&d, root, ".Link"), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(maildir_open(&d, root, ".None"), -1);
	assert_int_equal(errno, ENOENT);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, made_setup, made_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mailbox_has_one_directory),
		cmocka_unit_test(what_is_no_mailbox_is_refused),
		cmocka_unit_test(names_that_others_made_are_understood),
		TEST(a_folder_with_another_form_of_name_is_a_mailbox),
		TEST(of_two_folders_of_one_name_ours_is_used),
		TEST(what_a_backup_dropped_is_made_again),
		TEST(a_fault_names_the_folder_its_mode_and_a_remedy),
		TEST(a_new_account_has_the_usual_folders),
		TEST(a_maildir_of_another_server_gets_the_usual_folders),
		TEST(folders_are_made_and_deleted),
		TEST(a_folder_made_again_is_another),
		TEST(renaming_takes_the_children),
		TEST(renaming_inbox_moves_its_messages),
		TEST(subscriptions_are_kept),
		TEST(subscriptions_of_others_are_read),
		TEST(a_folder_that_others_may_write_to_is_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
