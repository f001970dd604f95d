/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the stand-in for docker that answers from a recorded session.
 * It must not know any RPC. */
#ifndef FIXTURE_SERVE_H
#define FIXTURE_SERVE_H

#define FIXTURE_SERVE_NAME "cri-fixture-docker"

extern const char fixture_serve_help[];

/* cri-fixture serve: runs a client with the stand-in as the translator's docker. words follow
 * "serve". The exit status. */
int fixture_serve(char **words);

/* Plays docker: words follow the program's name. */
int fixture_stand_in(char **words);

#endif
