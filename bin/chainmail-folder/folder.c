/* The faults of one folder. */
#include <inttypes.h>
#include <stdio.h>

#include "report.h"

static void
report_uids(struct report *r, const struct folder_check *c)
{
	if (c->uids == UIDS_LOST)
		report_fault(r, false,
		    "its file uids is lost or damaged: it gets another "
		    "UIDVALIDITY, and mail programs load it again");
	if (c->same > 0)
		report_fault(r, false,
		    "%u have a UID that another message has too; they get new "
		    "ones",
		    c->same);
	if (c->uids == UIDS_GOOD && c->above > 0)
		report_fault(r, false,
		    "%u have a UID that was not assigned here; they get new "
		    "ones",
		    c->above);
}

static void
report_files(struct report *r, const struct folder_check *c)
{
	uint32_t other = c->resized - c->compressed;

	if (c->compressed > 0)
		report_fault(r, true,
		    "%u are compressed by another server (%s), and can't be "
		    "read; doc/moving.md tells how to copy them",
		    c->compressed, c->compression);
	if (other > 0)
		report_fault(r, true,
		    "%u are of another size than their names say; the name is "
		    "corrected when the message is next read",
		    other);
	if (c->letters > 0)
		report_fault(r, true,
		    "%u have a keyword whose name is lost from the file "
		    "keywords; it is not shown, and kept",
		    c->letters);
	if (c->strays > 0)
		report_fault(r, true,
		    "new and cur hold %u entries that are no messages; look at "
		    "them, and move them elsewhere",
		    c->strays);
	if (c->leftovers > 0)
		report_fault(r, false,
		    "%u files are left by programs that were interrupted, of "
		    "no use to anybody",
		    c->leftovers);
}

static const char *
index_words(const struct folder_check *c)
{
	switch (c->index) {
	case INDEX_GOOD:
		return "index good";
	case INDEX_NONE:
		return "no index yet";
	case INDEX_OLD:
		return "index of another start of the system, made anew when "
		       "it is opened";
	case INDEX_BEHIND:
		return "changed since it was last opened";
	case INDEX_WRONG:
		break;
	}
	return "index wrong";
}

void
report_folder(
    struct report *r, const char *folder, const struct folder_check *c)
{
	printf("%s: %u messages, %" PRIu64 " KiB, %s\n", folder, c->messages,
	    (c->bytes + 1023) / 1024, index_words(c));
	if (c->takeover != NULL && c->uids == UIDS_NONE)
		printf(
		    "  the first session takes the UIDs of %s\n", c->takeover);
	if (c->index == INDEX_WRONG)
		report_fault(r, false,
		    "its index is damaged or wrong: sessions may show %u "
		    "messages wrongly",
		    c->differ);
	report_uids(r, c);
	report_files(r, c);
}
