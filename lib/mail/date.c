#include "mail/date.h"

enum { DAY = 86400, YEAR_MAX = 9999, DEPTH_MAX = 20 };

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char weekdays[] = "SunMonTueWedThuFriSat";

struct calendar {
	int64_t year;
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
};

/* Days since the epoch of a day of the Gregorian calendar. Years are taken to
 * begin in March, so that the leap day is the last. */
static int64_t
days_of(struct calendar c)
{
	int64_t y = c.month > 2 ? c.year : c.year - 1;
	int64_t m = c.month > 2 ? c.month - 3 : c.month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + c.day -
	    1 - 719468;
}

static bool
is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
month_days(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static struct calendar
calendar_of(int64_t days)
{
	struct calendar c = { .month = 1 };

	/* An estimate that is never too late. */
	c.year = 1970 + (days < 0 ? days / 365 - 1 : days / 366);
	while (days_of((struct calendar){ c.year + 1, 1, 1 }) <= days)
		c.year++;
	days -= days_of((struct calendar){ c.year, 1, 1 });
	for (; days >= month_days(c.year, c.month); c.month++)
		days -= month_days(c.year, c.month);
	c.day = (int)days + 1;
	return c;
}

/* Local time in seconds, limited to the years we can write. */
static int64_t
wall_seconds(struct date d)
{
	const int64_t first = days_of((struct calendar){ 1, 1, 1 }) * DAY;
	const int64_t end = days_of((struct calendar){ YEAR_MAX + 1, 1, 1 }) *
	    DAY;
	int64_t s = d.seconds;

	if (s < first + DAY)
		s = first + DAY;
	if (s > end - 2 * DAY)
		s = end - 2 * DAY;
	return s + d.zone * 60;
}

static int64_t
floor_days(int64_t seconds)
{
	return seconds / DAY - (seconds % DAY < 0);
}

static void
clock_format(struct str *out, int64_t wall, int zone)
{
	int64_t s = wall - floor_days(wall) * DAY;
	unsigned z = (unsigned)(zone < 0 ? -zone : zone);

	str_addf(out, " %02d:%02d:%02d %c%02u%02u", (int)(s / 3600),
	    (int)(s / 60 % 60), (int)(s % 60), zone < 0 ? '-' : '+', z / 60,
	    z % 60);
}

void
date_format(struct str *out, struct date d)
{
	int64_t wall = wall_seconds(d), days = floor_days(wall);
	struct calendar c = calendar_of(days);
	int weekday = (int)(((days + 4) % 7 + 7) % 7); /* 1970: a Thursday */

	str_addf(out, "%.3s, %d %.3s %04d", &weekdays[weekday * 3], c.day,
	    &months[(c.month - 1) * 3], (int)c.year);
	clock_format(out, wall, d.zone);
}

void
date_imap_format(struct str *out, struct date d)
{
	int64_t wall = wall_seconds(d);
	struct calendar c = calendar_of(floor_days(wall));

	str_addf(out, "%2d-%.3s-%04d", c.day, &months[(c.month - 1) * 3],
	    (int)c.year);
	clock_format(out, wall, d.zone);
}

/* RFC 5322 3.2.2: blanks, line ends and comments; false when a comment doesn't
 * end. */
static bool
skip(struct span *rest)
{
	int depth = 0;
	char c;

	while (rest->len > 0) {
		c = rest->at[0];
		if (c == '(' && ++depth > DEPTH_MAX)
			return false;
		if (depth == 0 && !byte_is_blank(c) && c != '\r' && c != '\n')
			break;
		if (depth > 0 && c == ')')
			depth--;
		*rest = span_from(*rest, c == '\\' ? 2 : 1);
	}
	return depth == 0;
}

static bool
take_month(struct span *rest, int *month_r)
{
	for (int m = 0; m < 12; m++)
		if (span_take_case(rest, (struct span){ &months[m * 3], 3 })) {
			*month_r = m + 1;
			return true;
		}
	return false;
}

static bool
take_small(struct span *rest, uint64_t max, int *n_r)
{
	uint64_t n;

	if (!span_number(rest, max, &n))
		return false;
	*n_r = (int)n;
	return true;
}

/* RFC 5322 4.3: two digits are 1950 to 2049, three count from 1900. */
static bool
take_year(struct span *rest, int64_t *year_r)
{
	size_t before = rest->len;
	int year;

	if (!take_small(rest, YEAR_MAX, &year))
		return false;
	if (before - rest->len == 2)
		year += year < 50 ? 2000 : 1900;
	else if (before - rest->len == 3)
		year += 1900;
	*year_r = year;
	return year > 0 && year <= YEAR_MAX;
}

static bool
calendar_is_valid(struct calendar c)
{
	return c.year > 0 && c.month >= 1 && c.day >= 1 &&
	    c.day <= month_days(c.year, c.month);
}

/* "+hhmm" */
static bool
take_offset(struct span *rest, int *zone_r)
{
	struct span s = *rest;
	bool west = span_take(&s, '-');
	uint64_t n;

	if ((!west && !span_take(&s, '+')) || s.len < 4 ||
	    !span_is_number(span_head(s, 4), 2359, &n) || n % 100 > 59)
		return false;
	*zone_r = (int)(n / 100 * 60 + n % 100) * (west ? -1 : 1);
	*rest = span_from(s, 4);
	return true;
}

/* RFC 5322 4.3: the defined zone names; all others are UTC. */
static int
zone_named(struct span s)
{
	static const struct {
		const char *name;
		int hours;
	} zones[] = { { "EDT", -4 }, { "EST", -5 }, { "CDT", -5 },
		{ "CST", -6 }, { "MDT", -6 }, { "MST", -7 }, { "PDT", -7 },
		{ "PST", -8 } };

	for (size_t i = 0; i < COUNT(zones); i++)
		if (span_starts_case(s, span_text(zones[i].name)))
			return zones[i].hours * 60;
	return 0;
}

/* h:mm[:ss] as seconds of the day; a leap second counts as the one before. */
static bool
take_clock(struct span *rest, int64_t *seconds_r)
{
	int hour, minute, second = 0;

	if (!take_small(rest, 23, &hour) || !skip(rest) ||
	    !span_take(rest, ':') || !skip(rest) ||
	    !take_small(rest, 59, &minute) || !skip(rest))
		return false;
	if (span_take(rest, ':') &&
	    (!skip(rest) || !take_small(rest, 60, &second) || !skip(rest)))
		return false;
	*seconds_r = hour * 3600 + minute * 60 + (second == 60 ? 59 : second);
	return true;
}

static bool
take_weekday(struct span *rest)
{
	struct span s = *rest, name;

	if (s.len > 0 && byte_is_digit(s.at[0]))
		return true;
	if (!span_until(&s, ',', &name) || name.len > 20)
		return false;
	*rest = span_from(s, 1);
	return skip(rest);
}

static bool
parse(struct span text, bool clock_needed, struct date *d_r)
{
	struct calendar c;
	int64_t clock = 0;
	int zone = 0;

	if (!skip(&text) || !take_weekday(&text) ||
	    !take_small(&text, 31, &c.day) || !skip(&text) ||
	    !take_month(&text, &c.month) || !skip(&text) ||
	    !take_year(&text, &c.year) || !calendar_is_valid(c) || !skip(&text))
		return false;
	if (take_clock(&text, &clock)) {
		if (!take_offset(&text, &zone))
			zone = zone_named(text);
	} else if (clock_needed) {
		return false;
	}
	*d_r = (struct date){ days_of(c) * DAY + clock - zone * 60, zone };
	return true;
}

bool
date_parse(struct span text, struct date *d_r)
{
	return parse(text, true, d_r);
}

bool
date_parse_day(struct span text, struct date *d_r)
{
	return parse(text, false, d_r);
}

/* d-Mon-yyyy */
static bool
take_imap_day(struct span *rest, struct calendar *c_r)
{
	struct span s = *rest;
	uint64_t year;

	if (!take_small(&s, 31, &c_r->day) || !span_take(&s, '-') ||
	    !take_month(&s, &c_r->month) || !span_take(&s, '-') || s.len < 4 ||
	    !span_is_number(span_head(s, 4), YEAR_MAX, &year))
		return false;
	c_r->year = (int64_t)year;
	*rest = span_from(s, 4);
	return calendar_is_valid(*c_r);
}

bool
date_imap_parse(struct span text, struct date *d_r)
{
	struct calendar c;
	int64_t clock;
	int zone;

	span_take(&text, ' ');
	if (!take_imap_day(&text, &c) || !span_take(&text, ' ') ||
	    !take_clock(&text, &clock) || !take_offset(&text, &zone) ||
	    text.len > 0)
		return false;
	*d_r = (struct date){ days_of(c) * DAY + clock - zone * 60, zone };
	return true;
}

bool
date_day_parse(struct span text, int64_t *seconds_r)
{
	struct calendar c;

	if (!take_imap_day(&text, &c) || text.len > 0)
		return false;
	*seconds_r = days_of(c) * DAY;
	return true;
}

int64_t
date_day(struct date d)
{
	return floor_days(wall_seconds(d)) * DAY;
}
