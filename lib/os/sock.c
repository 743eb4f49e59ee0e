#include "os/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

static int
parse_unix(struct span path, struct sock_name *n)
{
	struct sockaddr_un *u = (struct sockaddr_un *)&n->address;

	if (path.len >= sizeof u->sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	u->sun_family = AF_UNIX;
	memcpy(u->sun_path, path.at, path.len);
	n->len = sizeof *u;
	return 0;
}

static int
parse_host(struct span host, uint16_t port, struct sock_name *n)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&n->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&n->address;
	char text[INET6_ADDRSTRLEN] = "";
	bool bracketed = host.len > 2 && host.at[0] == '[' &&
	    host.at[host.len - 1] == ']';

	if (bracketed)
		host = (struct span){ host.at + 1, host.len - 2 };
	if (host.len >= sizeof text) {
		errno = EINVAL;
		return -1;
	}
	memcpy(text, host.at, host.len);
	if (!bracketed && inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		n->len = sizeof *v4;
		return 0;
	}
	if ((bracketed && inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) ||
	    host.len == 0 || span_equal(host, SPAN("*"))) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		n->len = sizeof *v6;
		return 0;
	}
	errno = EINVAL;
	return -1;
}

int
sock_parse(struct span text, struct sock_name *name_r)
{
	struct span host = { text.at, 0 }, port = text;
	uint64_t number;

	*name_r = (struct sock_name){ .type = SOCK_STREAM };
	if (span_take_text(&text, SPAN("seqpacket:")))
		name_r->type = SOCK_SEQPACKET;
	if (span_find(text, '/') < text.len)
		return parse_unix(text, name_r);
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] == ':') {
			host = span_head(text, i);
			port = span_from(text, i + 1);
		}
	if (name_r->type == SOCK_SEQPACKET ||
	    !span_is_number(port, 65535, &number)) {
		errno = EINVAL;
		return -1;
	}
	return parse_host(host, (uint16_t)number, name_r);
}

int
sock_connect_unix(const char *path, int type, int wait_ms)
{
	int64_t until = clock_mono_ms() + wait_ms;
	struct sock_name n = { .type = type };
	int fd;

	if (parse_unix(span_text(path), &n) < 0)
		return -1;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	while (connect(fd, (struct sockaddr *)&n.address, n.len) < 0) {
		int saved = errno;

		if (saved == EINTR)
			continue;
		if (saved != EAGAIN || clock_mono_ms() >= until) {
			close(fd);
			errno = saved;
			return -1;
		}
		poll(NULL, 0, 5); /* the backlog is full */
	}
	fcntl(fd, F_SETFL, 0);
	return fd;
}

/* Descriptors in flight are counted per uid against the sender's limit of open
 * files (unix(7)): a burst of STARTTLS can reach it. The receivers take them
 * within milliseconds. */
static bool
send_later(int sock, int64_t until)
{
	int saved = errno;

	if (saved == EINTR)
		return true;
	if (saved != ETOOMANYREFS || clock_mono_ms() >= until ||
	    (fcntl(sock, F_GETFL) & O_NONBLOCK) != 0) {
		errno = saved;
		return false;
	}
	poll(NULL, 0, 5);
	return true;
}

int
sock_send(int sock, struct span bytes, const int *fds, size_t count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control = { 0 };
	struct iovec v = { (void *)bytes.at, bytes.len };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	int64_t until = count > 0 ? clock_mono_ms() + SEND_MS : 0;
	ssize_t n;

	if (count > FDS_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (count > 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	do
		n = sendmsg(sock, &m, MSG_NOSIGNAL);
	while (n < 0 && send_later(sock, until));
	return n < 0 ? -1 : 0;
}

static void
take_descriptors(struct msghdr *m, int *fds, size_t *count_r)
{
	*count_r = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	     c = CMSG_NXTHDR(m, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n && *count_r < FDS_MAX; i++)
			memcpy(&fds[(*count_r)++],
			    CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

/* The size of the next packet, PACKET_MAX at most; waits for it. */
static ssize_t
packet_size(int sock, int flags)
{
	ssize_t n;

	do
		n = recv(sock, NULL, 0, flags | MSG_PEEK | MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	return n > PACKET_MAX ? PACKET_MAX : n;
}

ssize_t
sock_take(
    int sock, int flags, char *into, size_t room, int *fds, size_t *count_r)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec v = { into, room };
	struct msghdr m = { .msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes };
	ssize_t n;

	*count_r = 0;
	do
		n = recvmsg(sock, &m, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	take_descriptors(&m, fds, count_r);
	if (n > 0 && !(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return n;
	while (*count_r > 0)
		close(fds[--*count_r]);
	errno = EMSGSIZE;
	return n == 0 ? 0 : -1;
}

int
sock_receive(
    int sock, int flags, struct str *bytes_r, int *fds, size_t *count_r)
{
	ssize_t n = PACKET_MAX;

	str_clear(bytes_r);
	*count_r = 0;
	if (bytes_r->size <= PACKET_MAX)
		n = packet_size(sock, flags);
	if (n < 0)
		return -1;
	n = sock_take(sock, flags, str_reserve(bytes_r, (size_t)n), (size_t)n,
	    fds, count_r);
	if (n <= 0)
		return (int)n;
	bytes_r->len = (size_t)n;
	bytes_r->at[n] = '\0';
	return 1;
}

void
sock_refuse(int sock, void (*each)(int sock, struct span packet))
{
	struct str packet = STR_INIT;
	int fds[FDS_MAX];
	size_t count;

	shutdown(sock, SHUT_RD);
	str_reserve(&packet, PACKET_MAX);
	while (sock_receive(sock, MSG_DONTWAIT, &packet, fds, &count) > 0) {
		while (count > 0)
			close(fds[--count]);
		each(sock, str_span(&packet));
	}
	str_free(&packet);
}

void
fd_keep(int fd)
{
	fcntl(fd, F_SETFD, 0);
}
