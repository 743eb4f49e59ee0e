#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../bin/tlsd/handshake.h"
#include "../../../bin/tlsd/relay.h"

enum {
	FOREVER_MS = 600000,
	SHORT_MS = 100,
	BLOCK = 65536,
	NARROW = 32768,
	QUIET_US = 20000
};

/* A relay in a process of its own, the client and the program on either side of
 * it. */
struct scene {
	SSL_CTX *context;
	SSL *client;
	int tcp;   /* below the client */
	int plain; /* the program's end */
	pid_t pid;
};

static _Noreturn void
relay_child(int tcp, int plain, int drain_ms)
{
	struct certs certs = { .path = STR_INIT };
	struct handshake h = HANDSHAKE_INIT(&certs);

	h.asker = -1;
	h.tcp = tcp;
	fcntl(plain, F_SETFL, O_NONBLOCK);
	str_set(&h.service, SPAN("imaps"));
	certs_open(&certs);
	certs_refresh(&certs);
	if (handshake_run(&h) < 0)
		_exit(99);
	relay_run(&h.wire, plain, drain_ms);
	_exit(0);
}

static void
scene_open(struct scene *s, int drain_ms)
{
	int tcp[2], plain[2], narrow = NARROW;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, tcp), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, plain), 0);
	setsockopt(tcp[1], SOL_SOCKET, SO_SNDBUF, &narrow, sizeof narrow);
	s->pid = fork();
	if (s->pid == 0) {
		close(tcp[0]);
		close(plain[0]);
		relay_child(tcp[1], plain[1], drain_ms);
	}
	close(tcp[1]);
	close(plain[1]);
	s->tcp = tcp[0];
	s->plain = plain[0];
	s->context = SSL_CTX_new(TLS_client_method());
	s->client = SSL_new(s->context);
	SSL_set_fd(s->client, s->tcp);
	assert_int_equal(SSL_connect(s->client), 1);
}

/* The relay ends by itself. */
static void
relay_await(const struct scene *s)
{
	int status;

	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_int_equal(status, 0);
}

static void
scene_close(struct scene *s)
{
	SSL_free(s->client);
	SSL_CTX_free(s->context);
	close(s->tcp);
	close(s->plain);
}

/* Say as much as all buffers on the way take; how much that was. */
static size_t
fill(const struct scene *s)
{
	static char block[BLOCK];
	size_t total = 0;

	for (int blocked = 0; blocked < 5;) {
		ssize_t n = send(s->plain, block, sizeof block, MSG_DONTWAIT);

		if (n > 0) {
			total += (size_t)n;
			blocked = 0;
		} else {
			blocked++;
			usleep(QUIET_US);
		}
	}
	return total;
}

static size_t
client_read(const struct scene *s)
{
	static char block[BLOCK];
	size_t total = 0;
	int n;

	while ((n = SSL_read(s->client, block, sizeof block)) > 0)
		total += (size_t)n;
	return total;
}

static void
last_words_that_nobody_takes_are_dropped_in_time(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, SHORT_MS);
	fill(&s);
	shutdown(s.plain, SHUT_WR);
	relay_await(&s);
	scene_close(&s);
}

static void
a_program_that_is_there_may_wait_for_its_client(void **state)
{
	struct scene s;
	size_t total;

	(void)state;
	scene_open(&s, SHORT_MS);
	total = fill(&s);
	usleep(3 * SHORT_MS * 1000);
	shutdown(s.plain, SHUT_WR);
	assert_int_equal(client_read(&s), total);
	scene_close(&s);
	relay_await(&s);
}

static void
a_client_that_said_goodbye_and_is_gone_ends_it(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, FOREVER_MS);
	fill(&s);
	SSL_shutdown(s.client);
	scene_close(&s);
	relay_await(&s);
}

/* However full the buffers are at the end, the client is told that it was the
 * end. */
static void
the_goodbye_is_never_lost(void **state)
{
	static char all[128 << 10];

	(void)state;
	for (size_t len = 0; len < sizeof all; len += 8192) {
		struct scene s;

		scene_open(&s, FOREVER_MS);
		assert_int_equal(send(s.plain, all, len, 0), len);
		shutdown(s.plain, SHUT_WR);
		usleep(QUIET_US); /* until all is written that can be */
		assert_int_equal(client_read(&s), len);
		assert_true(SSL_get_shutdown(s.client) & SSL_RECEIVED_SHUTDOWN);
		scene_close(&s);
		relay_await(&s);
	}
}

/* cert.pem and key.pem here. */
static void
certificate_write(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	BIO *cert = BIO_new_file("cert.pem", "w"),
	    *secret = BIO_new_file("key.pem", "w");
	X509 *x = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	X509_sign(x, key, EVP_sha256());
	PEM_write_bio_X509(cert, x);
	PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL);
	BIO_free(cert);
	BIO_free(secret);
	X509_free(x);
	EVP_PKEY_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    last_words_that_nobody_takes_are_dropped_in_time),
		cmocka_unit_test(
		    a_program_that_is_there_may_wait_for_its_client),
		cmocka_unit_test(
		    a_client_that_said_goodbye_and_is_gone_ends_it),
		cmocka_unit_test(the_goodbye_is_never_lost),
	};
	char dir[] = "/tmp/tlsd.XXXXXX";

	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(dir) == NULL || chdir(dir) < 0 ||
	    setenv("CHAINMAIL_ETC", dir, 1) < 0 || mkdir("tls", 0700) < 0 ||
	    mkdir("tls/default", 0700) < 0 || chdir("tls/default") < 0)
		return 1;
	certificate_write();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
