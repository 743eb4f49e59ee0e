/* The one way for a program to end early. */
#ifndef BASE_DIE_H
#define BASE_DIE_H

/* Verdicts, which are exit codes (sysexits.h). Any other code is permanent. */
enum verdict {
	DONE = 0,
	USAGE = 64,  /* wrong command line */
	DATA = 65,   /* the input is wrong and will stay so */
	NOUSER = 67, /* no such mailbox */
	TEMP = 75,   /* try again later; also: unsure */
	NOPERM = 77, /* refused by policy */
	CONFIG = 78, /* the configuration is wrong */
	DROP = 99,   /* a filter: accept and drop silently */
};

/* Log the text, strerror(errno) when errno is set, and exit with the verdict:
 * after a failed system call. Faults of a command line, an input or a user
 * (USAGE, DATA, NOUSER) are logged without errno. */
__attribute__((noreturn, format(printf, 2, 3))) void die(
    enum verdict v, const char *format, ...);
/* The same without errno, for faults that this program found itself: errno may
 * be left over from an earlier call. */
__attribute__((noreturn, format(printf, 2, 3))) void die_text(
    enum verdict v, const char *format, ...);

#endif
