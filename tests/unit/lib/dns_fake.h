/* A name server in a child process, over UDP and TCP of one free port of
 * 127.0.0.1, and a configuration folder that names it. What it answers is the
 * test's own function. */
#ifndef DNS_FAKE_H
#define DNS_FAKE_H

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "net/dns.h"
#include "net/mx.h"

/* One question, and where its answer goes. */
struct fake_query {
	const unsigned char *at;
	size_t len;
	char name[NS_MAXDNAME]; /* in lower case, without the last dot; the
				 * root is "." */
	int type;
	bool tcp;
	unsigned seen; /* questions before this one */
	int fd;
	struct sockaddr_in from;
};
typedef void fake_answer(const struct fake_query *q);

struct fake {
	char folder[40];
	int etc;
	uint16_t port;
	pid_t pid;
	unsigned *queries; /* shared with the child */
};

struct fake_packet {
	unsigned char at[66000];
	size_t len;
};

static inline size_t
fake_name(const char *text, unsigned char *out)
{
	size_t len = 0;

	for (const char *p = text; *p != '\0'; p += *p == '.') {
		size_t n = strcspn(p, ".");

		out[len++] = (unsigned char)n;
		memcpy(out + len, p, n);
		len += n;
		p += n;
	}
	out[len++] = 0;
	return len;
}

/* Bytes of a name in a packet; "." is the root. */
static inline size_t
fake_size(const char *name)
{
	return strcmp(name, ".") == 0 ? 1 : strlen(name) + 2;
}

/* Its header and question come back; no record yet. */
static inline void
fake_start(struct fake_packet *p, const struct fake_query *q, int rcode)
{
	size_t question = NS_HFIXEDSZ + fake_size(q->name) + NS_QFIXEDSZ;

	memcpy(p->at, q->at, question);
	p->len = question;
	p->at[2] = 0x81; /* QR, RD */
	p->at[3] = (unsigned char)(0x80 | rcode);
	memset(p->at + 6, 0, 6);
}

/* section: 0 answers, 1 name servers, 2 additional. */
static inline void
fake_record(struct fake_packet *p, int section, const char *owner, int type,
    const void *data, size_t len)
{
	unsigned char *count = p->at + 6 + 2 * section;

	ns_put16((uint16_t)(ns_get16(count) + 1), count);
	p->len += fake_name(owner, p->at + p->len);
	ns_put16((uint16_t)type, p->at + p->len);
	ns_put16(ns_c_in, p->at + p->len + 2);
	ns_put32(300, p->at + p->len + 4);
	ns_put16((uint16_t)len, p->at + p->len + 8);
	memcpy(p->at + p->len + 10, data, len);
	p->len += 10 + len;
}

/* The record's data as text: "192.0.2.1", "10 mx.example.org", a name; for
 * TXT one string, for TLSA three digits and a text. */
static inline void
fake_text(struct fake_packet *p, const char *owner, int type, const char *text)
{
	unsigned char data[NS_MAXDNAME + 2];
	size_t len = 0;
	char *host;

	switch (type) {
	case ns_t_a:
		inet_pton(AF_INET, text, data);
		len = 4;
		break;
	case ns_t_aaaa:
		inet_pton(AF_INET6, text, data);
		len = 16;
		break;
	case ns_t_mx:
		ns_put16((uint16_t)strtoul(text, &host, 10), data);
		len = 2 + fake_name(host + 1, data + 2);
		break;
	case ns_t_txt:
		len = strlen(text);
		data[0] = (unsigned char)len;
		memcpy(data + 1, text, len++);
		break;
	case ns_t_tlsa:
		for (; len < 3; len++)
			data[len] = (unsigned char)(text[len] - '0');
		memcpy(data + 3, text + 3, strlen(text + 3));
		len = strlen(text);
		break;
	default:
		len = fake_name(text, data);
	}
	fake_record(p, 0, owner, type, data, len);
}

struct fake_zone {
	const char *name;
	int type;
	const char *data;
};

/* What a server that recurses finds: the CNAMEs and what they lead to. The zone
 * ends with a NULL name. */
static inline void
fake_find(struct fake_packet *p, const struct fake_zone *zone, const char *name,
    int type, int hops)
{
	bool exists = false;

	for (const struct fake_zone *z = zone; z->name != NULL; z++) {
		if (strcmp(z->name, name) != 0)
			continue;
		exists = true;
		if (z->type == type)
			fake_text(p, name, type, z->data);
		else if (z->type == ns_t_cname && hops > 0) {
			fake_text(p, name, ns_t_cname, z->data);
			fake_find(p, zone, z->data, type, hops - 1);
		}
	}
	if (!exists)
		p->at[3] |= ns_r_nxdomain;
}

