/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the log links that go with containers, and the table that is printed.
 * It must not know how the translator is run. */
#include <fcntl.h>
#include <unistd.h>

#include "gateway/stepping.h"

#include "host/loglink.h"

/* --- log links --- */

static char root[PATH_MAX];

static const char *at(const char *path)
{
    return arena_printf(&arena, "%s%s", root, path);
}

static int links_set_up(void **state)
{
    steps_set_up(state);
    temp_path(root, "cri-oneshot-test.XXXXXX");
    assert_non_null(mkdtemp(root));
    settings.host_root = root;
    return 0;
}

static int links_tear_down(void **state)
{
    static const char *const names[] = { "/1.log", "/2.log", "/c.log", "/file" };

    for (size_t i = 0; i < COUNT(names); i++)
        unlink(at(names[i]));
    assert_int_equal(rmdir(root), 0);
    return steps_tear_down(state);
}

static void put_link(const char *path, const char *id)
{
    const char *target = loglink_target(&arena, settings.docker_root, id);

    assert_int_equal(symlink(target, at(path)), 0);
}

static bool is_there(const char *path)
{
    char target[16];

    return readlink(at(path), target, sizeof(target)) > 0;
}

/* crictl removes it after this, and the kubelet before. */
static void test_a_log_link_is_left_to_who_removes_the_container(void **state)
{
    static const char *const names[] = { "StopContainer", "RemoveContainer" };

    (void)state;
    put_link("/c.log", CONTAINER);
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_true(begin(names[i], text(1, SHORT)));
        assert_true(take(container_status(CONTAINER, "/c.log")));
        expect_last(names[i], join(text(1, SHORT), text(1, CONTAINER)));
        pass_on();
        assert_true(is_there("/c.log"));
    }
}

static void begin_removal(void)
{
    assert_true(begin("RemovePodSandbox", text(1, SANDBOX)));
    assert_true(take(sandbox_status(SANDBOX)));
    assert_true(take(members()));
}

static void test_the_log_links_of_a_pod_go_before_their_containers(void **state)
{
    (void)state;
    put_link("/1.log", MEMBER_1);
    put_link("/2.log", MEMBER_2);
    begin_removal();
    assert_true(take(container_status(MEMBER_1, "/1.log")));
    assert_true(is_there("/1.log"));
    assert_true(act());
    assert_false(is_there("/1.log"));
    assert_true(is_there("/2.log"));
    expect_run("RemoveContainer", text(1, MEMBER_1));
    assert_true(take(nothing));
    assert_true(take(container_status(MEMBER_2, "/2.log")));
    assert_true(act());
    assert_false(is_there("/2.log"));
}

static void test_the_log_link_of_another_container_stays(void **state)
{
    (void)state;
    put_link("/1.log", CONTAINER);
    begin_removal();
    assert_true(take(container_status(MEMBER_1, "/1.log")));
    assert_true(act());
    assert_true(is_there("/1.log"));
    expect_run("RemoveContainer", text(1, MEMBER_1));
}

/* A container without a log path comes after one that has one. */
static void test_a_log_path_is_not_the_next_containers(void **state)
{
    (void)state;
    put_link("/1.log", MEMBER_2);
    begin_removal();
    assert_true(take(container_status(MEMBER_1, "/1.log")));
    assert_true(act());
    assert_true(take(nothing));
    assert_true(take(container_status(MEMBER_2, "")));
    assert_true(act());
    assert_true(is_there("/1.log"));
}

static void test_a_log_link_that_cannot_go_keeps_its_container(void **state)
{
    const char *path = arena_printf(&arena, "/%0300d/c.log", 0);

    (void)state;
    begin_removal();
    assert_true(take(container_status(MEMBER_1, path)));
    assert_false(act());
    expect_end_with(GRPC_FAILED_PRECONDITION, "its log link of " MEMBER_1 ": ");
    expect_end_with(GRPC_FAILED_PRECONDITION, "File name too long");
}

/* --- the table --- */

static char *printed(void)
{
    FILE *file = tmpfile();
    char *whole = arena_alloc(&arena, 16 * 1024);
    int kept = -1;

    assert_non_null(file);
    fflush(stdout);
    kept = dup(STDOUT_FILENO);
    assert_true(kept >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    steps_print();
    fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(kept);
    rewind(file);
    assert_true(fread(whole, 1, 16 * 1024 - 1, file) > 0);
    fclose(file);
    return whole;
}

/* A step is a supported RPC, or what is done besides. */
static void check_step(const char *step)
{
    if (strcmp(step, "its log link") != 0 && method_called(step)->plan == NULL)
        fail_msg("%s is not supported", step);
}

/* "RPC  step -> (for each: step -> step) -> step; when: step -> step". */
static void check_steps(char *text, const char *first)
{
    while (text != NULL) {
        char *arrow = strstr(text, " -> ");
        char *after = arrow == NULL ? NULL : arrow + 4;

        if (arrow != NULL)
            *arrow = '\0';
        if (*text == '(')
            text = strstr(text, ": ") + strlen(": ");
        text[strcspn(text, ")")] = '\0';
        check_step(text);
        if (first != NULL)
            assert_string_equal(first, text);
        first = NULL;
        text = after;
    }
}

static void check_line(char *line)
{
    char *rest = line + strcspn(line, " ");
    char *part = NULL;

    *rest++ = '\0';
    check_step(line);
    /* The first step that is run is the first that is printed. */
    assert_true(begin(line, text(1, SHORT)));
    next();
    rest += strspn(rest, " ");
    check_steps(strsep(&rest, ";"), steps_method(&steps, &task)->name);
    while ((part = strsep(&rest, ";")) != NULL)
        check_steps(strstr(part, ": ") + 2, NULL);
}

static void test_the_printed_steps_are_supported_rpcs(void **state)
{
    char *whole = printed();
    char *line = NULL;
    size_t count = 0;

    (void)state;
    while ((line = strsep(&whole, "\n")) != NULL)
        if (*line != '\0') {
            check_line(line);
            count++;
        }
    assert_int_equal(count, 10);
}

#define LINKS(name) cmocka_unit_test_setup_teardown(name, links_set_up, links_tear_down)

/* The translator would refuse it too: it must not first be taken for one that is gone. */
static void test_an_id_that_is_no_text_is_refused(void **state)
{
    (void)state;
    assert_false(begin("StopContainer", varint(1, 5)));
    expect_error(GRPC_INVALID_ARGUMENT, "request: is not protobuf");
    assert_true(begin("Status", varint(1, 1))); /* "verbose" */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STEPS(test_an_id_that_is_no_text_is_refused),
        LINKS(test_a_log_link_is_left_to_who_removes_the_container),
        LINKS(test_the_log_links_of_a_pod_go_before_their_containers),
        LINKS(test_the_log_link_of_another_container_stays),
        LINKS(test_a_log_path_is_not_the_next_containers),
        LINKS(test_a_log_link_that_cannot_go_keeps_its_container),
        STEPS(test_the_printed_steps_are_supported_rpcs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
