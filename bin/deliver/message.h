/* The delivered bytes: two header lines, then the message. */
#ifndef DELIVER_MESSAGE_H
#define DELIVER_MESSAGE_H

#include "job.h"

struct message {
	const struct job *job;
	struct str text;    /* Return-Path, Delivered-To, and the message, or
			    * its beginning when it is large */
	size_t return_path; /* bytes of the first line */
	uint64_t read;      /* bytes of the message in text */
	bool loops;         /* it was already delivered to this address */
	bool junk;          /* a filter marked it */
};
/* Consumes the bytes; -1 and errno stops it. */
typedef int message_put(void *to, struct span bytes);

void message_init(struct message *m);
void message_free(struct message *m);
/* Read the job's message. False: it can't be read, or was already delivered to
 * the job's address (a mail loop), and the job has that result. m may be
 * reused. */
bool message_load(struct message *m, struct job *job);
/* Pass on all of it, with the Return-Path line (final delivery) or without
 * (another hop follows: RFC 5321 4.4); -1 and errno, of put or of reading. */
int message_each(
    const struct message *m, bool final, message_put *put, void *to);

#endif
