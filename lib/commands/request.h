/* Requests to run commands. They come from programs that read strangers' input
 * (deliver, smtpd) and may be forged: their values only select a command in the
 * configuration, or set variables whose names are fixed here.
 *
 *	run n=3 to=robot@example.org command=… sender= recipient= id=01JD…
 *	run file=filter.mx LF MESSAGE_ID=01JD… SENDER=… …
 */
#ifndef COMMANDS_REQUEST_H
#define COMMANDS_REQUEST_H

#include "base/str.h"

/* A command of users.cdb. */
struct delivery_request {
	uint64_t n;           /* the caller's number of it */
	struct str to;        /* whose entry has the command */
	struct str command;   /* as written there */
	struct str sender;    /* the envelope's; may be empty */
	struct str recipient; /* the requested address */
	struct str id;        /* of the message */
};
void delivery_request_init(struct delivery_request *r);
void delivery_request_free(struct delivery_request *r);
/* False: malformed; n is set if known. No value has a control character. */
bool delivery_request_parse(struct span packet, struct delivery_request *r_r);

/* The filters of a file. */
struct filter_request {
	const char *file;  /* filter.mx or filter.submission */
	struct span facts; /* of the packet */
};
/* False: there is no such file, or the facts are malformed or have an unknown
 * name. */
bool filter_request_parse(struct span packet, struct filter_request *r_r);
/* The names of the facts, which are the filters' variables; up to NULL. */
extern const char *const filter_facts[];

#endif
