/* What is said of an account's folders, in plain words. */
#ifndef CHAINMAIL_FOLDER_REPORT_H
#define CHAINMAIL_FOLDER_REPORT_H

#include "store/folder_check.h"

struct report {
	struct store store;
	const char *user; /* as it was given */
	bool rebuild;
	uint32_t count;   /* of what is wrong */
	uint32_t lasting; /* of these, what a rebuild does not repair */
	uint32_t failed;  /* folders that could not be looked at */
};

/* Print the folder, or all and the quota, after repairing them with rebuild; an
 * exit code. */
int report(struct report *r, const char *folder);
/* Count and print one fault. lasting: a rebuild can't repair it. */
__attribute__((format(printf, 3, 4))) void report_fault(
    struct report *r, bool lasting, const char *format, ...);
/* Print what is wrong with one folder. */
void report_folder(
    struct report *r, const char *folder, const struct folder_check *c);

#endif
