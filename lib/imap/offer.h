/* Which capabilities of IMAP are offered: the file `imap` of the configuration,
 * chainmail-imap(5). Each line is
 *
 *	service word ...
 *
 * where service is imap, imaps or * (both), and a word is a capability behind
 * '-' (it is neither advertised nor accepted) or '+' (it is). A later word
 * counts more than one before it. */
#ifndef IMAP_OFFER_H
#define IMAP_OFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct offer {
	uint64_t off[2]; /* bits by place in the table of names */
};

/* What is offered without the file: all but those that are off by default. */
void offer_init(struct offer *o);
/* The capability is offered; also one whose name the table lacks. Its value is
 * no part of the name ("APPENDLIMIT"), except where RFCs name it so
 * ("COMPRESS=DEFLATE"). */
bool offer_has(const struct offer *o, struct span capability);
/* Fill it in with the defaults and the file's words for a service ("imap",
 * "imaps"; any other: the lines for both). Words it can't use are
 * reported through complain (may be NULL), one by one, and skipped. Their
 * number; -1 and errno when there is a file that can't be read: then only what
 * every session needs is to be trusted, so nothing but IMAP4rev1 is offered. */
int offer_read(int etc, struct span service, struct offer *o_r,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);

#endif
