// SPDX-License-Identifier: BSD-2-Clause
/*
 * mem_peak.c - runs a command and measures the memory that it uses.
 *
 *   mem_peak OUT COMMAND...
 *
 * The program reads anonymous and shared memory (RssAnon + RssShmem of /proc/PID/status) about
 * every millisecond. Pages of a mapped capture file are not counted, because the kernel may
 * reclaim them at any time. When the command has ended, one line is written to OUT: peak KiB,
 * KiB at the last reading, number of readings, CPU seconds. The exit status is that of the
 * command. SIGTERM and SIGINT are forwarded to the command.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t child_pid;

static void pass_on(int number)
{
	kill(child_pid, number);
}

static unsigned long kib_of(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? strtoul(line + strlen(name), NULL, 10) : 0;
}

/* Return: KiB of anonymous and shared memory; 0 if the process is ending. */
static unsigned long look(int fd)
{
	char status[4096];
	ssize_t len = pread(fd, status, sizeof(status) - 1, 0);

	if (len <= 0)
		return 0;
	status[len] = '\0';
	return kib_of(status, "RssAnon:") + kib_of(status, "RssShmem:");
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static int start(char **argv)
{
	child_pid = fork();
	if (!child_pid) {
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	return child_pid < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	unsigned long peak = 0;
	unsigned long last = 0;
	unsigned long looks = 0;
	struct rusage usage;
	char path[64];
	FILE *out;
	int status;
	int fd;

	if (argc < 3) {
		fprintf(stderr, "usage: mem_peak OUT COMMAND...\n");
		return 2;
	}
	out = fopen(argv[1], "w");
	if (!out || start(argv + 2)) {
		perror(argv[1]);
		return 1;
	}
	signal(SIGTERM, pass_on);
	signal(SIGINT, pass_on);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)child_pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (wait4(child_pid, &status, WNOHANG, &usage) == 0) {
		unsigned long kib = look(fd);

		if (kib) {
			last = kib;
			looks++;
		}
		if (kib > peak)
			peak = kib;
		usleep(1000);
	}
	fprintf(out, "%lu %lu %lu %.3f\n", peak, last, looks,
		seconds(usage.ru_utime) + seconds(usage.ru_stime));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
