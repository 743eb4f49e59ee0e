/* What `chainmail user` can do; each returns an exit code. */
#ifndef CHAINMAIL_USER_COMMANDS_H
#define CHAINMAIL_USER_COMMANDS_H

int command_add(char **arguments, int count);
int command_passwd(char **arguments, int count);
int command_del(char **arguments, int count);
int command_list(char **arguments, int count);
int command_check(char **arguments, int count);
int command_compile(char **arguments, int count);

#endif
