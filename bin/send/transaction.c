/* One message on one connection: RFC 5321 3.3, RFC 2920 for pipelining, RFC
 * 3030 for BDAT, RFC 2033 for LMTP. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "plan.h"
#include "sender.h"
#include "wire.h"

enum {
	/* Commands sent before reading their answers: few enough that the
	 * answers fit into any host's buffers (RFC 2920 3.1). */
	BATCH_MAX = 100,
	TOO_MANY = 100, /* RFC 5321 4.5.3.1.8: every host takes this many */
	LAST_WORDS_MS = 1000,
};

struct transaction {
	struct sender *s;
	struct conn *c;
	struct job *j;
	struct result *why; /* how the connection ended */
	struct plan plan;
	size_t accepted;
	int64_t end;    /* of the envelope, clock_mono_ms() */
	bool answered;  /* MAIL was answered */
	bool refused;   /* MAIL was refused: all is decided */
	bool data_said; /* DATA, or BDAT with the message, was sent */
	bool sent;      /* the end of the message may have been sent */
	struct str out;
};

static struct arena *
memory(struct transaction *t)
{
	return &t->j->memory;
}

static bool
reply_get(struct transaction *t, int ms)
{
	int64_t left = t->end - clock_mono_ms();

	if (left < ms)
		ms = left > 0 ? (int)left : 0;
	if (!conn_reply(t->c, ms, memory(t), t->why))
		return false;
	if (!t->c->ending) {
		t->answered = true;
		return true;
	}
	/* 421: outstanding commands will not be answered. */
	result_reply(t->why, memory(t), &t->c->reply, STAGE_MAIL);
	t->why->busy = true;
	conn_name(t->c, memory(t), t->why);
	return false;
}

static void
put(struct transaction *t)
{
	t->c->io.deadline = clock_mono_ms() + t->s->patience.reply;
	io_put(&t->c->io, str_span(&t->out));
	str_clear(&t->out);
}

static void
recipient_reply(
    struct transaction *t, struct job_recipient *to, enum stage stage)
{
	struct result *r = &to->result;

	to->accepted = false;
	result_reply(r, memory(t), &t->c->reply, stage);
	r->busy = t->c->ending;
	if (r->verdict == DONE) {
		r->dsn = (t->c->can & CAN_DSN) != 0;
		r->action = !r->dsn;
	}
	conn_name(t->c, memory(t), r);
}

/* The last reply is the result of all accepted recipients. */
static void
accepted_reply(struct transaction *t)
{
	for (size_t i = 0; i < t->j->count; i++)
		if (t->j->to[i].accepted)
			recipient_reply(t, &t->j->to[i], STAGE_DATA);
}

static void
accepted_result(struct transaction *t, const struct result *r)
{
	for (size_t i = 0; i < t->j->count; i++)
		if (t->j->to[i].accepted) {
			t->j->to[i].accepted = false;
			t->j->to[i].result = *r;
		}
}

static bool
mail_read(struct transaction *t)
{
	struct result r = { 0 };

	if (!reply_get(t, t->s->patience.reply))
		return false;
	if (reply_class(&t->c->reply) == 2)
		return true;
	t->refused = true;
	result_reply(&r, memory(t), &t->c->reply, STAGE_MAIL);
	conn_name(t->c, memory(t), &r);
	job_result(t->j, &r);
	return true;
}

/* RFC 5321 4.5.3.1.10: too many recipients is 452, formerly 552; the rest get
 * another transaction at once. A 552 without X.5.3 (RFC 3463) may be a full
 * mailbox. */
static bool
is_too_many(const struct transaction *t, const struct reply *r)
{
	if (r->code == 552 && r->status[0] == '\0')
		return t->accepted >= TOO_MANY;
	return t->accepted > 0 &&
	    (r->code == 452 ||
		(r->code == 552 && strcmp(r->status, "5.5.3") == 0));
}

static bool
rcpt_read(struct transaction *t, struct job_recipient *to)
{
	unsigned code;

	if (!reply_get(t, t->s->patience.reply))
		return false;
	code = t->c->reply.code;
	if (t->refused)
		return true;
	if (code / 100 == 2) {
		to->accepted = true;
		t->accepted++;
		return true;
	}
	recipient_reply(t, to, STAGE_RCPT);
	to->later = is_too_many(t, &t->c->reply);
	if (to->later)
		result_soften(&to->result);
	return true;
}

/* Append bytes of the message in wire format and send them. False: reading or
 * writing failed. */
