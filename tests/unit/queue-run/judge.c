/* bin/queue-run: what is written of answers is what a restart reads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/die.h"
#include "message_made.h"

#define MAGIC "chainmail-state 1\n"

enum { ADDRESSES = 3, ROUNDS = 300, STEPS = 60, NAMES = 8, HANDED = 4096 };

static const struct recipient addresses[ADDRESSES] = {
	{ .address = { "a@here", 6 } },
	{ .address = { "b@here", 6 } },
	{ .address = { "c@here", 6 } },
};

/* What a process that starts now knows. */
struct known {
	struct envelope e;
	struct state st;
};

static void
known_read(struct known *k, const struct str *file)
{
	envelope_clear(&k->e);
	for (size_t i = 0; i < ADDRESSES; i++)
		envelope_to(&k->e, &addresses[i]);
	state_parse(str_span(file), &k->e, &k->st);
}

static void
known_init(struct known *k)
{
	envelope_init(&k->e);
	state_init(&k->st);
}

static void
known_free(struct known *k)
{
	envelope_free(&k->e);
	state_free(&k->st);
}

/* The file says what is in memory. */
static void
same(const struct known *k, const struct message *m)
{
	assert_int_equal(k->e.count, m->envelope.count);
	for (size_t i = 0; i < k->e.count; i++) {
		const struct recipient *a = &k->e.recipients[i],
				       *b = &m->envelope.recipients[i];
		const struct result *x = &k->st.results[i],
				    *y = &m->state.results[i];

		assert_true(span_equal(a->address, b->address));
		assert_true(span_equal(a->through, b->through));
		assert_int_equal(a->kind, b->kind);
		assert_int_equal(a->of, b->of);
		assert_int_equal(x->attempts > 0, y->attempts > 0);
		assert_int_equal(x->verdict, y->verdict);
		assert_int_equal(x->action, y->action);
		assert_int_equal(x->places, y->places);
		assert_int_equal(x->reported, y->reported);
	}
}

/* Append what is to be noted. */
static void
write_lines(struct message *m, struct str *file)
{
	struct str lines = STR_INIT;

	judge_lines(m, &lines);
	str_add(file, str_span(&lines));
	str_free(&lines);
}

static void
expand_two(struct message *m, size_t i, const char *one, const char *two)
{
	place_made(m, i, RECIPIENT_MAILBOX, one, 0, 0);
	place_made(m, i, RECIPIENT_MAILBOX, two, 0, 0);
	assert_true(expand_complete(m, i, 2));
	expansion_made(m, i, 2);
}

static void
several_expansions_are_noted_in_one_go(void **state)
{
	struct str file = STR_INIT, again = STR_INIT;
	struct known k;
	struct runner r;
	struct message *m;

	(void)state;
	runner_made(&r);
	known_init(&k);
	m = message_made(&r, addresses, ADDRESSES);
	expand_two(m, 2, "p@here", "q@here");
	judge_made(&r, m); /* and can't be written */
	expand_two(m, 0, "r@here", "p@here");
	place_made(m, 1, RECIPIENT_ADDRESS, "no address", 0, 65);
	place_made(m, 1, RECIPIENT_MAILBOX, "Q@here", 0, 0);
	assert_true(expand_complete(m, 1, 2));
	expansion_made(m, 1, 2);
	judge_made(&r, m);
	assert_int_equal(m->envelope.count, ADDRESSES + 4);
	str_set(&file, SPAN(MAGIC));
	write_lines(m, &file);
	known_read(&k, &file);
	same(&k, m);
	assert_int_equal(k.st.results[6].verdict, 65);
	assert_int_equal(k.e.recipients[5].of, 0);
	/* Written twice, since the first time seemed to fail. */
	write_lines(m, &file);
	known_read(&k, &file);
	same(&k, m);
	judge_noted(m);
	judge_lines(m, &again);
	assert_int_equal(again.len, 0);
	message_release(&r.hand, m);
	known_free(&k);
	runner_unmade(&r);
	str_free(&file);
	str_free(&again);
}

/* --- a model */

struct model {
	struct runner r;
	struct message *m;
	struct str file;
	struct known k;
	char *handed[HANDED]; /* places that a worker had */
	unsigned random;
};

static unsigned
any(struct model *o, unsigned below)
{
	o->random = o->random * 1103515245 + 12345;
	return (o->random >> 16) % below;
}

static void
handed_forget(struct model *o)
{
	for (size_t i = 0; i < HANDED; i++) {
		free(o->handed[i]);
		o->handed[i] = NULL;
	}
}

