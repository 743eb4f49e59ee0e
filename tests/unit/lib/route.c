/* lib/net/route and lib/net/route_auth */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "net/route.h"
#include "net/route_auth.h"

struct world {
	char folder[40];
	int etc;
	struct routes *routes;
	struct arena arena;
	struct route route;
	struct str complaints; /* "line: text\n" */
};

static void
complain(unsigned line, const char *text, void *arg)
{
	struct world *w = arg;

	str_addf(&w->complaints, "%u: %s\n", line, text);
}

/* As an administrator does it: a new file under the old name. */
static void
file(struct world *w, const char *name, const char *text)
{
	int fd = openat(w->etc, "new", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(renameat(w->etc, "new", w->etc, name), 0);
}

static void
open_with(struct world *w, const char *text)
{
	file(w, "routes", text);
	if (w->routes != NULL)
		routes_close(w->routes);
	str_clear(&w->complaints);
	w->routes = routes_open(w->etc, complain, w);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	if (w == NULL)
		return -1;
	str_init(&w->complaints);
	strcpy(w->folder, "/tmp/chainmail-route-XXXXXX");
	if (mkdtemp(w->folder) == NULL)
		return -1;
	w->etc = open(w->folder, O_RDONLY | O_DIRECTORY);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	if (w->routes != NULL)
		routes_close(w->routes);
	unlinkat(w->etc, "routes", 0);
	unlinkat(w->etc, "routes", AT_REMOVEDIR);
	unlinkat(w->etc, "routes.auth", 0);
	close(w->etc);
	rmdir(w->folder);
	arena_free(&w->arena);
	str_free(&w->complaints);
	free(w);
	return 0;
}

static const char *
target_text(const struct target *t)
{
	static const char *const kinds[] = { "mx", "host", "unix", "none" };
	static char text[300];

	snprintf(text, sizeof text, "%s%s %.*s %u", t->lmtp ? "lmtp " : "",
	    kinds[t->kind], (int)t->name.len, t->name.at, (unsigned)t->port);
	return text;
}

/* The targets with commas between. */
static const char *
targets(struct world *w, const char *domain)
{
	static char text[3000];

	route_find(w->routes, span_text(domain), &w->arena, &w->route);
	text[0] = '\0';
	for (size_t i = 0; i < w->route.count; i++) {
		strcat(text, i > 0 ? ", " : "");
		strcat(text, target_text(&w->route.targets[i]));
	}
	return text;
}

static void
each_kind_of_target_is_read(void **state)
{
	static const char *const cases[][2] = {
		{ "192.168.1.5", "host 192.168.1.5 25" },
		{ "192.168.1.5:2525", "host 192.168.1.5 2525" },
		{ "[192.168.1.5]", "host 192.168.1.5 25" },
		{ "[2001:DB8::1]", "host 2001:db8::1 25" },
		{ "[IPv6:2001:db8::1]:2525", "host 2001:db8::1 2525" },
		{ "Smtp.Example.NET.", "host smtp.example.net 25" },
		{ "[smtp.example.net]:587", "host smtp.example.net 587" },
		{ "m\xc3\xbcller.example", "host xn--mller-kva.example 25" },
		{ "pc", "host pc 25" },
		{ "mx", "host mx 25" },
		{ "mx:26", "host mx 26" },
		{ "lmtp:26", "host lmtp 26" },
		{ "mx:Example.net", "mx example.net 25" },
		{ "mx:example.net:2525", "mx example.net 2525" },
		{ "lmtp:127.0.0.1", "lmtp host 127.0.0.1 24" },
		{ "lmtp:[::1]:2424", "lmtp host ::1 2424" },
		{ "lmtp:host.example:24", "lmtp host host.example 24" },
		{ "lmtp:/run/a=b/lmtp", "lmtp unix /run/a=b/lmtp 0" },
		{ "a.example tls=wrapped", "host a.example 465" },
		{ "a.example:25 tls=wrapped", "host a.example 25" },
		{ "a.example  b.example:26\tmx:c.example",
		    "host a.example 25, host b.example 26, mx c.example 25" },
		{ "error  no mail = here ", "none no mail = here 0" },
		{ "error", "none no mail goes to this domain 0" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char line[300];

		snprintf(
		    line, sizeof line, "example.org %s # x\r\n", cases[i][0]);
		open_with(w, line);
		assert_string_equal(w->complaints.at, "");
		assert_string_equal(targets(w, "example.org"), cases[i][1]);
		assert_true(w->route.listed);
	}
}

static void
options_are_read(void **state)
{
	struct world *w = *state;

	open_with(w,
	    "a.org h.example tls=require\n"
	    "b.org h.example user=me%40x%20y@b.org\n"
	    "c.org tls=wrapped user=me h.example\n"
	    "d.org h.example\n"
	    "e.org 127.0.0.1 tls=none user=me\n");
	assert_string_equal(w->complaints.at, "");
	targets(w, "a.org");
	assert_int_equal(w->route.tls, TARGET_TLS_REQUIRE);
	assert_int_equal(w->route.user.len, 0);
	targets(w, "b.org"); /* a password wants a proven name */
	assert_int_equal(w->route.tls, TARGET_TLS_VERIFY);
	assert_memory_equal(w->route.user.at, "me@x y@b.org", 13);
	targets(w, "c.org");
	assert_int_equal(w->route.tls, TARGET_TLS_WRAPPED);
	targets(w, "d.org");
	assert_int_equal(w->route.tls, TARGET_TLS_UNSAID);
	targets(w, "e.org");
	assert_int_equal(w->route.tls, TARGET_TLS_NONE);
}

static void
the_nearest_line_counts(void **state)
{
	struct world *w = *state;

	open_with(w,
	    "* everything.example\n"
	    ".Example.org suffix.example\n"
	    "example.org exact.example\n"
	    ".deep.example.org deeper.example\n"
	    "[192.0.2.7] literal.example\n"
	    "[ipv6:2001:DB8:0::7] literal.example\n"
	    "m\xc3\xbcller.example umlaut.example\n");
	assert_string_equal(w->complaints.at, "");
	assert_string_equal(targets(w, "example.org"), "host exact.example 25");
	assert_string_equal(
	    targets(w, "a.example.org"), "host suffix.example 25");
	assert_string_equal(
	    targets(w, "b.a.example.org"), "host suffix.example 25");
	assert_string_equal(
	    targets(w, "deep.example.org"), "host suffix.example 25");
	assert_string_equal(
	    targets(w, "x.deep.example.org"), "host deeper.example 25");
	assert_string_equal(
	    targets(w, "badexample.org"), "host everything.example 25");
	assert_string_equal(targets(w, "lan"), "host everything.example 25");
	assert_string_equal(
	    targets(w, "xn--mller-kva.example"), "host umlaut.example 25");
	/* "*" is not for literals, which are their own address. */
	assert_string_equal(
	    targets(w, "[192.0.2.7]"), "host literal.example 25");
	assert_string_equal(
	    targets(w, "[IPv6:2001:db8::7]"), "host literal.example 25");
	assert_string_equal(targets(w, "[192.0.2.8]"), "host 192.0.2.8 25");
	assert_string_equal(
	    targets(w, "[IPv6:2001:db8::8]"), "host 2001:db8::8 25");
	assert_false(w->route.listed);
}

static void
without_a_line_a_domain_goes_to_its_mx(void **state)
{
	struct world *w = *state;

	w->routes = routes_open(w->etc, complain, w);
	assert_string_equal(targets(w, "example.org"), "mx example.org 25");
	assert_false(w->route.listed);
	assert_memory_equal(w->route.key.at, "example.org", 12);
	routes_close(w->routes);
	w->routes = routes_open(-1, complain, w);
	assert_string_equal(targets(w, "example.org"), "mx example.org 25");
	assert_false(routes_refresh(w->routes));
	assert_string_equal(w->complaints.at, "");
}

static void
mistakes_are_told_all_at_once_and_their_mail_waits(void **state)
{
	static const char *const wrong[] = { "a..b 192.0.2.1", "*.org h",
		"a.org", "b.org 192.0.2", "c.org 2001:db8::1", "d.org h:0",
		"e.org h:65536", "f.org h:", "g.org h tls=strong",
		"h.org h tls=may user=x", "i.org h colour=blue",
		"j.org tls=may",
		"k.org lmtp:", "l.org mx:", "m.org lmtp:/x tls=verify",
		"n.org h user=", "o.org h user=a%2", "p.org h tls=may tls=may",
		"q.org h h h h h h h h h h h", "r.org -h", "s.org h:1:2",
		"t.org [::1", "u.org []", "v.org mx:192.0.2.1", "w.org a\xff" };
	struct world *w = *state;
	struct str text = STR_INIT;
	struct span rest, line;
	unsigned count = 0;
	char domain[] = "a.org";

	for (size_t i = 0; i < COUNT(wrong); i++)
		str_addf(&text, "%s\n", wrong[i]);
	str_add_text(&text, "good.org h\n");
	open_with(w, text.at);
	rest = str_span(&w->complaints);
	while (span_line(&rest, &line)) {
		uint64_t number;

		count++;
		assert_true(span_number(&line, 100, &number));
		assert_int_equal(number, count);
		assert_true(line.len > 20); /* says what to do */
	}
	assert_int_equal(count, COUNT(wrong));
	for (domain[0] = 'a'; domain[0] <= 'w'; domain[0]++) {
		assert_string_equal(targets(w, domain), "");
		assert_true(w->route.listed);
	}
	assert_string_equal(targets(w, "good.org"), "host h 25");
	str_free(&text);
}

static void
the_first_of_two_lines_counts(void **state)
{
	struct world *w = *state;

	open_with(w, "a.org one\nb.org x\nA.org two\n");
	assert_string_equal(targets(w, "a.org"), "host one 25");
	assert_memory_equal(w->complaints.at, "3: ", 3);
}

static void
a_changed_file_is_read_again(void **state)
{
	struct world *w = *state;

	open_with(w, "a.org one\n");
	assert_false(routes_refresh(w->routes));
	file(w, "routes", "a.org two\n");
	assert_true(routes_refresh(w->routes));
	assert_string_equal(targets(w, "a.org"), "host two 25");
	assert_false(routes_refresh(w->routes));
	unlinkat(w->etc, "routes", 0);
	assert_true(routes_refresh(w->routes));
	assert_string_equal(targets(w, "a.org"), "mx a.org 25");
	assert_false(routes_refresh(w->routes));
	file(w, "routes", "a.org three\n");
	assert_true(routes_refresh(w->routes));
	assert_string_equal(targets(w, "a.org"), "host three 25");
}

static void
a_file_that_can_not_be_read_has_all_mail_wait(void **state)
{
	struct world *w = *state;

	assert_int_equal(mkdirat(w->etc, "routes", 0700), 0);
	w->routes = routes_open(w->etc, complain, w);
	assert_memory_equal(w->complaints.at, "0: ", 3);
	assert_string_equal(targets(w, "a.org"), "");
	assert_true(w->route.listed);
	assert_string_equal(targets(w, "[192.0.2.1]"), "");
	str_clear(&w->complaints);
	assert_true(routes_refresh(w->routes)); /* perhaps it can now */
	assert_string_equal(w->complaints.at, "");
	unlinkat(w->etc, "routes", AT_REMOVEDIR);
	assert_true(routes_refresh(w->routes));
	assert_string_equal(targets(w, "a.org"), "mx a.org 25");
}

static void
domains_share_a_destination_only_if_all_is_the_same(void **state)
{
	struct world *w = *state;
	struct span first;

	open_with(w,
	    "a.org h.example tls=verify user=me\n"
	    "b.org H.example:25 user=me tls=verify\n"
	    "c.org h.example tls=verify\n"
	    "d.org h.example tls=verify user=you\n"
	    "e.org h.example:26 tls=verify user=me\n"
	    "f.org lmtp:h.example:25 tls=verify user=me\n"
	    "g.org h.example tls=require user=me\n");
	targets(w, "a.org");
	first = w->route.key;
	assert_memory_equal(
	    first.at, "h.example tls=verify user=me", first.len + 1);
	targets(w, "b.org");
	assert_true(span_equal(first, w->route.key));
	for (char domain[] = "c.org"; domain[0] <= 'g'; domain[0]++) {
		targets(w, domain);
		assert_false(span_equal(first, w->route.key));
	}
}

static void
ten_thousand_lines_are_quick(void **state)
{
	struct world *w = *state;
	struct str text = STR_INIT;
	int64_t start;
	char domain[60];

	for (int i = 0; i < 10000; i++)
		str_addf(
		    &text, "d%d.example.org 10.0.%d.%d\n", i, i / 256, i % 256);
	start = clock_mono_ms();
	open_with(w, text.at);
	for (int i = 0; i < 10000; i++) {
		snprintf(domain, sizeof domain, "a.b.c.d%d.example.org", i);
		/* Without its first labels, or a name below it. */
		targets(w, domain + (i % 2 == 0 ? 6 : 0));
		assert_int_equal(w->route.listed, i % 2 == 0);
	}
	assert_true(clock_mono_ms() - start < 2000);
	str_free(&text);
}

static const char *
password(const struct route_auth *r, const char *host, const char *user)
{
	static char text[100];
	struct span found;

	if (!route_auth_find(r, span_text(host), span_text(user), &found))
		return "none";
	snprintf(text, sizeof text, "%.*s", (int)found.len, found.at);
	return text;
}

static void
passwords_belong_to_a_host_and_a_user(void **state)
{
	struct world *w = *state;
	struct route_auth *r;

	file(w, "routes.auth",
	    "# ours\n\n* me everywhere\n"
	    "Smtp.Example.net  me%20too  two words # and %41\r\n"
	    "smtp.example.net me here\n[2001:DB8::1] me six\n");
	r = route_auth_open(w->etc, complain, w);
	assert_string_equal(w->complaints.at, "");
	assert_string_equal(
	    password(r, "smtp.example.net", "me too"), "two words # and %41");
	assert_string_equal(password(r, "smtp.example.net", "me"), "here");
	assert_string_equal(password(r, "2001:db8::1", "me"), "six");
	assert_string_equal(password(r, "other.example", "me"), "everywhere");
	assert_string_equal(password(r, "other.example", "me too"), "none");
	assert_string_equal(password(r, "other.example", "*"), "none");
	route_auth_close(r);
}

static void
a_mistake_shows_no_password(void **state)
{
	struct world *w = *state;
	struct route_auth *r;

	file(w, "routes.auth",
	    "me SECRET\n-x me SECRET\nh m%2 SECRET\nh me SECRET\n");
	r = route_auth_open(w->etc, complain, w);
	assert_memory_equal(w->complaints.at, "1: ", 3);
	assert_non_null(strstr(w->complaints.at, "\n2: "));
	assert_non_null(strstr(w->complaints.at, "\n3: "));
	assert_null(strstr(w->complaints.at, "SECRET"));
	assert_string_equal(password(r, "h", "me"), "SECRET");
	route_auth_close(r);
}

static void
passwords_that_others_can_read_are_not_used(void **state)
{
	struct world *w = *state;
	struct route_auth *r = route_auth_open(w->etc, complain, w);

	assert_string_equal(w->complaints.at, ""); /* no file, no complaint */
	assert_string_equal(password(r, "h", "me"), "none");
	route_auth_close(r);
	file(w, "routes.auth", "h me SECRET\n");
	assert_int_equal(fchmodat(w->etc, "routes.auth", 0644, 0), 0);
	r = route_auth_open(w->etc, complain, w);
	assert_memory_equal(w->complaints.at, "0: ", 3);
	assert_string_equal(password(r, "h", "me"), "none");
	route_auth_close(r);
	str_clear(&w->complaints);
	assert_int_equal(fchmodat(w->etc, "routes.auth", 0640, 0), 0);
	r = route_auth_open(w->etc, complain, w);
	assert_string_equal(w->complaints.at, "");
	assert_string_equal(password(r, "h", "me"), "SECRET");
	route_auth_close(r);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(each_kind_of_target_is_read),
		TEST(options_are_read),
		TEST(the_nearest_line_counts),
		TEST(without_a_line_a_domain_goes_to_its_mx),
		TEST(mistakes_are_told_all_at_once_and_their_mail_waits),
		TEST(the_first_of_two_lines_counts),
		TEST(a_changed_file_is_read_again),
		TEST(a_file_that_can_not_be_read_has_all_mail_wait),
		TEST(domains_share_a_destination_only_if_all_is_the_same),
		TEST(ten_thousand_lines_are_quick),
		TEST(passwords_belong_to_a_host_and_a_user),
		TEST(a_mistake_shows_no_password),
		TEST(passwords_that_others_can_read_are_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