static bool
body_put(struct transaction *t, bool dots)
{
	struct message *m = &t->j->message;
	struct wire w = { .dots = dots, .odd = m->facts.odd };
	struct span bytes;

	for (uint64_t at = 0; at < m->size; at += bytes.len) {
		if (message_read(m, at, &bytes) < 0) {
			result_set(t->why, memory(t), TEMP, "4.3.0",
			    "spool file: %s", strerror(errno));
			accepted_result(t, t->why);
			t->c->ending = true;
			return false;
		}
		wire_add(&w, bytes, &t->out);
		io_put(&t->c->io, str_span(&t->out));
		str_clear(&t->out);
		if (t->c->io.failed)
			return false;
	}
	wire_end(&w, &t->out);
	io_put(&t->c->io, str_span(&t->out));
	str_clear(&t->out);
	return !t->c->io.failed;
}

static void
body_clock(struct transaction *t)
{
	uint64_t bytes = t->j->message.facts.wire;
	const struct limits *l = &t->s->limits;

	/* RFC 5321 4.5.3.2.5, and the rate that we require of clients. */
	t->c->io.idle_ms = t->s->patience.block;
	t->c->io.deadline = clock_mono_ms() + t->s->patience.end +
	    (int64_t)(bytes / (l->data_rate > 0 ? l->data_rate : 1)) * 1000;
}

static bool
bdat_put(struct transaction *t)
{
	str_addf(&t->out, "BDAT %llu LAST\r\n",
	    (unsigned long long)t->j->message.facts.wire);
	body_clock(t);
	io_put(&t->c->io, str_span(&t->out));
	str_clear(&t->out);
	t->data_said = true;
	/* Unlike a dot, its end can't be held back: the host may already have
	 * all of it. */
	t->sent = t->plan.whole;
	return body_put(t, false);
}

/* MAIL, all RCPT, and DATA or a small message. */
static bool
envelope_run(struct transaction *t)
{
	bool pipelining = (t->c->can & CAN_PIPELINING) != 0;
	size_t batch = pipelining ? BATCH_MAX : 1, i = 0, end;
	bool mail_due = true;

	plan_mail(&t->plan, t->c, t->j, &t->out);
	put(t);
	if (!pipelining) {
		mail_due = false;
		if (!mail_read(t) || t->refused)
			return !t->c->ending;
	}
	for (; i < t->j->count && !t->refused; i = end) {
		bool todo[BATCH_MAX] = { false };

		for (end = i; end < t->j->count && end - i < batch; end++) {
			todo[end - i] = !t->j->to[end].result.set;
			if (!todo[end - i])
				continue;
			plan_rcpt(&t->plan, t->c, &t->j->to[end], &t->out);
			put(t);
		}
		if (end == t->j->count && pipelining) {
			if (t->plan.whole && !bdat_put(t))
				return false;
			if (!t->plan.bdat) {
				str_add_text(&t->out, "DATA\r\n");
				put(t);
				t->data_said = true;
			}
		}
		if (mail_due && !mail_read(t))
			return false;
		mail_due = false;
		for (size_t k = i; k < end; k++)
			if (todo[k - i] && !rcpt_read(t, &t->j->to[k]))
				return false;
	}
	return true;
}

/* After the final dot, never fail over to another host in this attempt (RFC
 * 1047). */
static void
end_read(struct transaction *t)
{
	struct job *j = t->j;

	for (size_t i = 0; t->c->lmtp && i < j->count; i++) {
		/* RFC 2033 4.2: one answer for each accepted recipient. */
		if (!j->to[i].accepted)
			continue;
		if (!conn_reply(t->c, t->s->patience.end, memory(t), t->why)) {
			accepted_result(t, t->why);
			return;
		}
		recipient_reply(t, &j->to[i], STAGE_DATA);
	}
	if (t->c->lmtp)
		return;
	if (conn_reply(t->c, t->s->patience.end, memory(t), t->why))
		accepted_reply(t);
	else
		accepted_result(t, t->why);
}

/* The host stopped reading the message: look for its reply. */
static bool
last_words(struct transaction *t)
{
	bool said = false;

	if (t->why->set)
		return true;
	t->c->ending = true;
	if (conn_reply(t->c, LAST_WORDS_MS, memory(t), t->why) &&
	    reply_class(&t->c->reply) >= 4) {
		accepted_reply(t);
		said = true;
	}
	t->c->ending = true;
	if (t->sent && !said)
		accepted_result(t, t->why);
	return said || t->sent;
}

/* An answer to the envelope is missing, and the message may have been sent
 * after it. A host that sent 421 does not take it, nor, presumably, one that
 * was gone before its first answer (as on a connection it had closed): not
 * decided, false. One that is merely slow may still accept it: decided,
 * true. */
