#include "resolve.h"

#include "base/record.h"
#include "mail/address.h"
#include "os/conf.h"

enum { TARGETS_MAX = 20000 }; /* of one recipient, lists included */

/* Addresses to look at, each once, in order. */
struct walk {
	struct users *users;
	int etc;
	struct job *job;
	struct address_node *first, *last;
	size_t count;
};
struct address_node {
	struct span text;
	struct address_node *next;
};

/* Linear in what was seen: lists of thousands are rare, and their cost is the
 * deliveries'. */
static bool
walk_add(struct walk *w, struct span address)
{
	struct address_node *node;

	for (node = w->first; node != NULL; node = node->next)
		if (span_equal_case(node->text, address))
			return true;
	if (++w->count > TARGETS_MAX) {
		job_result(
		    w->job, TEMP, "4.3.5", SPAN(""), "more than 20000 targets");
		return false;
	}
	node = arena_new(&w->job->memory, sizeof *node);
	node->text = arena_copy(&w->job->memory, address);
	if (w->last != NULL)
		w->last->next = node;
	else
		w->first = node;
	w->last = node;
	return true;
}

static struct span
keep_str(struct job *j, const struct str *s)
{
	return arena_copy(&j->memory, str_span(s));
}

static void
part_owner(struct job *j, struct part *p, const struct user *r)
{
	struct str home = STR_INIT;

	user_home(r, &home);
	p->home = keep_str(j, &home);
	str_free(&home);
	p->own_uid = r->own_uid;
	p->uid = r->uid;
	p->gid = r->gid;
}

static void
add_mailbox(struct job *j, const struct user *r)
{
	bool mbox = r->mbox.len > 0;
	struct part *p = job_part(
	    j, mbox ? PART_MBOX : PART_MAILDIR, str_span(&r->address));
	struct str place = STR_INIT;

	part_owner(j, p, r);
	if (!mbox)
		user_maildir(r, &place);
	p->place = keep_str(j, mbox ? &r->mbox : &place);
	p->extension = keep_str(j, &r->extension);
	p->quota = r->quota;
	if (j->mailbox.len == 0)
		j->mailbox = p->place;
	str_free(&place);
}

static void
add_list(struct walk *w, const struct str *path)
{
	struct conf_list list;
	struct span line;
	struct address a;

	if (w->etc < 0 || !conf_list_open(&list, w->etc, path->at)) {
		job_result(w->job, TEMP, "4.3.5", str_span(path),
		    "can't read this list");
		return;
	}
	while (conf_next(&list, &line))
		if (!address_parse(line, &a))
			job_result(w->job, TEMP, "4.3.5", str_span(path),
			    "a line of this list is not an address");
		else if (!walk_add(w, line))
			break;
	conf_list_close(&list);
}

/* The targets of one entry. What names itself is its own mailbox. */
static void
add_targets(struct walk *w, const struct user *r)
{
	struct str value = STR_INIT;
	struct span rest = str_span(&r->targets), key;
	struct part *p;

	while (record_next(&rest, &key, &value))
		if (span_equal(key, SPAN("include"))) {
			add_list(w, &value);
		} else if (span_equal(key, SPAN("pipe"))) {
			p = job_part(w->job, PART_PIPE, str_span(&r->address));
			part_owner(w->job, p, r);
			p->place = keep_str(w->job, &value);
			p->extension = keep_str(w->job, &r->extension);
		} else if (r->mailbox &&
		    span_equal(str_span(&value), str_span(&r->address))) {
			add_mailbox(w->job, r);
		} else {
			walk_add(w, str_span(&value));
		}
	str_free(&value);
}

static void
walk_one(struct walk *w, struct span address, struct user *r)
{
	struct job *j = w->job;
	bool first = j->wanted.at == NULL;
	enum user_kind kind = users_lookup(w->users, address, r);

	if (first)
		j->wanted = r->wanted.len > 0 ? keep_str(j, &r->wanted)
					      : arena_copy(&j->memory, address);
	switch (kind) {
	case USER_MAILBOX:
		add_mailbox(j, r);
		return;
	case USER_TARGETS:
		add_targets(w, r);
		return;
	case USER_NOT_LOCAL:
		if (first)
			job_result(j, TEMP, "4.4.6", address,
			    "its domain is not of this host");
		else
			job_part(j, PART_FORWARD, address);
		return;
	case USER_UNKNOWN:
		job_result(j, NOUSER, "5.1.1", address, "no such user here");
		return;
	case USER_ERROR:
		job_result(j, TEMP, "4.3.0", SPAN("users.cdb"),
		    "can't be read, or is damaged");
		return;
	}
}

/* The same account reached by two ways is one place. */
static void
parts_unique(struct job *j)
{
	for (struct part *p = j->parts; p != NULL; p = p->next)
		for (struct part **q = &p->next; *q != NULL;)
			if ((*q)->kind == p->kind &&
			    span_equal((*q)->place, p->place) &&
			    span_equal((*q)->address, p->address) &&
			    span_equal((*q)->extension, p->extension)) {
				*q = (*q)->next;
				j->count--;
			} else {
				q = &(*q)->next;
			}
}

void
resolve(struct users *u, int etc, struct job *j)
{
	struct walk w = { .users = u, .etc = etc, .job = j };
	struct user r;

	user_init(&r);
	walk_add(&w, j->to);
	for (struct address_node *n = w.first; n != NULL; n = n->next)
		walk_one(&w, n->text, &r);
	user_free(&r);
	/* All or nothing as long as it may come right; what never will is
	 * reported when the rest is delivered. */
	if (j->verdict == TEMP) {
		j->parts = j->last = NULL;
		j->count = 0;
		j->others = false;
	} else if (j->count > 1) {
		parts_unique(j);
	}
}
