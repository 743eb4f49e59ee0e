#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/record.h"
#include "net/sts.h"
#include "os/dirs.h"
#include "os/sock.h"

static void
mode_read(struct span value, struct sts_answer *answer_r)
{
	for (int m = STS_NONE; m <= STS_ENFORCE; m++)
		if (span_equal(
			value, span_text(sts_mode_text((enum sts_mode)m))))
			answer_r->policy.mode = (enum sts_mode)m;
}

static void
policy_read(struct span line, struct arena *a, struct sts_answer *answer_r)
{
	struct sts_policy *p = &answer_r->policy;
	struct str value = STR_INIT;
	struct span key;
	uint64_t n;

	p->mx = arena_new(a, STS_HOSTS_MAX * sizeof *p->mx);
	while (record_next(&line, &key, &value)) {
		if (span_equal(key, SPAN("mode")))
			mode_read(str_span(&value), answer_r);
		else if (span_equal(key, SPAN("max-age")) &&
		    span_is_number(str_span(&value), STS_AGE_MAX, &n))
			p->max_age = (uint32_t)n;
		else if (span_equal(key, SPAN("mx")) &&
		    p->count < STS_HOSTS_MAX)
			p->mx[p->count++] = arena_copy(a, str_span(&value));
	}
	str_free(&value);
}

void
sts_answer_read(struct span line, struct arena *a, struct sts_answer *answer_r)
{
	struct str value = STR_INIT;

	*answer_r = (struct sts_answer){ .result = STS_LATER };
	if (record_is(line, "ok")) {
		answer_r->result = STS_FOUND;
		policy_read(line, a, answer_r);
	} else if (record_is(line, "none")) {
		answer_r->result = STS_ABSENT;
	} else if (record_is(line, "fail")) {
		answer_r->result = STS_FAILED;
		record_get(line, "result", &value);
		answer_r->failure = arena_copy(a, str_span(&value)).at;
		record_get(line, "text", &value);
		answer_r->text = arena_copy(a, str_span(&value));
	} else {
		answer_r->text = SPAN("mta-sts does not answer");
	}
	str_free(&value);
}

/* One packet within the time limit, or nothing. */
static void
packet_await(int sock, struct str *packet_r)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	int64_t until = clock_mono_ms() + STS_ASK_MS;
	int fds[FDS_MAX], n;
	size_t count = 0;

	do {
		int64_t left = until - clock_mono_ms();

		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		sock_receive(sock, 0, packet_r, fds, &count);
	while (count > 0)
		close(fds[--count]);
}

void
sts_ask(struct span domain, struct arena *a, struct sts_answer *answer_r)
{
	struct str path = STR_INIT, packet = STR_INIT;
	struct span rest, line = SPAN("");
	int sock;

	str_setf(&path, "%s/sts", dir_run());
	sock = sock_connect_unix(path.at, SOCK_SEQPACKET, STS_ASK_MS);
	str_free(&path);
	if (sock < 0 && errno == ENOENT) {
		*answer_r = (struct sts_answer){ .result = STS_ABSENT };
		return;
	}
	if (sock >= 0) {
		record_verb(&packet, "policy");
		record_add(&packet, "domain", domain);
		if (sock_send(sock, str_span(&packet), NULL, 0) == 0) {
			str_clear(&packet);
			packet_await(sock, &packet);
			rest = str_span(&packet);
			span_line(&rest, &line);
		}
		close(sock);
	}
	sts_answer_read(line, a, answer_r);
	str_free(&packet);
}
