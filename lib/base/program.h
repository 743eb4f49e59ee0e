/* The program's name in logs and messages. */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

/* Set first thing in main(). */
void program_name_set(const char *argv0);
const char *program_name(void);

#endif
