#include "store/activity.h"

#include "base/log.h"
#include "store/name.h"

enum {
	ID_MAX = 64,    /* bytes of a foreign name */
	IDS_MAX = 1800, /* bytes of all ids in a line of 4096 */
	UIDS_MAX = 480, /* of a set; a value has 512 */
};

void
activity_start(struct activity *a, const char *event, const char *user,
    struct span folder, struct span to)
{
	*a = (struct activity){ .event = event,
		.user = user,
		.folder = folder,
		.to = to,
		.ids = STR_INIT,
		.news = STR_INIT,
		.uids = STR_INIT,
		.new_uids = STR_INIT };
}

/* Add a UID to a set whose last run ends in *last. */
static void
uid_add(struct str *set, uint32_t *last, uint32_t uid)
{
	size_t colon = set->len, comma = set->len;

	while (comma > 0 && set->at[comma - 1] != ',') {
		comma--;
		if (set->at[comma] == ':')
			colon = comma;
	}
	if (set->len > 0 && uid == *last + 1) {
		str_cut(set, colon);
		str_addf(set, ":%u", uid);
	} else {
		str_addf(set, set->len > 0 ? ",%u" : "%u", uid);
	}
	*last = uid;
}

static void
id_add(struct str *ids, struct span file)
{
	struct name n;

	if (!name_parse(file, &n))
		return;
	str_add(ids, span_head(name_id(&n), ID_MAX));
	str_add_byte(ids, '\0');
}

static void
ids_log(struct logline *l, const char *key, const struct str *ids)
{
	struct span rest = str_span(ids), id;

	while (span_until(&rest, '\0', &id)) {
		log_span(l, key, id);
		span_take(&rest, '\0');
	}
}

static void
flush(struct activity *a)
{
	struct logline l;

	if (a->count == 0)
		return;
	log_start(&l, a->event);
	if (a->user != NULL)
		log_text(&l, "user", a->user);
	if (a->folder.len > 0)
		log_span(&l, "folder", a->folder);
	if (a->to.at != NULL)
		log_span(&l, "to-folder", a->to);
	log_number(&l, "messages", (int64_t)a->count);
	log_span(&l, "uid", str_span(&a->uids));
	if (a->new_uids.len > 0)
		log_span(&l, "new-uid", str_span(&a->new_uids));
	ids_log(&l, "id", &a->ids);
	ids_log(&l, "new-id", &a->news);
	log_write(&l);
	a->count = 0;
	str_clear(&a->ids);
	str_clear(&a->news);
	str_clear(&a->uids);
	str_clear(&a->new_uids);
}

void
activity_add(struct activity *a, uint32_t uid, struct span file,
    uint32_t new_uid, struct span new_file)
{
	if (a->ids.len + a->news.len > IDS_MAX || a->uids.len > UIDS_MAX ||
	    a->new_uids.len > UIDS_MAX)
		flush(a);
	a->count++;
	uid_add(&a->uids, &a->last, uid);
	id_add(&a->ids, file);
	if (new_uid == 0)
		return;
	uid_add(&a->new_uids, &a->new_last, new_uid);
	id_add(&a->news, new_file);
}

void
activity_end(struct activity *a)
{
	flush(a);
	str_free(&a->ids);
	str_free(&a->news);
	str_free(&a->uids);
	str_free(&a->new_uids);
}
