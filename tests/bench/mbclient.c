/* mbclient - closed-loop load client for mail servers (SMTP, IMAP, POP3).
 *
 * One thread, epoll, no per-request allocation on the hot path, so that the
 * client stays a small share of the machine.  Prints one JSON line.
 *
 * usage: mbclient MODE [-h host] [-p port] [-c concurrency] [-n count]
 *                 [-m msgs-per-connection] [-s message-size] [-t tls|starttls|none]
 *                 [-u user-pattern] [-w password] [-N users] [-r rcpt-pattern]
 *                 [-f sender] [-T run-tag] [-b source-addresses] [-a] [-P]
 * MODE: smtp      send count messages, msgs-per-connection each connection
 *       connect   SMTP: connect, banner, [tls], QUIT          count sessions
 *       imap      connect, [tls], LOGIN, LOGOUT               count sessions
 *       pop3      connect, [tls], USER, PASS, QUIT            count sessions
 * -u/-r patterns hold one %d, replaced round-robin by 0..N-1.
 * -b n: bind to n source addresses 127.0.1.x in turn (mind reverse DNS timeouts in the server).
 * -a: SMTP AUTH PLAIN with -u/-w.   -P: pipeline MAIL/RCPT/DATA.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum mode { M_SMTP, M_CONNECT, M_IMAP, M_POP3 };
enum state {
	S_IDLE,
	S_CONNECTING,
	S_HANDSHAKE,
	S_BANNER,
	S_EHLO,
	S_STARTTLS,
	S_AUTH,
	S_MAIL,
	S_RCPT,
	S_DATA,
	S_BODY,
	S_QUIT,
	S_LOGIN,
	S_LOGOUT,
	S_USER,
	S_PASS
};

static const char *host = "127.0.0.1", *user = "u%d", *password = "pw",
		  *rcpt = "u%d@bench.test", *sender = "sender@bench.test",
		  *tag = "t";
static int port = 25, conc = 1, permsg = 1, nusers = 1, srcaddrs = 1, auth = 0,
	   pipelining = 0;
static long count = 100;
static size_t msgsize = 4096;
static enum { T_NONE, T_TLS, T_STARTTLS } tls = T_NONE;
static enum mode mode;

struct conn {
	int fd, tls_on, ev, who, left, expect;
	enum state st;
	SSL *ssl;
	double t0, tmsg;
	char in[16384];
	size_t inlen;
	const char *out; /* pending output */
	size_t outlen;
	char obuf[2048];
	const char *out2; /* second part (body) */
	size_t out2len;
};

static int ep;
static SSL_CTX *ctx;
static long started, finished, errors, sent_started, sent_ok, serial;
static double *lat;
static long nlat, maxlat;
static char *body;
static size_t bodylen;
static char tlsinfo[128];
static char firsterr[512];

static double
now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}
static void
die(const char *s)
{
	perror(s);
	exit(2);
}
static void
addlat(double d)
{
	if (nlat < maxlat)
		lat[nlat++] = d;
}
static int
cmpd(const void *a, const void *b)
{
	double x = *(double *)a, y = *(double *)b;
	return x < y ? -1 : x > y;
}

static void
want(struct conn *c, int ev)
{
	struct epoll_event e = { .events = ev, .data.ptr = c };
	if (c->ev == ev)
		return;
	if (epoll_ctl(ep, c->ev ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, &e) < 0)
		die("epoll_ctl");
	c->ev = ev;
}

static void start(struct conn *c);

static void
finish(struct conn *c, const char *err)
{
	if (err) {
		errors++;
		if (!firsterr[0])
			snprintf(firsterr, sizeof firsterr,
			    "state %d: %s: %.*s", c->st, err,
			    (int)(c->inlen > 200 ? 200 : c->inlen), c->in);
	}
	if (mode != M_SMTP && !err)
		addlat(now() - c->t0);
	if (c->ssl) {
		SSL_free(c->ssl);
		c->ssl = NULL;
	}
	close(c->fd);
	c->fd = -1;
	c->st = S_IDLE;
	c->ev = 0;
	finished++;
	start(c);
}

