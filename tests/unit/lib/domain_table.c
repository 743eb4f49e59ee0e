/* lib/net/domain_table */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/domain_table.h"

struct world {
	char folder[40];
	int etc;
	struct str complaints; /* "line: text\n" */
	struct domain_table table;
};

/* The table is there already: as after another start. */
static void
start_again(struct world *w)
{
	domain_table_close(&w->table);
	domain_table_open(
	    &w->table, w->table.kind, w->etc, w->table.complain, w);
}

static void
complain(unsigned line, const char *text, void *arg)
{
	struct world *w = arg;

	str_addf(&w->complaints, "%u: %.20s\n", line, text);
}

/* "DOMAIN VALUE"; the value "bad" is wrong, and "skip" no line at all. */
static const void *
parse(struct span line, struct arena *a, struct span *domain_r,
    struct str *wrong_r)
{
	struct span domain = span_word(&line), word = span_word(&line);
	struct span *value = arena_new(a, sizeof *value);

	if (span_equal(word, SPAN("bad")) || span_equal(word, SPAN("skip")))
		str_add_text(wrong_r, "is wrong");
	if (!span_equal(word, SPAN("skip")))
		*domain_r = arena_copy(a, domain);
	*value = arena_copy(a, word);
	return value;
}

static const struct domain_table_kind kind = { "table", parse };