static inline void
fake_send(const struct fake_query *q, const struct fake_packet *p)
{
	unsigned char size[2];

	if (!q->tcp) {
		sendto(q->fd, p->at, p->len, 0,
		    (const struct sockaddr *)&q->from, sizeof q->from);
		return;
	}
	ns_put16((uint16_t)p->len, size);
	(void)!write(q->fd, size, sizeof size);
	(void)!write(q->fd, p->at, p->len);
}

static inline void
fake_handle(struct fake *f, struct fake_query *q, fake_answer *answer)
{
	q->seen = (*f->queries)++;
	if (q->len < NS_HFIXEDSZ ||
	    ns_name_uncompress(q->at, q->at + q->len, q->at + NS_HFIXEDSZ,
		q->name, sizeof q->name) < 0)
		return;
	for (char *p = q->name; *p != '\0'; p++)
		*p = byte_lower(*p);
	q->type = ns_get16(q->at + NS_HFIXEDSZ + fake_size(q->name));
	answer(q);
}

static inline void
fake_serve(struct fake *f, int udp, int tcp, fake_answer *answer)
{
	unsigned char bytes[1500];

	for (;;) {
		struct pollfd p[2] = { { udp, POLLIN, 0 }, { tcp, POLLIN, 0 } };
		struct fake_query q = { .at = bytes };
		socklen_t len = sizeof q.from;
		ssize_t n = 0;

		if (poll(p, 2, -1) < 0)
			continue;
		if (p[0].revents != 0) {
			q.fd = udp;
			n = recvfrom(udp, bytes, sizeof bytes, 0,
			    (struct sockaddr *)&q.from, &len);
		} else {
			q.tcp = true;
			q.fd = accept(tcp, NULL, NULL);
			n = recv(q.fd, bytes, 2, MSG_WAITALL);
			if (n == 2)
				n = recv(
				    q.fd, bytes, ns_get16(bytes), MSG_WAITALL);
		}
		q.len = n < 0 ? 0 : (size_t)n;
		fake_handle(f, &q, answer);
		if (q.tcp)
			close(q.fd);
	}
}

static inline void
fake_file(const struct fake *f, const char *name, const char *text)
{
	int fd = openat(f->etc, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

/* Returns false when the machine does not let us. */
static inline bool
fake_open(struct fake *f, fake_answer *answer)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	int tcp = socket(AF_INET, SOCK_STREAM, 0);
	char line[40];

	strcpy(f->folder, "/tmp/chainmail-dns-XXXXXX");
	f->queries = mmap(NULL, sizeof *f->queries, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (f->queries == MAP_FAILED || mkdtemp(f->folder) == NULL ||
	    bind(tcp, (struct sockaddr *)&at, len) < 0 || listen(tcp, 9) < 0 ||
	    getsockname(tcp, (struct sockaddr *)&at, &len) < 0 ||
	    bind(udp, (struct sockaddr *)&at, len) < 0)
		return false;
	f->port = ntohs(at.sin_port);
	f->etc = open(f->folder, O_RDONLY | O_DIRECTORY);
	snprintf(line, sizeof line, "127.0.0.1:%u\n", (unsigned)f->port);
	fake_file(f, "dns", line);
	fake_file(f, "hosts", "");
	f->pid = fork();
	if (f->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fake_serve(f, udp, tcp, answer);
	}
	close(udp);
	close(tcp);
	return f->pid > 0;
}

static inline void
fake_close(struct fake *f)
{
	static const char *const names[] = { "dns", "hosts", "routes",
		"routes.auth" };

	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	for (size_t i = 0; i < COUNT(names); i++)
		unlinkat(f->etc, names[i], 0);
	close(f->etc);
	rmdir(f->folder);
	munmap(f->queries, sizeof *f->queries);
}

/* What a test of questions has: the server, one who asks it, memory, and what
 * the last question brought. */
struct fake_world {
	struct fake fake;
	struct dns *dns;
	struct arena arena;
	struct dns_answer answer;
	struct dns_host host;
	struct mx mx;
};

/* The configuration has changed. */
static inline void
fake_world_reread(struct fake_world *w)
{
	dns_close(w->dns);
	w->dns = dns_open(w->fake.etc, NULL, NULL);
}

/* For a test's setup, which takes the world as its state. */
static inline int
fake_world_new(void **state, fake_answer *answer)
{
	struct fake_world *w = calloc(1, sizeof *w);

	if (w == NULL || !fake_open(&w->fake, answer)) {
		free(w);
		return -1;
	}
	w->dns = dns_open(w->fake.etc, NULL, NULL);
	*state = w;
	return 0;
}

static inline int
fake_world_free(void **state)
{
	struct fake_world *w = *state;

	dns_close(w->dns);
	arena_free(&w->arena);
	fake_close(&w->fake);
	free(w);
	return 0;
}

#endif
