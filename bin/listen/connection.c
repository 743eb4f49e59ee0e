/* Counting connections, and handing them to the program. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "acceptor.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/record.h"
#include "os/sock.h"

static const char *
address_text(const struct in6_addr *a, char text[INET6_ADDRSTRLEN])
{
	return IN6_IS_ADDR_V4MAPPED(a)
	    ? inet_ntop(AF_INET, &a->s6_addr[12], text, INET6_ADDRSTRLEN)
	    : inet_ntop(AF_INET6, a, text, INET6_ADDRSTRLEN);
}

static void
log_ends(struct logline *line, const struct listener *l, const struct ends *e)
{
	char text[INET6_ADDRSTRLEN];

	log_text(line, "service", l->service);
	log_text(line, "client",
	    e->local ? "local" : address_text(&e->remote, text));
	if (!e->local)
		log_number(line, "port", e->remote_port);
}

void
log_refusal(struct acceptor *a, const struct listener *l, const struct ends *e,
    const char *reason)
{
	int64_t second = clock_mono_ms() / 1000;
	struct logline line;

	if (second != a->refused_at) {
		a->refused_at = second;
		a->refused_count = 0;
	}
	if (a->refused_count++ >= REFUSALS_A_SECOND) {
		a->unlogged++;
		return;
	}
	log_start(&line, "refused");
	log_ends(&line, l, e);
	log_text(&line, "reason", reason);
	if (a->unlogged > 0)
		log_number(&line, "unlogged", a->unlogged);
	a->unlogged = 0;
	log_write(&line);
}

/* Send the protocol's refusal, if that is possible at once, and close. The
 * peer's input is read first, or the close would cause a reset that discards
 * the refusal. */
static void
refuse(struct acceptor *a, int fd, const struct listener *l,
    const struct ends *e, bool of_source)
{
	struct span words = span_text(refusal_words(l->service, of_source));
	char waste[512];

	log_refusal(a, l, e, of_source ? "source" : "total");
	if (words.len > 0) {
		(void)!recv(fd, waste, sizeof waste, MSG_DONTWAIT);
		(void)!send(
		    fd, words.at, words.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	close(fd);
}

static void
facts_write(struct str *packet, const struct connection *c)
{
	const struct ends *e = &c->ends;
	char text[INET6_ADDRSTRLEN];

	str_clear(packet);
	record_verb(packet, "conn");
	record_add_number(packet, "n", (int64_t)c->number);
	if (c->id[0] != '\0')
		record_add_text(packet, "CONNECTION", c->id);
	if (c->listener->service[0] != '\0')
		record_add_text(packet, "SERVICE", c->listener->service);
	record_add_text(packet, "PROTO", e->local ? "UNIX" : "TCP");
	record_add_text(packet, "TCPREMOTEIP",
	    e->local ? "local" : address_text(&e->remote, text));
	if (e->local)
		return;
	record_add_number(packet, "TCPREMOTEPORT", e->remote_port);
	record_add_text(packet, "TCPLOCALIP", address_text(&e->own, text));
	record_add_number(packet, "TCPLOCALPORT", e->own_port);
}

void
connection_hand_over(struct acceptor *a)
{
	facts_write(&a->packet, a->held_as);
	if (sock_send(a->channel, str_span(&a->packet), &a->held, 1) < 0) {
		/* The program is slow or just starting: the next ones wait in
		 * the kernel's queue of the socket. */
		if (errno == EAGAIN)
			return;
		if (errno == ETOOMANYREFS || errno == ENOBUFS) {
			poll(NULL, 0, 20);
			return;
		}
		log_refusal(
		    a, a->held_as->listener, &a->held_as->ends, "channel");
		table_drop(&a->table, a->held_as);
	}
	close(a->held);
	a->held = -1;
}

/* Log a connection's start or end. */
static void
connection_log(
    struct logline *line, const char *event, const struct connection *c)
{
	log_start(line, event);
	if (c->id[0] != '\0')
		log_text(line, "conn", c->id);
	log_ends(line, c->listener, &c->ends);
}

static void
start_log(const struct connection *c)
{
	struct logline line;

	connection_log(&line, "connect", c);
	log_write(&line);
}

void
connection_admit(
    struct acceptor *a, int fd, const struct listener *l, const struct ends *e)
{
	uint64_t source = source_of(e, a->options->count_local);
	struct connection *c;

	if (source != 0 && a->options->per_source > 0 &&
	    table_of_source(&a->table, source) >= a->options->per_source) {
		refuse(a, fd, l, e, true);
		return;
	}
	c = a->held >= 0 ? NULL : table_take(&a->table, source);
	if (c == NULL) {
		refuse(a, fd, l, e, false);
		return;
	}
	c->began = clock_mono_ms();
	c->listener = l;
	c->ends = *e;
	c->id[0] = '\0';
	if (!l->packets)
		table_name(&a->table, c);
	if (a->options->log_starts)
		start_log(c);
	a->held = fd;
	a->held_as = c;
	connection_hand_over(a);
}

/* The program was restarted and does not know these connections. */
static void
forget_all(struct acceptor *a)
{
	for (size_t i = 0; i < a->table.size; i++) {
		struct connection *c = &a->table.at[i];

		if (c->number != 0 && (a->held < 0 || c != a->held_as))
			table_drop(&a->table, c);
	}
}

void
connection_ended(struct acceptor *a, struct span record)
{
	struct connection *c;
	struct logline line;
	uint64_t number, code = 0;

	if (record_is(record, "restart"))
		forget_all(a);
	if (!record_is(record, "end") ||
	    !record_get_number(record, "n", INT64_MAX, &number) ||
	    (c = table_find(&a->table, number)) == NULL)
		return;
	record_get_number(record, "exit", 255, &code);
	connection_log(&line, "connection", c);
	log_number(&line, "ms", clock_mono_ms() - c->began);
	log_number(&line, "exit", (int64_t)code);
	log_write(&line);
	table_drop(&a->table, c);
}
