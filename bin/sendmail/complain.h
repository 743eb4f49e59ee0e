/* Messages to the caller's terminal, not for the log: callers of sendmail see
 * nothing else of us. */
#ifndef SENDMAIL_COMPLAIN_H
#define SENDMAIL_COMPLAIN_H

#include "base/die.h"

__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);
__attribute__((noreturn, format(printf, 2, 3))) void complain_and_end(
    enum verdict v, const char *format, ...);

#endif
