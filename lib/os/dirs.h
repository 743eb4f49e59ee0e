/* The directories: CHAINMAIL_ETC, CHAINMAIL_SPOOL, CHAINMAIL_MAIL and
 * CHAINMAIL_RUN from the environment, else the defaults. */
#ifndef OS_DIRS_H
#define OS_DIRS_H

const char *dir_etc(void);   /* /etc/chainmail */
const char *dir_spool(void); /* /var/spool/chainmail */
const char *dir_mail(void);  /* /var/mail */
const char *dir_run(void);   /* /run/chainmail */
/* CHAINMAIL_INDEX, an absolute path; NULL without one. */
const char *dir_index(void);

#endif
