/* THREAD's algorithms (RFC 5256 3), step by step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/imapd/search/thread.h"

/* A message: subject, ID and references, each may be NULL; its date is its
 * number unless it has another. */
struct mail {
	uint32_t number;
	const char *subject, *id, *references;
	int64_t date;
};

static void
field_add(struct str *out, const char *name, const char *value)
{
	if (value != NULL)
		str_addf(out, "%s: %s\n", name, value);
}

static void
expect(enum thread_kind kind, const struct mail *mails, size_t count,
    const char *expected)
{
	struct str header = STR_INIT, out = STR_INIT;
	struct sortkeys keys;
	struct threads t;

	sortkeys_init(&keys);
	threads_init(&t, kind);
	for (size_t i = 0; i < count; i++) {
		const struct mail *m = &mails[i];

		str_clear(&header);
		field_add(&header, "Subject", m->subject);
		field_add(&header, "Message-ID", m->id);
		field_add(&header, "References", m->references);
		sortkeys_take(&keys, threads_wanted(kind), str_span(&header));
		assert_int_equal(threads_add(&t, m->number,
				     m->date != 0 ? m->date : m->number, &keys),
		    0);
	}
	threads_make(&t);
	threads_put(&out, &t);
	assert_string_equal(out.at, expected);
	threads_free(&t);
	sortkeys_free(&keys);
	str_free(&header);
	str_free(&out);
}

#define EXPECT(kind, mails, expected)                                          \
	expect(kind, mails, COUNT(mails), expected)

static void
nothing_is_no_thread(void **state)
{
	(void)state;
	expect(THREAD_REFERENCES, NULL, 0, "");
	expect(THREAD_REFS, NULL, 0, "");
	expect(THREAD_ORDEREDSUBJECT, NULL, 0, "");
}

/* RFC 5256 4's own examples of the response. */
static void
trees_are_written_as_the_rfc_has_them(void **state)
{
	const struct mail tree[] = {
		{ 2, "a", "<2@x>", NULL, 0 },
		{ 3, "b", "<3@x>", NULL, 0 },
		{ 6, "b", "<6@x>", "<3@x>", 0 },
		{ 4, "b", "<4@x>", "<6@x>", 4 },
		{ 23, "b", "<23@x>", "<4@x>", 0 },
		{ 44, "b", "<44@x>", "<6@x>", 0 },
		{ 7, "b", "<7@x>", "<44@x>", 0 },
		{ 96, "b", "<96@x>", "<7@x>", 0 },
	};
	const struct mail siblings[] = {
		{ 3, "a", "<3@x>", "<gone@x>", 0 },
		{ 5, "a", "<5@x>", "<gone@x>", 0 },
	};

	(void)state;
	EXPECT(THREAD_REFERENCES, tree, "(2)(3 6 (4 23)(44 7 96))");
	EXPECT(THREAD_REFERENCES, siblings, "((3)(5))");
}

static void
step_1_references_link_those_between_too(void **state)
{
	/* 3 names 1 and 2, whose own header says nothing. */
	const struct mail chain[] = {
		{ 1, "a", "<1@x>", NULL, 0 },
		{ 3, "b", "<3@x>", "<1@x> <2@x>", 0 },
	};
	/* A link that is there stays: 4 has 2 and 1 in another order. */
	const struct mail first[] = {
		{ 3, "c", "<3@x>", "<1@x> <2@x>", 0 },
		{ 4, "d", "<4@x>", "<z@x> <2@x>", 0 },
		{ 1, "a", "<1@x>", NULL, 0 },
	};
	/* The last reference is the parent, whatever another's header says. */
	const struct mail last[] = {
		{ 1, "a", "<1@x>", NULL, 0 },
		{ 2, "b", "<2@x>", NULL, 0 },
		{ 4, "d", "<4@x>", "<1@x> <3@x>", 0 },
		{ 3, "c", "<3@x>", "<2@x>", 0 },
	};
	/* And who names none has none. */
	const struct mail none[] = {
		{ 1, "a", "<1@x>", NULL, 0 },
		{ 3, "c", "<3@x>", "<1@x> <2@x>", 0 },
		{ 2, "b", "<2@x>", NULL, 0 },
	};

	(void)state;
	EXPECT(THREAD_REFERENCES, chain, "(1 3)");
	EXPECT(THREAD_REFERENCES, first, "(1 (3)(4))");
	EXPECT(THREAD_REFERENCES, last, "(1)(2 3 4)");
	EXPECT(THREAD_REFERENCES, none, "(1)(2 3)");
}

