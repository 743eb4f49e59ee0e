/* The mailboxes that NOTIFY watches, and its inotify events. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "notify/notify.h"
#include "store/append.h"

enum {
	WATCHES_MAX = 600,
	NAMES = IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
	    IN_ONLYDIR,
	MOVES_MAX = 16384, /* bytes of names */
	OWN_MAX = 16384,
	SETTLE_MS = 50, /* several changes are reported together */
	AGAIN_MS = 300, /* between two looks */
	POLL_MS = 10 * 1000,
};

static int
watch(const struct session *s, struct notify *n, const char *dir,
    const char *part)
{
	struct str path = STR_INIT;
	int w;

	if (dir[0] == '/') /* another account's */
		str_setf(&path, "%s%s", dir, part);
	else
		str_setf(&path, "%s/%s%s", s->store.path.at, dir, part);
	w = inotify_add_watch(n->fd, path.at, NAMES);
	str_free(&path);
	return w;
}

static void
unwatch(struct notify *n, int *w)
{
	if (*w >= 0)
		inotify_rm_watch(n->fd, *w);
	*w = -1;
}

void
watches_drop(struct notify *n, struct watched *w)
{
	unwatch(n, &w->new);
	unwatch(n, &w->cur);
	unwatch(n, &w->dir);
	metadata_free(&w->metadata);
}

/* If the kernel has no watch left for us, everything is compared periodically. */
static void
watches_give_up(struct notify *n)
{
	for (size_t i = 0; i < n->count; i++) {
		n->at[i].new = n->at[i].cur = n->at[i].dir = -1;
		n->at[i].look = n->at[i].look_metadata = true;
	}
	if (n->fd >= 0)
		close(n->fd);
	n->fd = n->root = -1;
}

static void
mailbox_watch(const struct session *s, struct notify *n, struct watched *w)
{
	struct str dir = STR_INIT;

	if (mailbox_find(&s->store, w->name, &dir) == 0) {
		if ((w->events & EVENTS_OF_MESSAGES) && w->new < 0)
			w->new = watch(s, n, dir.at, "/new");
		if ((w->events & EVENTS_OF_MESSAGES) && w->cur < 0)
			w->cur = watch(s, n, dir.at, "/cur");
		/* The INBOX's is the root's. */
		if ((w->events & EVENT_METADATA) && w->dir < 0 && dir.len > 1)
			w->dir = watch(s, n, dir.at, "");
	}
	str_free(&dir);
}

int
watches_set(const struct session *s, struct notify *n)
{
	size_t wanted = 1;

	for (size_t i = 0; i < n->count; i++) {
		struct watched *w = &n->at[i];

		w->events = rules_events(&n->rules, w->name, w->state);
		if (!(w->state & MAILBOX_EXISTS))
			continue;
		wanted += (w->events & EVENTS_OF_MESSAGES) ? 2 : 0;
		wanted += (w->events & EVENT_METADATA) ? 1 : 0;
	}
	if (wanted > WATCHES_MAX) {
		errno = E2BIG;
		return -1;
	}
	for (size_t i = 0; i < n->count && n->fd >= 0; i++) {
		errno = 0;
		if (n->at[i].state & MAILBOX_EXISTS)
			mailbox_watch(s, n, &n->at[i]);
		if (errno == ENOSPC)
			watches_give_up(n);
	}
	return 0;
}

static uint64_t
hash(struct span bytes)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < bytes.len; i++)
		h = (h ^ (unsigned char)bytes.at[i]) * 0x100000001b3;
	return h;
}

static void
know(struct metadata *known, struct span name, struct span value)
{
	known->at[known->count++] = (struct annotation){
		arena_copy(&known->arena, name),
		arena_copy(&known->arena, value),
	};
}

void
known_metadata(const struct metadata *m, struct metadata *known_r)
{
	*known_r = (struct metadata){ .arena = ARENA_INIT };
	known_r->at = arena_new(
	    &known_r->arena, (m->count + 1) * sizeof *known_r->at);
	for (size_t i = 0; i < m->count; i++) {
		uint64_t h = hash(m->at[i].value);

		know(known_r, m->at[i].name,
		    (struct span){ (const char *)&h, sizeof h });
	}
}

void
notify_own(struct session *s, struct span mailbox)
{
	if (s->notify == NULL || s->notify->own.len > OWN_MAX)
		return;
	str_add(&s->notify->own, mailbox);
	str_add_byte(&s->notify->own, '\0');
}

