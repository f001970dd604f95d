/* SPDX-License-Identifier: Apache-2.0 */
/* This file finds a docker command among the recorded ones of a session.
 * It must not know how the commands came here. */
#include "fixture_serve_match.h"

#include <stdint.h>
#include <string.h>

#include "fixture_case.h"
#include "fixture_lines.h"
#include "show.h"

/* ==== the recorded commands ==== */

/* A word as it was before lines_join. */
static const char *unescaped(struct arena *arena, const char *line)
{
    char *word = arena_strdup(arena, line);
    char *at = word;

    for (; *line != '\0'; line++) {
        if (*line == '\\' && line[1] != '\0') {
            line++;
            *at++ = *line == 'n' ? '\n' : *line;
        } else {
            *at++ = *line;
        }
    }
    *at = '\0';
    return word;
}

void recorded_read(struct arena *arena, const char *text, struct strv *argv)
{
    struct lines lines;

    strv_init(argv, arena);
    lines_read(&lines, arena, text);
    for (size_t i = 1; i < lines.words.count; i++)
        strv_push(argv, unescaped(arena, lines.words.words[i]));
}

bool session_load(struct arena *arena, const char *path, struct session *session, struct err *err)
{
    struct strv paths;

    *session = (struct session){ .path = path };
    strv_init(&paths, arena);
    if (!fixture_find(path, &paths, err))
        return false;
    session->cases = arena_array(arena, paths.count + 1, sizeof(*session->cases));
    for (size_t i = 0; i < paths.count; i++) {
        struct recorded *recorded = &session->cases[session->count];
        struct fixture_text text = { .data = NULL };

        if (!fixture_read(arena, paths.words[i], FIXTURE_ARGV, &text, err))
            return false;
        if (text.data == NULL)
            continue;
        recorded->path = paths.words[i];
        recorded_read(arena, text.data, &recorded->argv);
        session->count++;
    }
    return session->count > 0 ||
           err_set(err, GRPC_NOT_FOUND, "%s: no case in it asked docker", path);
}

/* ==== equal but for what differs from run to run ==== */

/* Where the part of the word begins that is made anew in each run; NULL: no such part. */
static const char *nonce_in(const char *word)
{
    static const char marker[] = "--env=CRI_ONESHOT_EXEC=";
    static const char folder[] = "/cri-oneshot.";
    const char *found = NULL;

    if (strncmp(word, marker, strlen(marker)) == 0)
        return word + strlen(marker);
    if (strncmp(word, "--config=", strlen("--config=")) != 0)
        return NULL;
    found = strstr(word, folder);
    return found == NULL ? NULL : word + strlen("--config=");
}

static bool same_word(const char *one, const char *other)
{
    static const char file[] = "--env-file=/dev/fd/";
    const char *nonce = nonce_in(one);
    const char *others = nonce_in(other);

    if (strncmp(one, file, strlen(file)) == 0 && strncmp(other, file, strlen(file)) == 0)
        return true;
    if (nonce == NULL || others == NULL)
        return strcmp(one, other) == 0;
    return nonce - one == others - other && strncmp(one, other, (size_t)(nonce - one)) == 0;
}

/* ==== what a command is about: its verb and operands, no option ==== */

static const char *const *operand(const char *const *words, bool *ended)
{
    for (; *words != NULL; words++) {
        if (*ended || **words != '-')
            return words;
        *ended = strcmp(*words, "--") == 0;
    }
    return words;
}

static bool same_operands(const char *const *one, const char *const *other)
{
    bool ended = false;
    bool others_ended = false;

    for (;; one++, other++) {
        one = operand(one, &ended);
        other = operand(other, &others_ended);
        if (*one == NULL || *other == NULL)
            return *one == *other;
        if (!same_word(*one, *other))
            return false;
    }
}

/* Whether the machine's own docker configuration is one that docker does not get to see (then there
 * is a folder in its place, and the file of variables has the next number) makes no difference to
 * what is asked. */
static const char *const *after_config(const char *const *words)
{
    return *words != NULL && **words == '-' && nonce_in(*words) != NULL ? words + 1 : words;
}

static bool same_words(const char *const *one, const char *const *other)
{
    one = after_config(one);
    other = after_config(other);
    for (; *one != NULL && *other != NULL; one++, other++)
        if (!same_word(*one, *other))
            return false;
    return *one == *other;
}

bool session_matches(const struct session *session, const struct recorded *recorded,
                     char *const *words)
{
    static const char *const none[] = { NULL };
    const char *const *one = recorded->argv.count == 0 ? none : recorded->argv.words;
    const char *const *other = (const char *const *)(uintptr_t)words;

    return session->lenient ? same_operands(one, other) : same_words(one, other);
}

/* ==== the nearest ==== */

/* Of the longest common subsequences' table, the length for the words from i and j on. */
struct common {
    const struct strv *recorded;
    char *const *words;
    size_t count;    /* of words */
    uint32_t *table; /* (recorded->count + 1) * (count + 1) */
};

static uint32_t *cell(const struct common *common, size_t i, size_t j)
{
    return &common->table[i * (common->count + 1) + j];
}

static struct common compare(struct arena *arena, const struct strv *recorded, char *const *words)
{
    struct common common = { .recorded = recorded, .words = words };

    while (words[common.count] != NULL)
        common.count++;
    common.table =
        arena_array(arena, (recorded->count + 1) * (common.count + 1), sizeof(*common.table));
    for (size_t i = recorded->count; i-- > 0;)
        for (size_t j = common.count; j-- > 0;) {
            uint32_t without = *cell(&common, i + 1, j);
            uint32_t other = *cell(&common, i, j + 1);

            *cell(&common, i, j) = same_word(recorded->words[i], words[j])
                                       ? *cell(&common, i + 1, j + 1) + 1
                                   : without > other ? without
                                                     : other;
        }
    return common;
}

const struct recorded *session_nearest(struct arena *arena, const struct session *session,
                                       char *const *words)
{
    const struct recorded *nearest = NULL;
    size_t fewest = SIZE_MAX;

    for (size_t i = 0; i < session->count; i++) {
        const struct recorded *recorded = &session->cases[i];
        struct common common = compare(arena, &recorded->argv, words);
        size_t differing = recorded->argv.count + common.count - 2 * (size_t)*cell(&common, 0, 0);

        if (differing < fewest) {
            fewest = differing;
            nearest = recorded;
        }
    }
    return nearest;
}

const char *recorded_difference(struct arena *arena, const struct recorded *recorded,
                                char *const *words)
{
    struct common common = compare(arena, &recorded->argv, words);
    const char *text = "";
    size_t i = 0;
    size_t j = 0;

    while (i < recorded->argv.count || j < common.count) {
        bool lacks = i < recorded->argv.count;
        const char *word = lacks ? recorded->argv.words[i] : words[j];

        if (lacks && j < common.count && same_word(word, words[j])) {
            i++;
            j++;
            continue;
        }
        if (lacks && j<common.count && * cell(&common, i, j + 1)> * cell(&common, i + 1, j)) {
            lacks = false;
            word = words[j];
        }
        text = arena_printf(arena, "%s%s%c%s", text, *text == '\0' ? "" : " ", lacks ? '-' : '+',
                            show_word(arena, word));
        i += lacks;
        j += !lacks;
    }
    return text;
}
