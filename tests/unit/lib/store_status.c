/* lib/store: STATUS, most often from the index's header alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>

#include "folder_look.h"
#include "store/append.h"
#include "store/folder_inside.h"

static void
status_counts_without_a_session(void **state)
{
	struct made *m = *state;
	struct mailbox_status s;

	deliver(m, "1000000001.a.h");
	made_file(m, "cur/1000000002.b.h:2,ST", "x\n");
	assert_int_equal(
	    mailbox_status(&m->store, SPAN("INBOX"), STATUS_SIZE, &s), 0);
	assert_int_equal(s.messages, 2);
	assert_int_equal(s.recent, 1);
	assert_int_equal(s.unseen, 1);
	assert_int_equal(s.deleted, 1);
	assert_int_equal(s.uidnext, 3);
	assert_int_equal(s.size, 23);
	assert_int_equal(made_count(m, "new"), 1);
}

/* As the index's header alone says it, where that explains the directories. */
static void
status_is(struct made *m, uint32_t messages, uint32_t unseen)
{
	struct mailbox_status s;

	assert_int_equal(mailbox_status(&m->store, SPAN("INBOX"), 0, &s), 0);
	assert_int_equal(s.messages, messages);
	assert_int_equal(s.unseen, unseen);
	assert_int_equal(s.uidnext, messages + 1);
}

static void
status_follows_what_others_do(void **state)
{
	struct made *m = *state;
	char damage = 0x5a, seen[264];
	const char *old;
	struct index_header h;
	struct folder f;
	bool recent;
	int fd;

	deliver(m, "1000000001.a.h");
	made_file(m, "cur/1000000002.b.h:2,", "x\n");
	/* Two looks, the second after the clock's tick: now the header suffices. */
	for (int i = 0; i < 3; i++) {
		poll(NULL, 0, 40);
		assert_int_equal(
		    folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
		folder_close(&f);
	}
	assert_true(folder_peek(&m->store, ".", &h, &recent));
	status_is(m, 2, 2);
	deliver(m, "1000000003.c.h");
	assert_false(folder_peek(&m->store, ".", &h, &recent));
	status_is(m, 3, 3);
	old = made_find(m, "cur", "1000000002.");
	assert_non_null(old);
	snprintf(seen, sizeof seen, "%sS", old);
	assert_int_equal(
	    renameat(m->store.root.cur, old, m->store.root.cur, seen), 0);
	status_is(m, 3, 2);
	fd = openat(m->store.root.dir, "index", O_WRONLY);
	assert_int_equal(pwrite(fd, &damage, 1, 100), 1);
	close(fd);
	assert_false(folder_peek(&m->store, ".", &h, &recent));
	status_is(m, 3, 2);
	assert_int_equal(unlinkat(m->store.root.dir, "index", 0), 0);
	status_is(m, 3, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    status_counts_without_a_session, made_setup, made_teardown),
		cmocka_unit_test_setup_teardown(
		    status_follows_what_others_do, made_setup, made_teardown),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	str_free(&said);
	return r;
}
