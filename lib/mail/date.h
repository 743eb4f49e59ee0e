/* Dates of messages (RFC 5322 3.3) and of IMAP (RFC 9051 9: date-time, date).
 * The calendar is Gregorian from year 1 to 9999; no time zone of the system is
 * asked, no file is opened. */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include "base/str.h"

struct date {
	int64_t seconds; /* since the epoch, UTC */
	int zone;        /* minutes east of UTC that it is written in */
};

/* "Mon, 23 Nov 2026 16:21:39 +0000"; the short form that 5322 asks for. */
void date_format(struct str *out, struct date d);
/* Read it, with the obsolete forms of 4.3 (two-digit years, zone names,
 * comments and folds between the words, no seconds); what follows the zone, and
 * a missing or unknown zone, is tolerated (UTC). */
bool date_parse(struct span text, struct date *d_r);

/* IMAP's date-time without its quotes: "23-Nov-2026 16:21:39 +0000", the day
 * with a blank before a single digit. */
void date_imap_format(struct str *out, struct date d);
/* The whole text is one (a day of one digit may stand without its blank). */
bool date_imap_parse(struct span text, struct date *d_r);
/* IMAP's date, "1-Feb-2026" without quotes: its midnight as if in UTC. */
bool date_day_parse(struct span text, int64_t *seconds_r);
/* Seconds since the epoch of the midnight of the day on which d falls where it
 * was written, as if in UTC: to compare with date_day_parse() (SENTSINCE, and
 * SINCE, disregard time and zone). */
int64_t date_day(struct date d);

#endif
