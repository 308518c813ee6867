/*
 * Preloaded into the guest's kernel where the processor has AMX (scripts/guest).
 *
 * User Mode Linux keeps a guest process's floating point state in 2,696 bytes, all there was up to AVX-512, and gives
 * those back with PTRACE_SETREGSET. A host whose state is longer takes the whole of it or nothing: EFAULT, and the guest
 * dies at its first system call. Here the missing end is what the process has there already.
 */

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Longer than any processor's state; not on the stack, which is one of the guest kernel's small ones. */
static char whole[64 * 1024];

static long set_whole(long pid, void *set, const struct iovec *part) {
  struct iovec all = {whole, sizeof whole};
  if (syscall(SYS_ptrace, (long)PTRACE_GETREGSET, pid, set, &all) < 0) return -1;
  if (part->iov_len > all.iov_len) {
    errno = EFAULT;
    return -1;
  }
  memcpy(whole, part->iov_base, part->iov_len);
  return syscall(SYS_ptrace, (long)PTRACE_SETREGSET, pid, set, &all);
}

long ptrace(enum __ptrace_request request, ...) {
  va_list rest;
  va_start(rest, request);
  long pid = va_arg(rest, pid_t);
  void *address = va_arg(rest, void *);
  void *data = va_arg(rest, void *);
  va_end(rest);

  /* As the C library has it: what is peeked at is the result. */
  long peeked;
  int peeks = request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA || request == PTRACE_PEEKUSER;
  long result = syscall(SYS_ptrace, (long)request, pid, address, peeks ? &peeked : data);
  if (peeks && result >= 0) {
    errno = 0;
    return peeked;
  }
  if (result < 0 && errno == EFAULT && request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE)
    return set_whole(pid, address, data);
  return result;
}
