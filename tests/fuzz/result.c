/* SPDX-License-Identifier: Apache-2.0 */
/* This file fuzzes docker's result: the number of a valid request (two bytes, the lower first),
 * then the result
 * (fuzz.h). FUZZ_REQUESTS names the folder of the requests' frames, 0, 1, 2….
 * It must not know any RPC. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"

enum { REQUESTS = 4096, REQUEST_MAX = 1024 * 1024 };

static struct request {
    uint8_t *bytes;
    size_t length;
} requests[REQUESTS];
static size_t request_count;

static bool read_request(const char *folder, size_t number, struct request *request)
{
    static uint8_t bytes[REQUEST_MAX];
    char path[4096];
    FILE *file = NULL;

    snprintf(path, sizeof(path), "%s/%zu", folder, number);
    file = fopen(path, "rb");
    if (file == NULL)
        return false;
    request->length = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    request->bytes = malloc(request->length + 1);
    if (request->bytes == NULL)
        return false;
    memcpy(request->bytes, bytes, request->length);
    return true;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *folder = getenv("FUZZ_REQUESTS");

    (void)argc;
    (void)argv;
    while (folder != NULL && request_count < REQUESTS &&
           read_request(folder, request_count, &requests[request_count]))
        request_count++;
    if (request_count == 0) {
        fputs("fuzz/result: no frame in FUZZ_REQUESTS\n", stderr);
        exit(2);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    size_t number = length < 2 ? SIZE_MAX : (size_t)bytes[0] | (size_t)bytes[1] << 8;
    uint64_t size = 0;
    int prefix = 0;

    if (number >= request_count)
        return 0;
    prefix = wire_varint(requests[number].bytes, requests[number].length, &size);
    if (prefix > 0 && size <= requests[number].length - (size_t)prefix)
        fuzz_call(requests[number].bytes + prefix, (size_t)size, bytes + 2, length - 2);
    return 0;
}
