/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the reading of docker's failures, on what docker 20.10, 26 and 28 have printed.
 * It must not know which RPC failed. */
#include "test.h"

#include "docker/failure.h"

#define DAEMON "Error response from daemon: "
#define HELP20 "See 'docker run --help'.\n"
#define HELP28 "\nRun 'docker run --help' for more information\n"

struct message {
    const char *said; /* on stderr */
    enum grpc_code code;
    const char *text;
};

static struct docker_result result_of(const char *said)
{
    return (struct docker_result){
        .exit_code = 1, .stdout_text = "", .stderr_text = said, .stderr_length = strlen(said)
    };
}

static void expect_messages(const struct message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct docker_result result = result_of(messages[i].said);

        err = (struct err){ .code = GRPC_OK };
        assert_false(failure_set(&arena, &result, &err));
        if (err.code != messages[i].code || strcmp(err.text, messages[i].text) != 0)
            fail_msg("%s: \"%s\"\nfrom \"%s\"", grpc_code_name(err.code), err.text,
                     messages[i].said);
    }
}

static void test_what_is_not_there_is_not_found(void **state)
{
    static const struct message messages[] = {
        { "Error: No such container: 0123\n", GRPC_NOT_FOUND, "No such container: 0123" },
        { DAEMON "No such container: 0123\n", GRPC_NOT_FOUND, "No such container: 0123" },
        { "Error: No such object: 0123\n", GRPC_NOT_FOUND, "No such object: 0123" },
        { "Error response from daemon: no such object: 0123\n", GRPC_NOT_FOUND,
          "no such object: 0123" },
        { "Error: No such image: a:b\n", GRPC_NOT_FOUND, "No such image: a:b" },
        { "Error: No such image: a:b: No such image: a:latest\n", GRPC_NOT_FOUND,
          "No such image: a:b: No such image: a:latest" },
        { "docker: " DAEMON "network nope not found.\n" HELP20, GRPC_NOT_FOUND,
          "network nope not found" },
        { "Error: No such network: nope\n", GRPC_NOT_FOUND, "No such network: nope" },
        { DAEMON "manifest unknown: manifest unknown\n", GRPC_NOT_FOUND,
          "manifest unknown: manifest unknown" },
        { DAEMON "manifest for h:5/a:b not found: manifest unknown: manifest unknown\n",
          GRPC_NOT_FOUND, "manifest for h:5/a:b not found: manifest unknown: manifest unknown" },
    };

    (void)state;
    expect_messages(messages, COUNT(messages));
}

