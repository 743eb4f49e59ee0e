/* The bytes that are delivered: two lines on top, the message below. */
#ifndef DELIVER_MESSAGE_H
#define DELIVER_MESSAGE_H

#include "job.h"

struct message {
	const struct job *job;
	struct str text;    /* Return-Path, Delivered-To, and the message, or
			    * its beginning when it is large */
	size_t return_path; /* bytes of the first line */
	uint64_t read;      /* bytes of the message that text holds */
	bool loops;         /* it was delivered to this recipient before */
	bool junk;          /* a filter marked it */
};
/* Give the bytes away; -1 and errno stops it. */
typedef int message_put(void *to, struct span bytes);

void message_init(struct message *m);
void message_free(struct message *m);
/* Read the job's message; -1 and errno. May be used again for the next one. */
int message_load(struct message *m, const struct job *job);
/* All of it, with the Return-Path line (final delivery) or without (another
 * hop will follow: RFC 5321 4.4); -1 and errno, of put or of reading. */
int message_each(
    const struct message *m, bool final, message_put *put, void *to);

#endif
