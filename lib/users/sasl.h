/* Parsing SASL messages of clients; the functions accept any input. */
#ifndef USERS_SASL_H
#define USERS_SASL_H

#include "base/str.h"

/* RFC 4616: [authzid] NUL authcid NUL password; the password may be empty. */
struct sasl_plain {
	struct span authzid, authcid, password;
};
bool sasl_plain_parse(struct span message, struct sasl_plain *p_r);

/* RFC 5802 7: client-first-message. */
struct sasl_first {
	char binding;        /* 'n': none; 'y': not by the server; 'p' */
	struct span channel; /* with 'p': the binding's name */
	struct span gs2;     /* the gs2-header as received */
	struct span bare;    /* client-first-message-bare */
	struct str authzid;  /* decoded; may be empty */
	struct str user;     /* decoded; never empty */
	struct span nonce;
};
/* The strings of f_r are initialised; free them with sasl_first_free(). */
bool sasl_first_parse(struct span message, struct sasl_first *f_r);
void sasl_first_init(struct sasl_first *f);
void sasl_first_free(struct sasl_first *f);

/* RFC 5802 7: client-final-message. */
struct sasl_final {
	struct span binding; /* base64 */
	struct span nonce;
	struct span without_proof;
	struct span proof; /* base64 */
};
bool sasl_final_parse(struct span message, struct sasl_final *f_r);

#endif
