/* All checks of one message from outside. */
#ifndef TRUST_VERIFY_H
#define TRUST_VERIFY_H

#include "trust/arc.h"
#include "trust/author.h"
#include "trust/dkim.h"
#include "trust/dmarc.h"
#include "trust/rules.h"
#include "trust/spf.h"

/* Bytes of a header; of a longer one only these are looked at, so signatures
 * over it are not valid. */
enum { VERIFY_HEADER_MAX = 1 << 20 };

struct verify {
	/* Given: */
	int fd; /* the message, from offset on so many bytes */
	uint64_t offset, size;
	int64_t now; /* seconds since the epoch */
	struct spf_address client;
	struct span client_text;
	struct span sender, helo; /* of the envelope */
	struct rules *rules;
	struct resolver *resolver;

	/* Found: */
	struct str header;
	struct fields fields;
	bool whole; /* the header was read to its end */
	struct spf spf;
	enum result spf_result;
	struct dkim dkim;
	struct arc arc;
	enum result iprev;
	struct span name; /* that iprev has found, or empty */
	struct authors authors;
	struct dmarc dmarc; /* of the author's domain that wants most */
	const struct signature *vouches; /* a forwarder's seal overrides */
	struct body bodies[2];
	struct arena arena;
};

/* -1: the message can't be read (errno). The sender's and the HELO name's
 * domains may be in any form. */
int verify_run(struct verify *v);
void verify_free(struct verify *v);

/* What is to be done with the message. */
enum verify_wish { VERIFY_TAKE, VERIFY_MARK, VERIFY_REFUSE, VERIFY_LATER };
enum verify_wish verify_wish(const struct verify *v);

/* verify_tell.c: append the field Authentication-Results, with this host's
 * name; and the results for a line of the log, as "key=value" pairs through
 * put(). */
void verify_field(const struct verify *v, struct span me, struct str *out);
void verify_facts(const struct verify *v,
    void (*put)(void *arg, const char *key, struct span value), void *arg);

#endif
