/* Dates of messages (RFC 5322 3.3) and of IMAP (RFC 9051 9: date-time, date).
 * The calendar is Gregorian from year 1 to 9999; the system's time zone is not
 * used, and no file is opened. */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include "base/str.h"

struct date {
	int64_t seconds; /* since the epoch, UTC */
	int zone;        /* zone as written, minutes east of UTC */
};

/* "Mon, 23 Nov 2026 16:21:39 +0000"; the form of RFC 5322. */
void date_format(struct str *out, struct date d);
/* Read it, with the obsolete forms of 4.3 (two-digit years, zone names,
 * comments and folds between the words, no seconds); text after the zone is
 * ignored, a missing or unknown zone is UTC. */
bool date_parse(struct span text, struct date *d_r);
/* The same where the day alone must be right: without a time that is, it is
 * 00:00:00 UTC (RFC 5256 2.2). */
bool date_parse_day(struct span text, struct date *d_r);

/* IMAP's date-time without its quotes: "23-Nov-2026 16:21:39 +0000", the day
 * with a blank before a single digit. */
void date_imap_format(struct str *out, struct date d);
/* Parse the whole text (a one-digit day may lack its blank). */
bool date_imap_parse(struct span text, struct date *d_r);
/* IMAP's date, "1-Feb-2026" without quotes: midnight, as if in UTC. */
bool date_day_parse(struct span text, int64_t *seconds_r);
/* Midnight of the day of d in its own zone, as if in UTC, in seconds since the
 * epoch: to compare with date_day_parse() (SENTSINCE, and SINCE, disregard time
 * and zone). */
int64_t date_day(struct date d);

#endif