static bool
envelope_lost(struct transaction *t)
{
	if (t->sent && !t->why->set &&
	    conn_reply(t->c, LAST_WORDS_MS, memory(t), t->why)) {
		result_reply(t->why, memory(t), &t->c->reply, STAGE_MAIL);
		result_soften(t->why);
		t->why->busy = t->c->reply.code == 421;
		conn_name(t->c, memory(t), t->why);
	}
	t->c->ending = true;
	if (!t->sent || t->why->reply || (!t->answered && !t->c->late))
		return false;
	job_result(t->j, t->why);
	return true;
}

static bool
dot_run(struct transaction *t)
{
	body_clock(t);
	if (t->accepted > 0 && !body_put(t, true))
		return last_words(t);
	t->sent = true;
	io_put_text(&t->c->io, ".\r\n");
	io_flush(&t->c->io);
	t->c->io.idle_ms = 0;
	end_read(t);
	return true;
}

static bool
data_run(struct transaction *t)
{
	if (!t->data_said) {
		str_add_text(&t->out, "DATA\r\n");
		put(t);
	}
	if (!reply_get(t, t->s->patience.data))
		return false;
	/* RFC 2920 3.1: it may expect data although all RCPT were refused: send
	 * an empty message. */
	if (t->c->reply.code == 354) {
		if (t->accepted > 0)
			return dot_run(t);
		io_put_text(&t->c->io, ".\r\n");
		return conn_reply(t->c, t->s->patience.end, memory(t), NULL) ||
		    true;
	}
	if (reply_class(&t->c->reply) < 4)
		t->c->ending = true; /* 250 to DATA: a broken host */
	if (reply_class(&t->c->reply) == 2)
		t->c->reply.code = 451;
	accepted_reply(t);
	return true;
}

/* RFC 3030 2: the host offered BDAT, but rejects it as unknown. */
static bool
bdat_unknown(struct transaction *t)
{
	unsigned code = t->c->reply.code;

	return !t->c->bdat_fine && !t->c->lmtp && !t->c->ending &&
	    (code == 500 || code == 502 || code == 504);
}

static bool
bdat_run(struct transaction *t)
{
	if (!t->data_said && t->accepted == 0)
		return true;
	if (!t->data_said && !bdat_put(t))
		return last_words(t);
	t->sent = true;
	io_flush(&t->c->io);
	t->c->io.idle_ms = 0;
	if (t->accepted == 0) /* the refusal concerns no recipient */
		return conn_reply(t->c, t->s->patience.end, memory(t), NULL) ||
		    true;
	end_read(t);
	t->c->bdat_fine |= reply_class(&t->c->reply) == 2;
	return true;
}

static bool
transaction_once(struct transaction *t)
{
	struct job *j = t->j;

	for (size_t i = 0; i < j->count; i++)
		j->to[i].accepted = j->to[i].later = false;
	plan_make(&t->plan, t->c, j);
	if (!job_is_open(j))
		return true;
	if (t->c->dirty &&
	    !conn_command(
		t->c, t->s->patience.reply, memory(t), t->why, "RSET"))
		return false;
	t->c->dirty = true;
	if (!envelope_run(t))
		return envelope_lost(t);
	if (t->refused && !t->data_said)
		return true;
	if (!(t->plan.bdat ? bdat_run(t) : data_run(t)))
		return false;
	/* The end of data ends the transaction too. */
	t->c->dirty = !t->sent;
	return true;
}

/* Recipients over the host's limit get the next transaction. */
static bool
later_ones(struct job *j)
{
	bool any = false;

	for (size_t i = 0; i < j->count; i++)
		if (j->to[i].later) {
			j->to[i].result = (struct result){ 0 };
			any = true;
		}
	return any;
}

bool
transaction_run(struct sender *s, struct job *j, struct result *r)
{
	int64_t end = clock_mono_ms() + s->patience.all;

	for (;;) {
		struct transaction t = { .s = s,
			.c = &s->conn,
			.j = j,
			.why = r,
			.end = end,
			.out = STR_INIT };
		bool ok;

		*r = (struct result){ 0 };
		ok = transaction_once(&t);
		str_free(&t.out);
		s->conn.io.idle_ms = 0;
		if (ok && bdat_unknown(&t) && t.plan.bdat && t.data_said) {
			s->conn.can &= ~(unsigned)CAN_CHUNKING;
			s->conn.dirty = true;
			for (size_t i = 0; i < j->count; i++)
				if (j->to[i].result.reply &&
				    j->to[i].result.verdict != DONE)
					j->to[i].result = (struct result){ 0 };
			continue;
		}
		if (!ok || s->conn.ending || !later_ones(j))
			return ok;
	}
}
