#include "resolve.h"

#include "base/record.h"

static struct span
keep_str(struct job *j, const struct str *s)
{
	return arena_copy(&j->memory, str_span(s));
}

static void
outlet_fill(struct job *j, const struct user *r, enum outlet_kind kind)
{
	struct str home = STR_INIT;

	user_home(r, &home);
	j->outlet = (struct outlet){ .kind = kind,
		.address = keep_str(j, &r->address),
		.extension = keep_str(j, &r->extension),
		.home = keep_str(j, &home),
		.quota = r->quota,
		.own_uid = r->own_uid,
		.uid = r->uid,
		.gid = r->gid };
	str_free(&home);
}

static void
outlet_mailbox(struct job *j, const struct user *r)
{
	struct str maildir = STR_INIT;

	if (r->mbox.len > 0) {
		outlet_fill(j, r, OUTLET_MBOX);
		j->outlet.place = keep_str(j, &r->mbox);
		return;
	}
	outlet_fill(j, r, OUTLET_MAILDIR);
	user_maildir(r, &maildir);
	j->outlet.place = keep_str(j, &maildir);
	str_free(&maildir);
}

static void
outlet_pipe(struct job *j, const struct user *r, struct span command)
{
	outlet_fill(j, r,
	    span_equal(command, SPAN(USER_NULL)) ? OUTLET_NULL : OUTLET_PIPE);
	j->outlet.place = arena_copy(&j->memory, command);
}

/* An entry's targets, counted. */
struct targets {
	size_t count, pipes;
	bool itself;        /* one is its own mailbox */
	struct str command; /* the requested one, if found */
	bool found;
};

/* Count targets; find the command with this text, or else the order-th. */
static void
targets_count(const struct user *r, const struct job *j, struct targets *t)
{
	struct span rest = str_span(&r->targets), key;
	struct str value = STR_INIT;
	bool exact = false;

	*t = (struct targets){ .command = STR_INIT };
	while (record_next(&rest, &key, &value)) {
		bool same = span_equal(str_span(&value), j->command);

		t->count++;
		t->itself |= r->mailbox && span_equal(key, SPAN("to")) &&
		    span_equal(str_span(&value), str_span(&r->address));
		if (!span_equal(key, SPAN("pipe")))
			continue;
		if (!exact && (same || t->pipes == j->order)) {
			str_set(&t->command, str_span(&value));
			t->found = true;
			exact = same;
		}
		t->pipes++;
	}
	str_free(&value);
}

/* True: expand. */
static bool
resolve_targets(struct job *j, const struct user *r)
{
	struct targets t;
	bool more = false;

	targets_count(r, j, &t);
	if (j->kind == JOB_PIPE && t.found)
		outlet_pipe(j, r, str_span(&t.command));
	else if (j->kind == JOB_PIPE && t.pipes > 0)
		job_result(j, NOUSER, "5.1.1", j->wanted,
		    "its command no longer exists");
	else if (j->kind == JOB_ADDRESS && t.count == 1 && t.found)
		outlet_pipe(j, r, str_span(&t.command));
	else if (j->kind == JOB_ADDRESS && t.count == 1 && t.itself)
		outlet_mailbox(j, r);
	else
		more = true;
	str_free(&t.command);
	return more;
}

static bool
resolve_user(struct job *j, const struct user *r, enum user_kind kind)
{
	bool mailbox = kind == USER_MAILBOX || kind == USER_TARGETS;

	if (j->kind == JOB_MAILBOX && mailbox && r->mailbox) {
		outlet_mailbox(j, r);
		return false;
	}
	switch (kind) {
	case USER_MAILBOX:
		/* A command that has become a mailbox, perhaps another place of
		 * the message: let the queue decide. */
		if (j->kind == JOB_PIPE)
			return true;
		outlet_mailbox(j, r);
		return false;
	case USER_TARGETS:
		return resolve_targets(j, r);
	case USER_NOT_LOCAL:
		job_result(
		    j, TEMP, "4.4.6", j->to, "its domain is not of this host");
		return false;
	case USER_UNKNOWN:
		job_result(j, NOUSER, "5.1.1", j->to, "no such user here");
		return false;
	case USER_ERROR:
		job_result(j, TEMP, "4.3.0", SPAN("users.cdb"),
		    "can't be read, or is damaged");
		return false;
	}
	return false;
}

bool
resolve(struct users *u, struct job *j)
{
	struct user r;
	enum user_kind kind;
	bool more;

	user_init(&r);
	kind = users_lookup(u, j->to, &r);
	j->wanted = r.wanted.len > 0 ? keep_str(j, &r.wanted)
				     : arena_copy(&j->memory, j->to);
	more = resolve_user(j, &r, kind);
	user_free(&r);
	return more;
}