static void test_what_is_there_already_or_in_the_way_is_told_apart(void **state)
{
    static const struct message messages[] = {
        { "docker: " DAEMON "Conflict. The container name \"/k8s_POD_a_b_c_0\" is already in use "
          "by container \"01ab\". You have to remove (or rename) that container to be able to "
          "reuse that name.\n" HELP20,
          GRPC_ALREADY_EXISTS,
          "Conflict. The container name \"/k8s_POD_a_b_c_0\" is already in use by container "
          "\"01ab\". You have to remove (or rename) that container to be able to reuse that name" },
        { DAEMON "Conflict. The container name \"/a\" is already in use by container \"01\". You "
                 "have to remove (or rename) that container to be able to reuse that name.\n",
          GRPC_ALREADY_EXISTS,
          "Conflict. The container name \"/a\" is already in use by container \"01\". You have to "
          "remove (or rename) that container to be able to reuse that name" },
        { DAEMON "cannot join network of a non running container: 01\n"
                 "Error: failed to start containers: 02\n",
          GRPC_FAILED_PRECONDITION, "cannot join network of a non running container: 01" },
        { DAEMON "Container 01 is not running\n", GRPC_FAILED_PRECONDITION,
          "Container 01 is not running" },
        { DAEMON "Container 01 is paused, unpause the container before exec\n",
          GRPC_FAILED_PRECONDITION, "Container 01 is paused, unpause the container before exec" },
        { DAEMON "cannot start a paused container, try unpause instead\nError: failed to start "
                 "containers: 01\n",
          GRPC_FAILED_PRECONDITION, "cannot start a paused container, try unpause instead" },
        { DAEMON "conflict: unable to delete 01 (cannot be forced) - image is being used by "
                 "running container 02\n",
          GRPC_FAILED_PRECONDITION,
          "conflict: unable to delete 01 (cannot be forced) - image is being used by running "
          "container 02" },
        { DAEMON "conflict: unable to remove repository reference \"a:b\" (must force) - container "
                 "02 is using its referenced image 01\n",
          GRPC_FAILED_PRECONDITION,
          "conflict: unable to remove repository reference \"a:b\" (must force) - container 02 is "
          "using its referenced image 01" },
        { "docker: " DAEMON "driver failed programming external connectivity on endpoint x (01): "
          "Bind for 0.0.0.0:8080 failed: port is already allocated.\n",
          GRPC_FAILED_PRECONDITION,
          "driver failed programming external connectivity on endpoint x (01): Bind for "
          "0.0.0.0:8080 failed: port is already allocated" },
        { "docker: " DAEMON "failed to set up container networking: driver failed programming "
          "external connectivity on endpoint x (01): failed to bind host port for "
          "0.0.0.0:8080:172.17.0.2:80/tcp: address already in use\n" HELP28,
          GRPC_FAILED_PRECONDITION,
          "failed to set up container networking: driver failed programming external connectivity "
          "on endpoint x (01): failed to bind host port for 0.0.0.0:8080:172.17.0.2:80/tcp: "
          "address already in use" },
        { DAEMON "path /a is mounted on / but it is not a shared mount\n", GRPC_FAILED_PRECONDITION,
          "path /a is mounted on / but it is not a shared mount" },
        { DAEMON "Cannot update container 01: unable to set memory limit\n",
          GRPC_FAILED_PRECONDITION, "Cannot update container 01: unable to set memory limit" },
    };

    (void)state;
    expect_messages(messages, COUNT(messages));
}

static void test_an_engine_or_registry_that_is_not_reached_is_unavailable(void **state)
{
    static const struct message messages[] = {
        { "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker "
          "daemon running?\n",
          GRPC_UNAVAILABLE,
          "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker "
          "daemon running?" },
        { "docker: Cannot connect to the Docker daemon at unix:///x. Is the docker daemon "
          "running?.\n" HELP20,
          GRPC_UNAVAILABLE,
          "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?" },
        { "error during connect: Get \"http://h/v1.41/info\": dial tcp: lookup h: no such host\n",
          GRPC_UNAVAILABLE,
          "error during connect: Get \"http://h/v1.41/info\": dial tcp: lookup h: no such host" },
        { "Got permission denied while trying to connect to the Docker daemon socket at "
          "unix:///var/run/docker.sock: Get \"http://x/info\": dial unix /var/run/docker.sock: "
          "connect: permission denied\n",
          GRPC_PERMISSION_DENIED,
          "Got permission denied while trying to connect to the Docker daemon socket at "
          "unix:///var/run/docker.sock: Get \"http://x/info\": dial unix /var/run/docker.sock: "
          "connect: permission denied" },
        { DAEMON "Get \"https://h/v2/\": dial tcp: lookup h on 1.1.1.1:53: no such host\n",
          GRPC_UNAVAILABLE,
          "Get \"https://h/v2/\": dial tcp: lookup h on 1.1.1.1:53: no such host" },
        { DAEMON "Get \"https://h:5/v2/\": http: server gave HTTP response to HTTPS client\n",
          GRPC_UNAVAILABLE,
          "Get \"https://h:5/v2/\": http: server gave HTTP response to HTTPS client" },
        { "failed to connect to the docker API at unix:///x.sock; check if the path is correct\n",
          GRPC_UNAVAILABLE,
          "failed to connect to the docker API at unix:///x.sock; check if the path is correct" },
        { DAEMON "Get \"https://h/v2/\": x509: certificate signed by unknown authority\n",
          GRPC_UNAVAILABLE,
          "Get \"https://h/v2/\": x509: certificate signed by unknown authority" },
        { DAEMON "Get \"https://h/v2/\": net/http: TLS handshake timeout\n", GRPC_UNAVAILABLE,
          "Get \"https://h/v2/\": net/http: TLS handshake timeout" },
    };

    (void)state;
    expect_messages(messages, COUNT(messages));
}

