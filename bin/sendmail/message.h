/* The caller's message: header in memory, body in an unnamed file, both with LF
 * line ends. */
#ifndef SENDMAIL_MESSAGE_H
#define SENDMAIL_MESSAGE_H

#include "base/str.h"

struct message {
	struct str header; /* whole lines, without the empty one */
	int body;          /* the file */
	uint64_t size;     /* of both, as SMTP would count them, about */
	bool eight_bit;    /* bytes above 127 in it */
};

/* The file for a body; call it before the sandbox. */
int message_file(void);
/* Read it from descriptor 0, to its end or, unless dots are text, to a line
 * with only a dot. The first line that is not a header begins the body. Ends
 * the program when it can't, or when there is more than size_max or
 * header_max. */
struct message_limits {
	uint64_t size, header;
	bool dot_is_text;
};
void message_read(struct message *m, const struct message_limits *l);

#endif
