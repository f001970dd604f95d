/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the log links that go with containers, what a new container is told of its pod,
 * and the table that is printed. It must not know how the translator is run. */
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

static void test_a_log_link_goes_before_its_container(void **state)
{
    (void)state;
    put_link("/c.log", CONTAINER);
    assert_true(begin("RemoveContainer", text(1, SHORT)));
    expect_run("ContainerStatus", text(1, SHORT));
    assert_true(is_there("/c.log"));
    assert_true(take(container_status(CONTAINER, "/c.log")));
    assert_false(is_there("/c.log"));
    expect_last("RemoveContainer", join(text(1, SHORT), text(1, CONTAINER)));
}

static void test_the_log_link_of_another_container_stays(void **state)
{
    (void)state;
    put_link("/c.log", MEMBER_1);
    assert_true(begin("RemoveContainer", text(1, SHORT)));
    assert_true(take(container_status(CONTAINER, "/c.log")));
    expect_last("RemoveContainer", join(text(1, SHORT), text(1, CONTAINER)));
    assert_true(is_there("/c.log"));
}

static void test_a_container_that_is_only_stopped_keeps_its_log_link(void **state)
{
    (void)state;
    put_link("/c.log", CONTAINER);
    assert_true(begin("StopContainer", text(1, SHORT)));
    assert_true(take(container_status(CONTAINER, "/c.log")));
    assert_true(is_there("/c.log"));
}

static void test_the_log_links_of_a_pod_go_one_by_one(void **state)
{
    (void)state;
    put_link("/1.log", MEMBER_1);
    put_link("/2.log", MEMBER_2);
    assert_true(begin("RemovePodSandbox", text(1, SANDBOX)));
    assert_true(take(sandbox_status(SANDBOX)));
    assert_true(take(members()));
    assert_true(take(container_status(MEMBER_1, "/1.log")));
    expect_run("RemoveContainer", text(1, MEMBER_1));
    assert_false(is_there("/1.log"));
    assert_true(is_there("/2.log"));
    assert_true(take(nothing));
    expect_run("ContainerStatus", text(1, MEMBER_2));
    assert_true(is_there("/2.log"));
    assert_true(take(container_status(MEMBER_2, "/2.log")));
    assert_false(is_there("/2.log"));
}

/* A container without a log path comes after one that has one. */
static void test_a_log_path_is_not_the_next_containers(void **state)
{
    (void)state;
    put_link("/1.log", MEMBER_2);
    assert_true(begin("RemovePodSandbox", text(1, SANDBOX)));
    assert_true(take(sandbox_status(SANDBOX)));
    assert_true(take(members()));
    assert_true(take(container_status(MEMBER_1, "/1.log")));
    assert_true(take(nothing));
    assert_true(take(container_status(MEMBER_2, "")));
    assert_true(is_there("/1.log"));
}