static void test_credentials_that_are_missing_or_wrong_are_unauthenticated(void **state)
{
    static const struct message messages[] = {
        { DAEMON "Get \"http://127.0.0.1:5/v2/a/manifests/b\": no basic auth credentials\n",
          GRPC_UNAUTHENTICATED,
          "Get \"http://127.0.0.1:5/v2/a/manifests/b\": no basic auth credentials" },
        { DAEMON "unauthorized: authentication required\n", GRPC_UNAUTHENTICATED,
          "unauthorized: authentication required" },
        { DAEMON "pull access denied for a, repository does not exist or may require 'docker "
                 "login': denied: requested access to the resource is denied\n",
          GRPC_PERMISSION_DENIED,
          "pull access denied for a, repository does not exist or may require 'docker login': "
          "denied: requested access to the resource is denied" },
        { DAEMON "denied: requested access to the resource is denied\n", GRPC_PERMISSION_DENIED,
          "denied: requested access to the resource is denied" },
    };

    (void)state;
    expect_messages(messages, COUNT(messages));
}

static void test_what_docker_refuses_as_wrong_is_an_invalid_argument(void **state)
{
    static const struct message messages[] = {
        { "invalid reference format\n", GRPC_INVALID_ARGUMENT, "invalid reference format" },
        { "docker: invalid reference format: repository name must be lowercase.\n" HELP20,
          GRPC_INVALID_ARGUMENT, "invalid reference format: repository name must be lowercase" },
        { DAEMON "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed\n",
          GRPC_INVALID_ARGUMENT,
          "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed" },
        { DAEMON "Minimum memory limit allowed is 6MB\n", GRPC_INVALID_ARGUMENT,
          "Minimum memory limit allowed is 6MB" },
        { DAEMON "Duplicate mount point: /a\n", GRPC_INVALID_ARGUMENT,
          "Duplicate mount point: /a" },
        { DAEMON "sysctl \"kernel.x=1\" is not in a separate kernel namespace: unknown\n",
          GRPC_UNKNOWN, "sysctl \"kernel.x=1\" is not in a separate kernel namespace: unknown" },
        { "invalid argument \"kernel.x=1\" for \"--sysctl\" flag: sysctl 'kernel.x=1' is not "
          "whitelisted\nSee 'docker run --help'.\n",
          GRPC_INVALID_ARGUMENT,
          "invalid argument \"kernel.x=1\" for \"--sysctl\" flag: sysctl 'kernel.x=1' is not "
          "whitelisted" },
        { "docker: " DAEMON "unknown or invalid runtime name: x.\n" HELP20, GRPC_INVALID_ARGUMENT,
          "unknown or invalid runtime name: x" },
        { DAEMON "Unknown runtime specified x\n", GRPC_INVALID_ARGUMENT,
          "Unknown runtime specified x" },
        { DAEMON "Invalid signal: SIGX\n", GRPC_INVALID_ARGUMENT, "Invalid signal: SIGX" },
        { DAEMON "unable to find user x: no matching entries in passwd file\nError: failed to "
                 "start containers: 01\n",
          GRPC_INVALID_ARGUMENT, "unable to find user x: no matching entries in passwd file" },
        { DAEMON "failed to create shim task: OCI runtime create failed: runc create failed: "
                 "unable to start container process: exec: \"nope\": executable file not found in "
                 "$PATH: unknown\nError: failed to start containers: 01\n",
          GRPC_INVALID_ARGUMENT,
          "failed to create shim task: OCI runtime create failed: runc create failed: unable to "
          "start container process: exec: \"nope\": executable file not found in $PATH: unknown" },
    };

    (void)state;
    expect_messages(messages, COUNT(messages));
}

