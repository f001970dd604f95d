/* SPDX-License-Identifier: Apache-2.0 */
/* This file makes a Request from the words of a command line.
 * It must not know how the request is sent. */
#include "frame/request.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum { USAGE = 2, CALLS = 256, NAME_SIZE = 64 };

void usage_error(const char *format, ...)
{
    va_list arguments;

    fputs("cri-frame: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    _exit(USAGE); /* what is still allocated is no leak worth a report */
}

/* ==== methods ==== */

bool request_is_call(const ProtobufCFieldDescriptor *field)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

const char *request_rpc_name(const ProtobufCFieldDescriptor *field)
{
    static char names[CALLS][NAME_SIZE];
    char *name = names[field->id % CALLS];
    size_t length = 0;
    bool raise = true;

    for (const char *from = field->name; *from != '\0' && length + 1 < NAME_SIZE; from++) {
        if (*from != '_')
            name[length++] = raise ? (char)toupper((unsigned char)*from) : *from;
        raise = *from == '_';
    }
    name[length] = '\0';
    return name;
}

const ProtobufCFieldDescriptor *request_find(const char *method, struct nearest *nearest)
{
    const ProtobufCMessageDescriptor *type = &oneshot__v1__request__descriptor;

    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];

        if (!request_is_call(field))
            continue;
        if (strcmp(request_rpc_name(field), method) == 0 || strcmp(field->name, method) == 0)
            return field;
        nearest_offer(nearest, request_rpc_name(field));
    }
    return NULL;
}

const ProtobufCFieldDescriptor *request_field(const char *method)
{
    const ProtobufCFieldDescriptor *field = NULL;
    struct nearest nearest;
    char hint[NEAREST_HINT];

    nearest_start(&nearest, method);
    field = request_find(method, &nearest);
    if (field == NULL)
        usage_error("no method \"%s\" in the CRI%s", method, nearest_hint(&nearest, hint));
    return field;
}

bool request_is_streaming(const ProtobufCFieldDescriptor *field)
{
    return text_begins(field->name, "stream_") || strcmp(field->name, "get_container_events") == 0;
}

const ProtobufCMessage *request_member(const ProtobufCMessage *message, const char *name)
{
    const ProtobufCFieldDescriptor *field = protojson_field(message->descriptor, name);
    const char *base = (const char *)message;
    const void *set = base + field->quantifier_offset;
    const void *member = base + field->offset;

    if (*(const uint32_t *)set != field->id)
        return NULL;
    return *(const ProtobufCMessage *const *)member;
}

/* ==== JSON ==== */

static ProtobufCMessage *read_or_exit(const ProtobufCMessageDescriptor *type, const json_t *json,
                                      int flags, const char *name)
{
    struct protojson_error error;
    ProtobufCMessage *message = protojson_read(type, json, flags, &error);

    if (message == NULL)
        usage_error("%s: %s", name, error.text);
    return message;
}

static json_t *loaded_or_exit(json_t *json, const json_error_t *error, const char *name)
{
    if (json == NULL)
        usage_error("%s: line %d, column %d: %s", name, error->line, error->column, error->text);
    return json;
}

static json_t *load_text(const char *text, const char *name)
{
    json_error_t error;

    return loaded_or_exit(json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error),
                          &error, name);
}

