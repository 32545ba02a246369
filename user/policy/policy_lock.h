/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_lock.h - the lock of an agent's policy file, so that two agents do not write the same
 * file.
 *
 * Two agents have the same file if they share agent.state_dir and have the same name, which is
 * normally that of their first interface, for example in two containers. The lock is a file beside
 * the policy, because the policy is replaced by a rename. The lock file contains a line that
 * describes the agent that holds the lock, and stays when the lock is released. The kernel releases
 * the lock when the process ends in any way.
 */
#ifndef WF_POLICY_POLICY_LOCK_H
#define WF_POLICY_POLICY_LOCK_H

#include <stdbool.h>

enum { WF_POLICY_HOLDER_BYTES = 192 };

/**
 * struct wf_policy_lock - a lock that is held while its file is open
 * @fd:      owned; -1: not held
 * @is_made: the file was created by this process
 */
struct wf_policy_lock {
	int fd;
	bool is_made;
};

/*
 * Take the lock of the agent named @agent in the directory @dir_fd, and write @self, the line that
 * describes this agent, into it. Return: 0 on success; -EBUSY if another agent holds it:
 * @ret_holder is that agent's line, without characters that do not print; other negative errno if
 * the file can't be opened, locked or written.
 */
int wf_policy_lock_take(struct wf_policy_lock *lock, int dir_fd, const char *agent,
			const char *self, char ret_holder[WF_POLICY_HOLDER_BYTES]);
void wf_policy_lock_put(struct wf_policy_lock *lock);

#endif
