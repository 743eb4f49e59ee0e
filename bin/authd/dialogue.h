/* One SASL dialogue with a neighbour program. */
#ifndef AUTHD_DIALOGUE_H
#define AUTHD_DIALOGUE_H

#include "base/io.h"
#include "net/auth.h"
#include "penalty.h"
#include "shared.h"
#include "users/secrets.h"
#include "users/users.h"

/* What the parent has opened; the same for all dialogues. */
struct authd {
	struct users users;
	struct database secrets;
	struct shared *shared;
	struct penalties *penalties;
	int runner; /* of checkpassword programs; -1: none */
};

struct dialogue {
	struct authd *authd;
	struct io io;
	/* As the neighbour said. */
	struct str mechanism, service, ip, tls, cert;
	struct str binding; /* raw bytes */
	bool local;
	bool has_initial;   /* not taken yet */
	struct str initial; /* base64 */
	/* What came of it. */
	struct str login; /* the name as the client wrote it */
	struct user user;
	struct secret secret;
	bool known; /* user and secret are an account's */
	enum auth_code code;
	const char *how; /* it was verified */
	int64_t waited_ms;
};

/* Ask the client for its next message: the challenge and the answer are raw
 * bytes here. The first call takes the initial response, if there is one, in
 * place of an answer. -1 and code when nothing usable came. */
int dialogue_ask(
    struct dialogue *d, struct span challenge, struct str *answer_r);
/* The mechanism fails: sets code, returns -1. */
int dialogue_fail(struct dialogue *d, enum auth_code code);

/* One mechanism each: 0: the client is d->user; -1: code says why. */
int mechanism_plain(struct dialogue *d);
int mechanism_login(struct dialogue *d);
int mechanism_scram(struct dialogue *d);
int mechanism_scram_plus(struct dialogue *d);
int mechanism_external(struct dialogue *d);

/* The parent reads the databases and forks. */
void parent_sandbox(void);
/* A dialogue's process, before it reads its first byte: reads the databases,
 * and asks the runner of checkpassword programs. */
void dialogue_sandbox(void);

/* The whole dialogue on a connected socket; an exit code. */
int dialogue_run(struct authd *a, int sock);

#endif
