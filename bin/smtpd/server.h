/* State shared by all sessions of this process: opened before the sandbox,
 * inherited by the forked children. */
#ifndef SMTPD_SERVER_H
#define SMTPD_SERVER_H

#include "net/network.h"
#include "net/tls.h"
#include "os/conf.h"
#include "spool/spool.h"
#include "users/users.h"

struct command;

struct server {
	const struct command *commands; /* ends with one without a name */
	bool parent; /* of many sessions, each a forked child */
	int etc;     /* -1: no configuration */
	struct users users;
	struct spool spool;
	int scratch; /* the spool's folder for what filters read; -1: none */
	struct limits limits;
	struct network_list relay;
	bool relay_wrong; /* faulty lines were skipped */
	struct conf_stamp limits_stamp, relay_stamp;
	int runner;   /* socket of the filters' runner; -1: none of ours */
	pid_t helper; /* that runner; 0: none */
	struct tls_place tls;
};

void server_open(struct server *s);
/* Re-read replaced files: a stat(2) per file. Children do it at the start of a
 * session, the parent once a second, so that children rarely need to. */
void server_refresh(void *server);
/* Landlock, system calls, limits: after server_open(). */
void server_sandbox(const struct server *s);

#endif
