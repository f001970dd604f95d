/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the recording of a session: a client's calls of the translator, and what
 * docker answered.
 * It must not know any RPC. */
#ifndef FIXTURE_RECORD_H
#define FIXTURE_RECORD_H

/* The names under which this program stands in front of the translator and of docker. */
#define FIXTURE_RECORD_TRANSLATOR "cri-oneshot"
#define FIXTURE_RECORD_DOCKER     "cri-fixture-record-docker"

/* How the three of them find each other: variables of the client's environment. */
#define RECORD_CALLS      "CRI_FIXTURE_CALLS"      /* the folder of the calls, one folder each */
#define RECORD_TRANSLATOR "CRI_FIXTURE_TRANSLATOR" /* the real one */
#define RECORD_DOCKER     "CRI_FIXTURE_DOCKER"     /* the real one */
#define RECORD_CALL       "CRI_FIXTURE_CALL"       /* of the recording docker: its call's folder */

/* What is kept of a call besides the case's own files: the answer's frames, the command, how many
 * bytes the client wrote, and, once it is over, how the translator ended. */
#define RECORD_FRAMES "frames"
#define RECORD_ASKED  "asked"
#define RECORD_CAME   "came"
#define RECORD_ENDED  "ended"

/* How many calls a session may have: their numbers have three digits. Where there were more, a file
 * beside their folders says so. */
enum { RECORD_MAX = 999 };
#define RECORD_MORE "more"

extern const char fixture_record_help[];

/* cri-fixture record: words follow "record". The exit status. */
int fixture_record(char **words);

/* Stands in front of the translator: serves one call by it, and keeps both sides. */
int fixture_record_translator(char **words);

/* Stands in front of docker: runs the command by it, and keeps what it prints. */
int fixture_record_docker(char **words);

#endif
