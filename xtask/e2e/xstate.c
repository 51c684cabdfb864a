// Loaded into User-Mode Linux (LD_PRELOAD) by the end-to-end tests.
//
// User-Mode Linux 6.1 holds 2,696 bytes of a process's extended processor state. Linux sets only the whole of it (xstateregs_set: EFAULT), which
// is 11,008 bytes on processors with AMX: the first process dies. What is missing is taken from the state as it is.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long (*next)(enum __ptrace_request, ...);
// Not on the stack, which is one of the kernel's small ones; one thread only.
static char whole[64 * 1024];

__attribute__((constructor)) static void find_next(void)
{
	next = dlsym(RTLD_NEXT, "ptrace");
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list arguments;
	va_start(arguments, request);
	pid_t pid = va_arg(arguments, pid_t);
	void *address = va_arg(arguments, void *);
	void *data = va_arg(arguments, void *);
	va_end(arguments);
	if (request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE) {
		const struct iovec *given = data;
		struct iovec all = { whole, sizeof whole };
		if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, address, &all) == 0 && given->iov_len < all.iov_len) {
			memcpy(whole, given->iov_base, given->iov_len);
			return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, address, &all);
		}
	}
	return next(request, pid, address, data);
}
