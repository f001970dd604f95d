/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares questions to texts.
 * It must not know what they mean. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>

bool text_begins(const char *text, const char *start) __attribute__((nonnull));

/* Whether text is one of a list that NULL ends. */
bool text_is_one_of(const char *text, const char *const *list);
bool text_is_one_of_in_any_case(const char *text, const char *const *list);

/* The text as protobuf's structures want it, for a message that points to it and does not own it.
 */
char *text_borrowed(const char *text);

#endif
