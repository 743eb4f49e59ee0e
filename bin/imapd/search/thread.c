/* THREAD (RFC 5256). */
#include "search/thread.h"

#include "answer.h"
#include "command.h"
#include "progress.h"
#include "search/searching.h"

static const struct {
	const char *name;
	const char *capability;
	enum thread_kind kind;
} known[] = {
	{ "ORDEREDSUBJECT", "THREAD=ORDEREDSUBJECT", THREAD_ORDEREDSUBJECT },
	{ "REFERENCES", "THREAD=REFERENCES", THREAD_REFERENCES },
	{ "REFS", "THREAD=REFS", THREAD_REFS },
};

static bool
kind_take(struct session *s, enum thread_kind *kind_r)
{
	for (size_t i = 0; i < COUNT(known); i++)
		if (session_offers(s, known[i].capability) &&
		    parse_is(&s->parser, known[i].name)) {
			*kind_r = known[i].kind;
			return true;
		}
	return false;
}

/* RFC 5256 2.2: INTERNALDATE if there is no sent date. */
static bool
date_get(
    struct matcher *m, uint32_t at, const struct sortkeys *k, int64_t *date_r)
{
	if (k->dated) {
		*date_r = k->sent;
		return true;
	}
	return folder_date(m->f, at, date_r) == 0;
}

/* A message removed meanwhile is left out. -1: a limit was exceeded. */
static int
message_add(struct session *s, struct threads *t, struct matcher *m,
    uint32_t at, struct sortkeys *k)
{
	int64_t date;

	if (!matcher_keys(m, at, threads_wanted(t->kind), k))
		return 0;
	if (!date_get(m, at, k, &date))
		return 0;
	return threads_add(
	    t, s->uid ? folder_message(m->f, at).uid : at + 1, date, k);
}

static int
thread_find(struct session *s, const struct search *q, struct threads *t)
{
	struct folder *f = &s->folder;
	struct progress progress;
	struct sortkeys keys;
	struct matcher m;
	int result = 0;

	sortkeys_init(&keys);
	matcher_init(&m, f, q);
	if (m.need < NEED_HEADER)
		m.need = NEED_HEADER;
	progress_start(&progress, s, f->count);
	for (uint32_t i = 0; i < f->count && result == 0 && !s->io.failed;
	     i++) {
		progress_step(&progress, i);
		if (matcher_holds(&m, i))
			result = message_add(s, t, &m, i, &keys);
	}
	matcher_free(&m);
	sortkeys_free(&keys);
	return result;
}

static void
thread_run(struct session *s, const struct search *q, enum thread_kind kind)
{
	struct str trees = STR_INIT;
	struct threads t;

	threads_init(&t, kind);
	if (thread_find(s, q, &t) < 0) {
		answer(s, RESULT_NO, "[LIMIT] Too many messages to thread");
	} else {
		threads_make(&t);
		threads_put(&trees, &t);
		io_put_text(&s->io, trees.len > 0 ? "* THREAD " : "* THREAD");
		io_put(&s->io, str_span(&trees));
		io_put_text(&s->io, "\r\n");
		answer(s, RESULT_OK, "Threaded");
	}
	str_free(&trees);
	threads_free(&t);
}

void
cmd_thread(struct session *s)
{
	struct searching x = { .context = NULL };
	enum thread_kind kind;

	if (!parse_space(&s->parser) || !kind_take(s, &kind) ||
	    !parse_space(&s->parser)) {
		answer_syntax(s);
		return;
	}
	if (!searching_keys(s, &x, CHARSET_FIRST))
		return;
	search_bind(&x.q, s, &s->folder, &s->arena);
	thread_run(s, &x.q, kind);
}
