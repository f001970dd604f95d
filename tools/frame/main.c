/* SPDX-License-Identifier: Apache-2.0 */
/* This file is cri-frame: JSON to frames, frames to JSON, and a client of the translator.
 * It must not know what any RPC means. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/inherit.h"
#include "base/program.h"
#include "frame/client.h"
#include "frame/convert.h"
#include "frame/request.h"
#include "frame/show.h"

enum { FAILED = 1 };

static const char help[] =
    "usage: cri-frame encode METHOD [JSON] [FIELD=VALUE...] [--timeout=TIME]\n"
    "                        [--runtime-handler=NAME]\n"
    "       cri-frame encode --request JSON\n"
    "       cri-frame decode [--request] [--compact]\n"
    "       cri-frame call METHOD [JSON] [FIELD=VALUE...] [--timeout=TIME]\n"
    "                      [--runtime-handler=NAME]\n"
    "                      [--socket=PATH | --tcp=HOST:PORT | --translator=PROGRAM]\n"
    "                      [--show] [--compact]\n"
    "       cri-frame call --request JSON [...]\n"
    "\n"
    "encode  prints the frame of a request.\n"
    "decode  reads frames of responses (--request: of requests), prints a JSON document for each.\n"
    "call    sends a request to the translator and prints the result, of a streaming RPC each one\n"
    "        as it comes; a failed outcome goes to standard error as METHOD: CODE: message.\n"
    "\n"
    "METHOD       an RPC of the CRI, RunPodSandbox or run_pod_sandbox\n"
    "JSON         its request as proto3 JSON; - reads standard input\n"
    "FIELD=VALUE  sets a field of the request, over what JSON says; a repeated field is given\n"
    "             several times (cmd=ls cmd=-l); messages and maps are JSON\n"
    "FIELD=@FILE  takes the file's JSON as the field. Environment values are plain text there, as\n"
    "             in crictl's pod and container files; everywhere else they are base64\n"
    "\n"
    "--request             JSON is a whole oneshot.v1.Request; encode takes several in a row\n"
    "--timeout=TIME        how long the call may take: 5 or 0.5 (seconds), 500ms\n"
    "--runtime-handler=NAME  of CreateContainer: what the pod runs in, as PodSandboxStatus tells "
    "it\n"
    "--socket=PATH         call the translator behind this unix socket\n"
    "--tcp=HOST:PORT       the one behind this port of this machine: 127.0.0.1:PORT, [::1]:PORT\n"
    "--translator=PROGRAM  run this program (default: CRI_FRAME_TRANSLATOR, else the cri-oneshot\n"
    "                      beside cri-frame, else the one on PATH)\n"
    "--show                print request, docker command and response for people, without secrets\n"
    "--compact             a JSON document a line\n"
    "\n"
    "For tests: cri-frame json-to-message TYPE and cri-frame message-to-json TYPE turn JSON\n"
    "documents into length-delimited messages of any type (ContainerConfig) and back.\n"
    "\n"
    "exit status: 0 done, 1 the call failed, 2 wrong usage or JSON, 3 no answer or garbage\n";

struct options {
    const char *timeout;
    const char *runtime_handler;
    const char *socket;
    const char *tcp;
    const char *translator;
    bool request;
    bool show;
    bool compact;
};

/* ==== encode and decode ==== */

static Oneshot__V1__Request *request_of(const struct options *options, char **words, int count)
{
    FILE *file = NULL;
    ProtobufCMessage *request = NULL;

    if (count == 0)
        usage_error("%s is missing (cri-frame --help)", options->request ? "JSON" : "METHOD");
    if (!options->request)
        return request_from_words(words, count, options->timeout, options->runtime_handler);
    if (count > 1 || options->timeout != NULL || options->runtime_handler != NULL)
        usage_error("--request takes one JSON, no --timeout and no --runtime-handler");
    file = request_open(words[0]);
    request = request_read_stream(&oneshot__v1__request__descriptor, file, "the JSON");
    if (request == NULL)
        usage_error("the JSON is empty");
    if (file != stdin)
        fclose(file);
    return (Oneshot__V1__Request *)request;
}

static int encode(const struct options *options, char **words, int count)
{
    Oneshot__V1__Request *request = NULL;

    if (options->request && count == 1 && options->timeout == NULL &&
        options->runtime_handler == NULL)
        return frames_from_json(&oneshot__v1__request__descriptor, words[0]);
    request = request_of(options, words, count);
    frame_print(&request->base);
    oneshot__v1__request__free_unpacked(request, NULL);
    return finish(0);
}

static int decode(const struct options *options, char **words, int count)
{
    if (count > 0)
        usage_error("\"%s\" is not wanted: decode reads standard input", words[0]);
    return frames_to_json(options->request ? &oneshot__v1__request__descriptor
                                           : &oneshot__v1__response__descriptor,
                          options->compact);
}

/* ==== call ==== */

struct call {
    const struct options *options;
    const ProtobufCFieldDescriptor *field;
    struct client client;
    int trace; /* -1: none */
};

