/* SPDX-License-Identifier: BSD-2-Clause */
/* cmocka.h - includes cmocka and the standard headers that cmocka requires. */
#ifndef TESTS_UNIT_SUPPORT_CMOCKA_H
#define TESTS_UNIT_SUPPORT_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
