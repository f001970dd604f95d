/* SPDX-License-Identifier: Apache-2.0 */
/* This file holds the version, one for all programs.
 * It must not know which ones there are. */
#ifndef VERSION_H
#define VERSION_H

#ifndef VERSION
#define VERSION "0.1.0"
#endif

#endif