static void test_a_log_link_that_cannot_go_keeps_its_container(void **state)
{
    const char *path = arena_printf(&arena, "/%0300d/c.log", 0);

    (void)state;
    assert_true(begin("RemoveContainer", text(1, SHORT)));
    assert_false(take(container_status(CONTAINER, path)));
    assert_non_null(strstr(err.text, "File name too long"));
    expect_error(GRPC_FAILED_PRECONDITION, "its log link: ");
    assert_true(begin("RemovePodSandbox", text(1, SANDBOX)));
    assert_true(take(sandbox_status(SANDBOX)));
    assert_true(take(members()));
    assert_false(take(container_status(MEMBER_1, path)));
    expect_error(GRPC_FAILED_PRECONDITION, "its log link of " MEMBER_1 ": ");
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

static void check_line(char *line)
{
    char *steps_text = line + strcspn(line, " ");

    *steps_text++ = '\0';
    check_step(line);
    /* The first step that is run is the first that is printed. */
    assert_true(begin(line, text(1, SHORT)));
    steps_text += strspn(steps_text, " ");
    for (bool first = true; steps_text != NULL; first = false) {
        char *arrow = strstr(steps_text, " -> ");
        char *next = arrow == NULL ? NULL : arrow + 4;

        if (arrow != NULL)
            *arrow = '\0';
        if (*steps_text == '(')
            steps_text = strstr(steps_text, ": ") + strlen(": ");
        steps_text[strcspn(steps_text, ")")] = '\0';
        check_step(steps_text);
        if (first)
            assert_string_equal(steps_run(&steps)->name, steps_text);
        steps_text = next;
    }
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
    assert_int_equal(count, 9);
}

#define LINKS(name) cmocka_unit_test_setup_teardown(name, links_set_up, links_tear_down)

/* The translator would refuse it too: it must not first be taken for one that is gone. */
static void test_an_id_that_is_no_text_is_refused(void **state)
{
    (void)state;
    assert_false(begin("StopContainer", varint(1, 5)));
    expect_end(GRPC_INVALID_ARGUMENT, "request: is not protobuf");
    assert_true(begin("Status", varint(1, 1))); /* "verbose" */
}

/* --- a new container --- */

static struct bytes wanting(unsigned mode, const char *target)
{
    struct bytes options = join(varint(2, mode), text(4, target)); /* pid, target_id */

    /* config.linux.security_context.namespace_options */
    return join(text(1, SHORT), nest(2, nest(15, nest(2, nest(3, options)))));
}

static struct bytes target_listed(const char *id, const char *sandbox, unsigned state)
{
    return nest(1, join(join(text(1, id), text(2, sandbox)), varint(6, state)));
}

static void test_the_pods_runtime_handler_goes_to_its_container(void **state)
{
    struct bytes request = text(1, SHORT);

    (void)state;
    assert_true(begin("CreateContainer", request));
    assert_string_equal(steps_runtime_handler(&steps), "");
    assert_true(take(nest(1, join(text(1, SANDBOX), text(9, "kata")))));
    expect_last("CreateContainer", join(request, text(1, SANDBOX)));
    assert_string_equal(steps_runtime_handler(&steps), "kata");
}

static void test_a_target_is_a_running_container_of_the_pod(void **state)
{
    struct bytes request = wanting(3, CONTAINER);

    (void)state;
    assert_true(begin("CreateContainer", request));
    expect_run("PodSandboxStatus", text(1, SHORT));
    assert_true(take(sandbox_status(SANDBOX)));
    expect_run("ListContainers", nest(1, text(1, CONTAINER)));
    assert_true(take(target_listed(CONTAINER, SANDBOX, 1)));
    expect_last("CreateContainer", join(request, text(1, SANDBOX)));
}

static void test_any_other_target_is_refused(void **state)
{
    const struct bytes lists[] = { nothing, target_listed(CONTAINER, SANDBOX, 2),
                                   target_listed(CONTAINER, MEMBER_1, 1),
                                   target_listed(MEMBER_1, SANDBOX, 1) };

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        assert_true(begin("CreateContainer", wanting(3, CONTAINER)));
        assert_true(take(sandbox_status(SANDBOX)));
        assert_false(take(lists[i]));
        expect_end(GRPC_FAILED_PRECONDITION,
                   "ListContainers: namespace_options.target_id \"" CONTAINER
                   "\": is no running container of the pod");
    }
}

/* The translator refuses a target that is no whole id. */
static void test_no_target_is_looked_up_where_none_is_named(void **state)
{
    const struct bytes requests[] = { wanting(0, CONTAINER), wanting(3, SHORT), wanting(3, ""),
                                      join(text(1, SHORT), text(2, "\x08")) };

    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        assert_true(begin("CreateContainer", requests[i]));
        assert_true(take(sandbox_status(SANDBOX)));
        expect_last("CreateContainer", join(requests[i], text(1, SANDBOX)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STEPS(test_an_id_that_is_no_text_is_refused),
        LINKS(test_a_log_link_goes_before_its_container),
        LINKS(test_the_log_link_of_another_container_stays),
        LINKS(test_a_container_that_is_only_stopped_keeps_its_log_link),
        LINKS(test_the_log_links_of_a_pod_go_one_by_one),
        LINKS(test_a_log_path_is_not_the_next_containers),
        LINKS(test_a_log_link_that_cannot_go_keeps_its_container),
        STEPS(test_the_pods_runtime_handler_goes_to_its_container),
        STEPS(test_a_target_is_a_running_container_of_the_pod),
        STEPS(test_any_other_target_is_refused),
        STEPS(test_no_target_is_looked_up_where_none_is_named),
        STEPS(test_the_printed_steps_are_supported_rpcs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
