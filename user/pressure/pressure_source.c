// SPDX-License-Identifier: BSD-2-Clause
/*
 * pressure_source.c - the sources of pressure.h: the budget, the process, PSI and the cgroup.
 *
 * The formats of /proc/self/status and of PSI are in proc(5) and Documentation/accounting/psi.rst.
 */
#include "pressure/pressure_source.h"

#include <errno.h>
#include <stdlib.h>

#include "memory/budget.h"
#include "pressure/kernel_file.h"

static uint32_t percent_of(uint64_t part, uint64_t whole)
{
	uint64_t percent;

	if (!whole)
		return part ? 100 : 0;
	percent = part > UINT64_MAX / 100 ? part / (whole / 100 + 1) : part * 100 / whole;
	return percent > 1000 ? 1000 : (uint32_t)percent;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* ---- budget and process ---- */

int wf_pressure_read_budget(void *ctx, uint32_t *ret_percent)
{
	const struct wf_budget *budget = ctx;
	uint64_t most = minus(budget->limit_bytes, wf_budget_fixed(budget));
	uint64_t left = wf_budget_left(budget) +
			atomic_load_explicit(&budget->idle_page_bytes, memory_order_relaxed);

	*ret_percent = percent_of(minus(most, left), most);
	return 0;
}

int wf_pressure_read_process(void *ctx, uint32_t *ret_percent)
{
	const struct wf_pressure_process *process = ctx;
	/*
	 * Memory that the kernel holds for weft counts against the limit, but is not resident
	 * memory of the process.
	 */
	uint64_t kernel = wf_budget_kernel(process->budget);
	uint64_t limit = minus(process->budget->limit_bytes, kernel) + process->slack_bytes;
	uint64_t fixed = wf_budget_fixed(process->budget) - kernel + process->slack_bytes;
	uint64_t idle = fixed + wf_budget_held(process->budget, WF_BUDGET_FREE_SPANS);
	char text[WF_KERNEL_FILE_BYTES_MAX];
	uint64_t anon_kb;
	uint64_t shmem_kb;
	int err = wf_kernel_file_read(process->status_path, text, sizeof(text));

	if (err)
		return err;
	if (wf_kernel_file_number(text, "RssAnon:", &anon_kb) ||
	    wf_kernel_file_number(text, "RssShmem:", &shmem_kb))
		return -EBADMSG;

	*ret_percent = percent_of(minus((anon_kb + shmem_kb) * 1024, idle), minus(limit, fixed));
	return 0;
}

/* ---- PSI ---- */

int wf_pressure_read_psi(void *ctx, uint32_t *ret_percent)
{
	char text[WF_KERNEL_FILE_BYTES_MAX];
	uint64_t lost_percent;
	int err = wf_kernel_file_read(ctx, text, sizeof(text));

	/* The kernel was built without PSI, or PSI is disabled. */
	if (err == -ENOENT || err == -EOPNOTSUPP)
		return -ENODATA;
	if (err)
		return err;
	if (wf_kernel_file_number(text, "some avg10=", &lost_percent))
		return -EBADMSG;

	*ret_percent = lost_percent < 10 ? (uint32_t)lost_percent * 7
					 : (uint32_t)(60 + (lost_percent > 40 ? 40 : lost_percent));
	return 0;
}

/* ---- cgroups ---- */

/* The highest percentage of the groups read so far: the context of add_group(). */
struct highest {
	uint64_t free_bytes; /* memory of weft's free spans, which counts as unused */
	uint32_t percent;
	bool is_limited;
};

static void add_group(void *ctx, const struct wf_cgroup_use *use)
{
	struct highest *highest = ctx;
	uint32_t percent =
		percent_of(minus(use->used_bytes, highest->free_bytes), use->limit_bytes);

	highest->is_limited = true;
	if (percent > highest->percent)
		highest->percent = percent;
}

int wf_pressure_read_cgroup(void *ctx, uint32_t *ret_percent)
{
	const struct wf_pressure_cgroup *cgroup = ctx;
	struct highest highest = {.percent = 0};
	int err;

	if (cgroup->budget)
		highest.free_bytes = wf_budget_held(cgroup->budget, WF_BUDGET_FREE_SPANS);
	err = wf_cgroup_each(&cgroup->group, add_group, &highest);
	if (err)
		return err;
	if (!highest.is_limited)
		return -ENODATA;
	*ret_percent = highest.percent;
	return 0;
}
