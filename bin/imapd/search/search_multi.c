/* ESEARCH: one search of several mailboxes (RFC 7377). */
#include "answer.h"
#include "command.h"
#include "progress.h"
#include "search/search_source.h"
#include "search/searching.h"
#include "store/mailbox.h"

/* RFC 7377 2.1: there is no response for a mailbox without matches. */
static void
folder_search(
    struct session *s, struct searching *x, struct folder *f, struct span name)
{
	struct arena a = ARENA_INIT; /* for this mailbox, to bound memory */
	struct chosen found;
	const struct finding e = { f, &found, true, name, x->q.has_modseq };

	search_bind(&x->q, s, f, &a);
	search_find(s, f, &x->q, &x->returns, &a, &found);
	if (found.count > 0)
		esearch_put(s, &x->returns, &e);
	arena_free(&a);
}

/* One that can't be opened counts as missing. */
static void
mailbox_search(struct session *s, struct searching *x, struct span name)
{
	struct folder f;

	if (folder_open(&f, &s->store, name, true) < 0)
		return;
	folder_search(s, x, &f, name);
	folder_close(&f);
}

static bool
is_selected(const struct session *s, struct span name)
{
	return s->state == SELECTED && span_equal(name, str_span(&s->mailbox));
}

/* Collect each mailbox once, even if several names match it. False: there are
 * too many. */
static bool
mailboxes_search(struct session *s, struct searching *x,
    const struct source *source, const struct mailbox_list *all)
{
	struct progress progress;
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		count += source_has(source, all->at[i].name, all->at[i].state);
	if (count > SOURCE_BOXES_MAX)
		return false;
	progress_start(&progress, s, (uint32_t)count);
	count = 0;
	if (source->selected)
		folder_search(s, x, &s->folder, str_span(&s->mailbox));
	for (size_t i = 0; i < all->count && !s->io.failed; i++) {
		const struct mailbox *m = &all->at[i];

		if (!(m->state & MAILBOX_EXISTS) ||
		    !source_has(source, m->name, m->state))
			continue;
		progress_step(&progress, (uint32_t)count++);
		if (!is_selected(s, m->name))
			mailbox_search(s, x, m->name);
		else if (!source->selected)
			folder_search(s, x, &s->folder, m->name);
	}
	return true;
}

static void
multi_run(struct session *s, struct searching *x, const struct source *source)
{
	struct mailbox_list all;
	bool done;

	if (mailbox_list(&s->store, false, &all) < 0) {
		answer_errno(s, "list the mailboxes");
		return;
	}
	done = mailboxes_search(s, x, source, &all);
	mailbox_list_free(&all);
	/* RFC 7377 2.4 */
	if (done)
		answer(s, RESULT_OK, "Searched");
	else
		answer(s, RESULT_NO, "[LIMIT] At most %d mailboxes at once",
		    SOURCE_BOXES_MAX);
}

/* Only the selected one: as UID SEARCH. */
static void
selected_run(struct session *s, struct searching *x)
{
	struct chosen found;
	const struct finding e = { &s->folder, &found, true,
		str_span(&s->mailbox), x->q.has_modseq };

	search_bind(&x->q, s, &s->folder, searching_arena(s, x));
	search_find(s, &s->folder, &x->q, &x->returns, &s->arena, &found);
	searching_end(s, x, NULL, &e);
}

static bool
is_selected_alone(const struct source *x)
{
	return x->selected && !x->personal && !x->subscribed && x->count == 0;
}

void
cmd_esearch(struct session *s)
{
	const unsigned own = RETURN_SAVE | RETURN_UPDATE;
	struct source source;
	struct searching x;

	s->uid = true; /* RFC 7377 2.1: UIDs, whatever is searched */
	if (!parse_space(&s->parser)) {
		answer_syntax(s);
		return;
	}
	if (!source_take(s, &source) || !searching_start(s, &x))
		return;
	x.returns.what |= x.returns.what == 0 ? RETURN_GIVEN | RETURN_ALL : 0;
	/* RFC 7377 2.2 */
	if ((source.selected && s->state != SELECTED) ||
	    ((x.returns.what & own) && !is_selected_alone(&source))) {
		searching_refuse_as(s, &x, "This needs the selected mailbox");
		return;
	}
	if (!searching_keys(s, &x, CHARSET_OPTIONAL))
		return;
	if (is_selected_alone(&source))
		selected_run(s, &x);
	else
		multi_run(s, &x, &source);
}
