/* A worker's end: doc/architecture.md, Jobs. */
#ifndef SPOOL_JOBS_H
#define SPOOL_JOBS_H

/* Take no more jobs from queue-run, and give those back ("back n=") that wait
 * unread. The jobs taken before may still be answered. */
void jobs_refuse(int sock);

#endif