static void test_what_docker_cannot_do_is_unimplemented(void **state)
{
    static const struct message messages[] = {
        { "unknown flag: --x\n" HELP20, GRPC_UNIMPLEMENTED, "unknown flag: --x" },
        { "unknown shorthand flag: 'x' in -x\n" HELP28, GRPC_UNIMPLEMENTED,
          "unknown shorthand flag: 'x' in -x" },
        { "\"bind-recursive\" requires API version 1.44, but the Docker daemon API version is "
          "1.41\n",
          GRPC_UNIMPLEMENTED,
          "\"bind-recursive\" requires API version 1.44, but the Docker daemon API version is "
          "1.41" },
        { DAEMON "mount type unknown\n", GRPC_UNIMPLEMENTED, "mount type unknown" },
    };

    (void)state;
    expect_messages(messages, COUNT(messages));
}

static void test_the_rest_is_told_as_it_is(void **state)
{
    static const struct message messages[] = {
        { DAEMON "write /a: no space left on device\n", GRPC_RESOURCE_EXHAUSTED,
          "write /a: no space left on device" },
        { "something else\n", GRPC_UNKNOWN, "something else" },
        { "one\ntwo\n", GRPC_UNKNOWN, "one; two" },
        { "", GRPC_UNKNOWN, "docker exited with 1 and said nothing" },
        { "\r\n\n", GRPC_UNKNOWN, "docker exited with 1 and said nothing" },
        { "WARNING: no swap limit support\n" DAEMON "no\r\n", GRPC_UNKNOWN, "no" },
        { "bytes \xff\n", GRPC_UNKNOWN, "bytes ?" },
        { "Unable to find image 'pause:1' locally\npause:1: Pulling from a\n"
          "docker: " DAEMON "no space left on device.\n" HELP20,
          GRPC_RESOURCE_EXHAUSTED, "no space left on device" },
    };

    (void)state;
    expect_messages(messages, COUNT(messages));
}

static void test_docker_killed_by_a_signal_is_internal(void **state)
{
    struct docker_result result = result_of("Error: No such container: 01\n");

    (void)state;
    result.signal = 9;
    result.exit_code = 137;
    assert_false(failure_set(&arena, &result, &err));
    expect_error(GRPC_INTERNAL, "killed by signal 9");
}

static void test_an_unknown_container_is_ours_when_the_message_names_it(void **state)
{
    static const struct {
        const char *said;
        const char *id;
        bool unknown;
    } table[] = {
        { "Error: No such container: 0123456789ab\n", "0123456789ab", true },
        { "Error: No such container: 0123456789abcdef\n", "0123456789ab", true },
        { "Error response from daemon: No such container: 0123456789ab\n", "0123456789ab", true },
        { "Error: No such object: 0123456789ab\n", "0123456789ab", true },
        { "Error response from daemon: no such object: 0123456789ab\n", "0123456789ab", true },
        { "Error response from daemon: No such container: ffff\n", "0123456789ab", false },
        { "Container 0123456789ab is not running\n", "0123456789ab", false },
        { "", "0123456789ab", false },
        { "Error: No such container: ffff\n", "", true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct docker_result result = result_of(table[i].said);

        if (failure_is_unknown(&result, table[i].id) != table[i].unknown)
            fail_msg("\"%s\" of \"%s\"", table[i].said, table[i].id);
    }
}

static void test_patterns_match_pieces_in_order_in_any_case(void **state)
{
    (void)state;
    assert_true(failure_matches("The Container name /a is ALREADY in use", "container name*use"));
    assert_false(failure_matches("use the container name", "container name*use"));
    assert_true(failure_matches("anything", ""));
    assert_true(failure_matches("anything", "*thing"));
    assert_false(failure_matches("", "a"));
    assert_false(failure_matches("aba", "ab*ba"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_not_there_is_not_found),
        TEST(test_what_is_there_already_or_in_the_way_is_told_apart),
        TEST(test_an_engine_or_registry_that_is_not_reached_is_unavailable),
        TEST(test_credentials_that_are_missing_or_wrong_are_unauthenticated),
        TEST(test_what_docker_refuses_as_wrong_is_an_invalid_argument),
        TEST(test_what_docker_cannot_do_is_unimplemented),
        TEST(test_the_rest_is_told_as_it_is),
        TEST(test_docker_killed_by_a_signal_is_internal),
        TEST(test_an_unknown_container_is_ours_when_the_message_names_it),
        TEST(test_patterns_match_pieces_in_order_in_any_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
