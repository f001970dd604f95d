/* SPDX-License-Identifier: Apache-2.0 */
/* This file plans "docker ps" and reads its lines.
 * It must not know which message a line becomes. */
#include "docker/ps.h"

#include <string.h>

#include "base/document.h"
#include "base/list.h"
#include "base/text.h"
#include "base/units.h"
#include "docker/failure.h"
#include "docker/id.h"

/* Each line is a JSON array. Not "{{json .}}": it has the size of every container computed, and
 * joins all labels by commas, which only a record-less container (cri-dockerd's) needs. */
#define LABEL_COLUMN(key)    ",{{json (.Label \"" key "\")}}"
#define RECORD_COLUMN(piece) LABEL_COLUMN(LABEL_RECORD "." piece)
/* A record of ours begins as it does, and a container's has the container's sandbox: an image may
 * have a label of the record's name, too, but cannot know the sandboxes that are made after it. */
#define THE_RECORD      "(.Label \"" LABEL_RECORD "\")"
#define THE_SANDBOX     "(.Label \"" LABEL_SANDBOX_ID "\")"
#define HAS(words)      "(gt (len (split " THE_RECORD " " words ")) 1)"
#define HAS_SANDBOX     HAS("(printf \"\\\"sandbox\\\":%q\" " THE_SANDBOX ")")
#define IS_OF_SANDBOX   "(and (eq " THE_SANDBOX " \"\") " HAS("\"{\\\"pod\\\":{\"") ")"
#define NO_RECORD(then) "{{if or " HAS_SANDBOX " " IS_OF_SANDBOX "}}\"\"{{else}}" then "{{end}}"

/* clang-format off */
static const char columns[] = "[{{json .ID}},{{json .State}},{{json .CreatedAt}},{{json .Image}},"
                              "{{json .Names}}," NO_RECORD("{{json .Labels}}")
                              LABEL_COLUMN(LABEL_SANDBOX_ID)
                              LABEL_COLUMN(LABEL_RECORD)
                              RECORD_COLUMN("1") RECORD_COLUMN("2") RECORD_COLUMN("3")
                              RECORD_COLUMN("4") RECORD_COLUMN("5") RECORD_COLUMN("6")
                              RECORD_COLUMN("7") "]";
/* clang-format on */

enum {
    COLUMN_ID,
    COLUMN_STATE,
    COLUMN_CREATED,
    COLUMN_IMAGE,
    COLUMN_NAMES,
    COLUMN_LABELS,
    COLUMN_SANDBOX_ID,
    COLUMN_RECORD,
    COLUMN_COUNT = COLUMN_RECORD + RECORD_PIECES
};

bool ps_plan(const struct ps_filter *filter, struct plan *plan)
{
    struct strv *argv = &plan->command.argv;

    if ((*filter->id != '\0' && !id_prefix(filter->id)) ||
        (*filter->sandbox_id != '\0' && !id_prefix(filter->sandbox_id))) {
        plan->answered = true;
        return true;
    }
    strv_push(argv, "ps");
    strv_push(argv, "--all");
    strv_push(argv, "--no-trunc");
    strv_pushf(argv, "--filter=label=%s%s%s", LABEL_TYPE, *filter->type == '\0' ? "" : "=",
               filter->type);
    if (*filter->id != '\0')
        strv_pushf(argv, "--filter=id=%s", filter->id);
    if (id_full(filter->sandbox_id))
        strv_pushf(argv, "--filter=label=%s=%s", LABEL_SANDBOX_ID, filter->sandbox_id);
    for (size_t i = 0; filter->statuses != NULL && filter->statuses[i] != NULL; i++)
        strv_pushf(argv, "--filter=status=%s", filter->statuses[i]);
    for (size_t i = 0; i < filter->labels.count; i++) {
        const struct pair *label = &filter->labels.items[i];

        if (record_label_is_plain(label->key, label->value))
            strv_pushf(argv, "--filter=label=%s=%s", label->key, label->value);
    }
    strv_pushf(argv, "--format=%s", columns);
    return true;
}

/* --- reading --- */

/* Kubernetes' label keys: anything else before a "=" is the rest of the value before. */
static bool starts_label(const char *part, size_t length)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_./";
    size_t key = strspn(part, allowed);

    return key > 0 && key < length && part[key] == '=';
}

static size_t label_length(const char *text)
{
    size_t length = strcspn(text, ",");

    while (text[length] == ',' && !starts_label(text + length + 1, strcspn(text + length + 1, ",")))
        length += 1 + strcspn(text + length + 1, ",");
    return length;
}

/* "a=b,c=d" of docker ps, where a value may hold commas: as well as it can be told. */
static struct pairs labels_of_text(struct arena *arena, const char *text)
{
    size_t commas = 0;
    struct pairs pairs = { .count = 0 };

