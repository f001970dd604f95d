/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests what a call finds around it.
 * It must not know what is made of it. */
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "surroundings.h"

static char folder[] = "/tmp/surroundings.XXXXXX";

static const char *write_file(const char *name, const char *content)
{
    const char *path = arena_printf(&arena, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    fputs(content, file);
    fclose(file);
    assert_int_equal(chmod(path, 0755), 0);
    return path;
}

static struct surroundings found(void)
{
    struct surroundings surroundings;

    surroundings_read(&arena, &surroundings);
    surroundings_read_docker(&arena, &surroundings);
    return surroundings;
}

static const char *program(const char *docker)
{
    setenv("CRI_ONESHOT_DOCKER", docker, 1);
    return found().docker_program;
}

static void test_docker_is_a_program_file_or_a_script(void **state)
{
    (void)state;
    assert_string_equal(program("/proc/self/exe"), "file");
    assert_string_equal(program(write_file("script", "#!/bin/sh\n")), "script");
    assert_string_equal(program(write_file("short", "\177EL")), "script");
    assert_string_equal(program("/nowhere/docker"), "file"); /* it will not start */
}

static void test_docker_is_looked_for_on_path(void **state)
{
    const char *elsewhere = arena_printf(&arena, "/nowhere::%s:/bin", folder);

    (void)state;
    write_file("sh", "#!/bin/true\n");
    setenv("PATH", elsewhere, 1);
    assert_string_equal(program("sh"), "script");
    setenv("PATH", "/nowhere:/bin", 1);
    assert_string_equal(program("sh"), "file");
    assert_string_equal(program("no-such-docker"), "file");
}

static void test_dockers_configuration_is_read_as_it_is(void **state)
{
    (void)state;
    setenv("DOCKER_CONFIG", folder, 1);
    assert_string_equal(found().docker_client_config, "");
    write_file("config.json", "{\"proxies\": {}}\n");
    assert_string_equal(found().docker_client_config, "{\"proxies\": {}}\n");
    assert_string_equal(found().docker_config, folder);
}

static void test_a_kernel_has_selinux_or_not(void **state)
{
    (void)state;
    assert_string_equal(found().selinux,
                        access("/sys/fs/selinux/enforce", F_OK) == 0 ? "yes" : "no");
}

int main(void)
{
    static const char *const names[] = { "script", "short", "sh", "config.json" };
    const struct CMUnitTest tests[] = {
        TEST(test_docker_is_a_program_file_or_a_script),
        TEST(test_docker_is_looked_for_on_path),
        TEST(test_dockers_configuration_is_read_as_it_is),
        TEST(test_a_kernel_has_selinux_or_not),
    };
    int failed = mkdtemp(folder) == NULL ? 1 : cmocka_run_group_tests(tests, NULL, NULL);

    for (size_t i = 0; i < COUNT(names); i++) {
        char path[100];

        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
    return failed;
}