/* Record the mailbox's annotations (len 0: the account's). */
static struct metadata *
metadata_known(struct notify *n, struct span mailbox)
{
	if (mailbox.len == 0)
		return &n->server;
	for (size_t i = 0; i < n->count; i++)
		if (span_equal(n->at[i].name, mailbox))
			return &n->at[i].metadata;
	return NULL;
}

static bool
is_among(const struct annotation *at, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal_case(at[i].name, name))
			return true;
	return false;
}

void
notify_own_metadata(struct session *s, struct span mailbox,
    const struct annotation *at, size_t count)
{
	struct metadata new = { .arena = ARENA_INIT }, *known;

	if (s->notify == NULL ||
	    (known = metadata_known(s->notify, mailbox)) == NULL)
		return;
	new.at = arena_new(
	    &new.arena, (known->count + count + 1) * sizeof *new.at);
	for (size_t i = 0; i < known->count; i++)
		if (!is_among(at, count, known->at[i].name))
			know(&new, known->at[i].name, known->at[i].value);
	for (size_t i = 0; i < count; i++) {
		uint64_t h = hash(at[i].value);

		/* Of several values for one name the last counts. */
		if (at[i].value.at != NULL &&
		    !is_among(at + i + 1, count - i - 1, at[i].name))
			know(&new, at[i].name,
			    (struct span){ (const char *)&h, sizeof h });
	}
	metadata_free(known);
	*known = new;
}

int
watched_status(struct session *s, struct watched *w)
{
	struct mailbox_status m;

	if (mailbox_status(&s->store, w->name, 0, &m) < 0)
		return -1;
	w->messages = m.messages;
	w->unseen = m.unseen;
	w->uidnext = m.uidnext;
	w->uidvalidity = m.uidvalidity;
	w->modseq = m.modseq;
	w->known = true;
	return 0;
}

static void
metadata_know(
    const struct session *s, struct span mailbox, struct metadata *known)
{
	struct metadata m;

	if (metadata_read(&s->store, mailbox, &m) == 0) {
		known_metadata(&m, known);
		metadata_free(&m);
	}
}

int
notify_begin(struct session *s, struct notify *n)
{
	struct mailbox_list l;

	n->root = -1;
	n->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (n->fd >= 0)
		n->root = watch(s, n, ".", "");
	if (mailbox_list(&s->store, false, &l) < 0)
		return -1;
	n->names = l.names;
	n->at = mem_resize(NULL, l.count + 1, sizeof *n->at);
	for (; n->count < l.count; n->count++)
		n->at[n->count] = (struct watched){
			.name = l.at[n->count].name,
			.state = l.at[n->count].state,
			.uses = l.at[n->count].uses,
			.new = -1,
			.cur = -1,
			.dir = -1,
		};
	free(l.at);
	if (watches_set(s, n) < 0)
		return -1;
	/* Read it after the watch is set, so that no change is missed. */
	for (size_t i = 0; i < n->count; i++) {
		if (n->at[i].events & EVENTS_OF_MESSAGES)
			watched_status(s, &n->at[i]);
		if (n->at[i].events & EVENT_METADATA)
			metadata_know(s, n->at[i].name, &n->at[i].metadata);
	}
	metadata_know(s, SPAN(""), &n->server);
	n->next = n->fd < 0 ? clock_mono_ms() + POLL_MS : 0;
	return 0;
}

void
notify_end(struct notify *n)
{
	for (size_t i = 0; i < n->count; i++)
		metadata_free(&n->at[i].metadata);
	if (n->fd >= 0)
		close(n->fd);
	metadata_free(&n->server);
	free(n->at);
	arena_free(&n->names);
	arena_free(&n->arena);
	str_free(&n->moves);
	str_free(&n->from);
	str_free(&n->own);
}

/* A directory of the root was renamed. Earlier moves of it are extended. */
static void
move_add(struct notify *n, struct span from, struct span to)
{
	struct str all = STR_INIT;
	struct span rest = str_span(&n->moves), a, b;
	bool joined = false;

	while (span_until(&rest, '\0', &a) && span_take(&rest, '\0') &&
	    span_until(&rest, '\0', &b) && span_take(&rest, '\0')) {
		bool on = span_equal(b, from);

		str_add(&all, a);
		str_add_byte(&all, '\0');
		str_add(&all, on ? to : b);
		str_add_byte(&all, '\0');
		joined |= on;
	}
	if (!joined && all.len < MOVES_MAX) {
		str_add(&all, from);
		str_add_byte(&all, '\0');
		str_add(&all, to);
		str_add_byte(&all, '\0');
	}
	str_free(&n->moves);
	n->moves = all;
}