static void
flush_out(struct conn *c)
{
	while (c->outlen) {
		ssize_t n;
		if (c->tls_on) {
			n = SSL_write(c->ssl, c->out,
			    c->outlen > 16384 ? 16384 : c->outlen);
			if (n <= 0) {
				int e = SSL_get_error(c->ssl, n);
				if (e == SSL_ERROR_WANT_WRITE) {
					want(c, EPOLLIN | EPOLLOUT);
					return;
				}
				if (e == SSL_ERROR_WANT_READ) {
					want(c, EPOLLIN);
					return;
				}
				finish(c, "SSL_write");
				return;
			}
		} else {
			n = send(c->fd, c->out, c->outlen,
			    MSG_NOSIGNAL | (c->out2len ? MSG_MORE : 0));
			if (n < 0) {
				if (errno == EAGAIN) {
					want(c, EPOLLIN | EPOLLOUT);
					return;
				}
				finish(c, "send");
				return;
			}
		}
		c->out += n;
		c->outlen -= n;
		if (!c->outlen && c->out2len) {
			c->out = c->out2;
			c->outlen = c->out2len;
			c->out2len = 0;
		}
	}
	want(c, EPOLLIN);
}

static void
say(struct conn *c, size_t n)
{
	c->out = c->obuf;
	c->outlen = n;
	c->expect = 1;
	flush_out(c);
}
#define SAY(c, ...)                                                            \
	say(c, (size_t)snprintf((c)->obuf, sizeof(c)->obuf, __VA_ARGS__))

static void
start(struct conn *c)
{
	struct sockaddr_in a = { .sin_family = AF_INET },
			   s = { .sin_family = AF_INET };
	int one = 1;
	if (mode == M_SMTP ? sent_started >= count : started >= count)
		return;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	inet_pton(AF_INET, host, &a.sin_addr);
	a.sin_port = htons(port);
	if (srcaddrs > 1 &&
	    (ntohl(a.sin_addr.s_addr) >> 24) ==
		127) { /* spread over source addresses: TIME_WAIT */
		setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
		    sizeof one);
		s.sin_addr.s_addr = htonl(0x7f000101 + started % srcaddrs);
		if (bind(c->fd, (struct sockaddr *)&s, sizeof s) < 0)
			die("bind");
	}
	c->who = started % nusers;
	started++;
	if (mode == M_SMTP) {
		c->left = permsg;
		if (c->left > count - sent_started)
			c->left = count - sent_started;
		sent_started += c->left;
	}
	c->inlen = 0;
	c->tls_on = 0;
	c->ssl = NULL;
	c->outlen = c->out2len = 0;
	c->ev = 0;
	c->t0 = now();
	c->st = S_CONNECTING;
	if (connect(c->fd, (struct sockaddr *)&a, sizeof a) < 0 &&
	    errno != EINPROGRESS)
		die("connect");
	want(c, EPOLLOUT);
}

static void
handshake(struct conn *c)
{
	int r;
	if (!c->ssl) {
		c->ssl = SSL_new(ctx);
		SSL_set_fd(c->ssl, c->fd);
		SSL_set_connect_state(c->ssl);
	}
	r = SSL_do_handshake(c->ssl);
	if (r == 1) {
		if (!tlsinfo[0])
			snprintf(tlsinfo, sizeof tlsinfo, "%s %s",
			    SSL_get_version(c->ssl),
			    SSL_get_cipher_name(c->ssl));
		c->tls_on = 1;
		want(c, EPOLLIN);
		if (tls == T_TLS) {
			c->st = S_BANNER;
			c->expect = 1;
		} else if (mode == M_SMTP) {
			c->st = S_EHLO;
			SAY(c, "EHLO client.bench.test\r\n");
		} else if (mode == M_CONNECT) {
			c->st = S_QUIT;
			SAY(c, "QUIT\r\n");
		} else if (mode == M_IMAP) {
			char u[128];
			snprintf(u, sizeof u, user, c->who);
			c->st = S_LOGIN;
			SAY(c, "a LOGIN %s %s\r\n", u, password);
		} else {
			char u[128];
			snprintf(u, sizeof u, user, c->who);
			c->st = S_USER;
			SAY(c, "USER %s\r\n", u);
		}
		return;
	}
	r = SSL_get_error(c->ssl, r);
	if (r == SSL_ERROR_WANT_READ)
		want(c, EPOLLIN);
	else if (r == SSL_ERROR_WANT_WRITE)
		want(c, EPOLLOUT);
	else
		finish(c, "handshake");
}

