/* What all sessions of this process have in common: opened before the sandbox,
 * inherited by the forked children. */
#ifndef SMTPD_SERVER_H
#define SMTPD_SERVER_H

#include <sys/stat.h>

#include "network.h"
#include "os/conf.h"
#include "spool/spool.h"
#include "users/users.h"

/* Which version of a file was read. */
struct stamp {
	bool there;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct server {
	bool parent; /* of many sessions, each a forked child */
	int etc;     /* -1: no configuration */
	struct users users;
	struct spool spool;
	struct limits limits;
	struct network_list relay;
	struct stamp limits_stamp, relay_stamp;
	int runner;     /* socket of the filters' runner; -1: none */
	pid_t helper;   /* that runner; 0: none */
	struct str tls; /* path of tlsd's socket */
};

void server_open(struct server *s);
/* Read again what was replaced: a stat(2) per file. Children do it at the start
 * of a session, the parent once a second, so that children find it done. */
void server_refresh(void *server);
/* Landlock, system calls, limits: after server_open(). */
void server_sandbox(const struct server *s);

#endif