    for (const char *at = text; *at != '\0'; at++)
        commas += *at == ',';
    pairs.items = arena_array(arena, commas + 1, sizeof(struct pair));
    while (*text != '\0') {
        size_t length = label_length(text);
        char *key = arena_strndup(arena, text, length);
        char *equals = strchr(key, '=');

        if (equals != NULL)
            *equals = '\0';
        pairs.items[pairs.count++] =
            (struct pair){ .key = key, .value = equals == NULL ? "" : equals + 1 };
        text += length + (text[length] == ',');
    }
    return pairs;
}

/* False for a container that has our label and a name that is none of ours. */
static bool read_row(const struct call *call, const json_t *line, struct ps_row *row)
{
    struct arena *arena = call->arena;
    struct pairs labels = labels_of_text(arena, doc_text_at(line, COLUMN_LABELS));
    const char *name = record_own_name(arena, doc_text_at(line, COLUMN_NAMES));
    const char *pieces[RECORD_PIECES];

    *row = (struct ps_row){
        .id = arena_strdup(arena, doc_text_at(line, COLUMN_ID)),
        .status = arena_strdup(arena, doc_text_at(line, COLUMN_STATE)),
        .created_at = units_time_ns(doc_text_at(line, COLUMN_CREATED)),
        .image = arena_strdup(arena, doc_text_at(line, COLUMN_IMAGE)),
    };
    for (size_t i = 0; i < RECORD_PIECES; i++)
        pieces[i] = doc_text_at(line, COLUMN_RECORD + i);
    return record_read(arena, pieces, &labels, name,
                       arena_strdup(arena, doc_text_at(line, COLUMN_SANDBOX_ID)), &row->record);
}

/* Docker has filtered by the plain labels, exactly; of a row without a record that is all that can
 * be told, because its labels cannot be parted with certainty. No row shows its attempt. */
static bool has_labels(const struct ps_filter *filter, const struct ps_row *row)
{
    for (size_t i = 0; i < filter->labels.count; i++) {
        const struct pair *label = &filter->labels.items[i];
        const struct pairs one = { .items = &filter->labels.items[i], .count = 1 };

        if (strcmp(label->key, LABEL_ATTEMPT) != 0 &&
            (row->record.exact || !record_label_is_plain(label->key, label->value)) &&
            !pairs_include(&row->record.labels, &one))
            return false;
    }
    return true;
}

static bool is_wanted(const struct ps_filter *filter, const struct ps_row *row)
{
    return text_begins(row->id, filter->id) &&
           text_begins(row->record.sandbox_id, filter->sandbox_id) &&
           (filter->statuses == NULL || text_is_one_of(row->status, filter->statuses)) &&
           (filter->other_than == NULL || !text_is_one_of(row->status, filter->other_than)) &&
           has_labels(filter, row);
}

bool ps_read_line(const struct call *call, const struct ps_filter *filter, const char *line,
                  size_t length, struct ps_row *row, bool *passes, struct err *err)
{
    const json_t *columns_read = doc_read(line, length, err);

    *passes = false;
    if (columns_read == NULL)
        return false;
    if (json_array_size(columns_read) != COLUMN_COUNT ||
        !id_full(doc_text_at(columns_read, COLUMN_ID)))
        return err_set(err, GRPC_INTERNAL, "docker ps: a line is not the columns that were asked");
    *passes = read_row(call, columns_read, row) && is_wanted(filter, row);
    arena_reset(call->scratch);
    return true;
}

bool ps_read(const struct call *call, const struct docker_result *result,
             const struct ps_filter *filter, ps_row_function *function, void *context,
             struct err *err)
{
    const char *text = result->stdout_text;

    if (result->exit_code != 0)
        return failure_set(call->arena, result, err);
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        struct ps_row row = { .id = "", .status = "", .record = { .sandbox_id = "" } };
        bool passes = false;

        if (!ps_read_line(call, filter, text, length, &row, &passes, err))
            return false;
        if (passes)
            function(context, &row);
        text += length + (text[length] == '\n');
    }
    return true;
}

struct listing {
    struct list messages;
    ps_make *make;
};

static void add_message(void *context, const struct ps_row *row)
{
    struct listing *listing = context;

    list_push(&listing->messages, listing->make(listing->messages.arena, row));
}

bool ps_list(const struct call *call, const struct docker_result *result,
             const struct ps_filter *filter, ps_make *make, size_t *count, void *array,
             struct err *err)
{
    struct listing listing = { .make = make };

    list_init(&listing.messages, call->arena);
    if (!ps_read(call, result, filter, add_message, &listing, err))
        return false;
    list_give(&listing.messages, count, array);
    return true;
}

void *ps_one(const struct call *call, const struct ps_filter *filter, const char *line,
             size_t length, ps_make *make, struct err *err)
{
    struct ps_row row;
    bool passes = false;

    if (line == NULL || !ps_read_line(call, filter, line, length, &row, &passes, err) || !passes)
        return NULL;
    return make(call->arena, &row);
}
