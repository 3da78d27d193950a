/*
 * A disk that becomes full when a test says so: preloaded, it lets every write to a file below
 * MSIG_FULL_DIR fail with ENOSPC while the file MSIG_FULL_FLAG exists.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
full(int fd)
{
	const char *flag = getenv("MSIG_FULL_FLAG"), *dir = getenv("MSIG_FULL_DIR");
	char link[64], path[4096];
	struct stat st;
	int saved = errno;
	if (flag == NULL || dir == NULL || access(flag, F_OK) != 0 || fstat(fd, &st) != 0 ||
	    !S_ISREG(st.st_mode)) {
		errno = saved;
		return 0;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	errno = strncmp(path, dir, strlen(dir)) == 0 ? ENOSPC : saved;
	return errno == ENOSPC && strncmp(path, dir, strlen(dir)) == 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t
write(int fd, const void *data, size_t len)
{
	return full(fd) ? -1 : NEXT(write)(fd, data, len);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	return full(fd) ? -1 : NEXT(pwrite)(fd, data, len, at);
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	return full(fd) ? -1 : NEXT(pwrite64)(fd, data, len, at);
}

int
ftruncate(int fd, off_t len)
{
	return full(fd) ? -1 : NEXT(ftruncate)(fd, len);
}

int
ftruncate64(int fd, off64_t len)
{
	return full(fd) ? -1 : NEXT(ftruncate64)(fd, len);
}

int
posix_fallocate(int fd, off_t at, off_t len)
{
	return full(fd) ? ENOSPC : NEXT(posix_fallocate)(fd, at, len);
}
