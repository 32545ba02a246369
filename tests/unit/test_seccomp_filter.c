// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of agent/privileges/seccomp_filter.c: each test installs the filter in a child process,
 * because it can't be removed.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/privileges/sanitizer.h"
#include "agent/privileges/seccomp_filter.h"

static const struct wf_seccomp_opts nothing;
static const struct wf_seccomp_opts may_reopen = {.may_reopen = true};
static const struct wf_seccomp_opts may_connect = {.may_connect = true};

/* The parent of the process with the filter, which that process tries to signal. */
static pid_t parent;

/* Returns how a child that calls @fn under the filter ends: as waitpid() does. */
static int end_of(int (*fn)(void), struct wf_seccomp_opts opts)
{
	int status = -1;
	pid_t child;

	parent = getpid();
	child = fork();
	if (child == 0) {
		/* The end by SIGSYS is expected, so it leaves no core file. */
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		if (wf_seccomp_install(&opts))
			_exit(100);
		_exit(fn());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void assert_killed(int (*fn)(void))
{
	int status = end_of(fn, nothing);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
		fail_msg("wait status 0x%x, expected an end by SIGSYS", (unsigned int)status);
}

static void assert_ends(int (*fn)(void), int expected)
{
	int status = end_of(fn, nothing);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != expected)
		fail_msg("wait status 0x%x, expected exit(%d)", (unsigned int)status, expected);
}

/* ---- calls that are not needed ---- */

static int load_program(void)
{
	union bpf_attr attr = {0};

	syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return 0;
}

static int open_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0;
}

static int mount_something(void)
{
	return mount("none", "/nonexistent", "tmpfs", 0, NULL) != 0;
}

static int enter_namespace(void)
{
	return unshare(CLONE_NEWUSER) != 0;
}

static int type_into_terminal(void)
{
	return ioctl(0, TIOCSTI, "x") != 0;
}

static int change_owner(void)
{
	return fchown(0, 0, 0) != 0;
}

static int change_mode(void)
{
	return chmod("/nonexistent", 04755) != 0;
}

static int become_root(void)
{
	return setuid(0) != 0;
}

TEST(seccomp_filter_bpf_program_is_killed)
{
	assert_killed(load_program);
}

TEST(seccomp_filter_packet_socket_is_killed)
{
	assert_killed(open_packet_socket);
}

TEST(seccomp_filter_mount_is_killed)
{
	assert_killed(mount_something);
}

TEST(seccomp_filter_new_namespace_is_killed)
{
	assert_killed(enter_namespace);
}

TEST(seccomp_filter_terminal_input_is_killed)
{
	assert_killed(type_into_terminal);
}

TEST(seccomp_filter_change_of_owner_or_mode_is_killed)
{
	assert_killed(change_owner);
	assert_killed(change_mode);
}

TEST(seccomp_filter_change_of_user_is_killed)
{
	assert_killed(become_root);
}

/* ---- calls that are not needed, but that the C library may make ---- */

/* Returns 0 if a call returned -1 with ENOSYS; @got: its result. */
static int is_refused(long got)
{
	return got != -1 || errno != ENOSYS;
}

static int connect_out(void)
{
	struct sockaddr_storage addr = {.ss_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return fd < 0 || is_refused(connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
}

static int open_other_socket(void)
{
	return is_refused(socket(AF_KEY, SOCK_RAW, 2));
}

static int use_unknown_call(void)
{
	return is_refused(syscall(100000));
}

static int update_link(void)
{
	union bpf_attr attr = {0};

	/* An allowed command, with a descriptor that is none. */
	attr.link_update.link_fd = (uint32_t)-1;
	return syscall(SYS_bpf, BPF_LINK_UPDATE, &attr, sizeof(attr)) != -1 || errno == ENOSYS;
}

static int use_other_bpf_command(void)
{
	union bpf_attr attr = {0};

	return is_refused(syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr)));
}

TEST(seccomp_filter_other_calls_are_answered_with_enosys)
{
	assert_ends(connect_out, 0);
	assert_ends(open_other_socket, 0);
	assert_ends(use_unknown_call, 0);
	assert_ends(use_other_bpf_command, 0);
}

TEST(seccomp_filter_update_of_a_bpf_link_is_allowed)
{
	assert_ends(update_link, 0);
}

