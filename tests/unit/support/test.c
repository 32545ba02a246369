// SPDX-License-Identifier: BSD-2-Clause
/* test.c - the main() of every unit test; runs the tests that the file registered with test.h. */
#include "unit/support/test.h"

enum { TESTS_MAX = 512 };

static struct test *tests; /* list ordered by line number */
static CMFixtureFunction group_setup, group_teardown;

void test_register(struct test *test)
{
	struct test **link = &tests;

	while (*link && (*link)->line <= test->line)
		link = &(*link)->next;
	test->next = *link;
	*link = test;
}

void test_register_group(CMFixtureFunction setup, CMFixtureFunction teardown)
{
	group_setup = setup;
	group_teardown = teardown;
}

int main(void)
{
	struct CMUnitTest units[TESTS_MAX];
	size_t count = 0;

	for (struct test *test = tests; test && count < TESTS_MAX; test = test->next)
		units[count++] = test->unit;
	return _cmocka_run_group_tests("tests", units, count, group_setup, group_teardown);
}
