/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the checking of cases: each is played and compared with its files.
 * It must not know how a case is played. */
#ifndef FIXTURE_CHECK_H
#define FIXTURE_CHECK_H

extern const char fixture_check_help[];

/* cri-fixture check: words follow "check". Prints TAP, the same whatever the number of processes
 * that play. The exit status. */
int fixture_check(char **words);

#endif
