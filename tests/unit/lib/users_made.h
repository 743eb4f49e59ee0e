/* A configuration directory of its own for each test, with databases that are
 * compiled there. */
#ifndef USERS_MADE_H
#define USERS_MADE_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "os/file.h"
#include "users/compile.h"
#include "users/users.h"

struct place {
	char path[64];
	int etc;
	struct str faults;
};

static void
remember(void *arg, unsigned line, struct span text)
{
	struct str *faults = arg;

	str_addf(faults, "%u: ", line);
	str_add(faults, text);
	str_add_byte(faults, '\n');
}

static int
place_make(void **state)
{
	struct place *p = mem_new(sizeof *p);

	str_init(&p->faults);
	strcpy(p->path, "/tmp/users.XXXXXX");
	assert_non_null(mkdtemp(p->path));
	p->etc = dir_open(AT_FDCWD, p->path);
	setenv("CHAINMAIL_ETC", p->path, 1);
	setenv("CHAINMAIL_MAIL", "/mail", 1);
	*state = p;
	return 0;
}

static int
place_remove(void **state)
{
	struct place *p = *state;
	static const char *const names[] = { "me", "users.cdb", "secrets.cdb",
		"logins/logins.cdb", "logins.key", "other" };

	for (size_t i = 0; i < COUNT(names); i++)
		unlinkat(p->etc, names[i], 0);
	unlinkat(p->etc, "logins", AT_REMOVEDIR);
	close(p->etc);
	assert_int_equal(rmdir(p->path), 0);
	str_free(&p->faults);
	free(p);
	return 0;
}

static void
place_write(struct place *p, const char *name, struct span bytes)
{
	int fd = openat(p->etc, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write_all(fd, bytes), 0);
	close(fd);
}

static int
compile(struct place *p, const char *text)
{
	struct compile c = { .fault = remember, .arg = &p->faults };

	str_clear(&p->faults);
	place_write(p, "me", SPAN("mx.lan\n"));
	return users_compile(&c, span_text(text), SPAN("mx.lan"), p->etc);
}

static void
expect(struct users *u, const char *address, enum user_kind kind,
    const char *entry)
{
	struct user r;

	user_init(&r);
	if (users_lookup(u, span_text(address), &r) != kind)
		fail_msg("%s: kind %d, not %d", address, r.kind, kind);
	if (entry != NULL)
		assert_string_equal(r.address.at, entry);
	user_free(&r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)

#endif