static json_t *load_file(const char *path)
{
    json_error_t error;
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    json_t *json = NULL;

    if (file == NULL)
        usage_error("cannot open \"%s\": %s", path, strerror(errno));
    json = json_loadf(file, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    fclose(file);
    return loaded_or_exit(json, &error, path);
}

FILE *request_open(const char *text)
{
    FILE *file = strcmp(text, "-") == 0 ? stdin : NULL;

    if (file == NULL && text[0] != '\0')
        file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    if (file == NULL)
        usage_error("the JSON is empty");
    return file;
}

ProtobufCMessage *request_read_stream(const ProtobufCMessageDescriptor *type, FILE *file,
                                      const char *name)
{
    json_error_t error;
    json_t *json = NULL;
    ProtobufCMessage *message = NULL;
    int next = 0;

    do
        next = getc(file);
    while (next != EOF && isspace(next));
    if (next == EOF)
        return NULL;
    ungetc(next, file);
    json = loaded_or_exit(json_loadf(file, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &error),
                          &error, name);
    message = read_or_exit(type, json, 0, name);
    json_decref(json);
    return message;
}

/* ==== FIELD=VALUE ==== */

/* Names become the .proto's, so that an operand finds the field that the JSON has set. */
static json_t *in_our_names(const ProtobufCMessageDescriptor *type, json_t *json, int flags,
                            const char *name)
{
    ProtobufCMessage *message = read_or_exit(type, json, flags, name);
    json_t *ours = protojson_write(message, NULL);

    protobuf_c_message_free_unpacked(message, NULL);
    json_decref(json);
    return ours;
}

static json_t *field_from_file(const ProtobufCMessageDescriptor *type,
                               const ProtobufCFieldDescriptor *field, const char *path)
{
    json_t *outer = json_pack("{s:o}", field->name, load_file(path));
    json_t *value = NULL;

    outer = in_our_names(type, outer, PROTOJSON_PLAIN_ENV, path);
    value = json_incref(json_object_get(outer, field->name));
    json_decref(outer);
    return value;
}

static json_t *value_from_text(const ProtobufCFieldDescriptor *field, const char *text)
{
    char *end = NULL;
    long number = 0;

    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return load_text(text, field->name);
    if (field->type == PROTOBUF_C_TYPE_BOOL && strcmp(text, "true") == 0)
        return json_true();
    if (field->type == PROTOBUF_C_TYPE_BOOL && strcmp(text, "false") == 0)
        return json_false();
    if (field->type == PROTOBUF_C_TYPE_BOOL)
        usage_error("%s: true or false is expected, not \"%s\"", field->name, text);
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        number = strtol(text, &end, 10);
        if (end != text && *end == '\0')
            return json_integer(number);
    }
    return json_string(text);
}

/* Where a value goes: the field that describes it, and the object and name that hold it. */
struct target {
    const ProtobufCMessageDescriptor *type;
    const ProtobufCFieldDescriptor *field;
    json_t *object;
    const char *name;
};

static json_t *object_of(json_t *object, const char *name)
{
    json_t *inner = json_object_get(object, name);

    if (json_is_object(inner))
        return inner;
    inner = json_object();
    json_object_set_new(object, name, inner);
    return inner;
}

static const ProtobufCFieldDescriptor *field_or_exit(const ProtobufCMessageDescriptor *type,
                                                     const char *name)
{
    const ProtobufCFieldDescriptor *field = protojson_field(type, name);
    char hint[NEAREST_HINT];

    if (field == NULL)
        usage_error("%s: %s has no such field%s", name, type->name,
                    protojson_hint_field(type, name, hint));
    return field;
}

/* Goes down a path of names; the rest of one that leads into a map is the key. The path is cut up,
 * and must stay. */
static struct target find_target(const ProtobufCMessageDescriptor *type, json_t *request,
                                 char *path)
{
    struct target target = { .type = type, .object = request };

    for (;;) {
        char *dot = strchr(path, '.');

        if (dot != NULL)
            *dot = '\0';
        target.field = field_or_exit(target.type, path);
        target.name = target.field->name;
        if (dot == NULL)
            return target;
        if (target.field->type != PROTOBUF_C_TYPE_MESSAGE)
            usage_error("%s: is no message, and has no field \"%s\"", path, dot + 1);
        if (target.field->label == PROTOBUF_C_LABEL_REPEATED &&
            !protojson_is_map(target.type, target.field))
            usage_error("%s: is a list; give it as JSON", path);
        target.object = object_of(target.object, target.name);
        path = dot + 1;
        if (target.field->label == PROTOBUF_C_LABEL_REPEATED)
            break;
        target.type = target.field->descriptor;
    }
    target.type = target.field->descriptor;
    target.field = field_or_exit(target.type, "value");
    target.name = path;
    return target;
}

