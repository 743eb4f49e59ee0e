/* The last line of a command's output that is not empty. */
#ifndef COMMANDS_LAST_LINE_H
#define COMMANDS_LAST_LINE_H

#include "base/str.h"

struct last_line {
	struct str text; /* at most LAST_LINE_MAX bytes, without the LF */
	bool ended;      /* by LF: the next byte begins a new line */
};
enum { LAST_LINE_MAX = 400 };

/* Read once from fd. False: it is closed, or can't be read. */
bool last_line_read(struct last_line *l, int fd);

/* The line is a shell's message about the command line or a script: "sh: 1:
 * robot: not found", "/usr/local/bin/robot: line 3: syntax error". It is for
 * the administrator, not for strangers. */
bool last_line_is_shells(struct span line);

#endif
