#include <sys/eventfd.h>
#include <uv.h>

/* Functions of the C library that its headers show to _GNU_SOURCE only, which Swift does not set. */
int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int close_range(unsigned int first, unsigned int last, int flags);
