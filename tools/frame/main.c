/* SPDX-License-Identifier: Apache-2.0 */
/* This file is cri-frame: JSON to frames, frames to JSON, and a client of the translator.
 * It must not know what any RPC means. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"
#include "frame/call.h"
#include "frame/convert.h"
#include "frame/describe.h"
#include "frame/request.h"

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
    "       cri-frame list\n"
    "       cri-frame describe METHOD|MESSAGE\n"
    "       cri-frame --version | --help\n"
    "\n"
    "encode    prints the frame of a request.\n"
    "decode    reads frames of responses (--request: of requests), prints a JSON document for "
    "each.\n"
    "call      sends a request to the translator and prints the result, of a streaming RPC each "
    "one\n"
    "          as it comes; a failed outcome goes to standard error as METHOD: CODE: message.\n"
    "list      prints every METHOD, with its request and its result.\n"
    "describe  prints the fields of a METHOD's request and result, or of any message in them.\n"
    "\n"
    "METHOD       an RPC of the CRI, RunPodSandbox or run_pod_sandbox\n"
    "JSON         its request as proto3 JSON; - reads standard input\n"
    "FIELD=VALUE  sets a field of the request, over what JSON says; a repeated field is given\n"
    "             several times (cmd=ls cmd=-l); messages and maps are JSON. FIELD may be a path\n"
    "             (filter.state.state=SANDBOX_READY), and end in a map's key\n"
    "FIELD=@FILE  takes the file's JSON as the field. Environment values are plain text there, as\n"
    "             in crictl's pod and container files; everywhere else they are base64\n"
    "\n"
    "--request             JSON is a whole oneshot.v1.Request; encode takes several in a row\n"
    "--timeout=TIME        how long the call may take: 5 or 0.5 (seconds), 500ms\n"
    "--runtime-handler=NAME  of CreateContainer: what the pod runs in, as PodSandboxStatus tells "
    "it\n"
    "--socket=PATH         call the translator behind this unix socket\n"
    "--tcp=HOST:PORT       the one behind this port of this machine: 127.0.0.1:PORT, [::1]:PORT\n"
    "--translator=PROGRAM  run this program\n"
    "--show                print request, docker command and response for people: without "
    "secrets,\n"
    "                      bytes as text\n"
    "--compact             a JSON document a line\n"
    "\n"
    "Without --socket, --tcp and --translator the translator is CRI_FRAME_SOCKET's, else the "
    "program\n"
    "CRI_FRAME_TRANSLATOR, else the cri-oneshot beside cri-frame, else the one on PATH.\n"
    "\n"
    "For tests: cri-frame json-to-message TYPE and cri-frame message-to-json TYPE turn JSON\n"
    "documents into length-delimited messages of any type (ContainerConfig) and back.\n"
    "\n"
    "exit status: 0 done, 1 the call failed, 2 wrong usage or JSON, 3 no answer or garbage\n";

struct options {
    const char *timeout;
    const char *runtime_handler;
    bool request;
    struct call_options call;
};

/* ==== encode and decode ==== */

/* At a terminal a frame is of no use, and would move its cursor. */
static void want_no_terminal(int fd, const char *what)
{
    if (isatty(fd))
        usage_error("%s (cri-frame --help)", what);
}

static void want_pipe(void)
{
    want_no_terminal(STDOUT_FILENO,
                     "a frame is bytes for a program: standard output is to be a pipe "
                     "(… | cri-oneshot --explain) or a file");
}

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

    want_pipe();
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
    want_no_terminal(STDIN_FILENO, "frames are expected on standard input, from a pipe or a file");
    return frames_to_json(options->request ? &oneshot__v1__request__descriptor
                                           : &oneshot__v1__response__descriptor,
                          options->call.compact);
}

/* ==== call ==== */

static int call_words(const struct options *options, char **words, int count)
{
    const struct call_options *to = &options->call;

    if ((to->socket != NULL) + (to->tcp != NULL) + (to->translator != NULL) > 1)
        usage_error("--socket, --tcp and --translator exclude each other");
    return call_translator(to, request_of(options, words, count));
}

/* ==== what there is ==== */

static int list(const struct options *options, char **words, int count)
{
    (void)options;
    if (count > 0)
        usage_error("\"%s\" is not wanted: list takes nothing", words[0]);
    describe_all();
    return finish(0);
}

static int describe(const struct options *options, char **words, int count)
{
    (void)options;
    if (count != 1)
        usage_error("one METHOD or message is expected (cri-frame list shows the methods)");
    describe_word(words[0]);
    return finish(0);
}

/* ==== any type ==== */

static const ProtobufCMessageDescriptor *one_type(char **words, int count)
{
    if (count != 1)
        usage_error("one TYPE is expected");
    return type_by_name(words[0]);
}

static int json_to_message(const struct options *options, char **words, int count)
{
    (void)options;
    want_pipe();
    return frames_from_json(one_type(words, count), "-");
}

static int message_to_json(const struct options *options, char **words, int count)
{
    return frames_to_json(one_type(words, count), options->call.compact);
}

/* ==== main ==== */

static const struct command {
    const char *name;
    const char *options;
    int (*run)(const struct options *options, char **words, int count);
} commands[] = {
    { "encode", "tru", encode },
    { "decode", "rc", decode },
    { "call", "truscpwT", call_words },
    { "list", "", list },
    { "describe", "", describe },
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
    { "version", no_argument, NULL, 'V' },
    { NULL, 0, NULL, 0 },
};

/* What every command takes. Ends the program when it is one of them. */
static void answer_option(int option)
{
    if (option != 'h' && option != 'V')
        return;
    fputs(option == 'h' ? help : "cri-frame " VERSION "\n", stdout);
    exit(finish(0));
}

static void set_option(struct options *options, const struct command *command, int option)
{
    answer_option(option);
    if (option == '?')
        usage_error("cri-frame --help shows what %s takes", command->name);
    if (strchr(command->options, option) == NULL)
        usage_error("%s does not take this option (cri-frame --help)", command->name);
    if (option == 't')
        options->timeout = optarg;
    else if (option == 'u')
        options->runtime_handler = optarg;
    else if (option == 's')
        options->call.socket = optarg;
    else if (option == 'T')
        options->call.tcp = optarg;
    else if (option == 'p')
        options->call.translator = optarg;
    options->request = options->request || option == 'r';
    options->call.show = options->call.show || option == 'w';
    options->call.compact = options->call.compact || option == 'c';
}

static const struct command *command_or_exit(const char *word)
{
    struct nearest nearest;
    char hint[NEAREST_HINT];

    if (word == NULL)
        usage_error("encode, decode, call, list or describe is expected (cri-frame --help)");
    nearest_start(&nearest, word);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(word, commands[i].name) == 0)
            return &commands[i];
        nearest_offer(&nearest, commands[i].name);
    }
    usage_error("no command \"%s\"%s: cri-frame --help shows what there is", word,
                nearest_hint(&nearest, hint));
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;
    const struct command *command = NULL;
    struct options options = { 0 };
    int option = 0;

    if (word != NULL && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0))
        answer_option('h');
    if (word != NULL && strcmp(word, "--version") == 0)
        answer_option('V');
    command = command_or_exit(word);
    while ((option = getopt_long(argc - 1, argv + 1, "h", long_options, NULL)) != -1)
        set_option(&options, command, option);
    return command->run(&options, argv + 1 + optind, argc - 1 - optind);
}
