/* bin/deliver: what an address comes to, against a model that knows for every
 * account and list what can be reached from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../bin/deliver/expand.h"
#include "os/file.h"
#include "users/compile.h"

enum {
	ACCOUNTS = 6,
	LISTS = 4,
	OTHERS = 3, /* of another host, of nobody here, no address */
	NODES = ACCOUNTS + LISTS + OTHERS,
	ROUNDS = 60,
	FILES = 16, /* open at once while it is removed */
};
/* Accounts come first, then lists, then the others. */
struct world {
	char path[64];
	int etc;
	bool mailbox[ACCOUNTS], alias[ACCOUNTS];
	bool leads[NODES][NODES];
};

static const char *const others[] = { "ext@example.net", "nobody@example.org",
	"no address" };

static void
name_of(const struct world *w, int node, struct str *name)
{
	if (node < ACCOUNTS)
		str_addf(name, "u%d@example.org", node);
	else if (node < ACCOUNTS + LISTS)
		str_addf(name, ":include:%s/list%d", w->path, node - ACCOUNTS);
	else
		str_add_text(name, others[node - ACCOUNTS - LISTS]);
}

static void
lead(struct world *w, int from, int to, struct str *text, const char *end)
{
	name_of(w, to, text);
	str_add_text(text, end);
	w->leads[from][to] = true;
}

/* The compiler refuses loops of aliases alone: they lead up, or to lists. */
static void
account_make(struct world *w, int i, struct str *users)
{
	long kind = random() % 3;

	w->mailbox[i] = kind != 1;
	w->alias[i] = kind != 0;
	if (w->mailbox[i])
		str_addf(users, "u%d@example.org mailbox\n", i);
	if (!w->alias[i])
		return;
	str_addf(users, "u%d@example.org -> ", i);
	if (i + 1 < ACCOUNTS && random() % 2)
		lead(w, i, i + 1, users, ", ");
	if (w->mailbox[i] && random() % 4 == 0)
		lead(w, i, i, users, ", ");
	if (random() % 3 == 0)
		lead(w, i, ACCOUNTS + LISTS, users, ", ");
	lead(w, i, ACCOUNTS + (int)(random() % LISTS), users, "\n");
}

static void
list_make(struct world *w, int i)
{
	struct str text = STR_INIT, name = STR_INIT;
	struct commit c = { .from_dir = w->etc,
		.from = "new",
		.to_dir = w->etc,
		.replace = true };

	for (long n = random() % 4; n > 0; n--) {
		int to = (int)(random() % NODES);

		if (to < ACCOUNTS || to >= ACCOUNTS + LISTS)
			lead(w, ACCOUNTS + i, to, &text, "\n");
	}
	str_addf(&name, "list%d", i);
	c.to = name.at;
	assert_int_equal(file_write(&c, 0600, str_span(&text)), 0);
	str_free(&name);
	str_free(&text);
}

static void
fault(void *arg, unsigned line, struct span text)
{
	(void)arg;
	fail_msg("users:%u: %.*s", line, (int)text.len, text.at);
}

static void
world_make(struct world *w)
{
	struct compile c = { .fault = fault };
	struct str users = STR_INIT;

	memset(w->leads, 0, sizeof w->leads);
	str_add_text(&users, "example.org domain\n");
	for (int i = 0; i < ACCOUNTS; i++)
		account_make(w, i, &users);
	for (int i = 0; i < LISTS; i++)
		list_make(w, i);
	assert_int_equal(
	    users_compile(&c, str_span(&users), SPAN("mx.lan"), w->etc), 0);
	str_free(&users);
	for (int k = 0; k < NODES; k++)
		for (int i = 0; i < NODES; i++)
			for (int j = 0; j < NODES; j++)
				w->leads[i][j] |= w->leads[i][k] &&
				    w->leads[k][j];
}

/* The node is a place of the root's mail. */
static bool
is_place(const struct world *w, int root, int node)
{
	if (node != root && !w->leads[root][node])
		return false;
	if (node < ACCOUNTS)
		return w->mailbox[node] &&
		    (!w->alias[node] || w->leads[node][node]);
	return node >= ACCOUNTS + LISTS;
}

static void
places_check(const struct world *w, int root, const struct places *places)
{
	struct str name = STR_INIT;
	size_t count = 0;

	for (int node = 0; node < NODES; node++) {
		size_t seen = 0;

		str_clear(&name);
		name_of(w, node, &name);
		for (const struct place *p = places->first; p != NULL;
		     p = p->next)
			seen += span_equal(p->to, str_span(&name));
		if (seen != is_place(w, root, node))
			fail_msg("from u%d: %s %zu times", root, name.at, seen);
		count += seen;
	}
	assert_int_equal(places->count, count);
	str_free(&name);
}

static bool
has_loop(const struct world *w, int root)
{
	for (int i = 0; i < NODES; i++)
		if ((i == root || w->leads[root][i]) && w->leads[i][i])
			return true;
	return false;
}

static void
root_check(const struct world *w, struct users *u, int root)
{
	struct places places = { .memory = ARENA_INIT };
	struct str name = STR_INIT;
	struct job *j = job_new();
	bool ok;

	name_of(w, root, &name);
	j->to = j->wanted = str_span(&name);
	ok = expand(u, w->etc, j, &places);
	places_check(w, root, &places);
	assert_int_equal(ok, places.count > 0);
	assert_int_equal(j->expanded, ok);
	assert_int_equal(j->places, places.count);
	assert_string_equal(j->status,
	    ok                      ? "2.0.0"
		: has_loop(w, root) ? "5.4.6"
				    : "5.2.4");
	job_free(j);
	str_free(&name);
	places_free(&places);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static void
places_are_those_of_the_model(void **state)
{
	struct world w = { .path = "/tmp/expand.XXXXXX" };
	(void)state;
	assert_non_null(mkdtemp(w.path));
	setenv("CHAINMAIL_ETC", w.path, 1);
	w.etc = dir_open(AT_FDCWD, w.path);
	for (unsigned seed = 1; seed <= ROUNDS; seed++) {
		struct users u;

		srandom(seed);
		world_make(&w);
		users_open(&u, w.etc);
		for (int root = 0; root < ACCOUNTS; root++)
			root_check(&w, &u, root);
		users_close(&u);
	}
	close(w.etc);
	assert_int_equal(
	    nftw(w.path, remove_one, FILES, FTW_DEPTH | FTW_PHYS), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_those_of_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
