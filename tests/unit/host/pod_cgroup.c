/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks which cgroup is a pod's own, by where an engine has its containers.
 * It must not know docker. */
#include "tree.h"

#include "host/pod_cgroup.h"

#define TWO(text)  text text
#define FOUR(text) TWO(text) TWO(text)
#define ID(digits) FOUR(FOUR(digits))
#define POD        ID("a001")
#define MEMBER     ID("a002")
#define OTHER      ID("b001")
#define OUTER      ID("c001")
#define ROOTLESS   "user.slice/user-1000.slice/user@1000.service/user.slice"
#define KUBEPODS   "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podu1.slice"
#define SCOPE(id)  "/docker-" id ".scope"
#define PLAIN(id)  "/" id

static struct cgroups cgroups;

/* The own cgroup of the pod POD with its container MEMBER. */
static const char *own(bool recorded, const char *told)
{
    static const char *const members[] = { MEMBER, ID("dead") };
    struct pod_place pod = {
        .own_cgroup = told, .recorded = recorded, .members = members, .member_count = 2
    };

    cgroups_open(&cgroups, &arena, tree);
    pod.sandbox = cgroups_find(&cgroups, POD);
    assert_non_null(pod.sandbox);
    return pod_cgroup(&cgroups, &arena, &pod);
}

static void make(const char *path)
{
    tree_put("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    tree_put(arena_printf(&arena, "sys/fs/cgroup/%s/cgroup.procs", path), "");
}

/* Where two pods lie in one cgroup, whosever it is, neither has one of its own. */
static void shared(const char *pod, const char *member, const char *other)
{
    make(pod);
    make(member);
    make(other);
    assert_null(own(true, ""));
    assert_null(own(false, ""));
    assert_null(own(true, "/kubepods/burstable/podu1"));
}

static void test_docker_without_root(void **state)
{
    (void)state;
    shared(ROOTLESS SCOPE(POD), ROOTLESS SCOPE(MEMBER), ROOTLESS SCOPE(OTHER));
}

static void test_docker_with_a_cgroup_parent_of_its_own(void **state)
{
    (void)state;
    shared("engine" PLAIN(POD), "engine" PLAIN(MEMBER), "engine" PLAIN(OTHER));
}

static void test_docker_in_a_container(void **state)
{
    (void)state;
    shared("docker/" OUTER "/docker" PLAIN(POD), "docker/" OUTER "/docker" PLAIN(MEMBER),
           "docker/" OUTER "/docker" PLAIN(OTHER));
}

static void test_dockers_own_is_no_pods_also_with_one_pod_alone(void **state)
{
    static const char *const parents[] = { "docker", "system.slice", ROOTLESS };

    (void)state;
    for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
        make(arena_printf(&arena, "%s" PLAIN(POD), parents[i]));
        assert_null(own(false, ""));
        assert_null(own(true, parents[i]));
        tree_tear_down(state);
        tree_set_up(state);
    }
}

static void test_the_parent_that_docker_was_told_is_the_pods(void **state)
{
    (void)state;
    make(KUBEPODS SCOPE(POD));
    make(KUBEPODS SCOPE(OTHER)); /* a container that docker does not list yet */
    assert_string_equal(own(true, "kubepods-burstable-podu1.slice"), KUBEPODS);
    assert_null(own(true, "podu1.slice"));
    assert_null(own(true, "x-kubepods-burstable-podu1.slice"));
    assert_null(own(true, ""));
    assert_null(own(true, "/"));
}

static void test_a_told_path_counts_by_its_last_part(void **state)
{
    (void)state;
    make("outer/kubepods/burstable/podu1" PLAIN(POD));
    assert_string_equal(own(true, "/kubepods/burstable/podu1"), "outer/kubepods/burstable/podu1");
    assert_string_equal(own(true, "kubepods/burstable/podu1//"), "outer/kubepods/burstable/podu1");
    assert_null(own(true, "/kubepods/burstable/podu1/more"));
}

static void test_without_a_record_a_parent_of_its_containers_alone_is_the_pods(void **state)
{
    (void)state;
    make("kubepods/podu1" PLAIN(POD));
    make("kubepods/podu1" PLAIN(MEMBER));
    make("kubepods/podu2" PLAIN(OTHER));
    assert_string_equal(own(false, ""), "kubepods/podu1");
    make("kubepods/podu1" PLAIN(MEMBER) "/docker" PLAIN(OUTER)); /* an engine in the container */
    assert_string_equal(own(false, ""), "kubepods/podu1");
    make("kubepods/podu1/below" PLAIN(ID("b002")));
    assert_null(own(false, ""));
}

static void test_at_the_root_there_is_no_parent(void **state)
{
    (void)state;
    make(POD);
    assert_null(own(false, ""));
    assert_null(own(true, "/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_docker_without_root),
        TEST(test_docker_with_a_cgroup_parent_of_its_own),
        TEST(test_docker_in_a_container),
        TEST(test_dockers_own_is_no_pods_also_with_one_pod_alone),
        TEST(test_the_parent_that_docker_was_told_is_the_pods),
        TEST(test_a_told_path_counts_by_its_last_part),
        TEST(test_without_a_record_a_parent_of_its_containers_alone_is_the_pods),
        TEST(test_at_the_root_there_is_no_parent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
