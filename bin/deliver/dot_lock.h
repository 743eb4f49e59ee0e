/* NAME.lock, with which mail readers lock an mbox. */
#ifndef DOT_LOCK_H
#define DOT_LOCK_H

/* Create the lock file name, waiting up to wait_ms. One that is five minutes
 * old was left by a crash and is removed; deliver's own (marked by the sticky
 * bit from its creation) as soon as nobody holds it: its maker also locks it
 * with fcntl(2). Returns a descriptor for dot_lock_drop(); -1 and errno: EAGAIN
 * when another program holds it; EACCES, EPERM or EROFS when no file can be
 * created here. */
int dot_lock(const char *name, int wait_ms);
void dot_lock_drop(const char *name, int fd);

#endif
