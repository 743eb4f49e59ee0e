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
	OPT_SIZE = 11,
	QUERY_MAX = NS_HFIXEDSZ + NS_MAXCDNAME + NS_QFIXEDSZ + OPT_SIZE,
	FLAGS = 0x0120, /* recursion desired; AD wanted (RFC 6840 5.7) */
	LENGTH = 2      /* length prefix over TCP */
};

enum reply {
	REPLY_GOOD,      /* the packet is in d->packet */
	REPLY_TRUNCATED, /* ask over TCP */
	REPLY_PLAIN,     /* ask without EDNS */
	REPLY_FAILED,    /* the server has no answer */
	REPLY_NOBODY,    /* no server listens */
	REPLY_SILENT     /* nothing came in time */
};

/* One query; len bytes after room for the length. */
struct query {
	unsigned char at[LENGTH + QUERY_MAX];
	size_t len;
	size_t question; /* its length, after the header */
	uint16_t id;
	bool edns;
};

static void
put16(struct query *q, unsigned n)
{
	q->at[LENGTH + q->len++] = (unsigned char)(n >> 8);
	q->at[LENGTH + q->len++] = (unsigned char)n;
}

/* Names are given without escapes; bytes that libc would escape never occur in
 * a host or domain name. */
static bool
name_put(struct query *q, struct span name)
{
	static const char escaped[] = "\"$();@\\";

	if (name.len == 0 || name.len > NS_MAXCDNAME - 2)
		return false;
	while (name.len > 0) {
		struct span label = span_head(name, span_find(name, '.'));

		if (label.len == 0 || label.len > NS_MAXLABEL)
			return false;
		q->at[LENGTH + q->len++] = (unsigned char)label.len;
		for (size_t i = 0; i < label.len; i++) {
			char c = label.at[i];

			if (c <= ' ' || c > '~' || strchr(escaped, c) != NULL)
				return false;
			q->at[LENGTH + q->len++] = (unsigned char)c;
		}
		name = span_from(name, label.len);
		if (span_take(&name, '.') && name.len == 0)
			return false;
	}
	q->at[LENGTH + q->len++] = 0;
	return true;
}

bool
dns_can_ask(struct span name)
{
	struct query q = { .len = 0 };

	return name_put(&q, name);
}

static bool
query_make(struct query *q, const struct dns_question *what, bool edns)
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
		q->at[LENGTH + q->len++] = 0;
	else if (!name_put(q, what->name))
		return false;
	put16(q, (unsigned)what->type);
	put16(q, ns_c_in);
	q->question = q->len - NS_HFIXEDSZ;
	if (edns) { /* RFC 6891 6.1.2: an OPT record at the root */
		q->at[LENGTH + q->len++] = 0;
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
repeats(struct span packet, const struct query *q)
{
	struct span sent = { (const char *)q->at + LENGTH + NS_HFIXEDSZ,
		q->question };

	return packet.at[4] == 0 && packet.at[5] == 1 &&
	    span_equal_case(
		span_head(span_from(packet, NS_HFIXEDSZ), sent.len), sent);
}

/* The meaning of a packet for this query; REPLY_SILENT: not ours, keep
 * waiting. */
static enum reply
packet_judge(struct span packet, const struct query *q)
{
	const unsigned char *p = (const unsigned char *)packet.at;
	int rcode;

	if (packet.len < NS_HFIXEDSZ || ns_get16(p) != q->id ||
	    (p[2] & 0x80) == 0)
		return REPLY_SILENT;
	rcode = p[3] & 0x0f;
	/* RFC 6891 7: a server without EDNS may answer like this. */
	if (q->edns && (rcode == ns_r_formerr || rcode == ns_r_notimpl))
		return REPLY_PLAIN;
	if (!repeats(packet, q))
		return REPLY_SILENT;
	if ((p[2] & 0x02) != 0)
		return REPLY_TRUNCATED;
	return rcode == ns_r_noerror || rcode == ns_r_nxdomain ? REPLY_GOOD
							       : REPLY_FAILED;
}

static int
server_connect(const struct dns_server *s, int type)
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

static enum reply
udp_receive(
    struct dns *d, int fd, const struct query *q, int64_t until, size_t *len_r)
{
	enum reply r = REPLY_SILENT;

	while (r == REPLY_SILENT && await(fd, POLLIN, until)) {
		ssize_t n = recv(fd, d->packet, sizeof d->packet, 0);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return errno == ECONNREFUSED ? REPLY_NOBODY
						     : REPLY_FAILED;
		if (n < 0)
			continue;
		*len_r = (size_t)n;
		r = packet_judge(
		    (struct span){ (const char *)d->packet, *len_r }, q);
	}
	return r;
}

static enum reply
udp_ask(struct dns *d, const struct dns_server *s,
    const struct dns_question *what, bool edns, int64_t until, size_t *len_r)
{
	struct query q;
	enum reply r = REPLY_FAILED;
	int fd;

	if (!query_make(&q, what, edns))
		return REPLY_FAILED;
	fd = server_connect(s, SOCK_DGRAM);
	if (fd < 0)
		return REPLY_FAILED;
	if (send(fd, q.at + LENGTH, q.len, MSG_NOSIGNAL) == (ssize_t)q.len)
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

static enum reply
tcp_receive(
    struct dns *d, int fd, const struct query *q, int64_t until, size_t *len_r)
{
	size_t whole = LENGTH + q->len;
	unsigned char size[LENGTH];
	enum reply r;

	/* It fits into any socket's buffer. */
	if (!await(fd, POLLOUT, until) ||
	    send(fd, q->at, whole, MSG_NOSIGNAL) != (ssize_t)whole ||
	    !read_full(fd, size, sizeof size, until))
		return REPLY_FAILED;
	*len_r = ns_get16(size);
	if (!read_full(fd, d->packet, *len_r, until))
		return REPLY_FAILED;
	r = packet_judge((struct span){ (const char *)d->packet, *len_r }, q);
	return r == REPLY_GOOD ? r : REPLY_FAILED;
}

static enum reply
tcp_ask(struct dns *d, const struct dns_server *s,
    const struct dns_question *what, int64_t until, size_t *len_r)
{
	struct query q;
	enum reply r;
	int fd;

	if (!query_make(&q, what, false))
		return REPLY_FAILED;
	fd = server_connect(s, SOCK_STREAM);
	if (fd < 0)
		return REPLY_FAILED;
	r = tcp_receive(d, fd, &q, until, len_r);
	close(fd);
	return r;
}

static enum reply
server_ask(struct dns *d, const struct dns_server *s,
    const struct dns_question *what, int64_t until, size_t *len_r)
{
	enum reply r = udp_ask(d, s, what, true, until, len_r);

	if (r == REPLY_PLAIN)
		r = udp_ask(d, s, what, false, until, len_r);
	if (r == REPLY_TRUNCATED)
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
		case REPLY_GOOD:
			g->best = at;
			*packet_r = (struct span){ (const char *)d->packet,
				len };
			return DNS_REPLY;
		case REPLY_NOBODY:
			absent++;
			failed[at] = true;
			break;
		case REPLY_TRUNCATED:
		case REPLY_PLAIN:
		case REPLY_FAILED:
			failed[at] = true;
			break;
		case REPLY_SILENT:
			break;
		}
	}
	return absent == g->count ? DNS_NO_SERVER : DNS_NO_REPLY;
}
