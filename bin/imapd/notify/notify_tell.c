/* Report differences from the state last reported (RFC 5465 5). */
#include <errno.h>
#include <stdlib.h>

#include "argument.h"
#include "mailbox/list.h"
#include "mailbox/metadata.h"
#include "mailbox/status.h"
#include "notify/notify.h"

/* Both lists have the same order, so the next one mostly follows the last. */
static struct watched *
find(struct notify *n, struct span name)
{
	for (size_t i = 0; i < n->count; i++) {
		size_t at = (n->hint + i) % n->count;

		if (span_equal(n->at[at].name, name)) {
			n->hint = at + 1;
			return &n->at[at];
		}
	}
	return NULL;
}

static bool
is_below(struct span name, struct span parent)
{
	return name.len > parent.len && span_starts(name, parent) &&
	    name.at[parent.len] == MAILBOX_SEPARATOR;
}

/* The client made the change itself, to that mailbox or one above or below it. */
static bool
is_own(const struct notify *n, struct span name)
{
	struct span rest = str_span(&n->own), own;

	while (span_until(&rest, '\0', &own) && span_take(&rest, '\0'))
		if (span_equal(own, name) || is_below(own, name) ||
		    is_below(name, own))
			return true;
	return false;
}

/* The next move, as mailboxes. */
static bool
move_next(struct span *rest, struct str *from_r, struct str *to_r)
{
	struct span from, to;

	while (span_until(rest, '\0', &from) && span_take(rest, '\0') &&
	    span_until(rest, '\0', &to) && span_take(rest, '\0'))
		if (mailbox_of_directory(from, from_r) &&
		    mailbox_of_directory(to, to_r))
			return true;
	return false;
}

/* A name's index in the list, searched from that of the last one; the list's
 * count if it is missing. */
static size_t
place(const struct mailbox_list *l, struct span name, size_t hint)
{
	for (size_t i = 0; i < l->count; i++) {
		size_t at = (hint + i) % l->count;

		if (span_equal(l->at[at].name, name))
			return at;
	}
	return l->count;
}

/* It was renamed with one above it: RFC 5465 5.4, no event of its own. */
static bool
is_moved_below(const struct notify *n, const struct mailbox_list *l,
    struct span from, struct span to)
{
	struct span rest = str_span(&n->moves);
	struct str a = STR_INIT, b = STR_INIT;
	bool is = false;

	while (!is && move_next(&rest, &a, &b))
		is = is_below(from, str_span(&a)) &&
		    is_below(to, str_span(&b)) &&
		    span_equal(span_from(from, a.len), span_from(to, b.len)) &&
		    place(l, str_span(&b), 0) < l->count;
	str_free(&a);
	str_free(&b);
	return is;
}

/* The state of the mailbox that has this name now and had another one. */
static struct watched *
moved_from(struct notify *known, const struct notify *n, struct span to)
{
	struct span rest = str_span(&n->moves);
	struct str from = STR_INIT, b = STR_INIT;
	struct watched *was = NULL;

	while (was == NULL && move_next(&rest, &from, &b))
		if (span_equal(str_span(&b), to) &&
		    !span_equal(str_span(&from), to))
			was = find(known, str_span(&from));
	str_free(&from);
	str_free(&b);
	return was;
}

static bool
moved_to(const struct notify *n, struct span from, struct str *to_r)
{
	struct span rest = str_span(&n->moves);
	struct str a = STR_INIT;
	bool is = false;

	while (!is && move_next(&rest, &a, to_r))
		is = span_equal(str_span(&a), from);
	str_free(&a);
	return is;
}

static void
list(struct session *s, const struct watched *w, struct span old)
{
	const struct mailbox m = { w->name, w->state, w->uses };

	list_tell(s, &m, old);
}

/* A name that was missing, or was another mailbox. old: NULL, or its known
 * state. */
