/* Output for people and programs: text in columns, and JSON (RFC 8259). */
#ifndef PRINT_H
#define PRINT_H

#include "base/str.h"

/* Write the gathered output once it is large, or all of it; ends the program
 * when stdout is closed. */
void print_some(struct str *out);
void print_all(struct str *out);

/* Foreign text on a terminal: invalid UTF-8 as \xNN, control characters (except
 * tabs) and changes of the writing direction as \u{N}. */
void print_clean(struct str *out, struct span text);
/* The same, cut to so many characters. */
void print_cut(struct str *out, struct span text, size_t width);
/* "45s", "12m", "3h", "2d". */
void print_age(struct str *out, int64_t seconds);
/* "900", "12K", "3.4M". */
void print_size(struct str *out, uint64_t bytes);
/* "2026-11-26 11:40:12", UTC. */
void print_time(struct str *out, int64_t seconds);
/* Blanks until the line that began at the offset has this width. */
void print_pad(struct str *out, size_t from, size_t width);

/* A member of the JSON object that is being written; a comma goes before it
 * when it is not the first. key NULL: an element of an array. */
void json_text(struct str *out, const char *key, struct span value);
void json_number(struct str *out, const char *key, int64_t value);
void json_flag(struct str *out, const char *key, bool value);
/* Begin the value of a key, or an element: '{' or '['. */
void json_open(struct str *out, const char *key, char bracket);
void json_close(struct str *out, char bracket);

#endif