/* What is noted goes to workers. */
static void
hand_out(struct model *o)
{
	struct message *m = o->m;

	m->sorted = m->envelope.count;
	for (size_t i = 0; i < m->envelope.count; i++) {
		bool open = !result_is_final(&m->state.results[i]);

		if (open && m->attempts[i].state != ATTEMPT_SENT) {
			m->open += m->attempts[i].state == ATTEMPT_FINAL;
			m->attempts[i].state = ATTEMPT_SENT;
		}
		if (open && o->handed[i] == NULL)
			o->handed[i] = mem_text(
			    m->envelope.recipients[i].address);
	}
}

/* Another process: it knows what the file says. */
static void
restart(struct model *o)
{
	struct message *m = o->m;

	message_release(&o->r.hand, m);
	o->m = m = message_made(&o->r, addresses, ADDRESSES);
	state_parse(str_span(&o->file), &m->envelope, &m->state);
	message_grow(m);
	m->sorted = m->envelope.count;
	m->open = 0;
	for (size_t i = 0; i < m->envelope.count; i++)
		m->attempts[i] = (struct attempt){ .state = ATTEMPT_FINAL };
	for (size_t i = 0; i < HANDED && o->handed[i] != NULL; i++) {
		assert_true(i < m->envelope.count);
		assert_true(span_equal(m->envelope.recipients[i].address,
		    span_text(o->handed[i])));
	}
	hand_out(o);
}

static void
answer(struct model *o, size_t i)
{
	static const int verdicts[] = { DONE, DONE, TEMP, 67 };
	char name[] = "p0@here";
	size_t n;

	if (any(o, 3) > 0 || o->m->envelope.recipients[i].kind > 0) {
		attempt_make(o->m, i, verdicts[any(o, 4)], SPAN("2.0.0"),
		    SPAN("a text"));
		return;
	}
	n = 1 + any(o, 3);
	for (size_t k = 0; k < n; k++) {
		enum recipient_kind kind = any(o, 4) == 0 ? RECIPIENT_ADDRESS
							  : RECIPIENT_MAILBOX;

		name[1] = (char)('0' + any(o, NAMES));
		place_made(o->m, i, kind, name, 0, any(o, 9) == 0 ? 65 : 0);
	}
	assert_true(expand_complete(o->m, i, n));
	expansion_made(o->m, i, n);
}

/* No account has it twice. */
static void
delivered_once(const struct message *m)
{
	for (size_t i = 0; i < m->state.count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct result *x = &m->state.results[i],
					    *y = &m->state.results[k];

			assert_false(x->attempts > 0 && y->attempts > 0 &&
			    x->verdict == DONE && y->verdict == DONE &&
			    x->action == ACTION_DELIVERED &&
			    y->action == ACTION_DELIVERED &&
			    m->envelope.recipients[i].kind ==
				m->envelope.recipients[k].kind &&
			    span_equal(m->envelope.recipients[i].address,
				m->envelope.recipients[k].address));
		}
}

static void
model_step(struct model *o)
{
	struct str lines = STR_INIT;
	struct message *m = o->m;

	for (size_t i = 0; i < m->envelope.count; i++)
		if (m->attempts[i].state == ATTEMPT_SENT && any(o, 3) == 0)
			answer(o, i);
	judge_made(&o->r, m);
	judge_lines(m, &lines);
	switch (any(o, 6)) {
	case 0: /* killed before it is written */
		restart(o);
		break;
	case 1: /* nothing of it can be written */
		break;
	case 2: /* not all of it */
		str_add(&o->file,
		    span_head(
			str_span(&lines), any(o, (unsigned)lines.len + 1)));
		if (o->file.at[o->file.len - 1] != '\n')
			str_add_byte(&o->file, '\n');
		if (any(o, 2) == 0)
			restart(o);
		break;
	default:
		str_add(&o->file, str_span(&lines));
		known_read(&o->k, &o->file);
		same(&o->k, m);
		judge_noted(m);
		hand_out(o);
	}
	delivered_once(o->m);
	str_clear(&o->r.history.results.lines);
	str_free(&lines);
}

static void
places_outlive_kills_and_full_disks_each_once(void **state)
{
	struct model o = { .file = STR_INIT };
	size_t most = 0;

	(void)state;
	runner_made(&o.r);
	known_init(&o.k);
	for (unsigned round = 0; round < ROUNDS; round++) {
		o.random = round * 2654435761u;
		str_set(&o.file, SPAN(MAGIC));
		o.m = message_made(&o.r, addresses, ADDRESSES);
		hand_out(&o);
		for (unsigned n = 0; n < STEPS && o.m->envelope.count < 200;
		     n++)
			model_step(&o);
		if (o.m->envelope.count > most)
			most = o.m->envelope.count;
		message_release(&o.r.hand, o.m);
		handed_forget(&o);
	}
	assert_true(most > 2 * ADDRESSES); /* it did something */
	known_free(&o.k);
	runner_unmade(&o.r);
	str_free(&o.file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_expansions_are_noted_in_one_go),
		cmocka_unit_test(places_outlive_kills_and_full_disks_each_once),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
