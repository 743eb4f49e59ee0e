/* What a list of many members costs queue-run, for tests/growth.bats: places
 * that are told, written, and read again. */
#include <stdio.h>

#include "../../unit/queue-run/message_made.h"

enum { PLACES = 1000 };

__attribute__((noinline)) void growth_run(
    void (*run)(size_t places), size_t places);
void
growth_run(void (*run)(size_t places), size_t places)
{
	run(places);
}

static const struct recipient list = { .address = { "list@here", 9 } };

/* Every other one is there twice. */
static struct message *
expanded(struct runner *r, size_t places)
{
	struct message *m = message_made(r, &list, 1);
	char to[40];

	for (size_t i = 0; i < places; i++) {
		snprintf(to, sizeof to, "member%zu@far%zu.example", i / 2 * 2,
		    i % 7 / 2);
		place_made(m, 0, RECIPIENT_ADDRESS, to, 0, 0);
	}
	expand_complete(m, 0, places);
	expansion_made(m, 0, places);
	return m;
}

static void
run_expand(size_t places)
{
	struct runner r;
	struct message *m;

	runner_made(&r);
	m = expanded(&r, places);
	judge_all(&r, m);
	message_release(&r.hand, m);
	runner_unmade(&r);
}

static void
run_lines(size_t places)
{
	struct str file = STR_INIT, lines = STR_INIT;
	struct runner r;
	struct message *m;

	runner_made(&r);
	m = expanded(&r, places);
	judge_all(&r, m);
	judge_lines(m, &lines);
	str_set(&file, SPAN("chainmail-state 1\n"));
	str_add(&file, str_span(&lines));
	m->envelope.count = 1;
	state_parse(str_span(&file), &m->envelope, &m->state);
	message_grow(m);
	message_release(&r.hand, m);
	str_free(&file);
	str_free(&lines);
	runner_unmade(&r);
}

/* All of them are answered in one turn. */
static void
run_answers(size_t places)
{
	struct str lines = STR_INIT;
	struct runner r;
	struct message *m;

	runner_made(&r);
	m = expanded(&r, places);
	judge_all(&r, m);
	judge_noted(m);
	for (size_t i = 1; i < m->envelope.count; i++)
		attempt_make(m, i, 0, SPAN("2.0.0"), SPAN(""));
	judge_all(&r, m);
	judge_lines(m, &lines);
	message_release(&r.hand, m);
	str_free(&lines);
	runner_unmade(&r);
}

/* Each in a turn of its own. */
static void
run_one_by_one(size_t places)
{
	struct str lines = STR_INIT;
	struct runner r;
	struct message *m;

	runner_made(&r);
	m = expanded(&r, places);
	judge_all(&r, m);
	judge_noted(m);
	for (size_t i = 1; i < m->envelope.count; i++) {
		attempt_make(m, i, 0, SPAN("2.0.0"), SPAN(""));
		judge_all(&r, m);
		judge_lines(m, &lines);
		judge_noted(m);
	}
	message_release(&r.hand, m);
	str_free(&lines);
	runner_unmade(&r);
}

int
main(void)
{
	static const struct {
		const char *name;
		void (*run)(size_t places);
	} runs[] = {
		{ "expand", run_expand },
		{ "lines", run_lines },
		{ "answers", run_answers },
		{ "one by one", run_one_by_one },
	};

	for (size_t i = 0; i < COUNT(runs); i++) {
		printf("%s: twice the members\n", runs[i].name);
		for (size_t n = 1; n <= 2; n++)
			growth_run(runs[i].run, n * PLACES);
	}
	return 0;
}