static void
mail(struct conn *c)
{
	char r[160];
	if (pipelining) {
		snprintf(r, sizeof r, rcpt, (int)(serial++ % nusers));
		c->st = S_MAIL;
		SAY(c, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", sender, r);
		return;
	}
	c->st = S_MAIL;
	SAY(c, "MAIL FROM:<%s>\r\n", sender);
}

static void
b64(const char *in, size_t n, char *out)
{
	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)in, n);
}

/* a full reply line (the last of a multi-line one) arrived */
static void
reply(struct conn *c, const char *l)
{
	char u[160];
	switch (c->st) {
	case S_BANNER:
		if (mode == M_IMAP) {
			if (tls == T_STARTTLS && !c->tls_on) {
				c->st = S_STARTTLS;
				SAY(c, "s STARTTLS\r\n");
				return;
			}
			snprintf(u, sizeof u, user, c->who);
			c->st = S_LOGIN;
			SAY(c, "a LOGIN %s %s\r\n", u, password);
			return;
		}
		if (mode == M_POP3) {
			if (l[0] != '+') {
				finish(c, "banner");
				return;
			}
			if (tls == T_STARTTLS && !c->tls_on) {
				c->st = S_STARTTLS;
				SAY(c, "STLS\r\n");
				return;
			}
			snprintf(u, sizeof u, user, c->who);
			c->st = S_USER;
			SAY(c, "USER %s\r\n", u);
			return;
		}
		if (l[0] != '2') {
			finish(c, "banner");
			return;
		}
		if (mode == M_CONNECT && tls != T_STARTTLS) {
			c->st = S_QUIT;
			SAY(c, "QUIT\r\n");
			return;
		}
		c->st = S_EHLO;
		SAY(c, "EHLO client.bench.test\r\n");
		return;
	case S_EHLO:
		if (l[0] != '2') {
			finish(c, "ehlo");
			return;
		}
		if (tls == T_STARTTLS && !c->tls_on) {
			c->st = S_STARTTLS;
			SAY(c, "STARTTLS\r\n");
			return;
		}
		if (auth) {
			char p[400], e[600];
			int n;
			snprintf(u, sizeof u, user, c->who);
			n = snprintf(
			    p, sizeof p, "%c%s%c%s", 0, u, 0, password);
			b64(p, n, e);
			c->st = S_AUTH;
			SAY(c, "AUTH PLAIN %s\r\n", e);
			return;
		}
		mail(c);
		return;
	case S_AUTH:
		if (l[0] != '2') {
			finish(c, "auth");
			return;
		}
		mail(c);
		return;
	case S_STARTTLS:
		if (mode == M_IMAP       ? strncmp(l, "s OK", 4)
			: mode == M_POP3 ? l[0] != '+'
					 : l[0] != '2') {
			finish(c, "starttls");
			return;
		}
		c->st = S_HANDSHAKE;
		c->inlen = 0;
		handshake(c);
		return;
	case S_MAIL:
		if (l[0] != '2') {
			finish(c, "mail");
			return;
		}
		c->st = S_RCPT;
		if (pipelining)
			return;
		snprintf(u, sizeof u, rcpt, (int)(serial++ % nusers));
		SAY(c, "RCPT TO:<%s>\r\n", u);
		return;
	case S_RCPT:
		if (l[0] != '2') {
			finish(c, "rcpt");
			return;
		}
		c->st = S_DATA;
		if (pipelining)
			return;
		SAY(c, "DATA\r\n");
		return;
	case S_DATA: {
		size_t n;
		if (l[0] != '3') {
			finish(c, "data");
			return;
		}
		n = snprintf(c->obuf, sizeof c->obuf,
		    "From: Sender <%s>\r\nTo: recipients\r\nSubject: bench %s "
		    "%ld\r\n"
		    "Message-ID: <%s.%d.%ld@client.bench.test>\r\nDate: Mon, "
		    "01 Jan 2024 00:00:00 +0000\r\nMIME-Version: 1.0\r\n"
		    "Content-Type: text/plain; charset=us-ascii\r\n\r\n",
		    sender, tag, serial, tag, (int)getpid(),
		    serial * 1000 + started % 1000);
		size_t b = msgsize > n ? msgsize - n : 0;
		if (b > bodylen)
			b = bodylen;
		b = b / 74 * 74; /* whole lines */
		c->out2 = body + (bodylen - b);
		c->out2len = b + 3;
		c->st = S_BODY;
		c->tmsg = now();
		say(c, n);
		return;
	}
	case S_BODY:
		if (l[0] != '2') {
			finish(c, "body");
			return;
		}
		addlat(now() - c->tmsg);
		sent_ok++;
		if (--c->left > 0) {
			mail(c);
			return;
		}
		c->st = S_QUIT;
		SAY(c, "QUIT\r\n");
		return;
	case S_QUIT:
		finish(c, l[0] == '2' || l[0] == '+' ? NULL : "quit");
		return;
	case S_LOGIN:
		if (l[0] == '*')
			return;
		if (strncmp(l, "a OK", 4)) {
			finish(c, "login");
			return;
		}
		c->st = S_LOGOUT;
		SAY(c, "b LOGOUT\r\n");
		return;
	case S_LOGOUT:
		if (l[0] == '*')
			return;
		finish(c, strncmp(l, "b OK", 4) ? "logout" : NULL);
		return;
	case S_USER:
		if (l[0] != '+') {
			finish(c, "user");
			return;
		}
		c->st = S_PASS;
		SAY(c, "PASS %s\r\n", password);
		return;
	case S_PASS:
		if (l[0] != '+') {
			finish(c, "pass");
			return;
		}
		c->st = S_QUIT;
		SAY(c, "QUIT\r\n");
		return;
	default:
		return;
	}
}

