#include "expand.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/record.h"
#include "loop.h"
#include "mail/address.h"
#include "os/conf.h"

enum { EDGES_MAX = 4 * PLACES_MAX, BAD_MAX = 200 };

/* A node of the graph: an address, or the file of a list. */
struct node {
	bool list;
	struct span text;
};

/* Nodes are numbered as found and visited in that order, so that all edges are
 * stored consecutively. */
struct walk {
	struct users *users;
	int etc;
	struct job *job;
	struct places *places;
	struct hash known;  /* nodes by their folded text */
	struct node *nodes; /* count in use; also starts */
	uint32_t *starts;   /* of each node's edges */
	size_t count, size;
	uint32_t *edges;
	size_t edge_count, edge_size;
	uint32_t at; /* the node being visited */
	struct str key, to;
};

static bool
is_failed(const struct walk *w)
{
	return w->job->verdict != DONE;
}

static void
edge_add(struct walk *w, uint32_t to)
{
	if (w->edge_count == w->edge_size) {
		w->edge_size = w->edge_size == 0 ? 64 : 2 * w->edge_size;
		w->edges = mem_resize(w->edges, w->edge_size, sizeof *w->edges);
	}
	w->edges[w->edge_count++] = to;
	if (w->edge_count > EDGES_MAX)
		job_result(
		    w->job, TEMP, "4.3.5", SPAN(""), "its lists are too long");
}

static void
node_add(struct walk *w, bool list, struct span text)
{
	if (w->count == w->size) {
		w->size = w->size == 0 ? 64 : 2 * w->size;
		w->nodes = mem_resize(w->nodes, w->size, sizeof *w->nodes);
		w->starts = mem_resize(
		    w->starts, w->size + 1, sizeof *w->starts);
	}
	w->nodes[w->count++] = (struct node){ list,
		arena_copy(&w->places->memory, text) };
	if (w->count > PLACES_MAX)
		job_result(
		    w->job, TEMP, "4.3.5", SPAN(""), "more than 65536 places");
}

/* The node's number; a new one will be visited. */
static uint32_t
node_find(struct walk *w, bool list, struct span text)
{
	struct address a;
	uint32_t number;

	str_set(&w->key, list ? SPAN(":") : SPAN(""));
	if (!list && address_parse(text, &a))
		address_key(&a, &w->key);
	else
		str_add(&w->key, text);
	number = hash_text_add(&w->known, &w->places->memory, str_span(&w->key),
	    (uint32_t)w->count);
	if (number == w->count)
		node_add(w, list, text);
	return number;
}

/* The account itself, with the extension it was reached by; a catch-all has no
 * address of its own. */
static struct span
entry_address(struct walk *w, const struct user *r)
{
	struct str local = STR_INIT;
	struct address a;

	if (!address_parse(str_span(&r->address), &a))
		return str_span(&r->wanted);
	address_local(&a, &local);
	if (r->extension.len > 0) {
		str_add_byte(&local, '+');
		str_add(&local, str_span(&r->extension));
	}
	str_clear(&w->to);
	local_text(str_span(&local), &w->to);
	str_add_byte(&w->to, '@');
	str_add(&w->to, a.domain);
	str_free(&local);
	return str_span(&w->to);
}

static struct place *
add_place(struct walk *w, enum place_kind kind, struct span to)
{
	struct place *p = place_add(w->places, kind, to);

	p->node = w->at;
	return p;
}

static void
add_pipe(
    struct walk *w, const struct user *r, struct span command, uint64_t order)
{
	struct place *p = add_place(w, PLACE_PIPE, entry_address(w, r));

	p->command = arena_copy(&w->places->memory, command);
	p->order = order;
}

/* The targets of one entry. */
static void
add_targets(struct walk *w, const struct user *r)
{
	struct str value = STR_INIT;
	struct span rest = str_span(&r->targets), key;
	uint64_t pipes = 0;

	if (r->mailbox)
		add_place(w, PLACE_MAILBOX, entry_address(w, r))->copy = true;
	while (!is_failed(w) && record_next(&rest, &key, &value))
		if (span_equal(key, SPAN("include")))
			edge_add(w, node_find(w, true, str_span(&value)));
		else if (span_equal(key, SPAN("pipe")))
			add_pipe(w, r, str_span(&value), pipes++);
		/* The account itself, whatever the extension. */
		else if (r->mailbox &&
		    span_equal(str_span(&value), str_span(&r->address)))
			edge_add(w, w->at);
		else
			edge_add(w, node_find(w, false, str_span(&value)));
	str_free(&value);
}

/* The line appears in the report to the sender. */
static void
add_bad(struct walk *w, struct span line, struct span list)
{
	struct str text = STR_INIT;
	bool utf8;

	str_set(&text, span_head(line, BAD_MAX));
	utf8 = span_is_utf8(str_span(&text));
	for (size_t i = 0; i < text.len; i++)
		if (byte_is_control(text.at[i]) ||
		    (!utf8 && (unsigned char)text.at[i] > 127))
			text.at[i] = '?';
	add_place(w, PLACE_BAD, str_span(&text))->list = list;
	str_free(&text);
}