static void
name_tell(struct session *s, struct notify *n, const struct mailbox_list *l,
    const struct watched *w)
{
	const struct watched *old = find(n, w->name);
	const struct watched *was = moved_from(n, n, w->name);
	unsigned before = old != NULL ? old->state : 0;
	unsigned differs = before ^ w->state;
	unsigned events = rules_events(&n->rules, w->name, w->state | before);

	if (is_own(n, w->name) ||
	    (was != NULL && is_moved_below(n, l, was->name, w->name)))
		return;
	if ((events & EVENT_NAME) && was != NULL)
		list(s, w, was->name);
	else if (((events & EVENT_NAME) &&
		     (differs & (MAILBOX_EXISTS | MAILBOX_CHILDREN))) ||
	    ((events & EVENT_SUBSCRIPTION) && (differs & MAILBOX_SUBSCRIBED)))
		list(s, w, SPAN(""));
}

/* It is reported under its new name. */
static bool
is_told_moved(const struct notify *n, const struct mailbox_list *l,
    const struct watched *old)
{
	struct str to = STR_INIT;
	bool is = moved_to(n, old->name, &to) &&
	    place(l, str_span(&to), 0) < l->count &&
	    (rules_events(&n->rules, str_span(&to), old->state) & EVENT_NAME);

	str_free(&to);
	return is;
}

static void
gone_tell(struct session *s, const struct notify *n,
    const struct mailbox_list *l, const struct watched *old)
{
	unsigned events = rules_events(&n->rules, old->name, old->state);
	const struct watched none = { .name = old->name };

	if (is_own(n, old->name) || is_told_moved(n, l, old))
		return;
	if (((events & EVENT_NAME) &&
		(old->state & (MAILBOX_EXISTS | MAILBOX_CHILDREN))) ||
	    ((events & EVENT_SUBSCRIPTION) &&
		(old->state & MAILBOX_SUBSCRIBED)))
		list(s, &none, SPAN(""));
}

/* Its state under this name or its former one is kept, and so are its watches,
 * which belong to the directory. */
static void
carry(struct notify *old, const struct notify *new, struct watched *w)
{
	const struct watched now = *w;
	struct watched *was = moved_from(old, new, w->name);
	bool moved = was != NULL;

	if (!moved)
		was = find(old, w->name);
	w->look = w->look_metadata = true;
	if (was == NULL || was->events == 0)
		return;
	*w = *was;
	w->name = now.name;
	w->state = now.state;
	w->uses = now.uses;
	/* Without a watch it may have been removed and created again. */
	w->look |= moved || w->new < 0 || w->cur < 0;
	was->new = was->cur = was->dir = -1;
	was->metadata = (struct metadata){ .arena = ARENA_INIT };
}

/* Replace the known list by another; unneeded watches are dropped first, since
 * a new one of the same directory would have the same number. */
static int
names_replace(struct session *s, struct notify *n, struct mailbox_list *l)
{
	struct notify old = *n;

	n->names = l->names;
	n->at = mem_resize(NULL, l->count + 1, sizeof *n->at);
	for (n->count = 0; n->count < l->count; n->count++) {
		n->at[n->count] = (struct watched){
			.name = l->at[n->count].name,
			.state = l->at[n->count].state,
			.uses = l->at[n->count].uses,
			.new = -1,
			.cur = -1,
			.dir = -1,
		};
		carry(&old, n, &n->at[n->count]);
	}
	free(l->at);
	for (size_t i = 0; i < old.count; i++)
		watches_drop(n, &old.at[i]);
	free(old.at);
	arena_free(&old.names);
	return watches_set(s, n);
}

static int
names_look(struct session *s, struct notify *n)
{
	struct mailbox_list l;
	int r;

	if (mailbox_list(&s->store, false, &l) < 0) {
		n->look_names = true;
		notify_again(n);
		return 0;
	}
	for (size_t i = 0, at = 0; i < n->count; i++) {
		size_t found = place(&l, n->at[i].name, at);

		if (found == l.count)
			gone_tell(s, n, &l, &n->at[i]);
		else
			at = found + 1;
	}
	for (size_t i = 0; i < l.count; i++) {
		const struct watched w = { .name = l.at[i].name,
			.state = l.at[i].state,
			.uses = l.at[i].uses };

		name_tell(s, n, &l, &w);
	}
	r = names_replace(s, n, &l);
	str_clear(&n->moves);
	str_clear(&n->own);
	return r;
}