/* As an administrator does it: a new file under the old name. */
static void
file(struct world *w, const char *text)
{
	int fd = openat(w->etc, "new", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(renameat(w->etc, "new", w->etc, "table"), 0);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	if (w == NULL)
		return -1;
	str_init(&w->complaints);
	strcpy(w->folder, "/tmp/chainmail-table-XXXXXX");
	if (mkdtemp(w->folder) == NULL)
		return -1;
	w->etc = open(w->folder, O_RDONLY | O_DIRECTORY);
	domain_table_open(&w->table, &kind, w->etc, complain, w);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	domain_table_close(&w->table);
	unlinkat(w->etc, "table", 0);
	unlinkat(w->etc, "table", AT_REMOVEDIR);
	close(w->etc);
	rmdir(w->folder);
	str_free(&w->complaints);
	free(w);
	return 0;
}

static void
assert_found(struct world *w, const char *domain, const char *value)
{
	const struct span *found = domain_table_find(
	    &w->table, span_text(domain));

	assert_non_null(found);
	assert_true(span_equal(*found, span_text(value)));
}

static void
the_nearest_line_is_found(void **state)
{
	struct world *w = *state;

	file(w,
	    "* all\n.org suffix\n.b.org longer\nb.org own\n"
	    "c.org own-c\n");
	assert_true(domain_table_refresh(&w->table));
	assert_found(w, "b.org", "own");
	assert_found(w, "c.org", "own-c");
	assert_found(w, "a.b.org", "longer");
	assert_found(w, "x.a.b.org", "longer");
	assert_found(w, "ab.org", "suffix");
	assert_found(w, "org", "all");
	assert_null(domain_table_own(&w->table, SPAN("a.b.org")));
	assert_string_equal(w->complaints.at, "");
}

static void
no_line_is_null(void **state)
{
	struct world *w = *state;

	assert_null(domain_table_find(&w->table, SPAN("b.org")));
	file(w, ".b.org x\n");
	assert_true(domain_table_refresh(&w->table));
	assert_null(domain_table_find(&w->table, SPAN("b.org")));
	assert_null(domain_table_find(&w->table, SPAN("")));
}

static void
mistakes_are_told_with_their_lines(void **state)
{
	struct world *w = *state;

	file(w, "a.org first\nb.org bad\nc.org skip\na.org second\n");
	start_again(w);
	assert_string_equal(w->complaints.at,
	    "2: is wrong\n3: is wrong\n4: the domain occurs tw\n");
	assert_found(w, "a.org", "first");
	assert_found(w, "b.org", "bad");
	assert_null(domain_table_find(&w->table, SPAN("c.org")));
}

static void
it_is_read_again_when_replaced_only(void **state)
{
	struct world *w = *state;

	assert_false(domain_table_refresh(&w->table));
	file(w, "a.org one\n");
	assert_true(domain_table_refresh(&w->table));
	assert_false(domain_table_refresh(&w->table));
	file(w, "a.org two\n");
	assert_true(domain_table_refresh(&w->table));
	assert_found(w, "a.org", "two");
	assert_int_equal(unlinkat(w->etc, "table", 0), 0);
	assert_true(domain_table_refresh(&w->table));
	assert_null(domain_table_find(&w->table, SPAN("a.org")));
}

#define FORMER "0: what was read before\n"

static void
a_mistake_leaves_all_as_it_was(void **state)
{
	struct world *w = *state;

	file(w, "a.org one\nb.org two\n");
	assert_true(domain_table_refresh(&w->table));
	file(w, "a.org other\nb.org bad\nc.org new\n");
	assert_false(domain_table_refresh(&w->table));
	assert_found(w, "a.org", "one");
	assert_found(w, "b.org", "two");
	assert_null(domain_table_find(&w->table, SPAN("c.org")));
	assert_string_equal(w->complaints.at, "2: is wrong\n" FORMER);
	/* Once. */
	assert_false(domain_table_refresh(&w->table));
	assert_string_equal(w->complaints.at, "2: is wrong\n" FORMER);
	/* Two lines for one domain are a mistake like another. */
	str_clear(&w->complaints);
	file(w, "a.org other\na.org one\n");
	assert_false(domain_table_refresh(&w->table));
	assert_found(w, "a.org", "one");
	assert_string_equal(
	    w->complaints.at, "2: the domain occurs tw\n" FORMER);
	str_clear(&w->complaints);
	file(w, "a.org mended\n");
	assert_true(domain_table_refresh(&w->table));
	assert_found(w, "a.org", "mended");
	assert_null(domain_table_find(&w->table, SPAN("b.org")));
	assert_string_equal(w->complaints.at, "");
}

static void
a_start_with_a_mistake_takes_what_comes_next(void **state)
{
	struct world *w = *state;

	file(w, "a.org one\nb.org bad\n");
	start_again(w);
	assert_found(w, "a.org", "one");
	file(w, "a.org two\nb.org skip\n");
	assert_true(domain_table_refresh(&w->table));
	assert_found(w, "a.org", "two");
	assert_null(domain_table_find(&w->table, SPAN("b.org")));
}

static void
what_cannot_be_read_is_told_once(void **state)
{
	struct world *w = *state;

	assert_int_equal(mkdirat(w->etc, "table", 0700), 0);
	start_again(w);
	assert_true(domain_table_refresh(&w->table));
	assert_true(domain_table_refresh(&w->table));
	assert_int_not_equal(w->table.error, 0);
	assert_string_equal(w->complaints.at, "0: can't be read (Is a \n");
}

static void
what_cannot_be_read_leaves_all_as_it_was(void **state)
{
	struct world *w = *state;

	file(w, "a.org one\n");
	assert_true(domain_table_refresh(&w->table));
	assert_int_equal(unlinkat(w->etc, "table", 0), 0);
	assert_int_equal(mkdirat(w->etc, "table", 0700), 0);
	assert_false(domain_table_refresh(&w->table));
	assert_false(domain_table_refresh(&w->table));
	assert_int_equal(w->table.error, 0);
	assert_found(w, "a.org", "one");
	assert_string_equal(
	    w->complaints.at, "0: can't be read (Is a \n" FORMER);
	assert_int_equal(unlinkat(w->etc, "table", AT_REMOVEDIR), 0);
	file(w, "a.org two\n");
	assert_true(domain_table_refresh(&w->table));
	assert_found(w, "a.org", "two");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    the_nearest_line_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    no_line_is_null, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    mistakes_are_told_with_their_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    it_is_read_again_when_replaced_only, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_mistake_leaves_all_as_it_was, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_start_with_a_mistake_takes_what_comes_next, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    what_cannot_be_read_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_cannot_be_read_leaves_all_as_it_was, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
