/* Any text as a list that an account, an alias and the list itself lead to: the
 * places are each there once, as lines that can be read again, and never none. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../../bin/deliver/expand.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/record.h"
#include "os/file.h"
#include "users/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fault(void *arg, unsigned line, struct span text)
{
	(void)arg;
	fprintf(stderr, "%u: %.*s\n", line, (int)text.len, text.at);
	abort();
}

/* The folder of the configuration, made once. */
static int
configuration(void)
{
	static int etc = -1;
	struct compile c = { .fault = fault };
	struct str users = STR_INIT;
	char path[] = "/tmp/expand.XXXXXX";

	if (etc >= 0)
		return etc;
	if (mkdtemp(path) == NULL || setenv("CHAINMAIL_ETC", path, 1) < 0)
		abort();
	etc = dir_open(AT_FDCWD, path);
	str_addf(&users,
	    "example.org domain\nbob@example.org mailbox\n"
	    "self@example.org mailbox\nself@example.org -> :include:%s/list\n"
	    "alias@example.org -> self@example.org, | command\n"
	    "@example.org -> alias@example.org\n",
	    path);
	if (users_compile(&c, str_span(&users), SPAN("mx.lan"), etc) != 0)
		abort();
	str_free(&users);
	return etc;
}

static void
list_write(int etc, struct span text)
{
	int fd = openat(etc, "list", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write_all(fd, text) < 0)
		abort();
	close(fd);
}

/* A line that another program can read, and that is there once. */
static void
check_place(const struct place *p, struct hash *lines, struct arena *a)
{
	struct str line = STR_INIT, value = STR_INIT;
	struct span rest, key;
	uint32_t number = (uint32_t)lines->count;

	place_write(p, 7, &line);
	rest = str_span(&line);
	if (!record_is(rest, "place") || !record_get(rest, "to", &value) ||
	    value.len == 0 || !span_equal(str_span(&value), p->to) ||
	    !span_is_utf8(p->to))
		abort();
	while (record_next(&rest, &key, &value))
		if (span_find(str_span(&value), '\n') < value.len)
			abort();
	if (rest.len > 0 ||
	    hash_text_add(lines, a, str_span(&line), number) != number)
		abort();
	str_free(&line);
	str_free(&value);
}

static void
check(const struct job *j, const struct places *places, bool ok)
{
	struct arena a = ARENA_INIT;
	struct hash lines;
	size_t n = 0;

	hash_init(&lines, hash_text_key);
	for (const struct place *p = places->first; p != NULL; p = p->next, n++)
		check_place(p, &lines, &a);
	if (ok &&
	    (n == 0 || n != places->count || j->places != n ||
		j->verdict != DONE))
		abort();
	if (!ok && j->verdict == DONE)
		abort();
	hash_free(&lines);
	arena_free(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span roots[] = { SPAN("self@example.org"),
		SPAN("Alias+x@example.org"), SPAN("any@example.org"),
		SPAN("bob@example.org") };
	int etc = configuration();
	struct users u;

	list_write(etc, (struct span){ (const char *)data, size });
	users_open(&u, etc);
	for (size_t i = 0; i < COUNT(roots); i++) {
		struct places places = { .memory = ARENA_INIT };
		struct job *j = job_new();

		j->to = j->wanted = roots[i];
		check(j, &places, expand(&u, etc, j, &places));
		job_free(j);
		places_free(&places);
	}
	users_close(&u);
	return 0;
}