/* Sanitizers need these calls, so the filter of such a build allows them. */
#if !WF_IS_SANITIZED
static int trace_me(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0;
}

static int run_program(void)
{
	char *const arguments[] = {"/bin/true", NULL};

	return execv(arguments[0], arguments);
}

static int start_process(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return 0;
}

static int signal_parent(void)
{
	return kill(parent, SIGCONT);
}

static int signal_thread_of_parent(void)
{
	return is_refused(syscall(SYS_tgkill, parent, parent, SIGCONT));
}

static int raise_limit(void)
{
	const struct rlimit limit = {1, 1};

	return is_refused(setrlimit(RLIMIT_CORE, &limit));
}

static int allow_dump(void)
{
	return is_refused(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

TEST(seccomp_filter_ptrace_is_killed)
{
	assert_killed(trace_me);
}

TEST(seccomp_filter_execve_is_killed)
{
	assert_killed(run_program);
}

TEST(seccomp_filter_new_process_is_killed)
{
	assert_killed(start_process);
}

TEST(seccomp_filter_signal_to_another_process_is_killed)
{
	assert_killed(signal_parent);
}

TEST(seccomp_filter_other_arguments_are_answered_with_enosys)
{
	assert_ends(signal_thread_of_parent, 0);
	assert_ends(raise_limit, 0);
	assert_ends(allow_dump, 0);
}
#endif

/* ---- calls that are needed ---- */

static void *write_result(void *arg)
{
	prctl(PR_SET_NAME, "named", 0, 0, 0);
	*(int *)arg = 7;
	return NULL;
}

static int start_thread(void)
{
	pthread_t thread;
	int result = 0;

	if (pthread_create(&thread, NULL, write_result, &result) || pthread_join(thread, NULL))
		return 1;
	return result;
}

static int use_memory(void)
{
	const size_t bytes = 8 << 20;
	char *block = malloc(bytes);

	if (!block)
		return 1;
	memset(block, 1, bytes);
	block = realloc(block, 2 * bytes);
	free(block);
	return block ? 0 : 1;
}

static int use_files(void)
{
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	char byte;

	return fd < 0 || read(fd, &byte, 1) != 1 || close(fd);
}

static int read_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit);
}

static int call_clone3(void)
{
	return is_refused(syscall(SYS_clone3, NULL, 0));
}

static int abort_process(void)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

TEST(seccomp_filter_thread_starts_and_ends)
{
	assert_ends(start_thread, 7);
}

TEST(seccomp_filter_memory_and_files_work)
{
	assert_ends(use_memory, 0);
	assert_ends(use_files, 0);
	assert_ends(read_limit, 0);
}

TEST(seccomp_filter_clone3_is_answered_with_enosys)
{
	assert_ends(call_clone3, 0);
}

TEST(seccomp_filter_abort_ends_with_sigabrt)
{
	int status = end_of(abort_process, nothing);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

TEST(seccomp_filter_may_reopen_allows_packet_sockets_and_bpf)
{
	int status = end_of(open_packet_socket, may_reopen);

	assert_true(WIFEXITED(status));
	status = end_of(load_program, may_reopen);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Returns 0 if connect() is answered by the kernel's network, here with ECONNREFUSED. */
static int connect_to_port(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(1)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || !connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return 1;
	return errno == ECONNREFUSED ? 0 : 2;
}

TEST(seccomp_filter_may_connect_allows_connections_only)
{
	int status = end_of(connect_to_port, may_connect);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_ends(connect_to_port, 2);
	status = end_of(open_packet_socket, may_connect);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

/* ---- all threads ---- */

static int pipe_fds[2];

static void *mount_when_asked(void *arg)
{
	char byte;

	if (read(pipe_fds[0], &byte, 1) == 1)
		mount_something();
	return arg;
}

TEST(seccomp_filter_also_holds_for_earlier_threads)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		pthread_t thread;

		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		if (pipe(pipe_fds) || pthread_create(&thread, NULL, mount_when_asked, NULL) ||
		    wf_seccomp_install(&nothing) || write(pipe_fds[1], "x", 1) != 1)
			_exit(100);
		pthread_join(thread, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

TEST(seccomp_filter_is_available_here)
{
	assert_true(wf_seccomp_is_available());
}