static void
step_1_ids_are_unique_and_exact(void **state)
{
	const struct mail same[] = {
		{ 1, "a", "<1@x>", NULL, 0 },
		{ 2, "b", "<1@x>", NULL, 0 },
		{ 3, "c", "<3@x>", "<1@x>", 0 },
	};
	const struct mail quoted[] = {
		{ 1, "a", "<\"1\"@x>", NULL, 0 },
		{ 2, "b", "<2@x>", "<1@x>", 0 },
		{ 3, "c", "<3@x>", "<1@X>", 0 },
	};
	const struct mail none[] = {
		{ 1, "a", NULL, NULL, 0 },
		{ 2, "b", "nonsense", "<1@x>", 0 },
	};

	(void)state;
	EXPECT(THREAD_REFERENCES, same, "(1 3)(2)");
	EXPECT(THREAD_REFERENCES, quoted, "(1 2)(3)");
	EXPECT(THREAD_REFERENCES, none, "(1)(2)");
}

static void
step_1_no_link_makes_a_loop(void **state)
{
	const struct mail self[] = {
		{ 1, "a", "<1@x>", "<1@x>", 0 },
		{ 2, "b", "<2@x>", "<1@x> <1@x> <2@x>", 0 },
	};
	const struct mail pair[] = {
		{ 1, "a", "<1@x>", "<2@x>", 0 },
		{ 2, "b", "<2@x>", "<1@x>", 0 },
	};
	const struct mail three[] = {
		{ 1, "a", "<1@x>", "<3@x>", 0 },
		{ 2, "b", "<2@x>", "<1@x>", 0 },
		{ 3, "c", "<3@x>", "<2@x>", 0 },
	};

	(void)state;
	EXPECT(THREAD_REFERENCES, self, "(1)(2)");
	EXPECT(THREAD_REFERENCES, pair, "(2 1)");
	EXPECT(THREAD_REFERENCES, three, "(3 1 2)");
}

static void
step_3_dummies_go_and_promote_their_children(void **state)
{
	/* <a@x> has one child, <b@x>, which has two. */
	const struct mail nested[] = {
		{ 1, "a", "<1@x>", "<a@x> <b@x>", 0 },
		{ 2, "b", "<2@x>", "<a@x> <b@x>", 0 },
	};
	/* One child alone takes the place below the root. */
	const struct mail one[] = {
		{ 1, "a", "<1@x>", "<a@x> <b@x> <c@x>", 0 },
		{ 2, "b", "<2@x>", "<a@x> <d@x>", 0 },
		{ 3, "c", "<3@x>", "<e@x>", 0 },
	};

	(void)state;
	EXPECT(THREAD_REFERENCES, nested, "((1)(2))");
	EXPECT(THREAD_REFERENCES, one, "((1)(2))(3)");
}

static void
step_4_and_6_siblings_go_by_date(void **state)
{
	const struct mail mails[] = {
		{ 1, "a", "<1@x>", NULL, 50 },
		{ 2, "b", "<2@x>", NULL, 40 },
		{ 3, "b", "<3@x>", "<2@x>", 90 },
		{ 4, "b", "<4@x>", "<2@x>", 80 },
		/* A dummy goes by its first child. */
		{ 5, "c", "<5@x>", "<gone@x>", 99 },
		{ 6, "c", "<6@x>", "<gone@x>", 45 },
		/* Of one date: as they are in the mailbox. */
		{ 7, "d", "<7@x>", NULL, 50 },
	};

	(void)state;
	EXPECT(THREAD_REFERENCES, mails, "(2 (4)(3))((6)(5))(1)(7)");
}

static void
step_5_threads_of_one_subject_become_one(void **state)
{
	const struct mail reply[] = {
		{ 1, "a", "<1@x>", NULL, 0 },
		{ 2, "Re: a", "<2@x>", NULL, 0 },
		{ 3, "[fwd: A]", "<3@x>", NULL, 0 },
	};
	/* The one that is no reply is the head, though it is later. */
	const struct mail later[] = {
		{ 1, "Re: a", "<1@x>", NULL, 0 },
		{ 2, "a", "<2@x>", NULL, 0 },
	};
	/* Neither answers the other: both are a dummy's. */
	const struct mail equal[] = {
		{ 1, "a", "<1@x>", NULL, 0 },
		{ 2, "[list] a", "<2@x>", NULL, 0 },
		{ 3, "a", "<3@x>", NULL, 0 },
		{ 4, "Re: a", "<4@x>", NULL, 0 },
	};
	/* A dummy in the table takes all: messages, and dummies' children. */
	const struct mail dummies[] = {
		{ 1, "a", "<1@x>", "<g@x>", 0 },
		{ 2, "a", "<2@x>", "<g@x>", 0 },
		{ 3, "a", "<3@x>", "<h@x>", 0 },
		{ 4, "a", "<4@x>", "<h@x>", 0 },
		{ 5, "a", "<5@x>", NULL, 0 },
	};
	const struct mail empty[] = {
		{ 1, "", "<1@x>", NULL, 0 },
		{ 2, "Re:", "<2@x>", NULL, 0 },
		{ 3, NULL, "<3@x>", NULL, 0 },
	};

	(void)state;
	EXPECT(THREAD_REFERENCES, reply, "(1 (2)(3))");
	EXPECT(THREAD_REFERENCES, later, "(2 1)");
	EXPECT(THREAD_REFERENCES, equal, "((1)(2)(3)(4))");
	EXPECT(THREAD_REFERENCES, dummies, "((1)(2)(3)(4)(5))");
	EXPECT(THREAD_REFERENCES, empty, "(1)(2)(3)");
}

