/* The sandbox rights of a program that only puts messages into the spool: in
 * tmp/ it creates and writes files but can't list them, in blank/ it takes used
 * ones, in new/ files arrive by rename. It can read messages only through
 * descriptors it holds, and can't touch those in new/. Names in tmp/ can't be
 * guessed (base/id.h). */
#ifndef SPOOL_RIGHTS_H
#define SPOOL_RIGHTS_H

#include "base/str.h"
#include "os/sandbox.h"

enum { WRITER_PATHS = 3 };
struct writer_rights {
	struct str names[WRITER_PATHS];
	struct sandbox_path paths[WRITER_PATHS]; /* for sandbox_paths() */
};

void writer_rights_init(struct writer_rights *r);
void writer_rights_free(struct writer_rights *r);

#endif
