/* lib/net/tls_policy: the file tls-policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "net/tls_policy.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

struct world {
	char folder[40];
	int etc;
	struct tls_policy *policy;
	unsigned complaints, last;
};

static void
complain(unsigned line, const char *text, void *arg)
{
	struct world *w = arg;

	assert_true(strlen(text) > 0);
	w->complaints++;
	w->last = line;
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	*state = w;
	if (w == NULL)
		return -1;
	strcpy(w->folder, "/tmp/chainmail-policy-XXXXXX");
	if (mkdtemp(w->folder) == NULL)
		return -1;
	w->etc = open(w->folder, O_RDONLY | O_DIRECTORY);
	return w->etc < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	if (w->policy != NULL)
		tls_policy_close(w->policy);
	unlinkat(w->etc, "tls-policy", 0);
	unlinkat(w->etc, "tls-policy", AT_REMOVEDIR);
	close(w->etc);
	rmdir(w->folder);
	free(w);
	return 0;
}

/* Replace the file. */
static void
file(struct world *w, const char *text)
{
	int fd = openat(w->etc, "new", O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_int_equal(write_all(fd, span_text(text)), 0);
	close(fd);
	assert_int_equal(renameat(w->etc, "new", w->etc, "tls-policy"), 0);
	w->complaints = 0;
	if (w->policy == NULL)
		w->policy = tls_policy_open(w->etc, complain, w);
	else
		assert_true(tls_policy_refresh(w->policy));
}

static const struct tls_line *
find(struct world *w, const char *domain)
{
	return tls_policy_find(w->policy, span_text(domain));
}

static void
the_nearest_line_counts(void **state)
{
	struct world *w = *state;

	file(w,
	    "# ours\nexample.org none\n.example.org require  # all below\n"
	    ".sub.Example.org dane\n\nM\303\234nchen.example may\n* verify\n");
	assert_int_equal(w->complaints, 0);
	assert_int_equal(find(w, "example.org")->word, TLS_WORD_NONE);
	assert_int_equal(find(w, "a.example.org")->word, TLS_WORD_REQUIRE);
	assert_int_equal(find(w, "sub.example.org")->word, TLS_WORD_REQUIRE);
	assert_int_equal(find(w, "b.a.sub.example.org")->word, TLS_WORD_DANE);
	assert_int_equal(find(w, "xn--mnchen-3ya.example")->word, TLS_WORD_MAY);
	assert_int_equal(find(w, "anexample.org")->word, TLS_WORD_VERIFY);
	file(w, "example.org may");
	assert_null(find(w, "example.net"));
}

static void
names_and_pins_are_kept(void **state)
{
	struct world *w = *state;
	const struct tls_line *l;

	file(w,
	    "a.example verify MX.example.org .example.net\n"
	    "b.example pin sha256:" HASH " SHA256:" HASH "\n");
	l = find(w, "a.example");
	assert_int_equal(l->name_count, 2);
	assert_true(span_equal(l->names[0], SPAN("mx.example.org")));
	assert_true(span_equal(l->names[1], SPAN(".example.net")));
	l = find(w, "b.example");
	assert_int_equal(l->pin_count, 2);
	assert_int_equal(l->pins[1][31], 0xff);
}

static void
a_wrong_line_has_its_domain_wait(void **state)
{
	static const char *const lines[] = { "a.example", "a.example what",
		"a.example none x", "a.example verify -", "a.example pin",
		("a.example pin md5:" HASH), "a.example pin sha256:00",
		"a.example dane now" };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(lines); i++) {
		file(w, lines[i]);
		assert_int_equal(w->complaints, 1);
		assert_true(find(w, "a.example")->broken);
	}
	/* All of them at once; a word that is no domain names nobody. */
	file(w,
	    "a.example what\n[127.0.0.1] none\nb.example may\nb.example none");
	assert_int_equal(w->complaints, 3);
	assert_int_equal(w->last, 4);
	assert_int_equal(find(w, "b.example")->word, TLS_WORD_MAY);
	assert_null(find(w, "c.example"));
}

static void
a_changed_file_is_read_again(void **state)
{
	struct world *w = *state;

	w->policy = tls_policy_open(w->etc, complain, w); /* no file */
	assert_null(find(w, "a.example"));
	assert_false(tls_policy_refresh(w->policy));
	file(w, "a.example none");
	assert_int_equal(find(w, "a.example")->word, TLS_WORD_NONE);
	assert_false(tls_policy_refresh(w->policy));
	unlinkat(w->etc, "tls-policy", 0);
	assert_true(tls_policy_refresh(w->policy));
	assert_null(find(w, "a.example"));
}

static void
a_file_that_can_not_be_read_has_all_wait(void **state)
{
	struct world *w = *state;

	assert_int_equal(mkdirat(w->etc, "tls-policy", 0700), 0);
	w->policy = tls_policy_open(w->etc, complain, w);
	assert_int_equal(w->complaints, 1);
	assert_true(find(w, "a.example")->broken);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_nearest_line_counts),
		TEST(names_and_pins_are_kept),
		TEST(a_wrong_line_has_its_domain_wait),
		TEST(a_changed_file_is_read_again),
		TEST(a_file_that_can_not_be_read_has_all_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
