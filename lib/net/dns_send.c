/* Queries to the servers (RFC 1035 4.2): a packet each way, over TCP when the
 * answer is truncated (RFC 7766). Every query has a new random id and uses a
 * new socket, so a new port (RFC 5452 9.2); a connected socket receives only
 * from this server. */
#include <arpa/nameser.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "net/dns_inside.h"

enum {
	UDP_MAX = 1232, /* our advertised size: avoids fragments */
	FLAGS = 0x0120  /* recursion desired; AD wanted (RFC 6840 5.7) */
};

static void
put16(struct dns_query *q, unsigned n)
{
	q->at[DNS_LENGTH + q->len++] = (unsigned char)(n >> 8);
	q->at[DNS_LENGTH + q->len++] = (unsigned char)n;
}

/* One byte of a name. As libc writes them, "\." is a dot inside a label and
 * "\032" a byte by its number. Bytes that libc would escape must be escaped, for
 * the answer's names to be equal. */
static bool
byte_take(struct span *name, bool *escaped_r, unsigned char *byte_r)
{
	static const char special[] = "\"$();@\\.";
	unsigned n = 0;
	char c;

	span_take_byte(name, &c);
	*escaped_r = c == '\\';
	if (!*escaped_r) {
		*byte_r = (unsigned char)c;
		return c > ' ' && c <= '~' &&
		    (c == '.' || strchr(special, c) == NULL);
	}
	if (!span_take_byte(name, &c))
		return false;
	if (!byte_is_digit(c)) {
		*byte_r = (unsigned char)c;
		return c != '\0' && strchr(special, c) != NULL;
	}
	for (int i = 0; i < 3; i++) {
		if (i > 0 && (!span_take_byte(name, &c) || !byte_is_digit(c)))
			return false;
		n = n * 10 + (unsigned)(c - '0');
	}
	*byte_r = (unsigned char)n;
	return n < 256 && (n <= ' ' || n > '~');
}

static bool
name_put(struct dns_query *q, struct span name)
{
	size_t start = q->len++; /* of the label: its length */
	bool escaped;
	unsigned char byte;

	while (name.len > 0) {
		size_t label = q->len - start - 1;

		if (!byte_take(&name, &escaped, &byte))
			return false;
		if (byte == '.' && !escaped) {
			if (label == 0 || name.len == 0)
				return false;
			q->at[DNS_LENGTH + start] = (unsigned char)label;
			start = q->len++;
		} else if (label == NS_MAXLABEL)
			return false;
		else
			q->at[DNS_LENGTH + q->len++] = byte;
		if (q->len > NS_HFIXEDSZ + NS_MAXCDNAME - 1)
			return false;
	}
	if (q->len - start == 1)
		return false;
	q->at[DNS_LENGTH + start] = (unsigned char)(q->len - start - 1);
	q->at[DNS_LENGTH + q->len++] = 0;
	return true;
}

bool
dns_can_ask(struct span name)
{
	struct dns_query q = { .len = NS_HFIXEDSZ };

	return name_put(&q, name);
}

bool
dns_query_make(struct dns_query *q, const struct dns_question *what, bool edns)
{
	q->len = 0;
	q->edns = edns;
	if (getrandom(&q->id, sizeof q->id, 0) != sizeof q->id)
		die(TEMP, "random bytes");
	put16(q, q->id);
	put16(q, FLAGS);
	put16(q, 1);
	put16(q, 0);
	put16(q, 0);
	put16(q, edns);
	if (what->name.len == 0)
		q->at[DNS_LENGTH + q->len++] = 0;
	else if (!name_put(q, what->name))
		return false;
	put16(q, (unsigned)what->type);
	put16(q, ns_c_in);
	q->question = q->len - NS_HFIXEDSZ;
	if (edns) { /* RFC 6891 6.1.2: an OPT record at the root */
		q->at[DNS_LENGTH + q->len++] = 0;
		put16(q, ns_t_opt);
		put16(q, UDP_MAX);
		put16(q, 0);
		put16(q, 0);
		put16(q, 0);
	}
	q->at[0] = (unsigned char)(q->len >> 8);
	q->at[1] = (unsigned char)q->len;
	return true;
}

/* The packet repeats the question after its header; the case of letters may
 * differ. */
static bool
repeats(struct span packet, const struct dns_query *q)
{
	struct span sent = { (const char *)q->at + DNS_LENGTH + NS_HFIXEDSZ,
		q->question };

	return packet.at[4] == 0 && packet.at[5] == 1 &&
	    span_equal_case(
		span_head(span_from(packet, NS_HFIXEDSZ), sent.len), sent);
}

enum dns_sent
dns_packet_judge(struct span packet, const struct dns_query *q)
{
	const unsigned char *p = (const unsigned char *)packet.at;
	int rcode;

	if (packet.len < NS_HFIXEDSZ || ns_get16(p) != q->id ||
	    (p[2] & 0x80) == 0)
		return DNS_SENT_SILENT;
	rcode = p[3] & 0x0f;
	/* RFC 6891 7: a server without EDNS may answer like this. */
	if (q->edns && (rcode == ns_r_formerr || rcode == ns_r_notimpl))
		return DNS_SENT_PLAIN;
	if (!repeats(packet, q))
		return DNS_SENT_SILENT;
	if ((p[2] & 0x02) != 0)
		return DNS_SENT_TRUNCATED;
	return rcode == ns_r_noerror || rcode == ns_r_nxdomain
	    ? DNS_SENT_GOOD
	    : DNS_SENT_FAILED;
}