static void add(const struct target *target, json_t *value)
{
    bool repeated = target->field->label == PROTOBUF_C_LABEL_REPEATED;
    json_t *array = json_object_get(target->object, target->name);

    if (value == NULL)
        json_object_del(target->object, target->name);
    else if (repeated && json_is_array(array) && !json_is_array(value))
        json_array_append_new(array, value);
    else if (repeated && array == NULL && !json_is_array(value) &&
             !protojson_is_map(target->type, target->field))
        json_object_set_new(target->object, target->name, json_pack("[o]", value));
    else
        json_object_set_new(target->object, target->name, value);
}

static void apply(json_t *request, const ProtobufCMessageDescriptor *type, const char *word)
{
    const char *equals = strchr(word, '=');
    struct target target;
    char *path = NULL;

    if (equals == NULL)
        usage_error("\"%s\" is neither JSON nor FIELD=VALUE", word);
    path = strndup(word, (size_t)(equals - word));
    if (path == NULL)
        abort();
    target = find_target(type, request, path);
    if (equals[1] == '@')
        add(&target, field_from_file(target.type, target.field, equals + 2));
    else
        add(&target, value_from_text(target.field, equals + 1));
    free(path);
}

static json_int_t timeout_ms(const char *text)
{
    json_int_t whole = 0;
    char *end = NULL;
    double value = strtod(text, &end);
    bool plain = text[strspn(text, "0123456789.ms")] == '\0' && end != text;

    if (plain && strcmp(end, "ms") != 0)
        value *= 1000;
    if (!plain || (*end != '\0' && strcmp(end, "s") != 0 && strcmp(end, "ms") != 0) || value > 1e15)
        usage_error("--timeout=%s: seconds (5, 0.5) or milliseconds (500ms) are expected", text);
    whole = (json_int_t)value;
    return whole + (value > (double)whole); /* 0 would be none */
}

static bool is_json(const char *word)
{
    return word[0] == '{' || strcmp(word, "-") == 0;
}

static json_t *start_from(const ProtobufCMessageDescriptor *type, const char *text,
                          const char *method)
{
    FILE *file = request_open(text);
    ProtobufCMessage *message = request_read_stream(type, file, method);
    json_t *json = NULL;

    if (message == NULL)
        usage_error("%s: the JSON is empty", method);
    json = protojson_write(message, NULL);
    protobuf_c_message_free_unpacked(message, NULL);
    if (request_read_stream(type, file, method) != NULL)
        usage_error("%s: more than one JSON document", method);
    if (file != stdin)
        fclose(file);
    return json;
}

Oneshot__V1__Request *request_from_words(char *const *words, int count, const char *timeout,
                                         const char *runtime_handler)
{
    const ProtobufCFieldDescriptor *field = request_field(words[0]);
    const ProtobufCMessageDescriptor *type = field->descriptor;
    bool has_json = count > 1 && is_json(words[1]);
    json_t *inner = has_json ? start_from(type, words[1], words[0]) : json_object();
    json_t *outer = NULL;
    ProtobufCMessage *request = NULL;

    for (int i = has_json ? 2 : 1; i < count; i++)
        apply(inner, type, words[i]);
    inner = in_our_names(type, inner, 0, words[0]);
    outer = json_pack("{s:o}", field->name, inner);
    if (timeout != NULL)
        json_object_set_new(outer, "timeout_ms", json_integer(timeout_ms(timeout)));
    if (runtime_handler != NULL)
        json_object_set_new(outer, "runtime_handler", json_string(runtime_handler));
    request = read_or_exit(&oneshot__v1__request__descriptor, outer, 0, words[0]);
    json_decref(outer);
    return (Oneshot__V1__Request *)request;
}
