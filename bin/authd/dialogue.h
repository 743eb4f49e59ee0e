/* One SASL dialogue with a neighbour program. */
#ifndef AUTHD_DIALOGUE_H
#define AUTHD_DIALOGUE_H

#include "base/io.h"
#include "net/auth.h"
#include "penalty.h"
#include "shared.h"
#include "users/secrets.h"
#include "users/users.h"

/* Opened by the parent, shared by all dialogues. */
struct authd {
	struct users users;
	struct database secrets;
	struct shared *shared;
	struct penalties *penalties;
	int runner; /* of checkpassword programs; -1: none */
};

enum { RECORD_MAX = 16384 };

struct dialogue {
	struct authd *authd;
	struct io io;
	/* From the neighbour's request. */
	struct str mechanism, service, ip, conn, tls, cert;
	struct str binding; /* raw bytes */
	bool local;
	bool has_initial;   /* not used yet */
	struct str initial; /* base64 */
	/* The result. */
	struct str login; /* the name as the client wrote it */
	struct user user;
	struct secret secret;
	bool known; /* user and secret are an account's */
	struct trial trial;
	enum auth_code code;
	const char *how; /* how it was verified */
	int64_t waited_ms;
};

/* Ask the client for its next message: the challenge and the answer are raw
 * bytes here. The first call takes the initial response, if there is one,
 * instead of an answer. -1 and code when no usable answer came. */
int dialogue_ask(
    struct dialogue *d, struct span challenge, struct str *answer_r);
/* The mechanism fails: sets code, returns -1. */
int dialogue_fail(struct dialogue *d, enum auth_code code);

/* The parent may read the databases and fork. */
void parent_sandbox(void);
/* A dialogue's process, before it reads its first byte: may read the databases
 * and talk to the runner of checkpassword programs. */
void dialogue_sandbox(void);

#endif
