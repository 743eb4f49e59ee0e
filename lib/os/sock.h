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
/* -1: it is none of these (errno EINVAL), or the path is over 107 bytes
 * (ENAMETOOLONG). Never asks DNS. */
int sock_parse(struct span text, struct sock_name *name_r);
/* Connect to a Unix socket of a neighbour, waiting up to wait_ms while its
 * backlog is full; the descriptor, or -1 and errno. */
int sock_connect_unix(const char *path, int type, int wait_ms);

/* Send one packet with up to FDS_MAX descriptors; -1 and errno. While too many
 * descriptors of this uid are on their way, a blocking socket waits up to
 * SEND_MS; else ETOOMANYREFS. */
enum { FDS_MAX = 4, PACKET_MAX = 65536, SEND_MS = 10000 };
int sock_send(int sock, struct span bytes, const int *fds, size_t count);
/* Receive one packet into bytes_r (replaced; one that has room for PACKET_MAX
 * saves the question for the packet's size, which is cheaper than making that
 * room for a single packet) and its descriptors (close-on-exec; fds holds
 * FDS_MAX). 1: got one; 0: the peer closed; -1: errno, EMSGSIZE
 * when it was over PACKET_MAX. MSG_DONTWAIT may be given. */
int sock_receive(
    int sock, int flags, struct str *bytes_r, int *fds, size_t *count_r);

/* The facts of a connection, in the environment by their UCSPI names: PROTO,
 * TCPREMOTEIP, TCPREMOTEPORT, TCPLOCALIP, TCPLOCALPORT (and SERVICE, which the
 * socket's unit sets). */
/* Put them there from a connected socket, by getpeername(2). A Unix socket
 * gives PROTO=UNIX and TCPREMOTEIP=local, a peer that is gone already
 * TCPREMOTEIP=0.0.0.0. Not a socket: nothing changes. */
void facts_from_socket(int fd);
/* Fill in what is missing, from systemd's REMOTE_ADDR, or from descriptor 0. */
void facts_complete(void);
/* The value, or "" . */
const char *fact(const char *name);
/* The peer is this machine: a loopback address, a Unix socket, or no network
 * at all (a pipe, a terminal). */
bool fact_is_local(void);

/* Forget close-on-exec just before an exec. */
void fd_keep(int fd);

#endif
