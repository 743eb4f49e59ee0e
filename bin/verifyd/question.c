#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/record.h"
#include "net/relay.h"
#include "os/proc.h"
#include "os/sock.h"
#include "service.h"
#include "trust/authres.h"
#include "trust/verify.h"

enum {
	REQUEST_MS = 10000, /* from the connection to its question */
	CPU_S = 30,
	FD_OFFSET_MAX = INT32_MAX,
};

struct question {
	struct service *service;
	int message;
	uint64_t offset, size;
	struct str id, client, helo, sender, user;
	struct rules rules;
	/* The answer: */
	enum verdict verdict;
	bool junk;
	struct str text, field;
	int64_t deadline; /* of the DNS */
	struct logline log;
};

/* Half of the time that is left at most: one name whose servers are silent must
 * not cost the others their answers. */
static void
lookup(void *arg, const struct dns_question *questions, size_t count,
    struct arena *a, struct dns_answer *answers_r)
{
	struct question *q = arg;
	int64_t now = clock_mono_ms();

	dns_ask_many(q->service->dns, questions, count,
	    now + (q->deadline - now) / 2, a, answers_r);
}

/* What is not checked: mail of users, of this machine and of networks that may
 * relay, and all of it where no name server is asked. NULL: it is checked. */
static const char *
exempt(struct question *q, const struct spf_address *client, bool known)
{
	struct network_list relay = { NULL, 0, 0 };
	const char *why = NULL;

	if (q->user.len > 0)
		return "a user's";
	if (!known)
		return "no client address";
	if ((client->family == AF_INET && client->bytes[0] == 127) ||
	    strcmp(q->client.at, "::1") == 0)
		return "from this machine";
	if (dns_is_off(q->service->dns))
		return "no name server is asked";
	relay_read(q->service->etc, &relay, NULL, NULL);
	if (network_has(&relay, str_span(&q->client)))
		why = "from a network that may relay";
	network_free(&relay);
	return why;
}

static void
user_tell(struct question *q, const char *why)
{
	authres_begin(&q->field, str_span(&q->service->me));
	if (q->user.len > 0) {
		authres_add(&q->field, "auth", RESULT_PASS, SPAN(""));
		authres_property(&q->field, "smtp.auth", str_span(&q->user));
	}
	authres_end(&q->field);
	log_text(&q->log, "reason", why);
}

static void
fact_put(void *arg, const char *key, struct span value)
{
	struct question *q = arg;

	log_span(&q->log, key, value);
}

/* RFC 7372 3.3: 5.7.26. */
static void
wish_fulfil(struct question *q, const struct verify *v)
{
	struct span domain = v->dmarc.domain;

	switch (verify_wish(v)) {
	case VERIFY_TAKE:
		break;
	case VERIFY_MARK:
		q->junk = true;
		break;
	case VERIFY_REFUSE:
		q->verdict = NOPERM;
		str_setf(&q->text,
		    "5.7.26 %.*s refuses mail that neither SPF nor DKIM shows "
		    "to be its own (DMARC)",
		    (int)domain.len, domain.at);
		break;
	case VERIFY_LATER:
		q->verdict = TEMP;
		str_setf(&q->text,
		    "4.4.3 The name servers do not answer as to whether this "
		    "is mail of %.*s (DMARC); try again later",
		    (int)domain.len, domain.at);
		break;
	}
}

static void
message_check(struct question *q, const struct spf_address *client)
{
	struct resolver resolver;
	struct verify v = { .fd = q->message,
		.offset = q->offset,
		.size = q->size,
		.now = clock_wall_s(),
		.client = *client,
		.client_text = str_span(&q->client),
		.sender = str_span(&q->sender),
		.helo = str_span(&q->helo),
		.rules = &q->rules,
		.resolver = &resolver };

	q->deadline = clock_mono_ms() + q->service->dns_ms;
	resolver_init(&resolver, lookup, q);
	if (verify_run(&v) < 0)
		die(TEMP, "read the message");
	verify_field(&v, str_span(&q->service->me), &q->field);
	wish_fulfil(q, &v);
	verify_facts(&v, fact_put, q);
	verify_free(&v);
	resolver_free(&resolver);
}

static void
answer_make(struct question *q)
{
	struct spf_address client;
	bool known = spf_address_parse(q->client.at, &client);
	const char *why;

	log_start(&q->log, "verify");
	log_span(&q->log, "id", str_span(&q->id));
	log_span(&q->log, "client", str_span(&q->client));
	rules_read_checks(q->service->etc, &q->rules, NULL, NULL);
	rules_read_forwarders(q->service->etc, &q->rules, NULL, NULL);
	why = exempt(q, &client, known);
	if (why != NULL)
		user_tell(q, why);
	else
		message_check(q, &client);
	rules_free(&q->rules);
	log_number(&q->log, "verdict", q->verdict);
	log_number(&q->log, "junk", q->junk);
	log_write(&q->log);
}

static bool
question_read(struct question *q, struct span line)
{
	record_get(line, "id", &q->id);
	record_get(line, "user", &q->user);
	return record_is(line, "verify") &&
	    record_get(line, "client", &q->client) &&
	    record_get(line, "helo", &q->helo) &&
	    record_get(line, "sender", &q->sender) &&
	    record_get_number(line, "offset", FD_OFFSET_MAX, &q->offset) &&
	    record_get_number(line, "size", INT64_MAX / 2, &q->size);
}

static int
answer_send(const struct question *q)
{
	struct str packet = STR_INIT;
	int r;

	record_verb(&packet, "answer");
	record_add_number(&packet, "verdict", q->verdict);
	record_add_number(&packet, "junk", q->junk);
	record_add(&packet, "text", str_span(&q->text));
	record_end(&packet);
	str_add(&packet, str_span(&q->field));
	r = sock_send(0, str_span(&packet), NULL, 0) == 0 ? DONE : TEMP;
	str_free(&packet);
	return r;
}

static void
question_free(struct question *q)
{
	struct str *const all[] = { &q->id, &q->client, &q->helo, &q->sender,
		&q->user, &q->text, &q->field };

	for (size_t i = 0; i < COUNT(all); i++)
		str_free(all[i]);
}

int
question_answer(struct service *s)
{
	struct pollfd p = { .fd = 0, .events = POLLIN };
	struct proc_cpu cpu = { 0 };
	struct question *q = mem_new(sizeof *q);
	struct str packet = STR_INIT;
	struct span rest, line;
	int fds[FDS_MAX], r = DATA;
	size_t count = 0;

	*q = (struct question){ .service = s };
	str_init(&q->id), str_init(&q->client), str_init(&q->helo);
	str_init(&q->sender), str_init(&q->user), str_init(&q->text);
	str_init(&q->field);
	if (poll(&p, 1, REQUEST_MS) == 1 &&
	    sock_receive(0, 0, &packet, fds, &count) == 1 && count == 1) {
		rest = str_span(&packet);
		q->message = fds[0];
		dns_refresh(s->dns);
		proc_cpu_renew(&cpu, CPU_S);
		if (span_line(&rest, &line) && question_read(q, line)) {
			answer_make(q);
			r = answer_send(q);
		}
	}
	while (count > 0)
		close(fds[--count]);
	str_free(&packet);
	question_free(q);
	free(q);
	return r;
}
