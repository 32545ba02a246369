/* SPDX-License-Identifier: BSD-2-Clause */
/* reject_syscall.h - makes a system call fail, in a child process because this can't be undone. */
#ifndef TESTS_UNIT_SUPPORT_REJECT_SYSCALL_H
#define TESTS_UNIT_SUPPORT_REJECT_SYSCALL_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/*
 * Makes the system call @number return the error @err, an errno value, in the calling process.
 * Returns 0 on success.
 */
static inline int reject_syscall(unsigned int number, unsigned int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

#endif