int
dns_server_connect(const struct dns_server *s, int type)
{
	int fd = socket(
	    s->at.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&s->at, s->len) < 0 &&
	    errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool
await(int fd, short events, int64_t until)
{
	struct pollfd p = { fd, events, 0 };

	for (;;) {
		int64_t left = until - clock_mono_ms();
		int n = left <= 0 ? 0 : poll(&p, 1, (int)left);

		if (n >= 0)
			return n > 0;
		if (errno != EINTR && errno != EAGAIN)
			return false;
	}
}

static enum dns_sent
udp_receive(struct dns *d, int fd, const struct dns_query *q, int64_t until,
    size_t *len_r)
{
	enum dns_sent r = DNS_SENT_SILENT;

	while (r == DNS_SENT_SILENT && await(fd, POLLIN, until)) {
		ssize_t n = recv(fd, d->packet, sizeof d->packet, 0);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return errno == ECONNREFUSED ? DNS_SENT_NOBODY
						     : DNS_SENT_FAILED;
		if (n < 0)
			continue;
		*len_r = (size_t)n;
		r = dns_packet_judge(
		    (struct span){ (const char *)d->packet, *len_r }, q);
	}
	return r;
}

static enum dns_sent
udp_ask(struct dns *d, const struct dns_server *s,
    const struct dns_question *what, bool edns, int64_t until, size_t *len_r)
{
	struct dns_query q;
	enum dns_sent r = DNS_SENT_FAILED;
	int fd;

	if (!dns_query_make(&q, what, edns))
		return DNS_SENT_FAILED;
	fd = dns_server_connect(s, SOCK_DGRAM);
	if (fd < 0)
		return DNS_SENT_FAILED;
	if (send(fd, q.at + DNS_LENGTH, q.len, MSG_NOSIGNAL) == (ssize_t)q.len)
		r = udp_receive(d, fd, &q, until, len_r);
	close(fd);
	return r;
}

/* Read len bytes; false when that fails or takes too long. */
static bool
read_full(int fd, unsigned char *at, size_t len, int64_t until)
{
	while (len > 0) {
		ssize_t n;

		if (!await(fd, POLLIN, until))
			return false;
		n = recv(fd, at, len, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return true;
}

static enum dns_sent
tcp_receive(struct dns *d, int fd, const struct dns_query *q, int64_t until,
    size_t *len_r)
{
	size_t whole = DNS_LENGTH + q->len;
	unsigned char size[DNS_LENGTH];
	enum dns_sent r;

	/* It fits into any socket's buffer. */
	if (!await(fd, POLLOUT, until) ||
	    send(fd, q->at, whole, MSG_NOSIGNAL) != (ssize_t)whole ||
	    !read_full(fd, size, sizeof size, until))
		return DNS_SENT_FAILED;
	*len_r = ns_get16(size);
	if (!read_full(fd, d->packet, *len_r, until))
		return DNS_SENT_FAILED;
	r = dns_packet_judge(
	    (struct span){ (const char *)d->packet, *len_r }, q);
	return r == DNS_SENT_GOOD ? r : DNS_SENT_FAILED;
}

static enum dns_sent
tcp_ask(struct dns *d, const struct dns_server *s,
    const struct dns_question *what, int64_t until, size_t *len_r)
{
	struct dns_query q;
	enum dns_sent r;
	int fd;

	if (!dns_query_make(&q, what, false))
		return DNS_SENT_FAILED;
	fd = dns_server_connect(s, SOCK_STREAM);
	if (fd < 0)
		return DNS_SENT_FAILED;
	r = tcp_receive(d, fd, &q, until, len_r);
	close(fd);
	return r;
}

static enum dns_sent
server_ask(struct dns *d, const struct dns_server *s,
    const struct dns_question *what, int64_t until, size_t *len_r)
{
	enum dns_sent r = udp_ask(d, s, what, true, until, len_r);

	if (r == DNS_SENT_PLAIN)
		r = udp_ask(d, s, what, false, until, len_r);
	if (r == DNS_SENT_TRUNCATED)
		r = tcp_ask(d, s, what, until, len_r);
	return r;
}

enum dns_reply
dns_exchange(struct dns *d, struct dns_group *g, const struct dns_question *q,
    int64_t deadline, struct span *packet_r)
{
	bool failed[DNS_SERVERS_MAX] = { false };
	size_t rounds = g->count > 1 ? 2 : 3, first = g->best;
	size_t left = rounds * g->count, absent = 0;

	for (size_t i = 0; left > 0 && g->count > 0; i++, left--) {
		size_t at = (first + i) % g->count, len;
		int64_t now = clock_mono_ms();
		int64_t part = (deadline - now) / (int64_t)left;

		if (failed[at] || part <= 0)
			continue;
		switch (server_ask(d, &g->servers[at], q, now + part, &len)) {
		case DNS_SENT_GOOD:
			g->best = at;
			*packet_r = (struct span){ (const char *)d->packet,
				len };
			return DNS_REPLY;
		case DNS_SENT_NOBODY:
			absent++;
			failed[at] = true;
			break;
		case DNS_SENT_TRUNCATED:
		case DNS_SENT_PLAIN:
		case DNS_SENT_FAILED:
			failed[at] = true;
			break;
		case DNS_SENT_SILENT:
			break;
		}
	}
	return absent == g->count ? DNS_NO_SERVER : DNS_NO_REPLY;
}
