/* --help, --version and wrong command lines. A program's help is its usage, one
 * or more lines that begin with "usage:" or blanks, followed by what else fits
 * on a screen; every line ends with LF. */
#ifndef BASE_HELP_H
#define BASE_HELP_H

/* Print and exit with 0 when the only argument is --version or, unless help is
 * NULL, --help. */
void help_answer(int argc, char **argv, const char *help);
/* Print the usage to standard error and exit with 64. */
_Noreturn void help_usage(const char *help);

#endif