static void
parse(struct conn *c)
{
	for (;;) {
		char *nl = memchr(c->in, '\n', c->inlen), line[1024];
		size_t n, m;
		int fd = c->fd;
		enum state st = c->st;
		if (!nl)
			return;
		n = nl - c->in + 1;
		m = n < sizeof line - 1 ? n : sizeof line - 1;
		memcpy(line, c->in, m);
		line[m] = 0;
		memmove(c->in, c->in + n, c->inlen - n);
		c->inlen -= n;
		if (mode == M_SMTP || mode == M_CONNECT) {
			if (m > 3 && line[3] == '-')
				continue;
		}
		reply(c, line);
		if (c->fd != fd || c->st == S_HANDSHAKE ||
		    (c->st == S_CONNECTING && st != S_CONNECTING))
			return;
	}
}

static void
readable(struct conn *c)
{
	for (;;) {
		ssize_t n;
		int fd = c->fd;
		if (c->inlen >= sizeof c->in) {
			finish(c, "line too long");
			return;
		}
		if (c->tls_on) {
			n = SSL_read(
			    c->ssl, c->in + c->inlen, sizeof c->in - c->inlen);
			if (n <= 0) {
				int e = SSL_get_error(c->ssl, n);
				if (e == SSL_ERROR_WANT_READ ||
				    e == SSL_ERROR_WANT_WRITE) {
					if (c->outlen)
						flush_out(c);
					return;
				}
				finish(c, "closed (tls)");
				return;
			}
		} else {
			n = recv(c->fd, c->in + c->inlen,
			    sizeof c->in - c->inlen, 0);
			if (n < 0 && errno == EAGAIN)
				return;
			if (n <= 0) {
				finish(c, "closed");
				return;
			}
		}
		c->inlen += n;
		parse(c);
		if (c->fd != fd || c->st == S_CONNECTING ||
		    c->st == S_HANDSHAKE)
			return;
		if (!c->tls_on)
			return; /* level-triggered */
	}
}

static void
event(struct conn *c, int ev)
{
	if (c->st == S_CONNECTING) {
		int e = 0;
		socklen_t l = sizeof e;
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l);
		if (e) {
			errno = e;
			c->inlen = 0;
			finish(c, strerror(e));
			return;
		}
		if (tls == T_TLS) {
			c->st = S_HANDSHAKE;
			handshake(c);
			return;
		}
		c->st = S_BANNER;
		c->expect = 1;
		want(c, EPOLLIN);
		return;
	}
	if (c->st == S_HANDSHAKE) {
		handshake(c);
		return;
	}
	if (ev & EPOLLOUT) {
		int fd = c->fd;
		flush_out(c);
		if (c->fd != fd || c->st == S_CONNECTING)
			return;
	}
	if (ev & (EPOLLIN | EPOLLHUP | EPOLLERR))
		readable(c);
}

