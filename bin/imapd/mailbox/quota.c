/* GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208). */
#include "store/quota.h"

#include "answer.h"
#include "argument.h"
#include "command.h"
#include "mail/nstring.h"
#include "store/mailbox.h"

/* All mailboxes of an account have the same quota root. */
#define ROOT SPAN("mail")

enum { UNIT = 1024 }; /* RFC 9208 5.1: bytes, of STORAGE */

static uint64_t
units(uint64_t bytes)
{
	return bytes / UNIT + (bytes % UNIT != 0);
}

/* The account's usage and limits. False: the answer is set. */
static bool
read_quota(struct session *s, struct quota *q_r)
{
	if (quota_read(&s->store, QUOTA_AS_WRITTEN, q_r) == 0)
		return true;
	answer_errno(s, "read the quota");
	return false;
}

static bool
has_limit(const struct quota *q)
{
	return q->limit > 0 || q->messages > 0;
}

/* RFC 9208 4.2.1: unlimited resources are not listed. */
static void
quota_put(struct session *s, const struct quota *q)
{
	str_set(&s->text, SPAN("* QUOTA "));
	string_add(&s->text, ROOT);
	str_add_text(&s->text, " (");
	if (q->limit > 0)
		str_addf(&s->text, "STORAGE %llu %llu",
		    (unsigned long long)units((uint64_t)q->used),
		    (unsigned long long)units(q->limit));
	if (q->messages > 0)
		str_addf(&s->text, "%sMESSAGE %llu %llu",
		    q->limit > 0 ? " " : "", (unsigned long long)q->count,
		    (unsigned long long)q->messages);
	str_add_text(&s->text, ")\r\n");
	io_put(&s->io, str_span(&s->text));
}

/* Take " " quota-root-name. False: the answer is set. */
static bool
take_root(struct session *s, struct span *root_r)
{
	if (parse_space(&s->parser) && parse_astring(&s->parser, root_r))
		return true;
	answer_syntax(s);
	return false;
}

void
cmd_getquota(struct session *s)
{
	struct span root;
	struct quota q;

	if (!take_root(s, &root) || !argument_end(s) || !read_quota(s, &q))
		return;
	if (!span_equal(root, ROOT) || !has_limit(&q)) {
		answer(s, RESULT_NO, "[NONEXISTENT] No such quota root");
		return;
	}
	quota_put(s, &q);
	answer(s, RESULT_OK, "Done");
}

/* RFC 9208 4.1.2: the mailbox need not exist. What others share counts for
 * them. */
void
cmd_getquotaroot(struct session *s)
{
	struct span mailbox;
	struct quota q;

	if (!parse_space(&s->parser)) {
		answer_syntax(s);
		return;
	}
	if (!argument_mailbox(s, &mailbox) || !argument_end(s) ||
	    !read_quota(s, &q))
		return;
	if (mailbox_is_others(&s->store, mailbox))
		q = (struct quota){ 0 };
	str_set(&s->text, SPAN("* QUOTAROOT "));
	mailbox_name_add(s, &s->text, mailbox);
	if (has_limit(&q)) {
		str_add_byte(&s->text, ' ');
		string_add(&s->text, ROOT);
	}
	str_add_text(&s->text, "\r\n");
	io_put(&s->io, str_span(&s->text));
	if (has_limit(&q))
		quota_put(s, &q);
	answer(s, RESULT_OK, "Done");
}

/* RFC 9208 4.1.3: without QUOTASET clients can't expect it, but those of RFC 2087
 * send it, and get a reason. */
void
cmd_setquota(struct session *s)
{
	struct span root, resource;
	uint64_t limit;

	if (!take_root(s, &root))
		return;
	if (!parse_space(&s->parser) || !parse_byte(&s->parser, '(')) {
		answer_syntax(s);
		return;
	}
	while (!parse_byte(&s->parser, ')')) {
		parse_space(&s->parser);
		if (!parse_atom(&s->parser, &resource) ||
		    !parse_space(&s->parser) ||
		    !parse_number64(&s->parser, &limit)) {
			answer_syntax(s);
			return;
		}
	}
	if (argument_end(s))
		answer(s, RESULT_NO,
		    "[NOPERM] Only the administrator can set quotas");
}
