/* The file `users` under its lock, and its compilation. */
#ifndef CHAINMAIL_USER_FILE_H
#define CHAINMAIL_USER_FILE_H

#include "base/str.h"

struct users_file {
	int etc, lock;
	struct str text;
	struct str me;
};

/* Open the configuration, for_change: take the lock. Reads the text (none is
 * empty). Ends the program when that fails. */
void file_open(struct users_file *f, bool for_change);
/* The databases were compiled from a text that came by a pipe, not from the
 * file. */
bool file_is_piped(void);
void file_close(struct users_file *f);
/* Check the text, all faults on stderr; true when there is none. */
bool file_check(struct users_file *f, struct span text, const char *name);
/* Check, replace `users` by the text, and compile. An exit code. */
int file_save(struct users_file *f);
/* Check a text and write the databases; name NULL: it came by a pipe. An exit
 * code. */
int file_compile(struct users_file *f, struct span text, const char *name);

#endif
