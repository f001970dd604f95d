/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what cri-frame says of the RPCs and their messages.
 * It must not know more of them than the descriptors say. */
#ifndef FRAME_DESCRIBE_H
#define FRAME_DESCRIBE_H

/* Prints every RPC with its messages, a line each. */
void describe_all(void);

/* Prints the fields of a method's messages, or of a message. A name that there is not ends the
 * program with status 2. */
void describe_word(const char *word);

#endif