static void
refs_joins_no_subjects_and_goes_by_the_latest(void **state)
{
	const struct mail mails[] = {
		{ 1, "a", "<1@x>", NULL, 10 },
		{ 2, "Re: a", "<2@x>", NULL, 20 },
		{ 3, "Re: a", "<3@x>", "<1@x>", 30 },
		{ 4, "b", "<4@x>", "<gone@x>", 25 },
		{ 5, "b", "<5@x>", "<gone@x>", 5 },
	};

	(void)state;
	EXPECT(THREAD_REFS, mails, "(2)((5)(4))(1 3)");
}

static void
orderedsubject_has_children_and_no_more(void **state)
{
	const struct mail mails[] = {
		{ 1, "b", NULL, NULL, 30 },
		{ 2, "a", NULL, NULL, 20 },
		{ 3, "Re: A", NULL, NULL, 10 },
		{ 4, "Re: a", NULL, NULL, 40 },
		{ 5, "c", NULL, NULL, 5 },
		{ 6, "", NULL, NULL, 50 },
		{ 7, NULL, NULL, NULL, 60 },
		{ 8, "[x] c", NULL, NULL, 6 },
	};

	(void)state;
	EXPECT(THREAD_ORDEREDSUBJECT, mails, "(5 8)(3 (2)(4))(1)(6 7)");
}

/* Each message answers the one before it, or the one behind it: so deep that
 * what recursed would not come back. */
static void
a_deep_thread_is_only_long(void **state)
{
	enum { DEPTH = 200000 };
	struct str header = STR_INIT, out = STR_INIT;

	(void)state;
	for (int back = 0; back < 2; back++) {
		struct sortkeys keys;
		struct threads t;

		sortkeys_init(&keys);
		threads_init(&t, THREAD_REFERENCES);
		for (int i = 1; i <= DEPTH; i++) {
			str_setf(&header,
			    "Message-ID: <%d@x>\nReferences: <%d@x>\n", i,
			    back ? i + 1 : i - 1);
			sortkeys_take(&keys, threads_wanted(THREAD_REFERENCES),
			    str_span(&header));
			assert_int_equal(
			    threads_add(&t, (uint32_t)i, i, &keys), 0);
		}
		threads_make(&t);
		str_clear(&out);
		threads_put(&out, &t);
		assert_int_equal(span_find(str_span(&out), '('), 0);
		assert_int_equal(span_find(str_span(&out), ')'), out.len - 1);
		threads_free(&t);
		sortkeys_free(&keys);
	}
	str_free(&header);
	str_free(&out);
}

/* A long chain whose end is looked up from again and again. */
static void
a_hostile_chain_is_refused_in_time(void **state)
{
	enum { DEPTH = 100000 };
	struct str header = STR_INIT;
	struct sortkeys keys;
	struct threads t;
	int r = 0;

	(void)state;
	sortkeys_init(&keys);
	threads_init(&t, THREAD_REFS);
	for (uint32_t i = 1; i <= DEPTH && r == 0; i++) {
		str_setf(&header, "Message-ID: <%u@x>\nReferences: <%u@x>\n", i,
		    i + 1);
		sortkeys_take(
		    &keys, threads_wanted(THREAD_REFS), str_span(&header));
		r = threads_add(&t, i, i, &keys);
	}
	assert_int_equal(r, 0);
	/* The head of all as a child of its last descendant. */
	for (uint32_t i = 1; i <= DEPTH && r == 0; i++) {
		str_setf(&header, "References: <1@x> <%u@x>\n", DEPTH + 1);
		sortkeys_take(
		    &keys, threads_wanted(THREAD_REFS), str_span(&header));
		r = threads_add(&t, i, i, &keys);
	}
	assert_int_equal(r, -1);
	threads_free(&t);
	sortkeys_free(&keys);
	str_free(&header);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_no_thread),
		cmocka_unit_test(trees_are_written_as_the_rfc_has_them),
		cmocka_unit_test(step_1_references_link_those_between_too),
		cmocka_unit_test(step_1_ids_are_unique_and_exact),
		cmocka_unit_test(step_1_no_link_makes_a_loop),
		cmocka_unit_test(step_3_dummies_go_and_promote_their_children),
		cmocka_unit_test(step_4_and_6_siblings_go_by_date),
		cmocka_unit_test(step_5_threads_of_one_subject_become_one),
		cmocka_unit_test(refs_joins_no_subjects_and_goes_by_the_latest),
		cmocka_unit_test(orderedsubject_has_children_and_no_more),
		cmocka_unit_test(a_deep_thread_is_only_long),
		cmocka_unit_test(a_hostile_chain_is_refused_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
