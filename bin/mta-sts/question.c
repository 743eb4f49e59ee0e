#include <poll.h>
#include <unistd.h>

#include "base/die.h"
#include "base/record.h"
#include "mail/domain.h"
#include "os/sock.h"
#include "service.h"

enum { REQUEST_MS = 10000 };

/* The domain becomes a file name in the cache and part of a URL. */
bool
question_domain(struct span text, struct str *domain_r)
{
	str_clear(domain_r);
	return text.len <= DOMAIN_PLAIN_MAX && domain_fold(text, domain_r) &&
	    domain_is_plain(str_span(domain_r));
}

static void
policy_add(const struct known *k, struct str *out)
{
	record_verb(out, "ok");
	record_add_text(out, "mode", sts_mode_text(k->policy.mode));
	record_add(out, "id", str_span(&k->id));
	record_add_number(out, "max-age", k->policy.max_age);
	for (size_t i = 0; i < k->policy.count; i++)
		record_add(out, "mx", k->policy.mx[i]);
}

/* Closing without an answer makes the client defer the mail. */
static void
answer_make(const struct service *s, struct span domain, struct str *out)
{
	struct arena a = ARENA_INIT;
	struct known k;

	known_init(&k);
	switch (policy_find(s, domain, &a, &k)) {
	case STS_FOUND:
		policy_add(&k, out);
		break;
	case STS_ABSENT:
		record_verb(out, "none");
		break;
	case STS_LATER:
		die(TEMP, "read what is known of %.*s", (int)domain.len,
		    domain.at);
	case STS_FAILED:
		record_verb(out, "fail");
		record_add(out, "result", str_span(&k.result));
		record_add(out, "text", str_span(&k.why));
		break;
	}
	record_end(out);
	known_free(&k);
	arena_free(&a);
}

int
question_answer(const struct service *s)
{
	struct pollfd p = { .fd = 0, .events = POLLIN };
	struct str packet = STR_INIT, word = STR_INIT, domain = STR_INIT;
	int fds[FDS_MAX], r = DATA;
	struct span rest, line;
	size_t count = 0;

	if (poll(&p, 1, REQUEST_MS) == 1 &&
	    sock_receive(0, 0, &packet, fds, &count) == 1) {
		while (count > 0)
			close(fds[--count]);
		rest = str_span(&packet);
		if (span_line(&rest, &line) && record_is(line, "policy") &&
		    record_get(line, "domain", &word)) {
			str_clear(&packet);
			if (question_domain(str_span(&word), &domain))
				answer_make(s, str_span(&domain), &packet);
			else
				str_add_text(&packet, "none\n");
			r = sock_send(0, str_span(&packet), NULL, 0) == 0
			    ? DONE
			    : TEMP;
		}
	}
	str_free(&packet);
	str_free(&word);
	str_free(&domain);
	return r;
}
