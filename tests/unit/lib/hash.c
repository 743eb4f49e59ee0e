/* lib/base/hash */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/str.h"

enum { MANY = 50000 };

struct thing {
	char name[16];
	size_t len;
	bool there;
};

static struct span
thing_name(const void *thing)
{
	const struct thing *t = thing;

	return (struct span){ t->name, t->len };
}

static void
thing_call(struct thing *t, unsigned n)
{
	struct str name = STR_INIT;

	str_addf(&name, "%u", n);
	memcpy(t->name, name.at, name.len);
	t->len = name.len;
	str_free(&name);
}

/* What is there is found, what is not is not, and each is met once. */
static void
check(const struct hash *h, const struct thing *all)
{
	static unsigned char met[MANY];
	const struct thing *t;
	size_t count = 0;

	memset(met, 0, sizeof met);
	for (size_t at = 0; (t = hash_next(h, &at)) != NULL; count++) {
		assert_true(t->there);
		assert_int_equal(met[t - all]++, 0);
	}
	assert_int_equal(count, h->count);
	for (size_t i = 0; i < MANY; i++) {
		t = hash_find(h, thing_name(&all[i]));
		assert_ptr_equal(t, all[i].there ? &all[i] : NULL);
	}
}

static void
things_come_and_go(void **state)
{
	struct thing *all = mem_new(MANY * sizeof *all), same;
	struct hash h;

	(void)state;
	hash_init(&h, thing_name);
	for (unsigned i = 0; i < MANY; i++) {
		thing_call(&all[i], i);
		assert_ptr_equal(hash_add(&h, &all[i]), &all[i]);
		all[i].there = true;
	}
	thing_call(&same, 7);
	assert_ptr_equal(hash_add(&h, &same), &all[7]);
	assert_int_equal(h.count, MANY);
	check(&h, all);
	for (unsigned i = 0; i < MANY; i++)
		if (i % 3 != 0) {
			hash_remove(&h, &all[i]);
			all[i].there = false;
		}
	check(&h, all);
	for (unsigned i = 0; i < MANY; i += 4)
		if (!all[i].there) {
			hash_add(&h, &all[i]);
			all[i].there = true;
		}
	check(&h, all);
	hash_free(&h);
	free(all);
}

static void
what_was_met_last_can_be_removed(void **state)
{
	struct thing *all = mem_new(MANY * sizeof *all), *t;
	struct hash h;

	(void)state;
	hash_init(&h, thing_name);
	for (unsigned i = 0; i < MANY; i++) {
		thing_call(&all[i], i);
		hash_add(&h, &all[i]);
		all[i].there = true;
	}
	for (size_t at = 0; (t = hash_next(&h, &at)) != NULL;)
		if ((t - all) % 2 == 0) {
			hash_remove_at(&h, &at);
			t->there = false;
		}
	check(&h, all);
	hash_free(&h);
	free(all);
}

static void
a_text_keeps_its_first_number(void **state)
{
	struct arena a = ARENA_INIT;
	struct hash h;
	struct str text = STR_INIT;

	(void)state;
	hash_init(&h, hash_text_key);
	assert_int_equal(hash_text_add(&h, &a, SPAN(""), 7), 7);
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t i = 0; i < MANY; i++) {
			str_setf(&text, "user%u@example.org", (unsigned)i);
			assert_int_equal(hash_text_add(&h, &a, str_span(&text),
					     i + round * MANY),
			    i);
		}
	assert_int_equal(hash_text_add(&h, &a, SPAN(""), 8), 7);
	assert_int_equal(
	    hash_text_add(&h, &a, (struct span){ "a\0b", 3 }, 1), 1);
	assert_int_equal(hash_text_add(&h, &a, SPAN("a"), 2), 2);
	assert_int_equal(h.count, MANY + 3);
	str_free(&text);
	hash_free(&h);
	arena_free(&a);
}

/* Two tables have the same things in other orders: what collides in one is no
 * help against another. */
static void
each_table_has_its_secret(void **state)
{
	struct thing all[32];
	struct hash a, b;
	size_t i = 0, j = 0, same = 0;
	const void *t;

	(void)state;
	hash_init(&a, thing_name);
	hash_init(&b, thing_name);
	for (unsigned n = 0; n < COUNT(all); n++) {
		thing_call(&all[n], n);
		hash_add(&a, &all[n]);
		hash_add(&b, &all[n]);
	}
	while ((t = hash_next(&a, &i)) != NULL)
		same += t == hash_next(&b, &j);
	assert_true(same < COUNT(all));
	hash_free(&a);
	hash_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(things_come_and_go),
		cmocka_unit_test(what_was_met_last_can_be_removed),
		cmocka_unit_test(a_text_keeps_its_first_number),
		cmocka_unit_test(each_table_has_its_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
