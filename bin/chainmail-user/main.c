/* chainmail-user: the users of this server (chainmail user ...).
 *
 *	chainmail user add ADDRESS [FIELD=VALUE ...]	a mailbox
 *	chainmail user passwd ADDRESS			another password
 *	chainmail user del ADDRESS			out of the text
 *	chainmail user alias ADDRESS TARGET...		where its mail goes
 *	chainmail user forward [-o] ADDRESS [TARGET...]	likewise of a mailbox
 *	chainmail user list				mailboxes and aliases
 *	chainmail user check				all faults of the text
 *	chainmail user compile [- | -f]			make the databases
 * stdin: the password, one line, or (compile -) the text. uid: who owns the
 * configuration. Exit: 0, 64 usage, 65 faults, 67 no such user, 75 and 78. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/help.h"
#include "commands.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"

static const struct command {
	const char *name;
	int (*run)(char **arguments, int count);
	int least, most; /* arguments */
	bool changes;    /* the file, and then the databases */
	const char *help;
} commands[] = {
	{ "add", command_add, 1, 16, true, "ADDRESS [FIELD=VALUE ...]" },
	{ "passwd", command_passwd, 1, 1, true, "ADDRESS" },
	{ "del", command_del, 1, 1, true, "ADDRESS" },
	{ "alias", command_alias, 2, 100, true, "ADDRESS TARGET..." },
	{ "forward", command_forward, 1, 100, true,
	    "[-o] ADDRESS [TARGET...]" },
	{ "list", command_list, 0, 0, false, "" },
	{ "check", command_check, 0, 0, false, "" },
	{ "compile", command_compile, 0, 1, false, "[- | -f]" },
};

static int
usage(FILE *to)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		fprintf(to, "%s chainmail user %s %s\n",
		    i == 0 ? "usage:" : "      ", commands[i].name,
		    commands[i].help);
	fputs("Manages the users, aliases and passwords of this server.\n"
	      "See chainmail-user(8).\n",
	    to);
	return to == stdout ? DONE : USAGE;
}

static void
sandbox(void)
{
	/* getpwnam() reads /etc and loads what it names there. */
	const struct sandbox_path paths[] = {
		{ dir_etc(), SANDBOX_READ | SANDBOX_WRITE },
		{ "/etc", SANDBOX_READ },
		{ "/usr/lib", SANDBOX_READ | SANDBOX_EXEC },
		{ "/lib", SANDBOX_READ | SANDBOX_EXEC },
		{ "/dev", SANDBOX_READ },
	};

	sandbox_paths(paths, COUNT(paths));
}

int
main(int argc, char **argv)
{
	proc_start("chainmail-user", 3);
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	help_answer(argc, argv, NULL);
	for (size_t i = 0; argc > 1 && i < COUNT(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0 &&
		    argc - 2 >= commands[i].least &&
		    argc - 2 <= commands[i].most) {
			sandbox();
			if (commands[i].changes)
				source_check();
			return commands[i].run(argv + 2, argc - 2);
		}
	return usage(stderr);
}
