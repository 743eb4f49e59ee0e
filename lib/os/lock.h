/* Locks between processes: fcntl(2) open-file-description locks, so they work
 * on shared file systems, vanish with their holder, and closing another
 * descriptor of the same file does not drop them. */
#ifndef OS_LOCK_H
#define OS_LOCK_H

/* Lock the file NAME in dir (created when missing, mode 0600), waiting up to
 * wait_ms (0: do not wait). Returns the descriptor that holds the lock (close
 * it to unlock), or -1 with errno; EAGAIN: another process has it. */
int lock_take(int dir, const char *name, int wait_ms);
/* The same, but shared: several processes may hold it at the same time. */
int lock_share(int dir, const char *name, int wait_ms);
/* The same, but the file must be there, and need not be writable. */
int lock_look(int dir, const char *name, int wait_ms);
/* lock_share() on an open descriptor; 0 or -1. */
int lock_fd_share(int fd, int wait_ms);
/* lock_take() on an open descriptor, open for writing; 0 or -1. */
int lock_fd(int fd, int wait_ms);
int lock_drop(int fd);

#endif
