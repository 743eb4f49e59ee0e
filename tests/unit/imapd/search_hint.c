/* bin/imapd: with an index of texts a search reads few messages, and finds the
 * same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/imapd/search/search.h"
#include "../lib/maildir_made.h"
#include "base/crc32c.h"
#include "store/folder.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, made_setup, made_teardown)

enum { MADE = 300 };

static void
make(struct made *m, uint32_t first, uint32_t end)
{
	struct str name = STR_INIT, text = STR_INIT;

	for (uint32_t i = first; i < end; i++) {
		str_setf(&name, "new/1%09u.x", i);
		str_setf(&text,
		    "Subject: about %u\n\nThis is number-%u-here.\n", i * 1000,
		    i);
		made_file(m, name.at, text.at);
	}
	str_free(&name);
	str_free(&text);
}

static void
opened(struct made *m, struct folder *f)
{
	assert_int_equal(folder_open(f, &m->store, SPAN("INBOX"), false), 0);
}

/* How many messages have the key; read_r: and how many were read for it. */
static uint32_t
search(struct folder *f, enum key_kind kind, const char *text, uint32_t *read_r)
{
	struct key key = { .kind = kind, .text = span_text(text) };
	struct search q = { .keys = &key, .count = 1, .need = NEED_MESSAGE };
	struct matcher m;
	uint32_t found = 0;

	*read_r = 0;
	matcher_init(&m, f, &q);
	for (uint32_t i = 0; i < f->count; i++) {
		found += matcher_holds(&m, i);
		*read_r += m.loaded;
	}
	matcher_free(&m);
	return found;
}

static void
messages_without_the_text_are_not_read(void **state)
{
	struct made *m = *state;
	struct folder f;
	uint32_t read;

	make(m, 0, MADE);
	opened(m, &f);
	assert_int_equal(search(&f, KEY_BODY, "NUMBER-77-HERE", &read), 1);
	assert_int_equal(read, MADE);
	assert_int_equal(search(&f, KEY_BODY, "NUMBER-77-HERE", &read), 1);
	assert_true(read < MADE / 3);
	assert_int_equal(search(&f, KEY_TEXT, "ABOUT 77000", &read), 1);
	assert_true(read < MADE / 3);
	assert_int_equal(search(&f, KEY_BODY, "ABOUT 77000", &read), 0);
	assert_true(read < MADE / 3);
	assert_int_equal(search(&f, KEY_TEXT, "HERE", &read), MADE);
	assert_int_equal(read, MADE);
	assert_int_equal(search(&f, KEY_TEXT, "77", &read), 3);
	assert_int_equal(read, MADE);
	folder_close(&f);
}

static void
new_messages_are_read_once(void **state)
{
	struct made *m = *state;
	struct folder f;
	uint32_t read, before;

	make(m, 0, MADE);
	opened(m, &f);
	search(&f, KEY_BODY, "NUMBER-7-HERE", &read);
	search(&f, KEY_BODY, "NOWHERE", &before);
	folder_close(&f);
	make(m, MADE, MADE + 50);
	opened(m, &f);
	assert_int_equal(f.count, MADE + 50);
	search(&f, KEY_BODY, "NOWHERE", &read);
	assert_int_equal(read, before + 50);
	search(&f, KEY_BODY, "NOWHERE", &read);
	assert_int_equal(read, before);
	folder_close(&f);
}

/* The same UID, but another name: its text may be another one. */
static void
a_file_of_another_name_is_read_again(void **state)
{
	struct made *m = *state;
	struct str from = STR_INIT, to = STR_INIT, at = STR_INIT;
	struct folder f;
	uint32_t read, before;

	make(m, 0, MADE);
	opened(m, &f);
	search(&f, KEY_BODY, "NOWHERE", &read);
	search(&f, KEY_BODY, "NOWHERE", &before);
	str_setf(&from, "%s", folder_name(&f, MADE - 1).at);
	str_setf(&to, "9%s", from.at);
	assert_int_equal(renameat(f.dirs.cur, from.at, f.dirs.cur, to.at), 0);
	folder_close(&f);
	str_setf(&at, "cur/%s", to.at);
	made_file(m, at.at, "Subject: x\n\nIt is somewhere now.\n");
	opened(m, &f);
	assert_int_equal(f.count, MADE);
	assert_int_equal(search(&f, KEY_BODY, "SOMEWHERE", &read), 1);
	assert_int_equal(read, before + 1);
	folder_close(&f);
	str_free(&from);
	str_free(&to);
	str_free(&at);
}

