/* SPDX-License-Identifier: Apache-2.0 */
/* This file fuzzes a whole call: a request's frame, then docker's result (fuzz.h).
 * It must not know any RPC. */
#include "fuzz.h"

#include "base/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    uint64_t request = 0;
    int prefix = wire_varint(bytes, length, &request);

    if (prefix <= 0 || request > length - (size_t)prefix)
        return 0;
    bytes += prefix;
    length -= (size_t)prefix;
    fuzz_call(bytes, (size_t)request, bytes + request, length - (size_t)request);
    return 0;
}
