/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * priority.h - the priority of the threads that capture.
 *
 * If CPUs are short, receive rings become full within milliseconds, and segments are lost for all
 * subscribers. Queues hold more, and a full queue only costs its own reader. So workers run before
 * readers. In host mode they do not, because the programs of the host have the same right to the
 * CPUs.
 *
 * Thread: main.
 */
#ifndef WF_AGENT_PRIVILEGES_PRIORITY_H
#define WF_AGENT_PRIVILEGES_PRIORITY_H

/*
 * Raise the priority of the calling thread, which the threads that it creates inherit. Nothing is
 * done if the process was started with another priority than the default one, or may not do this.
 * After a success, later calls need no privileges.
 */
void wf_priority_raise(void);

/* Set the default priority again if it was raised. */
void wf_priority_restore(void);

#endif
