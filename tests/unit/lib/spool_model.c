/* lib/spool/state: a model of answers, expansions, and writes that are cut */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "spool/state.h"

#define MAGIC "chainmail-state 1\n"

enum { ADDRESSES = 2, STEPS = 40, ROUNDS = 400, CUT = 4 };

struct model {
	struct envelope e;   /* what is known in memory */
	struct result *last; /* of each recipient; verdict -1: none */
	size_t size;
	struct str file, block; /* on the disk; the next write */
	unsigned random;
};

static unsigned
any(struct model *m, unsigned below)
{
	m->random = m->random * 1103515245 + 12345;
	return (m->random >> 16) % below;
}

static void
model_room(struct model *m)
{
	if (m->e.count <= m->size)
		return;
	m->last = mem_resize(m->last, m->e.count, sizeof *m->last);
	while (m->size < m->e.count)
		m->last[m->size++] = (struct result){ .verdict = -1 };
}

static bool
is_open(const struct model *m, size_t i)
{
	return m->last[i].verdict == -1 || m->last[i].verdict == 75;
}

static void
model_expand(struct model *m, size_t i)
{
	size_t n = 1 + any(m, 3);
	struct str to = STR_INIT;

	for (size_t k = 0; k < n; k++) {
		size_t index = m->e.count;

		str_setf(&to, "p%zu-%u@x", index, any(m, 1000));
		envelope_to(&m->e,
		    &(struct recipient){ .address = str_span(&to),
			.through = SPAN("list@here"),
			.of = (uint32_t)i });
		state_write_place(&m->block, index, &m->e.recipients[index]);
	}
	str_free(&to);
	model_room(m);
	m->last[i] = (struct result){ .index = i,
		.status = SPAN("2.0.0"),
		.action = ACTION_EXPANDED,
		.places = n };
	state_write_result(&m->block, &m->last[i]);
}

static void
model_answer(struct model *m, size_t i)
{
	static const int verdicts[] = { 0, 67, 75 };

	m->last[i] = (struct result){ .index = i,
		.at = (int64_t)any(m, 1000),
		.verdict = verdicts[any(m, 3)],
		.status = SPAN("2.0.0") };
	state_write_result(&m->block, &m->last[i]);
}

/* What is on the disk is what is known, nothing lost and nothing twice. */
static void
model_check(const struct model *m, struct envelope *e, struct state *st)
{
	envelope_clear(e);
	for (size_t i = 0; i < ADDRESSES; i++)
		envelope_to(e, &m->e.recipients[i]);
	state_parse(str_span(&m->file), e, st);
	assert_int_equal(e->count, m->e.count);
	for (size_t i = 0; i < e->count; i++) {
		const struct result *want = &m->last[i], *got = &st->results[i];

		assert_true(span_equal(
		    e->recipients[i].address, m->e.recipients[i].address));
		assert_int_equal(e->recipients[i].of, m->e.recipients[i].of);
		if (want->verdict == -1) {
			assert_int_equal(got->attempts, 0);
			continue;
		}
		assert_true(got->attempts > 0);
		assert_int_equal(got->verdict, want->verdict);
		assert_int_equal(got->at, want->at);
		assert_int_equal(got->places, want->places);
	}
}

/* A write that is cut anywhere: what the file says is what is known from now
 * on, as by a process that is started then. Every line is either there, with
 * all that stands before it, or not. */
static void
model_cut(struct model *m, struct envelope *e, struct state *st)
{
	size_t whole = m->file.len, end;
	struct span rest = str_span(&m->block), line;

	end = any(m, (unsigned)m->block.len + 1);
	str_add(&m->file, span_head(str_span(&m->block), end));
	envelope_clear(e);
	for (size_t i = 0; i < ADDRESSES; i++)
		envelope_to(e, &m->e.recipients[i]);
	state_parse(str_span(&m->file), e, st);
	/* Results whose lines are whole are known. */
	while (span_until(&rest, '\n', &line) &&
	    (size_t)(rest.at - m->block.at) <= end) {
		size_t i = (size_t)strtoul(
		    strstr(line.at, "index=") + 6, NULL, 10);

		rest = span_from(rest, 1);
		if (span_starts(line, SPAN("at=")))
			assert_true(st->results[i].attempts > 0);
	}
	assert_true(whole <= m->file.len);
	/* Memory is what the file says. */
	envelope_clear(&m->e);
	for (size_t i = 0; i < e->count; i++)
		envelope_to(&m->e, &e->recipients[i]);
	model_room(m);
	for (size_t i = 0; i < e->count; i++) {
		m->last[i] = st->results[i];
		m->last[i].status = SPAN("2.0.0");
		m->last[i].text = m->last[i].host = SPAN("");
		if (st->results[i].attempts == 0)
			m->last[i].verdict = -1;
	}
	for (size_t i = e->count; i < m->size; i++)
		m->last[i] = (struct result){ .verdict = -1 };
	if (m->file.len > 0 && m->file.at[m->file.len - 1] != '\n')
		str_add_byte(&m->file, '\n');
}

static void
model_step(struct model *m, struct envelope *e, struct state *st)
{
	str_clear(&m->block);
	for (size_t n = 1 + any(m, 4); n > 0; n--) {
		size_t i = any(m, (unsigned)m->e.count);

		if (!is_open(m, i))
			continue;
		if (any(m, 3) == 0)
			model_expand(m, i);
		else
			model_answer(m, i);
	}
	if (any(m, CUT) == 0) {
		model_cut(m, e, st);
	} else {
		str_add(&m->file, str_span(&m->block));
		model_check(m, e, st);
	}
}

static void
no_place_is_lost_or_doubled_wherever_a_write_is_cut(void **state)
{
	struct model m = { .file = STR_INIT, .block = STR_INIT };
	struct envelope e;
	struct state st;

	(void)state;
	envelope_init(&m.e);
	envelope_init(&e);
	state_init(&st);
	for (unsigned round = 0; round < ROUNDS; round++) {
		m.random = round;
		envelope_clear(&m.e);
		for (size_t i = 0; i < ADDRESSES; i++)
			envelope_to(&m.e,
			    &(struct recipient){ .address = SPAN("a@here") });
		model_room(&m);
		for (size_t i = 0; i < m.size; i++)
			m.last[i] = (struct result){ .verdict = -1 };
		str_set(&m.file, SPAN(MAGIC));
		for (size_t n = 0; n < STEPS; n++)
			model_step(&m, &e, &st);
	}
	free(m.last);
	str_free(&m.file);
	str_free(&m.block);
	envelope_free(&m.e);
	envelope_free(&e);
	state_free(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    no_place_is_lost_or_doubled_wherever_a_write_is_cut),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