static void open_client(struct call *call)
{
    const struct options *options = call->options;
    const char *program = options->translator;
    char path[PATH_MAX];
    char number[8];
    struct err err = { 0 };

    if (options->socket != NULL) {
        if (!client_connect(&call->client, options->socket, &err))
            trouble("%s", err.text);
        return;
    }
    if (options->tcp != NULL) {
        if (!client_connect_tcp(&call->client, options->tcp, &err))
            trouble("%s", err.text);
        return;
    }
    if (program == NULL)
        program = getenv("CRI_FRAME_TRANSLATOR");
    if (program == NULL || *program == '\0')
        program = program_beside("cri-oneshot", path, sizeof(path));
    if (options->show)
        call->trace = memfd_create("trace", MFD_CLOEXEC);
    snprintf(number, sizeof(number), "%d", TRACE_FD);
    if (call->trace >= 0)
        setenv("CRI_ONESHOT_TRACE", number, 1);
    if (!client_spawn(&call->client, program, call->trace, &err))
        trouble("%s", err.text);
}

static Oneshot__V1__Response *next_response(struct call *call)
{
    Oneshot__V1__Response *response = NULL;
    const uint8_t *bytes = NULL;
    size_t length = 0;
    struct err err = { 0 };

    if (!client_next(&call->client, &bytes, &length, &err))
        trouble("%s: %s", request_rpc_name(call->field), err.text);
    response = oneshot__v1__response__unpack(NULL, length, bytes);
    if (response == NULL)
        trouble("%s: what came back is no Response", request_rpc_name(call->field));
    return response;
}

static void print_result(const struct call *call, const ProtobufCMessage *result)
{
    if (call->options->show)
        show_response(result);
    else
        show_json(result, call->options->compact, false);
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
static void show_command_once(struct call *call)
{
    client_close(&call->client);
    if (call->options->show)
        show_trace(call->trace);
}

static int print_outcome(const struct call *call, const Oneshot__V1__Outcome *outcome)
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
static int take_response(struct call *call)
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

static int call_translator(const struct options *options, char **words, int count)
{
    Oneshot__V1__Request *request = request_of(options, words, count);
    struct call call = { .options = options, .field = field_of_request(request), .trace = -1 };
    size_t length = 0;
    uint8_t *bytes = message_pack(&request->base, &length);
    int status = -1;

    if ((options->socket != NULL) + (options->tcp != NULL) + (options->translator != NULL) > 1)
        usage_error("--socket, --tcp and --translator exclude each other");
    open_client(&call);
    if (options->show)
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

/* ==== any type ==== */

static int json_to_message(const struct options *options, char **words, int count)
{
    (void)options;
    return frames_from_json(type_by_name(words, count), "-");
}

static int message_to_json(const struct options *options, char **words, int count)
{
    return frames_to_json(type_by_name(words, count), options->compact);
}

/* ==== main ==== */

static const struct command {
    const char *name;
    const char *options;
    int (*run)(const struct options *options, char **words, int count);
} commands[] = {
    { "encode", "tru", encode },
    { "decode", "rc", decode },
    { "call", "truscpwT", call_translator },
    { "json-to-message", "", json_to_message },
    { "message-to-json", "c", message_to_json },
};

static const struct option long_options[] = {
    { "timeout", required_argument, NULL, 't' },
    { "request", no_argument, NULL, 'r' },
    { "runtime-handler", required_argument, NULL, 'u' },
    { "socket", required_argument, NULL, 's' },
    { "tcp", required_argument, NULL, 'T' },
    { "translator", required_argument, NULL, 'p' },
    { "show", no_argument, NULL, 'w' },
    { "compact", no_argument, NULL, 'c' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static void set_option(struct options *options, const struct command *command, int option)
{
    if (option == 'h') {
        fputs(help, stdout);
        exit(finish(0));
    }
    if (option == '?')
        usage_error("cri-frame --help shows what %s takes", command->name);
    if (strchr(command->options, option) == NULL)
        usage_error("%s does not take this option (cri-frame --help)", command->name);
    if (option == 't')
        options->timeout = optarg;
    else if (option == 'u')
        options->runtime_handler = optarg;
    else if (option == 's')
        options->socket = optarg;
    else if (option == 'T')
        options->tcp = optarg;
    else if (option == 'p')
        options->translator = optarg;
    options->request = options->request || option == 'r';
    options->show = options->show || option == 'w';
    options->compact = options->compact || option == 'c';
}

int main(int argc, char **argv)
{
    const struct command *command = NULL;
    struct options options = { 0 };
    int option = 0;

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        return finish(0);
    }
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            command = &commands[i];
    if (command == NULL)
        usage_error("encode, decode or call is expected (cri-frame --help)");
    while ((option = getopt_long(argc - 1, argv + 1, "h", long_options, NULL)) != -1)
        set_option(&options, command, option);
    return command->run(&options, argv + 1 + optind, argc - 1 - optind);
}
