/* The messages of THREAD, and the order of its steps. */
#include <stdlib.h>

#include "search/thread.h"

void
threads_init(struct threads *t, enum thread_kind kind)
{
	*t = (struct threads){ .kind = kind, .texts = STR_INIT };
	hash_init(&t->ids, hash_text_key);
	thread_node_new(t);
}

void
threads_free(struct threads *t)
{
	free(t->messages);
	free(t->nodes);
	str_free(&t->texts);
	hash_free(&t->ids);
	arena_free(&t->id_texts);
}

unsigned
threads_wanted(enum thread_kind kind)
{
	const unsigned subject = 1U << SORTKEY_SUBJECT;
	const unsigned ids = 1U << SORTKEY_ID | 1U << SORTKEY_REFERENCES;

	if (kind == THREAD_ORDEREDSUBJECT)
		return subject;
	return kind == THREAD_REFERENCES ? subject | ids : ids;
}

int
threads_add(
    struct threads *t, uint32_t number, int64_t date, const struct sortkeys *k)
{
	const struct str *subject = &k->text[SORTKEY_SUBJECT];

	if (subject->len > THREAD_TEXT_MAX - t->texts.len)
		return -1;
	if (t->message_count == t->message_room) {
		t->message_room = 2 * t->message_room + 64;
		t->messages = mem_resize(
		    t->messages, t->message_room, sizeof *t->messages);
	}
	t->messages[t->message_count] = (struct thread_message){ date, number,
		(uint32_t)t->texts.len, (uint32_t)subject->len, k->reply };
	str_add(&t->texts, str_span(subject));
	return thread_link(t, t->message_count++, k);
}

void
threads_make(struct threads *t)
{
	if (t->kind == THREAD_ORDEREDSUBJECT) {
		thread_group(t);
		return;
	}
	thread_prune(t);
	if (t->kind == THREAD_REFERENCES) {
		thread_sort_root(t);
		thread_merge(t);
	}
	thread_sort_all(t);
	if (t->kind == THREAD_REFS)
		thread_sort_latest(t);
}