/* An event in the root. */
static void
root_note(struct notify *n, const struct inotify_event *e, struct span name)
{
	if (span_equal(name, SPAN("metadata-server"))) {
		n->look_server = true;
	} else if (span_equal(name, SPAN("subscriptions"))) {
		n->look_names = true;
	} else if (span_equal(name, SPAN("metadata"))) {
		for (size_t i = 0; i < n->count; i++)
			if (span_equal(n->at[i].name, SPAN("INBOX")))
				n->at[i].look_metadata = true;
	} else if (span_starts(name, SPAN("."))) {
		n->look_names = true;
		if (e->mask & IN_MOVED_FROM) {
			str_set(&n->from, name);
			n->cookie = e->cookie;
		} else if ((e->mask & IN_MOVED_TO) && n->from.len > 0 &&
		    e->cookie == n->cookie) {
			move_add(n, str_span(&n->from), name);
			str_clear(&n->from);
		}
	}
}

static void
mailbox_note(struct notify *n, const struct inotify_event *e, struct span name)
{
	for (size_t i = 0; i < n->count; i++) {
		struct watched *w = &n->at[i];

		if (e->wd != w->new && e->wd != w->cur && e->wd != w->dir)
			continue;
		if (e->mask & IN_IGNORED) { /* it was removed */
			*(e->wd == w->new         ? &w->new
				: e->wd == w->cur ? &w->cur
						  : &w->dir) = -1;
			n->look_names = true;
		} else if (e->wd != w->dir) {
			w->look = true;
		} else if (span_equal(name, SPAN("metadata"))) {
			w->look_metadata = true;
		}
	}
}

static void
note(struct notify *n, const struct inotify_event *e)
{
	struct span name = e->len > 0 ? span_text(e->name) : SPAN("");

	if (e->mask & IN_Q_OVERFLOW) {
		n->look_names = n->look_server = true;
		for (size_t i = 0; i < n->count; i++)
			n->at[i].look = n->at[i].look_metadata = true;
	} else if (e->wd == n->root) {
		root_note(n, e, name);
	} else {
		mailbox_note(n, e, name);
	}
}

static bool
has_to_look(const struct notify *n)
{
	bool any = n->look_names || n->look_server;

	for (size_t i = 0; i < n->count && !any; i++)
		any = n->at[i].look || n->at[i].look_metadata;
	return any;
}

void
notify_read(struct session *s)
{
	_Alignas(struct inotify_event) char events[4096];
	struct notify *n = s->notify;
	int64_t soon;
	ssize_t got;

	while ((got = read(n->fd, events, sizeof events)) > 0)
		for (char *at = events; at < events + got;) {
			const struct inotify_event *e = (void *)at;

			note(n, e);
			at += sizeof *e + e->len;
		}
	if (n->next != 0 || !has_to_look(n))
		return;
	soon = clock_mono_ms() + SETTLE_MS;
	n->next = n->last + AGAIN_MS > soon ? n->last + AGAIN_MS : soon;
}

int
notify_fd(const struct session *s)
{
	return s->notify == NULL ? -1 : s->notify->fd;
}

int64_t
notify_left(const struct session *s)
{
	int64_t left;

	if (s->notify == NULL || s->notify->next == 0)
		return -1;
	left = s->notify->next - clock_mono_ms();
	return left > 0 ? left : 0;
}

void
notify_again(struct notify *n)
{
	if (n->next == 0)
		n->next = clock_mono_ms() + POLL_MS;
}

/* A look is due; what remains to be compared after it waits for the next. */
bool
notify_is_due(struct notify *n)
{
	if (n->next == 0 || clock_mono_ms() < n->next)
		return false;
	n->last = clock_mono_ms();
	n->next = 0;
	if (n->fd < 0) {
		n->next = n->last + POLL_MS;
		n->look_names = n->look_server = true;
		for (size_t i = 0; i < n->count; i++)
			n->at[i].look = n->at[i].look_metadata = true;
	}
	return true;
}
