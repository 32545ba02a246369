// SPDX-License-Identifier: BSD-2-Clause
/*
 * seccomp_filter.c - makes the filter from syscalls.def.
 */
#include "agent/privileges/seccomp_filter.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/privileges/sanitizer.h"

enum condition {
	ALWAYS = 0,
	EQUAL,	/* the argument is the value */
	BITS,	/* all bits of the value are set in the argument */
	NO_BIT, /* no bit of the value is set in the argument */
};

/*
 * struct rule - one entry of syscalls.def
 * @is_wanted: the entry applies to this run and build
 * @is_optional: a REOPEN, CONNECT or SANITIZED entry: if it is wanted, the call is never killed
 */
struct rule {
	const char *name;
	bool is_wanted;
	bool is_optional;
	bool kills;
	enum condition condition;
	unsigned int argument;
	uint64_t value;
};

static int add_rule(scmp_filter_ctx filter, const struct rule *rule)
{
	const uint32_t action = rule->kills ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ALLOW;
	const int number = seccomp_syscall_resolve_name(rule->name);
	struct scmp_arg_cmp compare = {.arg = rule->argument};

	/* A negative number means that this architecture has no such call. */
	if (number < 0)
		return 0;
	switch (rule->condition) {
	case ALWAYS:
		return seccomp_rule_add(filter, action, number, 0);
	case EQUAL:
		compare.op = SCMP_CMP_EQ;
		compare.datum_a = rule->value;
		break;
	case BITS:
	case NO_BIT:
		compare.op = SCMP_CMP_MASKED_EQ;
		compare.datum_a = rule->value;
		compare.datum_b = rule->condition == BITS ? rule->value : 0;
		break;
	}
	return seccomp_rule_add(filter, action, number, 1, compare);
}

/* Return true if an optional entry allows the call of @rule; the call must then not be killed. */
static bool is_allowed(const struct rule *rule, const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].is_optional && rules[i].is_wanted &&
		    !strcmp(rules[i].name, rule->name))
			return true;
	return false;
}

static int add_rules(scmp_filter_ctx filter, const struct wf_seccomp_opts *opts)
{
	const struct rule rules[] = {
#define ALLOW(name)			 {#name, true, false, false, ALWAYS, 0, 0},
#define ALLOW_IF(name, argument, value)	 {#name, true, false, false, EQUAL, argument, value},
#define ALLOW_BITS(name, argument, mask) {#name, true, false, false, BITS, argument, mask},
#define REOPEN(name)			 {#name, opts->may_reopen, true, false, ALWAYS, 0, 0},
#define CONNECT(name)			 {#name, opts->may_connect, true, false, ALWAYS, 0, 0},
#define CONNECT_IF(name, argument, value) \
	{#name, opts->may_connect, false, false, EQUAL, argument, value},
#define SANITIZED(name)			 {#name, WF_IS_SANITIZED, true, false, ALWAYS, 0, 0},
#define KILL(name)			 {#name, true, false, true, ALWAYS, 0, 0},
#define KILL_IF(name, argument, value)	 {#name, true, false, true, EQUAL, argument, value},
#define KILL_UNLESS(name, argument, bit) {#name, true, false, true, NO_BIT, argument, bit},
#include "agent/privileges/syscalls.def"
	};
	const size_t count = sizeof(rules) / sizeof(rules[0]);
	int err = 0;

	for (size_t i = 0; !err && i < count; i++)
		if (rules[i].is_wanted && !(rules[i].kills && is_allowed(&rules[i], rules, count)))
			err = add_rule(filter, &rules[i]);
	return err;
}

int wf_seccomp_install(const struct wf_seccomp_opts *opts)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int err;

	if (!filter)
		return -ENOMEM;
	/* Calls of another architecture, such as 32-bit calls, must not evade the filter. */
	err = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!err)
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	/*
	 * Level 2: libseccomp makes a binary tree of call numbers, about 8 comparisons for each
	 * call.
	 */
	if (!err)
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!err)
		err = add_rules(filter, opts);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

bool wf_seccomp_is_available(void)
{
	const uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return !syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}
