/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares a case of fixtures: its files by name, and the finding and reading of them.
 * It must not know how a case is played. */
#ifndef FIXTURE_CASE_H
#define FIXTURE_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "err.h"
#include "strv.h"

/* All that a case's directory may hold; from FIXTURE_EXPECTED on it is what must come out. */
enum fixture_file {
    FIXTURE_ABOUT,
    FIXTURE_SETTINGS,
    FIXTURE_SURROUNDINGS,
    FIXTURE_REQUEST_JSON,
    FIXTURE_REQUEST_FRAME,
    FIXTURE_STDOUT,
    FIXTURE_STDERR,
    FIXTURE_EXIT,
    FIXTURE_ARGV,
    FIXTURE_FD_3,
    FIXTURE_FD_4,
    FIXTURE_ENVIRON,
    FIXTURE_IGNORED,
    FIXTURE_RESPONSE,
    FIXTURE_FILES,
    FIXTURE_EXPECTED = FIXTURE_ARGV,
};

extern const char *const fixture_names[FIXTURE_FILES];

struct fixture_text {
    const char *data; /* length bytes and a NUL; NULL: there is no such file */
    size_t length;
};

struct fixture {
    const char *path;
    struct fixture_text files[FIXTURE_FILES];
};

/* Appends the cases at and below directory, sorted by path. One is a directory with any file but a
 * README.md, so that a case that lost its "about" is not passed by. */
bool fixture_find(const char *directory, struct strv *paths, struct err *err);

/* Reads a case's files into the arena. Errors: a file that cannot be read or has no business
 * there, no "about", not exactly one request. */
bool fixture_load(struct arena *arena, const char *path, struct fixture *fixture, struct err *err);

/* Reads one file of a case into the arena; data stays NULL where there is no such file. */
bool fixture_read(struct arena *arena, const char *path, enum fixture_file file,
                  struct fixture_text *text, struct err *err);

/* The same of any file. */
bool fixture_read_path(struct arena *arena, const char *path, struct fixture_text *text,
                       struct err *err);

/* Whether the case says of anything what must come out. */
bool fixture_expects(const struct fixture *fixture);

#endif
