#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/die.h"
#include "store/mailbox.h"
#include "store/quota.h"

static void
cannot(struct report *r, const char *folder, const char *what)
{
	struct str text = STR_INIT;

	if (errno == EPERM || errno == EACCES)
		mailbox_fault(&r->store, span_text(folder), &text);
	else
		str_setf(&text, "%s",
		    errno == EAGAIN ? "another program holds its lock"
				    : strerror(errno));
	printf("%s: can't be %s: %s\n", folder, what, text.at);
	str_free(&text);
	r->failed++;
}

static void
one_folder(struct report *r, const char *folder)
{
	struct folder_check before, after;

	if (folder_check(&r->store, span_text(folder), &before) < 0) {
		cannot(r, folder, "read");
		return;
	}
	if (!r->rebuild) {
		report_folder(r, folder, &before);
		return;
	}
	if (folder_rebuild(&r->store, span_text(folder)) < 0 ||
	    folder_check(&r->store, span_text(folder), &after) < 0) {
		cannot(r, folder, "rebuilt");
		return;
	}
	report_folder(r, folder, &after);
	if (before.same + before.above + before.leftovers > 0 ||
	    before.uids == UIDS_LOST || before.index == INDEX_WRONG)
		printf("  repaired: %s%s%s%s\n",
		    before.index == INDEX_WRONG ? "the index " : "",
		    before.uids == UIDS_LOST ? "the file uids " : "",
		    before.same + before.above > 0 ? "UIDs " : "",
		    before.leftovers > 0 ? "leftovers" : "");
}

static bool
all_folders(struct report *r)
{
	struct mailbox_list l;

	if (mailbox_list(&r->store, false, &l) < 0)
		return false;
	for (size_t i = 0; i < l.count; i++)
		if (l.at[i].state & MAILBOX_EXISTS)
			one_folder(r, l.at[i].name.at);
	mailbox_list_free(&l);
	return true;
}

static bool
is_counted(const struct quota *written, const struct quota *counted)
{
	return written->used == counted->used &&
	    written->count == counted->count;
}

static void
quota(struct report *r)
{
	struct quota written, counted;
	int there = quota_verify(&r->store, &written, &counted);
	bool right = is_counted(&written, &counted);

	if (there > 0 && !right && r->rebuild) {
		struct quota q = written;

		if (quota_count(&r->store, &q) == 0)
			puts("  repaired: the count of the quota");
		there = quota_verify(&r->store, &written, &counted);
		right = is_counted(&written, &counted);
	}
	if (there < 0) {
		printf("quota: can't be counted: %s\n",
		    errno == EAGAIN ? "others keep changing the mailbox"
				    : strerror(errno));
		r->failed++;
	}
	if (there <= 0)
		return;
	printf("quota: %" PRId64 " KiB in %" PRId64 " messages",
	    (counted.used + 1023) / 1024, counted.count);
	if (written.limit > 0)
		printf(" of %" PRIu64 " KiB", written.limit / 1024);
	putchar('\n');
	if (!right && written.used < 0)
		report_fault(r, false, "its file maildirsize is damaged");
	else if (!right)
		report_fault(r, false,
		    "its file maildirsize says %" PRId64 " KiB in %" PRId64
		    " messages",
		    (written.used + 1023) / 1024, written.count);
}

static int
verdict(const struct report *r)
{
	uint32_t repairable = r->rebuild ? 0 : r->count - r->lasting;

	if (r->count == 0 && r->failed == 0)
		puts("all is well");
	else if (r->count > 0)
		printf("%u faults%s%s%s\n", r->count,
		    repairable > 0 ? "; chainmail folder rebuild " : "",
		    repairable > 0 ? r->user : "",
		    repairable > 0 ? " repairs what it can" : "");
	if (fflush(stdout) != 0)
		die(TEMP, "write the report");
	if (r->failed > 0)
		return TEMP;
	return r->count > 0;
}

int
report(struct report *r, const char *folder)
{
	int code;

	if (folder != NULL && mailbox_exists(&r->store, span_text(folder)) < 0)
		die_text(NOUSER, "%s: there is no such folder", folder);
	if (folder != NULL)
		one_folder(r, folder);
	else if (!all_folders(r))
		die(TEMP, "read the folders of %s", r->user);
	if (folder == NULL)
		quota(r);
	code = verdict(r);
	store_close(&r->store);
	return code;
}
