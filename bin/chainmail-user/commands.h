/* The commands of `chainmail user`; each returns an exit code. */
#ifndef CHAINMAIL_USER_COMMANDS_H
#define CHAINMAIL_USER_COMMANDS_H

/* Ends the program if the databases came by a pipe: a change of the file would
 * replace them. */
void source_check(void);

int command_add(char **arguments, int count);
int command_passwd(char **arguments, int count);
int command_del(char **arguments, int count);
int command_alias(char **arguments, int count);
int command_forward(char **arguments, int count);
int command_list(char **arguments, int count);
int command_check(char **arguments, int count);
int command_compile(char **arguments, int count);

#endif
