/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what the fuzz targets share: a call from bytes to bytes, without a docker.
 * It must not know where the bytes come from. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Plans the request, and parses the result, if it becomes a command. result is docker's exit code
 * (one byte), its standard output up to a byte 0x1e, and its standard error. */
void fuzz_call(const uint8_t *request, size_t request_length, const uint8_t *result,
               size_t result_length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif
