/* The configuration: a directory of small files, each one value or one list,
 * every file optional. '#' begins a comment at the start of a line or after a
 * blank; blank lines are nothing. */
#ifndef OS_CONF_H
#define OS_CONF_H

#include "base/str.h"

/* Descriptor of the configuration directory (dir_etc()). A missing directory is
 * -1 with ENOENT, and every call below takes -1 as an empty configuration; one
 * that can't be opened ends the program (TEMP). */
int conf_open(void);

/* The first line of a file; false when it has none (errno ENOENT) or can't be
 * read (any other errno: not the same as empty where access is at stake). */
bool conf_value(int etc, const char *name, struct str *value_r);
/* After a false of conf_value() or conf_list_open(), where a missing file means
 * something for good: ends the program (TEMP) unless it is missing indeed. */
void conf_missing(const char *name);

/* A list, read whole. conf_next() gives the lines one by one, trimmed, with
 * their numbers (from 1). */
struct conf_list {
	struct str text;
	size_t at;
	unsigned line;
};
/* False with errno as above. */
bool conf_list_open(struct conf_list *l, int etc, const char *name);
bool conf_next(struct conf_list *l, struct span *line_r);
void conf_list_close(struct conf_list *l);

/* What a reader of the configuration can be given as complain: logs
 * "event=config file= line= error=". file is the name, a char *. */
void conf_complain(unsigned line, const char *text, void *file);

/* This host's name: the file `me`, else the kernel's node name; never empty,
 * lower case. Asks no DNS. A file that can't be read, and not for want of
 * permission, ends the program (TEMP), here and in conf_limits(). */
void conf_me(int etc, struct str *name_r);

/* The file `limits`: "name value" lines; a value may end in K, M, G (times
 * 1024) or s, m, h, d (seconds). conf_limit_names() lists what is known. */
struct limits {
	uint64_t message_size;        /* bytes of one message; 50M */
	uint64_t recipients;          /* RCPT of one message; 1000 */
	uint64_t hops;                /* Received fields; 100 */
	uint64_t header_size;         /* bytes of a message's header; 256K */
	uint64_t header_fields;       /* 1000 */
	uint64_t errors;              /* refused commands of one session; 20 */
	uint64_t idle_commands;       /* commands without effect; 100 */
	uint64_t login_time;          /* seconds until login; 60 */
	uint64_t idle_time;           /* seconds without a command; 1800 */
	uint64_t command_time;        /* SMTP: seconds for one command; 300 */
	uint64_t data_rate;           /* SMTP: least bytes per second; 500 */
	uint64_t filter_time;         /* seconds for all filters; 120 */
	uint64_t pipe_time;           /* seconds for a user's program; 300 */
	uint64_t queue_life;          /* seconds until a bounce; 5d */
	uint64_t delay_warning;       /* seconds until the warning; 4h */
	uint64_t deliver_workers;     /* 4 */
	uint64_t send_workers;        /* 20 */
	uint64_t destination_workers; /* of these, at one destination; 10 */
	uint64_t send_time;    /* seconds for another host's reply; 300 */
	uint64_t history_time; /* seconds that results are kept; 14d */
	uint64_t literal_size; /* IMAP: non-message literals; 1M */
	uint64_t disk_reserve; /* bytes kept free in the spool; 64M */
};
struct limit_name {
	const char *name;
	size_t offset; /* of a uint64_t in struct limits */
	uint64_t otherwise;
};
const struct limit_name *conf_limit_names(size_t *count_r);
/* Fill in the defaults and what the file says. Lines it can't use are reported
 * through complain (may be NULL) and skipped; their number is returned. */
unsigned conf_limits(int etc, struct limits *l_r,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);

#endif
