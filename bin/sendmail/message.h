/* The message as the caller writes it: its header in memory, its body in a
 * file without a name, both with the disk's line ends. */
#ifndef SENDMAIL_MESSAGE_H
#define SENDMAIL_MESSAGE_H

#include "base/str.h"

struct message {
	struct str header; /* whole lines, without the empty one */
	int body;          /* the file */
	uint64_t size;     /* of both, as SMTP would count them, about */
	bool eight_bit;    /* bytes above 127 in it */
};

/* The file for a body; called before the sandbox. */
int message_file(void);
/* Read it from descriptor 0, to its end or, where a dot is no text, to a line
 * that is one. What is no header begins the body. Ends the program when it
 * can't, or when there is more than size_max or header_max. */
struct message_limits {
	uint64_t size, header;
	bool dot_is_text;
};
void message_read(struct message *m, const struct message_limits *l);

#endif
