/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading and writing of JSON in an arena.
 * It must not know what the documents mean. */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/* From here on jansson takes all its memory from this arena, which the caller resets when it is
 * done with the documents: no json_decref is needed, and none of them may be used after. jansson's
 * allocation functions are the process's, so there is one such arena at a time. */
void doc_use(struct arena *arena);

/* The seed of jansson's hash tables, which would else be read from the system in the middle of a
 * plan. */
void doc_seed(uint64_t nonce);

/* The document in text, or NULL with INTERNAL ("docker's output: …"): what docker prints is to be
 * JSON. */
const json_t *doc_read(const char *text, size_t length, struct err *err);

/* The value at a path of member names joined by dots, "State.FinishedAt"; NULL if it is not
 * there. */
const json_t *doc_path(const json_t *document, const char *path);

/* The same, read as a type; "", 0 and false if it is not there or of another type. */
const char *doc_text(const json_t *document, const char *path);
int64_t doc_number(const json_t *document, const char *path);
bool doc_flag(const json_t *document, const char *path);

/* The element's text, "" if it has none. */
const char *doc_text_at(const json_t *array, size_t index);

/* Sets a member to a copy of the text, which must be UTF-8. */
void doc_put_text(json_t *object, const char *name, const char *text);

/* The document on one line without blanks, in the arena. */
const char *doc_compact(struct arena *arena, const json_t *document);

#endif
