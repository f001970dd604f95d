/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests what a command is started with: descriptors, environment, files, a folder.
 * It must not know what commands are for. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "runner.h"

static char folder[PATH_MAX];
static char config_dir[PATH_MAX + 16];

static int launch_set_up(void **state)
{
    run_set_up(state);
    temp_path(folder, "cri-oneshot-test.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(config_dir, sizeof(config_dir), "%s/config", folder);
    return 0;
}

/* Nothing may be left in the folder. */
static int launch_tear_down(void **state)
{
    assert_int_equal(rmdir(folder), 0);
    return run_tear_down(state);
}

static void add_file(const char *text)
{
    command.files[command.file_count++] =
        (struct command_file){ .data = text, .length = strlen(text) };
}

static size_t count_of_own_descriptors(void)
{
    size_t count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* --- descriptors --- */

static void test_memory_files_are_read_as_dev_fd(void **state)
{
    (void)state;
    add_file("first\n");
    add_file("second\n");
    assert_true(run_script("cat /dev/fd/4 /dev/fd/3 /dev/fd/3"));
    expect_stdout("second\nfirst\nfirst\n");
}

static void test_a_large_memory_file_arrives_whole(void **state)
{
    char *text = arena_alloc(&arena, 5000001);

    (void)state;
    memset(text, 'x', 5000000);
    add_file(text);
    assert_true(run_script("wc -c </dev/fd/3"));
    expect_stdout("5000000\n");
}

static void test_the_child_has_no_other_descriptors(void **state)
{
    int stray[100];

    (void)state;
    for (size_t i = 0; i < COUNT(stray); i++)
        stray[i] = open("/dev/null", O_RDONLY); /* without CLOEXEC */
    add_file("content");
    strv_push(&command.argv, "ls");
    strv_push(&command.argv, "/proc/self/fd");
    assert_true(run_again());
    expect_stdout("0\n1\n2\n3\n4\n"); /* 4 is ls's own, on the folder */
    for (size_t i = 0; i < COUNT(stray); i++)
        close(stray[i]);
    assert_true(run_script("readlink /proc/self/fd/0"));
    expect_stdout("/dev/null\n");
}

static void test_stray_descriptors_where_ours_are_to_be_do_no_harm(void **state)
{
    int low[2] = { open("/dev/null", O_RDONLY), open("/dev/null", O_RDONLY) };

    (void)state;
    add_file("a");
    add_file("b");
    assert_true(run_script("cat /dev/fd/3 /dev/fd/4"));
    expect_stdout("ab");
    close(low[0]);
    close(low[1]);
}

static void test_a_run_leaves_no_descriptor_of_ours_open(void **state)
{
    size_t before = count_of_own_descriptors();

    (void)state;
    command.config_dir = config_dir;
    add_file("a");
    for (int i = 0; i < 5; i++) {
        assert_true(run_script("true"));
        strv_init(&command.argv, &arena);
        strv_push(&command.argv, "/nonexistent/docker");
        assert_false(run_again());
    }
    assert_int_equal(count_of_own_descriptors(), before);
}

static void test_standard_input_is_empty(void **state)
{
    (void)state;
    assert_true(run_script("cat; echo end"));
    expect_stdout("end\n");
}

/* --- process --- */

static void test_the_child_is_in_a_process_group_of_its_own_which_its_guard_leads(void **state)
{
    pid_t group = 0;

    (void)state;
    assert_true(run_script("ps -o pgid= -p $$ | tr -d ' '; cat /proc/$(ps -o pgid= -p $$ | "
                           "tr -d ' ')/comm"));
    group = (pid_t)strtol(output.result.stdout_text, NULL, 10);
    assert_int_not_equal(group, getpgrp());
    assert_string_equal(strchr(output.result.stdout_text, '\n'), "\ndocker-guard\n");
    assert_int_equal(kill(group, 0), -1); /* it has ended with its docker */
}

/* grep's masks: SIGPIPE is bit 12, CHLD 16, TERM 14, INT 1, HUP 0. */
static void test_the_child_gets_the_signal_state_that_we_were_given(void **state)
{
    unsigned long blocked = 1;
    unsigned long ignored = 1;

    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as serve does */
    strv_push(&command.argv, "awk");
    strv_push(&command.argv, "/^Sig(Blk|Ign)/ { print $2 }");
    strv_push(&command.argv, "/proc/self/status");
    assert_true(run_again());
    blocked = strtoul(output.result.stdout_text, NULL, 16);
    ignored = strtoul(strchr(output.result.stdout_text, '\n'), NULL, 16);
    assert_int_equal(blocked, 0);
    assert_int_equal(ignored & (1UL << (SIGPIPE - 1)), 0);
    signal(SIGPIPE, SIG_DFL);
}

/* --- environment --- */

static void test_the_environment_is_ours_with_the_commands_words_in_it(void **state)
{
    (void)state;
    setenv("TEST_KEPT", "kept", 1);
    setenv("TEST_REPLACED", "old", 1);
    setenv("TEST_REPLACED_NOT", "longer name", 1);
    setenv("TEST_REPL", "shorter name", 1);
    strv_push(&command.env, "TEST_REPLACED=new\nline");
    strv_push(&command.env, "TEST_ADDED=a=b");
    strv_push(&command.env, "TEST_EMPTY=");
    strv_push(&command.argv, "env");
    strv_push(&command.argv, "-0");
    assert_true(run_again());
    for (size_t i = 0; i < output.result.stdout_length; i++)
        if (output.result.stdout_text[i] == '\0')
            output.stdout_bytes.data[i] = '|';
    assert_non_null(strstr(output.result.stdout_text, "|TEST_KEPT=kept|"));
    assert_non_null(strstr(output.result.stdout_text, "|TEST_REPLACED=new\nline|"));
    assert_non_null(strstr(output.result.stdout_text, "|TEST_REPLACED_NOT=longer name|"));
    assert_non_null(strstr(output.result.stdout_text, "|TEST_REPL=shorter name|"));
    assert_non_null(strstr(output.result.stdout_text, "|TEST_ADDED=a=b|"));
    assert_non_null(strstr(output.result.stdout_text, "|TEST_EMPTY=|"));
    assert_null(strstr(output.result.stdout_text, "=old|"));
}

static void test_docker_runs_without_gos_collector_unless_the_caller_chose(void **state)
{
    (void)state;
    unsetenv("GOGC");
    unsetenv("GOMEMLIMIT");
    assert_true(run_script("echo $GOGC $GOMEMLIMIT"));
    expect_stdout("off 256MiB\n");
    setenv("GOGC", "50", 1);
    assert_true(run_script("echo $GOGC $GOMEMLIMIT"));
    expect_stdout("50\n");
    unsetenv("GOGC");
    setenv("GOMEMLIMIT", "1GiB", 1);
    assert_true(run_script("echo $GOGC $GOMEMLIMIT"));
    expect_stdout("1GiB\n");
    unsetenv("GOMEMLIMIT");
}

/* --- the config folder --- */

static void test_the_config_folder_leads_to_the_first_file(void **state)
{
    (void)state;
    command.config_dir = config_dir;
    command.contexts_target = "/some/where/contexts";
    add_file("{\"auths\": {}}\n");
    strv_push(&command.env, arena_printf(&arena, "DIR=%s", config_dir));
    assert_true(run_script("stat -c %a $DIR; ls $DIR; readlink $DIR/contexts $DIR/config.json; "
                           "cat $DIR/config.json"));
    expect_stdout("700\nconfig.json\ncontexts\n/some/where/contexts\n/proc/self/fd/3\n"
                  "{\"auths\": {}}\n");
    assert_int_not_equal(access(config_dir, F_OK), 0);
}

static void test_the_config_folder_is_removed_when_the_command_fails_or_is_ended(void **state)
{
    (void)state;
    command.config_dir = config_dir;
    add_file("{}");
    assert_true(run_script("exit 1"));
    assert_int_not_equal(access(config_dir, F_OK), 0);
    assert_true(run_script("kill -9 $$"));
    assert_int_not_equal(access(config_dir, F_OK), 0);
    command.timeout_ms = 200;
    assert_false(run_script("sleep 60"));
    assert_int_not_equal(access(config_dir, F_OK), 0);
    command.output_cap = 10;
    assert_false(run_script("yes"));
    assert_int_not_equal(access(config_dir, F_OK), 0);
    strv_init(&command.argv, &arena);
    strv_push(&command.argv, "/nonexistent/docker");
    assert_false(run_again());
    assert_int_not_equal(access(config_dir, F_OK), 0);
}

static void test_the_config_folder_is_removed_when_we_are_told_to_end(void **state)
{
    pid_t pid = 0;

    (void)state;
    command.config_dir = config_dir;
    add_file("{}");
    pid = fork();
    if (pid == 0) {
        run_script("sleep 60");
        _exit(0);
    }
    while (access(config_dir, F_OK) != 0)
        pause_ms(10);
    pause_ms(200);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    assert_int_not_equal(access(config_dir, F_OK), 0);
}

/* One that is there is not ours: neither used nor removed. */
static void test_a_config_folder_that_exists_already_is_refused_and_kept(void **state)
{
    (void)state;
    assert_int_equal(mkdir(config_dir, 0700), 0);
    command.config_dir = config_dir;
    add_file("{}");
    assert_false(run_script("true"));
    expect_error(GRPC_INTERNAL, "folder for docker's configuration: File exists");
    assert_int_equal(rmdir(config_dir), 0);
}

static void test_a_config_folder_that_cannot_be_made_is_told(void **state)
{
    (void)state;
    command.config_dir = "/nonexistent/config";
    add_file("{}");
    assert_false(run_script("true"));
    expect_error(GRPC_INTERNAL, "folder for docker's configuration: No such file");
}

#define LAUNCH(name) cmocka_unit_test_setup_teardown(name, launch_set_up, launch_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAUNCH(test_memory_files_are_read_as_dev_fd),
        LAUNCH(test_a_large_memory_file_arrives_whole),
        LAUNCH(test_the_child_has_no_other_descriptors),
        LAUNCH(test_stray_descriptors_where_ours_are_to_be_do_no_harm),
        LAUNCH(test_a_run_leaves_no_descriptor_of_ours_open),
        LAUNCH(test_standard_input_is_empty),
        LAUNCH(test_the_child_is_in_a_process_group_of_its_own_which_its_guard_leads),
        LAUNCH(test_the_child_gets_the_signal_state_that_we_were_given),
        LAUNCH(test_the_environment_is_ours_with_the_commands_words_in_it),
        LAUNCH(test_docker_runs_without_gos_collector_unless_the_caller_chose),
        LAUNCH(test_the_config_folder_leads_to_the_first_file),
        LAUNCH(test_the_config_folder_is_removed_when_the_command_fails_or_is_ended),
        LAUNCH(test_the_config_folder_is_removed_when_we_are_told_to_end),
        LAUNCH(test_a_config_folder_that_exists_already_is_refused_and_kept),
        LAUNCH(test_a_config_folder_that_cannot_be_made_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
