/* Time. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that never jumps; for deadlines. */
int64_t clock_mono_ms(void);
/* Microseconds since the epoch; for names, birth times and MODSEQ. */
int64_t clock_wall_us(void);
/* Seconds since the epoch. */
int64_t clock_wall_s(void);

#endif
