/*
 * Starts a program that does not outlive the test that started it: `leash [-n] PARENT PROGRAM
 * ARGUMENT...`. PARENT is the process that starts it; the program gets SIGTERM when the thread that
 * did so ends. With -n it gets no socket but Unix ones, whatever it tries. (Python could do both
 * between fork and exec; but then it has to copy itself for each process, which takes a tenth of a
 * second when a test has seen much.)
 */
#include "config.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIELD(name) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define WHEN(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (skip), 0)
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

/* socket() of AF_INET, AF_INET6 and AF_PACKET fails with EPERM, all else is allowed. */
static int
without_network(void)
{
#ifdef ARCH
	struct sock_filter code[] = {
	    FIELD(arch),
	    UNLESS(ARCH, 6),
	    FIELD(nr),
	    UNLESS(__NR_socket, 4),
	    FIELD(args[0]),
	    WHEN(AF_INET, 3),
	    WHEN(AF_INET6, 2),
	    WHEN(AF_PACKET, 1),
	    RETURN(SECCOMP_RET_ALLOW),
	    RETURN(SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
#else
	return 0;
#endif
}

int
main(int argc, char **argv)
{
	bool unix_only = argc > 1 && strcmp(argv[1], "-n") == 0;
	char **parent = argv + 1 + unix_only;
	char **command = parent + 1;

	if (argc < 3 + unix_only) {
		fputs("usage: leash [-n] PARENT PROGRAM ARGUMENT...\n", stderr);
		return 2;
	}
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0 ||
	    (unix_only && without_network() != 0)) {
		perror("leash: prctl");
		return 126;
	}
	if (getppid() != atoi(*parent))
		return 0; /* it ended before it could be said that it matters */
	execv(command[0], command);
	fprintf(stderr, "leash: %s: %s\n", command[0], strerror(errno));
	return 127;
}
