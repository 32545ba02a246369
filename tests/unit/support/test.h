/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test.h - includes cmocka, and defines macros that define a test and register it.
 *
 * 	TEST(seq_lt_across_wrap_is_true)
 * 	{
 * 		assert_true(wf_seq_lt(UINT32_MAX, 0));
 * 	}
 *
 * main() is in test.c and runs a file's tests in the order of their lines. In the output, a test's
 * name is "test_" followed by the name in the macro. The test function has the argument void
 * **state.
 */
#ifndef TESTS_UNIT_SUPPORT_TEST_H
#define TESTS_UNIT_SUPPORT_TEST_H

#include "unit/support/cmocka.h"

struct test {
	struct CMUnitTest unit;
	int line;
	struct test *next; /* list ordered by line number */
};

void test_register(struct test *test);
void test_register_group(CMFixtureFunction setup, CMFixtureFunction teardown);

#define TEST_JOIN_(a, b) a##b
#define TEST_JOIN(a, b)	 TEST_JOIN_(a, b)

/* Registers test_@name with fixtures @setup and @teardown; @label is its name in the output. */
#define TEST_REGISTER(name, label, setup, teardown)                                           \
	static __attribute__((constructor)) void TEST_JOIN(register_test_, __COUNTER__)(void) \
	{                                                                                     \
		static struct test test = {                                                   \
			{label, test_##name, setup, teardown, NULL}, __LINE__, NULL};         \
                                                                                              \
		test_register(&test);                                                         \
	}                                                                                     \
	_Static_assert(1, "")

/* Registers test_@name; also a second time, with other fixtures. */
#define TEST_ALSO(name, setup, teardown) TEST_REGISTER(name, "test_" #name, setup, teardown)

/* Defines a test with fixtures @setup and @teardown; either may be NULL. */
#define TEST_WITH(name, setup, teardown)       \
	static void test_##name(void **state); \
	TEST_ALSO(name, setup, teardown);      \
	static void test_##name(void **state)

#define TEST(name) TEST_WITH(name, NULL, NULL)

/*
 * Registers @setup, which runs before the file's first test, and @teardown, which runs after its
 * last; either may be NULL.
 */
#define TEST_GROUP(setup, teardown)                                   \
	static __attribute__((constructor)) void register_group(void) \
	{                                                             \
		test_register_group(setup, teardown);                 \
	}                                                             \
	_Static_assert(1, "")

#endif
