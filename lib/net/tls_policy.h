/* The administrator's TLS requirements for a domain: the file `tls-policy`, see
 * chainmail-tls-policy(5).
 *
 *	example.org     verify mx.example.org
 *	.example.net    require
 *	old.example.com none
 *	bank.example    pin sha256:0123...
 *	*               may */
#ifndef NET_TLS_POLICY_H
#define NET_TLS_POLICY_H

#include "base/arena.h"
#include "net/tls_client.h"

enum tls_word {
	TLS_WORD_NONE,    /* plain text, always */
	TLS_WORD_MAY,     /* TLS if offered, whatever the domain publishes */
	TLS_WORD_REQUIRE, /* TLS, with any certificate */
	TLS_WORD_VERIFY,  /* by a known authority, for names or the host's */
	TLS_WORD_DANE,    /* by TLSA records, which must exist */
	TLS_WORD_PIN,     /* one of the public keys */
};
struct tls_line {
	enum tls_word word;
	struct span *names; /* verify; none: the host's own name */
	size_t name_count;
	unsigned char (*pins)[TLS_PIN_LEN];
	size_t pin_count;
	struct span text; /* as written, without the domain */
	bool broken;      /* the line is faulty: mail for its domain waits */
};

struct tls_policy;
/* Read `tls-policy`; never NULL. Every mistake is reported through complain
 * (may be NULL). If the file can't be read, mail for all domains waits. */
struct tls_policy *tls_policy_open(int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);
void tls_policy_close(struct tls_policy *p);
/* Re-read the file if it was replaced: one stat(2). Lines found before are then
 * invalid. True when it was. */
bool tls_policy_refresh(struct tls_policy *p);
/* The line of a domain (lower case, ASCII form): its own, that of the longest
 * ".suffix", or "*"; NULL: none. */
const struct tls_line *tls_policy_find(
    const struct tls_policy *p, struct span domain);
/* Both are NULL, or have the same text. */
bool tls_lines_equal(const struct tls_line *x, const struct tls_line *y);

/* Parse one line (without its domain) into the arena; NULL, or the fault. For
 * tls_policy_open(), and fuzzing. */
const char *tls_line_parse(
    struct span words, struct arena *a, struct tls_line *line_r);

#endif
