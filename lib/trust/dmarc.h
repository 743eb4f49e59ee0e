/* DMARC: does an author's domain stand behind the message, and what does it
 * want done if not? (RFC 9989) */
#ifndef TRUST_DMARC_H
#define TRUST_DMARC_H

#include "trust/resolver.h"
#include "trust/result.h"

enum dmarc_policy { DMARC_NONE, DMARC_QUARANTINE, DMARC_REJECT };
const char *dmarc_policy_text(enum dmarc_policy p);

struct dmarc_record {
	enum dmarc_policy domain;    /* p= */
	enum dmarc_policy subdomain; /* sp=, else p= */
	enum dmarc_policy unknown;   /* np=, else sp= */
	bool strict_dkim, strict_spf;
	bool test; /* t=y */
	enum { DMARC_PSD_UNSAID, DMARC_PSD_NO, DMARC_PSD_YES } psd;
};
/* False: the text is of no DMARC record. Values that are not valid count as
 * missing, other tags (pct among them) as not there. */
bool dmarc_record_parse(struct span text, struct dmarc_record *r_r);

/* RFC 9989 4.10: the domain, and those above it. */
enum { DMARC_QUERIES_MAX = 8 };
struct dmarc_walk {
	struct dmarc_step {
		struct span domain;
		bool found;
		struct dmarc_record record;
	} steps[DMARC_QUERIES_MAX];
	size_t count;             /* steps that were made */
	bool later;               /* one got no answer */
	struct span organization; /* the organizational domain */
};
/* Ask for all its names with the next question. */
void dmarc_want(struct resolver *r, struct span domain);
/* domain is plain and in lower case. Spans into it. */
void dmarc_walk(struct resolver *r, struct span domain, struct dmarc_walk *w_r);

/* A domain that SPF or DKIM has found, or might have found. */
struct dmarc_identity {
	struct span domain; /* lower case */
	bool dkim;          /* else SPF */
	enum result result;
};

struct dmarc {
	struct span domain; /* the author's */
	enum result result;
	const char *reason;
	enum dmarc_policy policy; /* what the domain has published */
	struct span publisher;    /* the domain that has it */
	/* What is wanted now; DMARC_NONE unless the result is fail, or
	 * temperror: then it would be wanted if the answers fail again. */
	enum dmarc_policy wanted;
};
void dmarc_check(struct resolver *r, struct span domain,
    const struct dmarc_identity *ids, size_t count, struct dmarc *d_r);

#endif
