/* Messages between programs: one line of key=value words ended by LF. In a
 * value every byte is percent-encoded except letters, digits and @ . _ - + / :
 * , ; = ~ ! * ' ( ) [ ] < > so that ordinary addresses, paths and IPs stay
 * readable. The first word may stand alone (the verb).
 *	job n=3 id=01JD… to=bob@example.org */
#ifndef BASE_RECORD_H
#define BASE_RECORD_H

#include "base/str.h"

/* Append a word, after a space unless the record is empty or a line has just
 * ended. */
void record_add(struct str *record, const char *key, struct span value);
void record_add_text(struct str *record, const char *key, const char *value);
void record_add_number(struct str *record, const char *key, int64_t value);
/* Append the verb (a word without =). */
void record_verb(struct str *record, const char *verb);
/* End the line. */
void record_end(struct str *record);

/* Take the next word off a line (without its LF). value_r is set to the decoded
 * value (empty for a word without =). False at the end and on a malformed
 * word; then rest->len tells them apart (0 = end). */
bool record_next(struct span *rest, struct span *key_r, struct str *value_r);
/* Find one key's value; false and empty if absent or malformed. */
bool record_get(struct span line, const char *key, struct str *value_r);
/* The same as a number from 0 to max. */
bool record_get_number(
    struct span line, const char *key, uint64_t max, uint64_t *n_r);
/* The first word is this verb. */
bool record_is(struct span line, const char *verb);

#endif
