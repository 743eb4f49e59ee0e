#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "store/folder.h"

enum {
	EVENTS = IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
	    IN_DELETE_SELF | IN_ONLYDIR,
};

int
folder_watch(struct folder *f)
{
	static const char *const parts[] = { "new", "cur" };
	struct str path = STR_INIT;

	if (f->watch >= 0)
		return f->watch;
	f->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	for (size_t i = 0; i < COUNT(parts) && f->watch >= 0; i++) {
		str_setf(&path, "%s/%s", f->path.at, parts[i]);
		if (inotify_add_watch(f->watch, path.at, EVENTS) < 0) {
			int saved = errno;

			close(f->watch);
			f->watch = -1;
			errno = saved;
		}
	}
	str_free(&path);
	return f->watch;
}

void
folder_watch_clear(struct folder *f)
{
	char events[4096];

	while (f->watch >= 0 && read(f->watch, events, sizeof events) > 0)
		;
}
