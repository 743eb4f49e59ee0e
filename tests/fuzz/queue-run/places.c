/* Replies of workers with places, for a message of two addresses (n is the
 * recipient): what is written of them is what a restart reads. */
#include "../../unit/queue-run/message_made.h"
#include "base/die.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct recipient two[] = { { .address = { "a@here", 6 } },
	{ .address = { "b@here", 6 }, .notify = { "SUCCESS,DELAY", 13 } } };

static void
done(struct message *m, size_t i, struct reply *a)
{
	bool expanded = a->result.action == ACTION_EXPANDED;

	if (!expanded)
		expand_forget(m, i);
	else if (!expand_complete(m, i, a->result.places))
		return;
	attempt_answer(m, i, &a->result);
}

static void
reply_take(struct message *m, struct reply *a)
{
	if (a->n >= m->sorted || m->attempts[a->n].state != ATTEMPT_SENT)
		return;
	if (a->kind == REPLY_PLACE)
		expand_place(m, a->n, a);
	if (a->kind == REPLY_DONE)
		done(m, a->n, a);
}

/* What is new goes to workers. */
static void
hand_out(struct message *m)
{
	for (; m->sorted < m->envelope.count; m->sorted++)
		if (m->attempts[m->sorted].state == ATTEMPT_SKIPPED)
			m->attempts[m->sorted].state = ATTEMPT_SENT;
}

static void
restart_check(const struct message *m, const struct str *file)
{
	struct envelope e;
	struct state st;

	envelope_init(&e);
	state_init(&st);
	for (size_t i = 0; i < COUNT(two); i++)
		envelope_to(&e, &two[i]);
	state_parse(str_span(file), &e, &st);
	if (e.count != m->envelope.count)
		abort();
	for (size_t i = 0; i < e.count; i++)
		if (!span_equal(e.recipients[i].address,
			m->envelope.recipients[i].address) ||
		    e.recipients[i].of != m->envelope.recipients[i].of ||
		    e.recipients[i].kind != m->envelope.recipients[i].kind ||
		    st.results[i].verdict != m->state.results[i].verdict ||
		    st.results[i].places != m->state.results[i].places ||
		    result_is_final(&st.results[i]) !=
			result_is_final(&m->state.results[i]))
			abort();
	state_free(&st);
	envelope_free(&e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span packets = { (const char *)data, size }, line;
	struct str file = STR_INIT, lines = STR_INIT;
	struct runner r;
	struct message *m;
	struct reply a;

	runner_made(&r);
	reply_init(&a);
	m = message_made(&r, two, COUNT(two));
	str_set(&file, SPAN("chainmail-state 1\n"));
	/* An empty line is the end of a turn. */
	while (span_line(&packets, &line)) {
		if (line.len > 0) {
			reply_parse(line, &a);
			reply_take(m, &a);
			continue;
		}
		judge_made(&r, m);
		judge_lines(m, &lines);
		str_add(&file, str_span(&lines));
		judge_noted(m);
		restart_check(m, &file);
		hand_out(m);
	}
	message_release(&r.hand, m);
	reply_free(&a);
	runner_unmade(&r);
	str_free(&file);
	str_free(&lines);
	return 0;
}