static void
look_at_list(struct walk *w, struct span path)
{
	struct conf_list list;
	struct span line;
	struct address a;

	if (w->etc < 0 || !conf_list_open(&list, w->etc, path.at)) {
		job_result(w->job, TEMP, "4.3.5", path, "can't read this list");
		return;
	}
	while (!is_failed(w) && conf_next(&list, &line))
		if (address_parse(line, &a))
			edge_add(w, node_find(w, false, line));
		else
			add_bad(w, line, path);
	conf_list_close(&list);
}

static void
look_at_address(struct walk *w, struct span address, struct user *r)
{
	enum user_kind kind = users_lookup(w->users, address, r);

	/* References to the account itself keep the extension it was reached
	 * by. */
	if (w->at == 0 && r->address.len > 0)
		hash_text_add(&w->known, &w->places->memory,
		    str_span(&r->address), w->at);
	switch (kind) {
	case USER_MAILBOX:
		add_place(w, PLACE_MAILBOX, entry_address(w, r));
		return;
	case USER_TARGETS:
		add_targets(w, r);
		return;
	case USER_NOT_LOCAL:
		add_place(w, PLACE_REMOTE, address);
		return;
	case USER_UNKNOWN:
		add_place(w, PLACE_UNKNOWN, address);
		return;
	case USER_ERROR:
		job_result(w->job, TEMP, "4.3.0", SPAN("users.cdb"),
		    "can't be read, or is damaged");
		return;
	}
}

/* The key by which places are equal. */
static void
place_key(const struct place *p, struct str *key)
{
	struct address a;

	str_clear(key);
	str_addf(key, "%d ", (int)p->kind);
	if (p->kind == PLACE_PIPE)
		str_addf(key, "%llu ", (unsigned long long)p->order);
	if (p->kind != PLACE_BAD && address_parse(p->to, &a))
		address_key(&a, key);
	else
		str_add(key, p->to);
}

/* Remove duplicates, and mailboxes that no target leads back to. */
static void
places_settle(struct walk *w, const bool *in_loop)
{
	struct places *all = w->places;
	struct place *next = all->first;
	struct hash seen;

	hash_init(&seen, hash_text_key);
	all->first = all->last = NULL;
	all->count = 0;
	for (struct place *p = next; p != NULL; p = next) {
		uint32_t number = (uint32_t)all->count;

		next = p->next;
		if (p->copy && !in_loop[p->node])
			continue;
		place_key(p, &w->key);
		if (hash_text_add(&seen, &all->memory, str_span(&w->key),
			number) != number)
			continue;
		p->next = NULL;
		if (all->last != NULL)
			all->last->next = p;
		else
			all->first = p;
		all->last = p;
		all->count++;
	}
	hash_free(&seen);
}

/* RFC 3463: 5.4.6 routing loop detected, 5.2.4 mailing list expansion. */
static void
nowhere(struct walk *w, const bool *in_loop)
{
	bool loop = false;

	for (size_t i = 0; i < w->count; i++)
		loop |= in_loop[i];
	if (loop)
		job_result(w->job, DATA, "5.4.6", w->job->wanted,
		    "its aliases and lists only lead back to each other");
	else
		job_result(
		    w->job, DATA, "5.2.4", w->job->wanted, "the list is empty");
}

bool
expand(struct users *u, int etc, struct job *j, struct places *places_r)
{
	struct walk w = { .users = u,
		.etc = etc,
		.job = j,
		.places = places_r,
		.key = STR_INIT,
		.to = STR_INIT };
	struct user r;
	bool *in_loop;

	user_init(&r);
	hash_init(&w.known, hash_text_key);
	node_find(&w, false, j->to);
	for (; w.at < w.count && !is_failed(&w); w.at++) {
		struct node node = w.nodes[w.at];

		w.starts[w.at] = (uint32_t)w.edge_count;
		if (node.list)
			look_at_list(&w, node.text);
		else
			look_at_address(&w, node.text, &r);
	}
	if (!is_failed(&w)) {
		/* Which of them lead back to themselves? */
		w.starts[w.count] = (uint32_t)w.edge_count;
		in_loop = mem_new(w.count * sizeof *in_loop);
		loops_find(w.starts, w.edges, w.count, in_loop);
		places_settle(&w, in_loop);
		if (places_r->count == 0)
			nowhere(&w, in_loop);
		free(in_loop);
	}
	hash_free(&w.known);
	free(w.nodes);
	free(w.starts);
	free(w.edges);
	str_free(&w.key);
	str_free(&w.to);
	user_free(&r);
	j->expanded = !is_failed(&w);
	j->places = j->expanded ? places_r->count : 0;
	return j->expanded;
}