int
main(int ac, char **av)
{
	struct epoll_event evs[256];
	struct conn *cs;
	struct rusage ru;
	double t0, t1, giveup;
	int i, o;
	if (ac < 2) {
		fprintf(stderr, "see the top of mbclient.c\n");
		return 2;
	}
	mode = !strcmp(av[1], "smtp")   ? M_SMTP
	    : !strcmp(av[1], "connect") ? M_CONNECT
	    : !strcmp(av[1], "imap")    ? M_IMAP
					: M_POP3;
	optind = 2;
	while ((o = getopt(ac, av, "h:p:c:n:m:s:t:u:w:N:r:f:T:b:aP")) != -1)
		switch (o) {
		case 'h':
			host = optarg;
			break;
		case 'p':
			port = atoi(optarg);
			break;
		case 'c':
			conc = atoi(optarg);
			break;
		case 'n':
			count = atol(optarg);
			break;
		case 'm':
			permsg = atoi(optarg);
			break;
		case 's':
			msgsize = atol(optarg);
			break;
		case 't':
			tls = !strcmp(optarg, "tls")      ? T_TLS
			    : !strcmp(optarg, "starttls") ? T_STARTTLS
							  : T_NONE;
			break;
		case 'u':
			user = optarg;
			break;
		case 'w':
			password = optarg;
			break;
		case 'N':
			nusers = atoi(optarg);
			break;
		case 'r':
			rcpt = optarg;
			break;
		case 'f':
			sender = optarg;
			break;
		case 'T':
			tag = optarg;
			break;
		case 'b':
			srcaddrs = atoi(optarg);
			break;
		case 'a':
			auth = 1;
			break;
		case 'P':
			pipelining = 1;
			break;
		default:
			return 2;
		}
	signal(SIGPIPE, SIG_IGN);
	ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_session_cache_mode(
	    ctx, SSL_SESS_CACHE_OFF); /* every handshake is a full one */
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	bodylen = (msgsize / 74 + 1) * 74;
	body = malloc(bodylen + 4);
	for (size_t k = 0; k < bodylen; k++)
		body[k] = k % 74 == 72           ? '\r'
		    : k % 74 == 73               ? '\n'
		    : (k * 7 + k / 74) % 61 == 0 ? ' '
						 : 'a' + (k * 11 + k / 74) % 26;
	memcpy(body + bodylen, ".\r\n", 3);
	maxlat = count + 1;
	lat = malloc(sizeof *lat * maxlat);
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (conc > count)
		conc = count;
	cs = calloc(conc, sizeof *cs);
	t0 = now();
	giveup = t0 + 300;
	for (i = 0; i < conc; i++) {
		cs[i].fd = -1;
		start(&cs[i]);
	}
	while (finished < started) {
		int n = epoll_wait(ep, evs, 256, 10000);
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (i = 0; i < n; i++)
			event(evs[i].data.ptr, evs[i].events);
		if (now() > giveup || errors > 200)
			break;
	}
	t1 = now();
	getrusage(RUSAGE_SELF, &ru);
	qsort(lat, nlat, sizeof *lat, cmpd);
	long ops = mode == M_SMTP ? sent_ok : finished - errors;
	for (char *p = firsterr; *p; p++)
		if (*p == '"' || *p == '\\' || (unsigned char)*p < 32)
			*p = ' ';
	printf(
	    "{\"mode\": \"%s\", \"ops\": %ld, \"errors\": %ld, \"seconds\": "
	    "%.6f, \"rate\": %.2f, \"lat_ms_p50\": %.4f, \"lat_ms_p95\": %.4f, "
	    "\"lat_ms_p99\": %.4f, \"lat_ms_max\": %.4f, \"client_user_s\": "
	    "%.4f, \"client_sys_s\": %.4f, \"t_start\": %.6f, \"t_end\": %.6f, "
	    "\"tls\": \"%s\", \"first_error\": \"%s\"}\n",
	    av[1], ops, errors, t1 - t0, ops / (t1 - t0),
	    nlat ? lat[nlat / 2] * 1e3 : 0,
	    nlat ? lat[(long)(nlat * .95)] * 1e3 : 0,
	    nlat ? lat[(long)(nlat * .99)] * 1e3 : 0,
	    nlat ? lat[nlat - 1] * 1e3 : 0,
	    ru.ru_utime.tv_sec + ru.ru_utime.tv_usec / 1e6,
	    ru.ru_stime.tv_sec + ru.ru_stime.tv_usec / 1e6, t0, t1, tlsinfo,
	    firsterr);
	return errors ? 1 : 0;
}
