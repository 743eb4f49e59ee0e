#include "store/special_use.h"

#include "store/mailbox.h"
#include "store/metadata.h"

int
special_uses(const struct store *s, struct span mailbox, unsigned *uses_r)
{
	struct mailbox_list l;

	*uses_r = 0;
	if (mailbox_list(s, false, &l) < 0)
		return -1;
	for (size_t i = 0; i < l.count; i++)
		if (span_equal(l.at[i].name, mailbox))
			*uses_r = l.at[i].uses & USES_ALL;
	mailbox_list_free(&l);
	return 0;
}

int
special_use_create(struct store *s, struct span mailbox, unsigned uses)
{
	struct str value = STR_INIT, text = STR_INIT;
	struct annotation entry = { .name = SPECIAL_USE_ENTRY };
	int r;

	special_uses_add(&value, uses);
	entry.value = str_span(&value);
	metadata_format(&text, &entry, 1);
	r = mailbox_create_with(s, mailbox, str_span(&text));
	if (r == 0)
		special_uses_take(s, mailbox, uses);
	str_free(&text);
	str_free(&value);
	return r;
}

/* Without any left, a name's own use is open again for who comes later. */
static void
say(const struct store *s, struct span mailbox, unsigned uses)
{
	struct annotation entry = { .name = SPECIAL_USE_ENTRY };
	struct str value = STR_INIT;

	special_uses_add(&value, uses);
	if (uses != 0)
		entry.value = str_span(&value);
	metadata_change(s, mailbox, &entry, 1);
	str_free(&value);
}

void
special_uses_take(const struct store *s, struct span mailbox, unsigned uses)
{
	struct mailbox_list l;

	if (uses == 0 || mailbox_list(s, false, &l) < 0)
		return;
	for (size_t i = 0; i < l.count; i++) {
		unsigned has = l.at[i].uses;

		if ((has & USES_SAID) && (has & uses) &&
		    !span_equal(l.at[i].name, mailbox))
			say(s, l.at[i].name, has & USES_ALL & ~uses);
	}
	mailbox_list_free(&l);
}

bool
special_use_find(const struct store *s, unsigned use, struct str *name_r)
{
	struct mailbox_list l;
	bool found = false;

	if (mailbox_list(s, false, &l) < 0)
		return false;
	for (size_t i = 0; i < l.count && !found; i++)
		if (l.at[i].uses & use) {
			str_set(name_r, l.at[i].name);
			found = true;
		}
	mailbox_list_free(&l);
	return found;
}
