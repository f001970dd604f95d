/* SPDX-License-Identifier: Apache-2.0 */
/* This file makes one call of the translator and prints what comes back.
 * It must not know how a request is written, nor what any RPC means. */
#include "frame/call.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/program.h"
#include "frame/client.h"
#include "frame/convert.h"
#include "frame/request.h"
#include "frame/show.h"
#include "settings.h"
#include "surroundings.h"

enum { FAILED = 1 };

struct frame_call {
    const struct call_options *options;
    const ProtobufCFieldDescriptor *field;
    struct client client;
    int trace;            /* -1: none */
    const char *to_trace; /* where the trace's line is to go, too; "" nowhere */
};

static const struct settings_source variables = { .lookup = surroundings_variable };

struct places {
    const char *socket;
    const char *translator;
};

static void read_places(const struct settings_source *source, void *target)
{
    struct places *places = target;

    places->socket = settings_text(source, "CRI_FRAME_SOCKET", NULL);
    places->translator = settings_text(source, "CRI_FRAME_TRANSLATOR", NULL);
}

/* Without options the variables say where the translator is. */
static struct call_options with_places(const struct call_options *options)
{
    struct call_options where = *options;
    struct err err = { 0 };
    struct places places;

    if (!settings_check(environ, "CRI_FRAME_", read_places, &places, &err))
        usage_error("%s", err.text);
    read_places(&variables, &places);
    if (where.socket == NULL && where.tcp == NULL && where.translator == NULL)
        where.socket = places.socket;
    if (where.translator == NULL)
        where.translator = places.translator;
    return where;
}

static bool spawn_translator(struct frame_call *call, struct err *err)
{
    const char *program = call->options->translator;
    char path[PATH_MAX];
    char number[8];

    if (program == NULL)
        program = program_beside("cri-oneshot", path, sizeof(path));
    if (call->options->show)
        call->trace = memfd_create("trace", MFD_CLOEXEC);
    snprintf(number, sizeof(number), "%d", TRACE_FD);
    if (call->trace >= 0) {
        call->to_trace = strdup(settings_text(&variables, "CRI_ONESHOT_TRACE", ""));
        setenv("CRI_ONESHOT_TRACE", number, 1);
    }
    return client_spawn(&call->client, program, call->trace, err);
}

static void open_client(struct frame_call *call)
{
    const struct call_options *options = call->options;
    struct err err = { 0 };
    bool opened = false;

    if (options->socket != NULL)
        opened = client_connect(&call->client, options->socket, &err);
    else if (options->tcp != NULL)
        opened = client_connect_tcp(&call->client, options->tcp, &err);
    else
        opened = spawn_translator(call, &err);
    if (!opened)
        trouble("%s", err.text);
}

static Oneshot__V1__Response *next_response(struct frame_call *call)
{
    Oneshot__V1__Response *response = NULL;
    const uint8_t *bytes = NULL;
    size_t length = 0;
    struct err err = { 0 };

    if (!client_next(&call->client, &bytes, &length, &err))
        trouble("%s: %s", request_rpc_name(call->field), err.text);
    if (length == 0)
        trouble(
            "%s: what answers is no translator but a gRPC server, as cri-gateway is: the socket "
            "of frames is another one (/run/cri-oneshot.frames)",
            request_rpc_name(call->field));
    response = oneshot__v1__response__unpack(NULL, length, bytes);
    if (response == NULL)
        trouble("%s: what came back is no Response", request_rpc_name(call->field));
    return response;
}

static void print_result(const struct frame_call *call, const ProtobufCMessage *result)
{
    if (call->options->show)
        show_response(result);
    else
        show_json(result, call->options->compact);
    if (fflush(stdout) == 0)
        return;
    if (errno ==
        EPIPE) { /* nobody reads any more; the signal is ignored for the translator's pipe */
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    trouble("cannot write: %s", strerror(errno));
}

/* Closing first: the trace is complete when the translator has ended. */
static void show_command_once(struct frame_call *call)
{
    client_close(&call->client);
    if (!call->options->show)
        return;
    show_trace(call->trace, call->to_trace);
}

static int print_outcome(const struct frame_call *call, const Oneshot__V1__Outcome *outcome)
{
    const char *text = outcome->message;
    char code[24];

    if (outcome->code < 0 || outcome->code > GRPC_UNAUTHENTICATED)
        snprintf(code, sizeof(code), "code %d", outcome->code);
    else
        snprintf(code, sizeof(code), "%s", grpc_code_name((enum grpc_code)outcome->code));
    if (call->options->show)
        show_outcome(code, text);
    if (outcome->code == GRPC_OK)
        return 0;
    fflush(stdout);
    fprintf(stderr, "%s: %s: %s\n", request_rpc_name(call->field), code, text);
    return FAILED;
}

/* One response; -1: more are to come. */
static int take_response(struct frame_call *call)
{
    Oneshot__V1__Response *response = next_response(call);
    const ProtobufCMessage *result = request_member(&response->base, call->field->name);
    bool streaming = request_is_streaming(call->field);
    int status = -1;

    if (response->outcome != NULL && (streaming || response->outcome->code != GRPC_OK)) {
        show_command_once(call);
        status = print_outcome(call, response->outcome);
    } else if (result == NULL) {
        trouble("%s: an answer without its result", request_rpc_name(call->field));
    } else if (streaming) {
        print_result(call, result);
    } else {
        show_command_once(call);
        print_result(call, result);
        status = 0;
    }
    oneshot__v1__response__free_unpacked(response, NULL);
    return status;
}

static const ProtobufCFieldDescriptor *field_of_request(const Oneshot__V1__Request *request)
{
    const ProtobufCMessageDescriptor *type = request->base.descriptor;

    for (unsigned i = 0; i < type->n_fields; i++)
        if (type->fields[i].id == (uint32_t)request->call_case)
            return &type->fields[i];
    usage_error("the request has no call");
}

int call_translator(const struct call_options *options, Oneshot__V1__Request *request)
{
    const struct call_options where = with_places(options);
    struct frame_call call = { .options = &where, .field = field_of_request(request), .trace = -1 };
    size_t length = 0;
    uint8_t *bytes = message_pack(&request->base, &length);
    int status = -1;

    open_client(&call);
    if (where.show)
        show_request(request_rpc_name(call.field),
                     request_member(&request->base, call.field->name));
    if (!client_send(&call.client, bytes, length))
        abort();
    free(bytes);
    oneshot__v1__request__free_unpacked(request, NULL);
    while (status < 0)
        status = take_response(&call);
    return finish(status);
}
