/* The checks, one for each kind of file; files.c's table calls them. */
#ifndef CHAINMAIL_CHECK_PARTS_H
#define CHAINMAIL_CHECK_PARTS_H

#include "check.h"

/* lists.c: files of lines. */
void check_me(struct check *c, const char *name);
void check_limits(struct check *c, const char *name);
void check_imap(struct check *c, const char *name);
void check_relay(struct check *c, const char *name);
void check_verify(struct check *c, const char *name);
void check_forwarders(struct check *c, const char *name);
void check_filter(struct check *c, const char *name);
void check_checkpassword(struct check *c, const char *name);

/* listen.c: addresses of the services. */
void check_listen(struct check *c, const char *name);

/* outward.c: how mail goes out. */
void check_routes(struct check *c, const char *name);
void check_routes_auth(struct check *c, const char *name);
void check_tls_policy(struct check *c, const char *name);
void check_dns(struct check *c, const char *name);
void check_hosts(struct check *c, const char *name);
void check_sts(struct check *c, const char *name);

/* accounts.c: the users and what is made of them. */
void check_users(struct check *c, const char *name);
void check_users_cdb(struct check *c, const char *name);
void check_secrets_cdb(struct check *c, const char *name);
void check_logins(struct check *c, const char *name);

/* certificates.c: what is PEM. */
void check_authorities(struct check *c, const char *name);
void check_tls(struct check *c, const char *name);
void check_ca(struct check *c, const char *name);
void check_dkim(struct check *c, const char *name);

/* folders.c: spool, mailboxes, sockets. */
void check_folders(struct check *c);

#endif
