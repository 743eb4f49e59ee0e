/* The configuration: a directory of small files, each one value or one list,
 * every file optional. '#' begins a comment at the start of a line or after a
 * blank; blank lines are ignored. */
#ifndef OS_CONF_H
#define OS_CONF_H

#include <sys/stat.h>

#include "base/str.h"

/* Descriptor of the configuration directory (dir_etc()). A missing directory
 * gives -1 with ENOENT, which every call below treats as an empty
 * configuration; one that can't be opened ends the program (TEMP). */
int conf_open(void);

/* The first line of a file; false when it has none (errno ENOENT) or can't be
 * read (any other errno: not to be taken for empty where access depends on
 * it). */
bool conf_value(int etc, const char *name, struct str *value_r);
/* Call it when conf_value() or conf_list_open() failed and a missing file has a
 * permanent effect: ends the program (TEMP) unless the file is really
 * missing. */
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

/* A complain callback for readers of the configuration: logs "event=config
 * file= line= error=". file is the name, a char *. */
void conf_complain(unsigned line, const char *text, void *file);

/* Identifies the version of a file; zeros: none. */
struct conf_stamp {
	bool there;
	ino_t inode;
	off_t size;
	struct timespec changed;
};
/* Does the file differ from its stamp? The stamp is then updated. One
 * stat(2). */
bool conf_changed(int etc, const char *name, struct conf_stamp *stamp);
/* Call it after re-reading a file failed, or found a mistake (error 0): logs
 * that the earlier content stays in force. */
void conf_former_stays(const char *name, int error);
extern const char conf_former_text[];

/* This host's name: the file `me`, else the kernel's node name; never empty,
 * lower case. No DNS lookup. A file that can't be read, except for lack of
 * permission, ends the program (TEMP), here and in conf_limits(); here also one
 * without a valid name: under another name this host would permanently refuse
 * its own mail. */
void conf_me(int etc, struct str *name_r);
/* NULL, or what is wrong with the name. */
const char *conf_me_fault(struct span name);

/* The file `limits`: "name value" lines; a value may end in K, M, G (times
 * 1024) or s, m, h, d (seconds). conf_limit_names() lists the known ones. */
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
	uint64_t cpu_time;            /* seconds of CPU for one command; 300 */
	uint64_t command_time;        /* SMTP: seconds for one command; 300 */
	uint64_t data_rate;           /* SMTP: least bytes per second; 500 */
	uint64_t filter_time;         /* seconds for all filters; 120 */
	uint64_t pipe_time;           /* seconds for a user's program; 300 */
	uint64_t queue_life;          /* seconds until a bounce; 5d */
	uint64_t delay_warning;       /* seconds until the warning; 4h */
	uint64_t deliver_workers;     /* 4 */
	uint64_t send_workers;        /* 20 */
	uint64_t destination_workers; /* of these, at one destination; 10 */
	uint64_t send_time;       /* seconds for another host's reply; 300 */
	uint64_t history_time;    /* seconds that results are kept; 14d */
	uint64_t literal_size;    /* IMAP: non-message literals; 1M */
	uint64_t disk_reserve;    /* bytes kept free in the spool; 64M */
	uint64_t log_connections; /* 1: log their start too; 0 */
};
struct limit_name {
	const char *name;
	size_t offset; /* of a uint64_t in struct limits */
	uint64_t otherwise;
};
const struct limit_name *conf_limit_names(size_t *count_r);
/* Fill in the defaults and the file's values. Invalid lines are reported
 * through complain (may be NULL) and skipped; returns their number. */
unsigned conf_limits(int etc, struct limits *l_r,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);
/* Read the file again if it changed. If it has a mistake or can't be read, l is
 * unchanged; both are logged. */
void conf_limits_refresh(int etc, struct limits *l, struct conf_stamp *stamp);

#endif