/* RFC 5464 4.4.2: only names; those of removed annotations too. */
static void
metadata_tell(struct session *s, struct span mailbox,
    const struct metadata *was, const struct metadata *is)
{
	bool any = false;

	str_set(&s->text, SPAN("* METADATA "));
	if (mailbox.len == 0)
		str_add_text(&s->text, "\"\"");
	else
		mailbox_name_add(s, &s->text, mailbox);
	for (int pass = 0; pass < 2; pass++) {
		const struct metadata *m = pass == 0 ? is : was;

		for (size_t i = 0; i < m->count; i++) {
			const struct annotation *other = metadata_find(
			    pass == 0 ? was : is, m->at[i].name);

			if (other != NULL &&
			    (pass == 1 ||
				span_equal(m->at[i].value, other->value)))
				continue;
			any = true;
			str_add_byte(&s->text, ' ');
			metadata_name_add(&s->text, m->at[i].name);
		}
	}
	str_add_text(&s->text, "\r\n");
	if (any)
		io_put(&s->io, str_span(&s->text));
}

static void
metadata_look(
    struct session *s, struct span mailbox, struct metadata *known, bool tell)
{
	struct metadata m, now;

	if (metadata_read(&s->store, mailbox, &m) < 0)
		return;
	known_metadata(&m, &now);
	metadata_free(&m);
	if (tell)
		metadata_tell(s, mailbox, known, &now);
	metadata_free(known);
	*known = now;
}

static void
status_tell(struct session *s, const struct watched *w, unsigned items)
{
	if (items != 0)
		status_put(s, w->name, items);
}

/* RFC 5465 5.1 to 5.3: a mailbox that is not selected. */
static void
messages_look(struct session *s, struct watched *w)
{
	struct watched was = *w;
	unsigned items = 0;

	if (watched_status(s, w) < 0) {
		/* Locked for long, or removed: then its name goes too. */
		w->look = errno == EAGAIN;
		if (w->look)
			notify_again(s->notify);
		return;
	}
	w->look = false;
	if (was.known ? w->messages != was.messages || w->uidnext != was.uidnext
		      : w->messages > 0)
		items |= status_item("MESSAGES") | status_item("UIDNEXT");
	if (was.known && w->uidvalidity != was.uidvalidity)
		items |= status_item("UIDVALIDITY");
	if ((w->events & EVENT_FLAGS) && w->unseen != was.unseen)
		items |= status_item("UNSEEN");
	/* RFC 7162, RFC 5465 5.1 to 5.3 */
	if ((s->enabled & ENABLED_CONDSTORE) &&
	    (items != 0 ||
		(was.known && w->modseq != was.modseq &&
		    (w->events & EVENT_FLAGS))))
		items |= status_item("HIGHESTMODSEQ") |
		    status_item("UIDVALIDITY");
	if (items != 0 && !was.known)
		items |= status_item("UIDVALIDITY");
	status_tell(s, w, items);
}

static bool
is_selected(const struct session *s, struct span name)
{
	return s->state == SELECTED && span_equal(name, str_span(&s->mailbox));
}

/* RFC 5465 5.8. */
static void
overflow(struct session *s)
{
	struct notify *n = s->notify;

	io_put_text(
	    &s->io, "* OK [NOTIFICATIONOVERFLOW] Too many mailboxes\r\n");
	notify_end(n);
	*n = (struct notify){ .fd = -1,
		.root = -1,
		.moves = STR_INIT,
		.from = STR_INIT,
		.own = STR_INIT };
}

void
notify_look(struct session *s)
{
	struct notify *n = s->notify;

	if (n == NULL || !notify_is_due(n))
		return;
	if (n->look_names) {
		n->look_names = false;
		if (names_look(s, n) < 0) {
			overflow(s);
			return;
		}
	}
	if (n->look_server) {
		n->look_server = false;
		metadata_look(s, SPAN(""), &n->server,
		    rules_all(&n->rules) & EVENT_SERVER_METADATA);
	}
	for (size_t i = 0; i < n->count && !s->io.failed; i++) {
		struct watched *w = &n->at[i];

		w->look = w->look && (w->events & EVENTS_OF_MESSAGES);
		/* 3.1: the selected mailbox has its own rule. */
		if (w->look && !is_selected(s, w->name))
			messages_look(s, w);
		if (w->look_metadata && (w->events & EVENT_METADATA)) {
			w->look_metadata = false;
			metadata_look(s, w->name, &w->metadata, true);
		}
	}
}