/* Those of expunged messages, once they are the most. */
static void
what_is_of_no_use_is_left_out(void **state)
{
	struct made *m = *state;
	struct folder f;
	struct stat before, after;
	uint32_t read, at[1];
	struct index_text x;
	static struct trigrams many;

	make(m, 0, 100);
	opened(m, &f);
	search(&f, KEY_BODY, "NOWHERE", &read);
	assert_int_equal(index_text_open(&x, f.dirs.dir, f.uidvalidity), 0);
	for (uint32_t i = 0; i < 40000; i++)
		trigrams_add(&many, (struct span){ (char *)&i, 4 });
	for (uint32_t i = 0; i < 200; i++)
		index_text_add(&x, 1000 + i, i, &many, &many);
	index_text_close(&x);
	assert_int_equal(fstatat(f.dirs.dir, "index.text", &before, 0), 0);
	assert_true(before.st_size > 2 << 20);
	at[0] = 99;
	assert_int_equal(folder_expunge(&f, at, 1, false), 0);
	assert_int_equal(search(&f, KEY_BODY, "NUMBER-98-HERE", &read), 1);
	assert_int_equal(fstatat(f.dirs.dir, "index.text", &after, 0), 0);
	assert_true(after.st_size < 100 * 1024);
	assert_int_equal(search(&f, KEY_BODY, "NUMBER-98-HERE", &read), 1);
	assert_true(read < 60);
	folder_close(&f);
}

/* What text is found in a message is a part of the file's format: where this sum
 * has become another one, VERSION in lib/store/index_text.c must be raised. */
static void
the_text_of_a_message_is_what_the_version_says(void **state)
{
	static const char message[] =
	    "Subject: =?utf-8?q?caf=C3=A9?= =?koi8-r?B?xsHKzA==?=\n"
	    "From: \"Ann \" <ann@example.org>\n"
	    "Content-Type: multipart/mixed; boundary=x\n\npreamble\n"
	    "--x\nContent-Type: text/html; charset=iso-8859-1\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "<p>Stra=DFe &amp; =80 long=\n er</p>\n"
	    "--x\nContent-Type: text/plain; charset=iso-2022-jp\n"
	    "Content-Transfer-Encoding: base64\n\n"
	    "GyRCNEE7ehsoQg==\n"
	    "--x\nContent-Type: text/plain; charset=none-such\n\n\xe9t\xe9\n"
	    "--x\nContent-Type: image/png\n\nnot this\n"
	    "--x\nContent-Type: message/rfc822\n\n"
	    "Subject: inside\n\n\xce\xa3\xce\xaf\xcf\x82 \xd0\xb9 "
	    "\xe2\x84\xab\n"
	    "--x--\nepilogue\n";
	struct made *m = *state;
	struct folder f;
	struct index_text x;
	struct text_entry e;
	uint32_t read, sum = 0;

	make(m, 0, 40);
	made_file(m, "new/9000000000.x", message);
	opened(m, &f);
	assert_int_equal(search(&f, KEY_TEXT, "NOWHERE", &read), 0);
	assert_int_equal(search(&f, KEY_BODY, "STRASSE", &read), 0);
	assert_int_equal(search(&f, KEY_BODY, "INSIDE", &read), 1);
	assert_int_equal(search(&f, KEY_BODY, "LONG ER", &read), 1);
	assert_int_equal(index_text_open(&x, f.dirs.dir, f.uidvalidity), 0);
	while (index_text_next(&x, &e))
		if (e.uid == 41)
			sum = crc32c(crc32c(0, e.fields.at, e.fields.len),
			    e.body.at, e.body.len);
	index_text_close(&x);
	assert_int_equal(sum, 0x5dc0b506);
	folder_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_without_the_text_are_not_read),
		TEST(new_messages_are_read_once),
		TEST(a_file_of_another_name_is_read_again),
		TEST(what_is_of_no_use_is_left_out),
		TEST(the_text_of_a_message_is_what_the_version_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
