/* Sockets: addresses as text, descriptors passed between programs, and the
 * facts of a connection. */
#ifndef OS_SOCK_H
#define OS_SOCK_H

#include <sys/socket.h>

#include "base/str.h"

/* Where to listen or connect: "127.0.0.1:25", "[::1]:25", "*:25" and "25"
 * (every address, IPv6 and IPv4), or the path of a Unix socket (anything with
 * a '/'), a stream or, with "seqpacket:" before it, a packet socket. */
struct sock_name {
	struct sockaddr_storage address;
	socklen_t len;
	int type; /* SOCK_STREAM or SOCK_SEQPACKET */
};
/* -1: invalid (errno EINVAL), or the path is over 107 bytes (ENAMETOOLONG). No
 * DNS lookup. */
int sock_parse(struct span text, struct sock_name *name_r);
/* Connect to a Unix socket of a neighbour, waiting up to wait_ms while its
 * backlog is full; the descriptor, or -1 and errno. */
int sock_connect_unix(const char *path, int type, int wait_ms);

/* Send one packet with up to FDS_MAX descriptors; -1 and errno. While too many
 * descriptors of this uid are in flight, a blocking socket waits up to SEND_MS;
 * else ETOOMANYREFS. */
enum { FDS_MAX = 4, PACKET_MAX = 65536, SEND_MS = 10000 };
int sock_send(int sock, struct span bytes, const int *fds, size_t count);
/* Receive one packet into bytes_r (replaced; with room for PACKET_MAX the
 * packet's size need not be asked for, which is cheaper unless only one packet
 * is received) and its descriptors (close-on-exec; fds holds FDS_MAX). 1:
 * received; 0: the peer closed; -1: errno, EMSGSIZE when it was over
 * PACKET_MAX. MSG_DONTWAIT may be given. */
int sock_receive(
    int sock, int flags, struct str *bytes_r, int *fds, size_t *count_r);

/* The same into room bytes: the packet's length, 0: the peer closed; -1: errno,
 * EMSGSIZE when it was longer. No NUL is added. */
ssize_t sock_take(
    int sock, int flags, char *into, size_t room, int *fds, size_t *count_r);

/* Stop receiving: the peer can't send further packets, and queued ones are
 * passed to each, without their descriptors, which are closed. Closing a socket
 * with queued packets would make the peer lose what was sent to it before
 * (ECONNRESET). */
void sock_refuse(int sock, void (*each)(int sock, struct span packet));

/* The facts of a connection, in the environment by their UCSPI names: PROTO,
 * TCPREMOTEIP, TCPREMOTEPORT, TCPLOCALIP, TCPLOCALPORT (and SERVICE, which the
 * socket's unit sets). */
/* Set them from a connected socket, by getpeername(2). A Unix socket gives
 * PROTO=UNIX and TCPREMOTEIP=local, a peer already gone TCPREMOTEIP=0.0.0.0.
 * Not a socket: nothing changes. */
void facts_from_socket(int fd);
/* The same in a process forked for one connection, without writing to shared
 * pages: facts_prepare() in the parent moves the environment into struct facts;
 * the child puts the facts into record, as words (from a socket with
 * facts_record()), and facts_take() puts those with names in capitals into the
 * environment. The struct must last as long as the process, or until
 * facts_leave(). */
enum { FACTS_MAX = 1024, FACTS_ENTRIES = 48 };
struct facts {
	char record[FACTS_MAX]; /* ended by NUL */
	char *entries[FACTS_ENTRIES];
};
void facts_prepare(struct facts *f);
void facts_record(struct facts *f, int fd);
void facts_take(struct facts *f);
void facts_leave(struct facts *f);
/* Fill in missing facts, from systemd's REMOTE_ADDR or from descriptor 0. */
void facts_complete(void);
/* The value, or "" . */
const char *fact(const char *name);
/* The peer is this machine: a loopback address, a Unix socket, or no network
 * at all (a pipe, a terminal). */
bool fact_is_local(void);

/* Clear close-on-exec just before an exec. */
void fd_keep(int fd);

#endif
