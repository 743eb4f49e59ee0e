#include "spool/rights.h"

#include "os/dirs.h"

static const struct {
	const char *folder;
	unsigned access;
} writer[WRITER_PATHS] = {
	{ "tmp", SANDBOX_DRAFT },
	{ "blank", SANDBOX_TAKE },
	{ "new", SANDBOX_ARRIVE },
};

void
writer_rights_init(struct writer_rights *r)
{
	for (size_t i = 0; i < WRITER_PATHS; i++) {
		str_init(&r->names[i]);
		str_setf(&r->names[i], "%s/%s", dir_spool(), writer[i].folder);
		r->paths[i] = (struct sandbox_path){ r->names[i].at,
			writer[i].access };
	}
}

void
writer_rights_free(struct writer_rights *r)
{
	for (size_t i = 0; i < WRITER_PATHS; i++)
		str_free(&r->names[i]);
}
