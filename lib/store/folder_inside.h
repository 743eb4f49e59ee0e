/* What the files of the folder share; not for others. From the bottom: view,
 * stamp (the lock), keywords, read, look, then what changes it. */
#ifndef STORE_FOLDER_INSIDE_H
#define STORE_FOLDER_INSIDE_H

#include "store/folder.h"
#include "store/reading.h"

/* The session leaves the directory as it is. */
static inline bool
folder_is_aloof(const struct folder *f)
{
	return f->read_only || f->guest != NULL;
}

/* The time of a directory when it was read, and whether it was then old enough
 * for every later change to give it another. */
struct folder_stamp {
	struct timespec time;
	bool trusted;
};

/* The view (folder_view.c). Records are not checked against the disk; false: the
 * index is damaged. */

/* The whole index gets numbers, as the first look. */
bool view_reset(struct folder *f);
/* What has come gets numbers; how many. */
bool view_extend(struct folder *f, uint32_t *added_r);
/* The numbers of gone messages go. dead: their numbers less one, ascending. */
void view_drop(struct folder *f, const uint32_t *dead, uint32_t n);
/* The record of a number less one; one that is lost is dead and has no name. */
bool view_record(struct folder *f, uint32_t at, struct index_record *r_r);
/* The row of it; false: there is none. */
bool view_row(const struct folder *f, uint32_t at, uint32_t *row_r);
/* The number less one of the first with at least this UID, or count. */
bool view_find(struct folder *f, uint32_t uid, uint32_t *at_r);
/* From now on the numbers are of another index, which takes the place of the
 * folder's. False: it can't be told which message is which; all is as before. */
bool view_switch(struct folder *f, struct index *to);
void view_free(struct folder *f);

/* Report its flags in any case. */
void view_tell(struct folder *f, uint32_t uid);
/* It was removed by folder_expunge(). UIDs ascend. */
void view_removed(struct folder *f, uint32_t uid);
/* A change that this session has made by itself needs no report. */
void view_own(struct folder *f, uint64_t modseq);
/* The record's last change was neither reported nor made here. */
bool view_is_news(const struct folder *f, const struct index_record *r);
/* All but what view_tell() was given is reported, up to the last look. */
void view_told(struct folder *f);
bool view_is_recent(const struct folder *f, uint32_t uid);
void view_recent_add(struct folder *f, uint32_t low, uint32_t high);

/* The lock and the stamps (folder_stamp.c). */

/* Lock a directory's folder; the descriptor to close, or -1 and errno. */
int maildir_lock(const struct maildir *m);
/* The same for the session's own folder, whose index is then the one that its
 * names stand for, or f->lost. */
int folder_lock(struct folder *f);
/* The same without waiting: -1 when another session holds it. */
int folder_lock_free(struct folder *f);
/* The folder's UIDVALIDITY and next UID, which a guest can't make. */
int folder_uids(const struct folder *f, struct uids *u_r);
/* Record a lock that was taken in another way. */
void folder_locked(struct folder *f, int lock);
/* Before the lock is given back: the index says what was done. */
void folder_settle(struct folder *f);
/* Both. */
void folder_unlock(struct folder *f, int lock);
/* The times of both directories now; -1 and errno, ENOENT when they were
 * removed. */
int folder_stamps_take(const struct folder *f, struct folder_stamp *new_r,
    struct folder_stamp *cur_r);
/* 1: there may be something that was not read; 0: the view knows of all that is
 * in the index; -1 and errno as above. */
int folder_is_changed(struct folder *f);
/* The header of the index of the folder at this path below at, if it explains what
 * is on the disk: a few system calls in place of opening the folder. recent_r: some
 * messages are \Recent. False: open it, to learn more. */
bool folder_peek(const struct store *s, const char *path,
    struct index_header *h_r, bool *recent_r);
/* The same under the lock, of the index that it has then: nothing need be
 * read. */
bool folder_is_read(const struct folder *f);
/* The directories were read, after these times were taken. */
void folder_stamp(struct folder *f, const struct folder_stamp *at_new,
    const struct folder_stamp *at_cur);
/* Nobody has changed the directories since they were read (asked under the
 * lock, before a change of our own) … */
bool folder_is_current(const struct folder *f);
/* … so that our own change does not cause another reading. Called under the
 * lock after each change; it also notifies other sessions. */
void folder_touched(struct folder *f, bool was_current);

/* Keywords (folder_keywords.c). */

/* Read the file of keywords. What letters mean now is noted: a message with one
 * that means another thing is reported. */
int folder_keywords_read(struct folder *f);
/* The file of keywords was read under this lock, and perhaps changed: others
 * shall read it too. */
void folder_letters_note(struct folder *f);

/* Reading (folder_read.c). */

/* Read the directories under the lock, which the caller holds: give UIDs, bring
 * the index up to date. */
int folder_read(struct folder *f);
/* folder_lock(), and an index that can be written. */
int folder_begin(struct folder *f);
/* Put a message of our own behind all others, which has just come into cur/ of a
 * folder that was current, under this name. Under the lock. */
void folder_add(struct folder *f, struct span file);
/* Write the record of a number in place of old, under the lock; where that can't
 * be, the directories are read into another index. */
void folder_put(struct folder *f, uint32_t at, const struct index_record *old,
    struct index_record *r);
/* Mark a message gone. */
void folder_set_gone(struct folder *f, uint32_t at);

/* Excerpts (folder_excerpt.c). */
void folder_excerpts_init(struct folder *f);
/* What waits is written first, if it can be without waiting. */
void folder_excerpts_free(struct folder *f);

/* So many messages are done. */
void folder_step(const struct folder *f, size_t done);

/* Another account's folder (folder_guest.c). */

/* folder_flags() there. */
int guest_flags(struct folder *f, const uint32_t *at, size_t n,
    const struct flag_change *w);

/* Looking (folder_look.c): as view_…, and a damaged index is made anew. */

/* Make the index anew from the names. Where that can't be done the session can't
 * say what is what any more, and ends (TEMP). */
void folder_heal(struct folder *f);

struct index_record folder_record(struct folder *f, uint32_t at);
bool folder_is_gone(struct folder *f, uint32_t at);
/* Give numbers to what there is, as the first look. */
void folder_number(struct folder *f);
/* The directory that its file is in. */
int folder_dir(const struct folder *f, const struct index_record *r);

#endif
