/* One TLS connection as `send` makes it, told by words:
 *	tls-talk PORT [check=none|pkix|dane|pin] [server=NAME] [name=NAME ...]
 *	    [tlsa=USAGE,SELECTOR,MATCHING,HEX ...] [pin=HEX ...] [lenient=1]
 *	    [wait=MS] [idle=MS] [lines=N] [exporter=1]
 * Prints the outcome as a record; then sends N lines (1) and prints as many of
 * the peer's (or what became of them). exporter: prints the channel binding
 * first. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/die.h"
#include "base/encode.h"
#include "base/record.h"
#include "net/tls_client.h"
#include "os/conf.h"
#include "os/proc.h"

enum { LIST_MAX = 16, LINE_MAX_ = 100000 };

struct talk {
	struct tls_wish wish;
	struct span names[LIST_MAX];
	struct dns_record tlsa[LIST_MAX];
	unsigned char pins[LIST_MAX][TLS_PIN_LEN];
	int idle_ms;
	unsigned lines;
	bool exporter;
	struct arena arena;
};

static struct span
bytes_of(struct talk *t, struct span hex)
{
	struct str out = STR_INIT;
	struct span kept;

	if (!hex_decode(&out, hex))
		die(USAGE, "not hexadecimal");
	kept = arena_copy(&t->arena, str_span(&out));
	str_free(&out);
	return kept;
}

static void
check_take(struct talk *t, struct span value)
{
	static const char *const words[] = { "none", "pkix", "dane", "pin" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (span_equal(value, span_text(words[i])))
			t->wish.check = (enum tls_check)i;
}

static void
tlsa_take(struct talk *t, struct span value)
{
	struct dns_record *r = &t->tlsa[t->wish.tlsa_count++];
	uint64_t n[3] = { 0 };

	for (size_t i = 0; i < COUNT(n); i++)
		if (!span_number(&value, 255, &n[i]) || !span_take(&value, ','))
			die(USAGE, "tlsa=USAGE,SELECTOR,MATCHING,HEX");
	r->is.tlsa.usage = (uint8_t)n[0];
	r->is.tlsa.selector = (uint8_t)n[1];
	r->is.tlsa.matching = (uint8_t)n[2];
	r->is.tlsa.data = bytes_of(t, value);
}

static void
word_take(struct talk *t, struct span word)
{
	struct span key = SPAN(""), value;
	uint64_t n = 0;

	if (!span_until(&word, '=', &key))
		die(USAGE, "a word is KEY=VALUE");
	value = span_from(word, 1);
	span_is_number(value, INT32_MAX, &n);
	if (span_equal(key, SPAN("check")))
		check_take(t, value);
	else if (span_equal(key, SPAN("server")))
		t->wish.server = value;
	else if (span_equal(key, SPAN("name")))
		t->names[t->wish.name_count++] = value;
	else if (span_equal(key, SPAN("tlsa")))
		tlsa_take(t, value);
	else if (span_equal(key, SPAN("pin")))
		memcpy(t->pins[t->wish.pin_count++], bytes_of(t, value).at,
		    TLS_PIN_LEN);
	else if (span_equal(key, SPAN("lenient")))
		t->wish.lenient = n == 1;
	else if (span_equal(key, SPAN("wait")))
		t->wish.wait_ms = (int)n;
	else if (span_equal(key, SPAN("idle")))
		t->idle_ms = (int)n;
	else if (span_equal(key, SPAN("lines")))
		t->lines = (unsigned)n;
	else if (span_equal(key, SPAN("exporter")))
		t->exporter = n == 1;
	else
		die(USAGE, "no such word");
}

static int
connected(const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
		die(TEMP, "connect");
	return fd;
}

static void
outcome_print(const struct tls_outcome *o)
{
	printf("ok=%d authenticated=%d result=%s protocol=%s cipher=%s "
	       "text=%s\n",
	    o->ok, o->authenticated, o->result == NULL ? "-" : o->result,
	    o->protocol, o->cipher, o->text);
}

static void
exporter_print(const struct tls_wire *wire)
{
	struct str binding = STR_INIT, hex = STR_INIT;

	tls_wire_exporter(wire, &binding);
	hex_encode(&hex, str_span(&binding));
	printf("exporter=%s\n", hex.at);
	str_free(&binding);
	str_free(&hex);
}

/* More lines than the network takes at once, before the first is read. */
static void
lines_talk(struct talk *t, struct io *io)
{
	static const char *const words[] = { "", "eof", "timeout", "long",
		"bare" };
	struct span line;

	for (unsigned i = 0; i < t->lines; i++)
		io_putf(io, "line %u\r\n", i);
	for (unsigned i = 0; i < t->lines; i++) {
		enum io_result r = io_record(io, LINE_MAX_, &line);

		if (r != IO_OK) {
			printf("%s\n", words[r]);
			return;
		}
		printf("%.*s\n", (int)line.len, line.at);
	}
}

int
main(int argc, char **argv)
{
	struct talk t = { .lines = 1, .idle_ms = 5000, .arena = ARENA_INIT };
	struct tls_client *client;
	struct tls_outcome outcome;
	struct tls_wire *wire;
	struct io io;
	int tcp;

	proc_start(argv[0], 3);
	if (argc < 2)
		die(USAGE, "usage: tls-talk PORT [WORD ...]");
	t.wish.names = t.names;
	t.wish.tlsa = t.tlsa;
	t.wish.pins = (const unsigned char(*)[TLS_PIN_LEN])t.pins;
	for (int i = 2; i < argc; i++)
		word_take(&t, span_text(argv[i]));
	client = tls_client_open(conf_open());
	tcp = connected(argv[1]);
	io_init(&io, tcp, tcp);
	io.idle_ms = t.idle_ms;
	wire = tls_wire_start(client, &io, tcp, &t.wish, &outcome);
	outcome_print(&outcome);
	if (wire != NULL) {
		if (t.exporter)
			exporter_print(wire);
		lines_talk(&t, &io);
		tls_wire_end(wire);
	}
	io_free(&io);
	close(tcp);
	tls_client_close(client);
	arena_free(&t.arena);
	return wire != NULL ? DONE : TEMP;
}
