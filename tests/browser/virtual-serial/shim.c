/* Sends every open of the made-up adapter's device file to the pseudo-terminal named in METERTWIN_PTY.
 *
 * Preloaded in front of umockdev's own library: that one invents the device for udev, but also answers its ioctls
 * itself, and a browser that opens a serial port needs real ones (TCGETS2, TCSETS2). A pseudo-terminal has them.
 *
 * cc -shared -fPIC -o shim.so shim.c -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char ADAPTER[] = "/dev/ttyUSB0";

/* The file to open instead of `path`; NULL to leave the call to the next library. */
static const char *instead_of(const char *path)
{
    return path != NULL && strcmp(path, ADAPTER) == 0 ? getenv("METERTWIN_PTY") : NULL;
}

static mode_t mode_of(int flags, va_list more)
{
    /* O_TMPFILE has several bits, one of them shared with O_DIRECTORY. */
    int creates = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    return creates ? va_arg(more, mode_t) : 0;
}

typedef int open_fn(const char *, int, ...);

#define REDIRECTED(name)                                                                                \
    int name(const char *path, int flags, ...)                                                          \
    {                                                                                                   \
        va_list more;                                                                                   \
        va_start(more, flags);                                                                          \
        mode_t mode = mode_of(flags, more);                                                             \
        va_end(more);                                                                                   \
        const char *pty = instead_of(path);                                                             \
        if (pty != NULL)                                                                                \
            return (int)syscall(SYS_openat, AT_FDCWD, pty, flags, mode);                                \
        open_fn *next = (open_fn *)dlsym(RTLD_NEXT, #name);                                             \
        return next(path, flags, mode);                                                                 \
    }

REDIRECTED(open)
REDIRECTED(open64)
