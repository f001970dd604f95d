/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates CreateContainer, both ways.
 * It must not know how a command is run. */
#include <string.h>

#include "base/cri.h"
#include "base/path.h"
#include "base/text.h"
#include "base/word.h"
#include "cri/container.h"
#include "cri/options.h"
#include "cri/signals.h"
#include "docker/failure.h"
#include "docker/id.h"
#include "docker/lifecycle.h"
#include "docker/made.h"
#include "docker/parent_cgroup.h"
#include "docker/record.h"
#include "docker/reference.h"

/* --- namespaces and security --- */

static bool push_pid(const char *sandbox_id, const CRI(NamespaceOption) *options, struct plan *plan,
                     struct err *err)
{
    struct strv *argv = &plan->command.argv;

    switch (options->pid) {
    case CRI_ENUM(NAMESPACE_MODE, POD):
        strv_pushf(argv, "--pid=container:%s", sandbox_id);
        return true;
    case CRI_ENUM(NAMESPACE_MODE, NODE):
        strv_push(argv, "--pid=host");
        return true;
    case CRI_ENUM(NAMESPACE_MODE, TARGET):
        if (!id_full(options->target_id))
            return err_set(err, GRPC_INVALID_ARGUMENT,
                           "namespace_options.target_id \"%s\": is not a container's whole id",
                           options->target_id);
        strv_pushf(argv, "--pid=container:%s", options->target_id);
        return true;
    case CRI_ENUM(NAMESPACE_MODE, CONTAINER):
    default:
        return true;
    }
}

static bool shares_with_pod(CRI(NamespaceMode) mode)
{
    return mode == CRI_ENUM(NAMESPACE_MODE, POD) || mode == CRI_ENUM(NAMESPACE_MODE, NODE);
}

/* A container is in the network and the IPC namespace of its sandbox, which are the host's where
 * the sandbox was asked for it. Naming the sandbox for IPC makes docker refuse one that is not
 * there, which for the network it does not (seen on 20.10 and 26). */
static bool push_container_namespaces(const char *sandbox_id, const CRI(NamespaceOption) *options,
                                      struct plan *plan, struct err *err)
{
    const CRI(UserNamespace) *users = options->userns_options;

    if (!shares_with_pod(options->network) || !shares_with_pod(options->ipc))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "namespace_options: network and ipc are the pod's (POD) or the host's "
                       "(NODE)");
    if (users != NULL && users->mode != CRI_ENUM(NAMESPACE_MODE, NODE))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "namespace_options.userns_options: docker has no user namespace of a pod's "
                       "own, only its engine's --userns-remap for all");
    strv_pushf(&plan->command.argv, "--network=container:%s", sandbox_id);
    strv_pushf(&plan->command.argv, "--ipc=container:%s", sandbox_id);
    if (users != NULL)
        strv_push(&plan->command.argv, "--userns=host");
    return push_pid(sandbox_id, options, plan, err);
}

static struct security security_of_container(const CRI(LinuxContainerSecurityContext) *context)
{
    if (context == NULL)
        return (struct security){ .present = false };
    return (struct security){
        .present = true,
        .selinux = context->selinux_options,
        .run_as_user = context->run_as_user,
        .run_as_group = context->run_as_group,
        .run_as_username = context->run_as_username,
        .supplemental_group_count = context->n_supplemental_groups,
        .supplemental_groups = context->supplemental_groups,
        .groups_policy = context->supplemental_groups_policy,
        .readonly_rootfs = context->readonly_rootfs,
        .privileged = context->privileged,
        .seccomp = context->seccomp,
        .apparmor = context->apparmor,
        .seccomp_path = context->seccomp_profile_path,
        .apparmor_name = context->apparmor_profile,
    };
}

/* "If a privileged container is to be executed within it, this MUST be true", says the CRI of the
 * sandbox's own field. */
static bool check_privileged(const CRI(CreateContainerRequest) *request, struct err *err)
{
    const CRI(LinuxPodSandboxConfig) *linux = request->sandbox_config->linux;

    if (linux == NULL || linux->security_context == NULL || !linux->security_context->privileged)
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "security_context.privileged: the sandbox's is not set");
    return true;
}

static bool push_context(const struct call *call, const CRI(LinuxContainerSecurityContext) *context,
                         struct plan *plan, struct err *err)
{
    const CRI(CreateContainerRequest) *request = (const void *)call->request;
    static const CRI(NamespaceOption) pod_namespaces = CRI_INIT(NAMESPACE_OPTION);
    struct security security = security_of_container(context);
    const CRI(NamespaceOption) *namespaces = &pod_namespaces;

    if (context != NULL && context->namespace_options != NULL)
        namespaces = context->namespace_options;
    if (!push_container_namespaces(request->pod_sandbox_id, namespaces, plan, err) ||
        !push_security(&security, plan, err))
        return false;
    if (context == NULL)
        return true;
    if (context->privileged && !check_privileged(request, err))
        return false;
    if (context->no_new_privs)
        strv_push(&plan->command.argv, "--security-opt=no-new-privileges");
    if (context->capabilities != NULL && !push_capabilities(context->capabilities, plan, err))
        return false;
    return check_system_paths(call, context, plan, err);
}

/* --- what runs in it --- */

static bool push_process(const struct call *call, const CRI(ContainerConfig) *config,
                         struct plan *plan, struct err *err)
{
    struct strv *argv = &plan->command.argv;
    const char *signal = signal_to_docker(call->arena, config->stop_signal);

    if (config->n_command > 0 && *config->command[0] == '\0')
        return err_set(err, GRPC_INVALID_ARGUMENT, "command: the program's name is empty");
    if (config->n_command > 0)
        strv_pushf(argv, "--entrypoint=%s", config->command[0]);
    if (*config->working_dir != '\0') {
        if (!path_check_absolute("working_dir", config->working_dir, err))
            return false;
        strv_pushf(argv, "--workdir=%s", config->working_dir);
    }
    if (config->stdin)
        strv_push(argv, "--interactive");
    if (config->stdin && !config->stdin_once)
        strv_push(&plan->ignored, "config.stdin"); /* docker closes it after its first client */
    if (config->tty)
        strv_push(argv, "--tty");
    if (signal != NULL)
        strv_pushf(argv, "--stop-signal=%s", signal);
    return true;
}

/* --- the log --- */

/* The log path as the kubelet reads it: beneath the pod's log directory. */
static bool log_path_of(const struct call *call, const char **path, struct plan *plan,
                        struct err *err)
{
    const CRI(CreateContainerRequest) *request = (const void *)call->request;
    const char *directory = request->sandbox_config->log_directory;
    const char *name = request->config->log_path;

    *path = "";
    if (*name == '\0')
        return true;
    if (*directory == '\0') {
        strv_push(&plan->ignored, "config.log_path"); /* it is relative to the directory */
        return true;
    }
    if (!path_check_absolute("sandbox_config.log_directory", directory, err))
        return false;
    if (!path_is_beneath(name))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "log_path \"%s\": is not a relative path without \"..\"", name);
    *path = arena_printf(call->arena, "%s%s%s", directory,
                         directory[strlen(directory) - 1] == '/' ? "" : "/", name);
    return true;
}

/* Only the json-file driver has a file to link to. */
static void push_log(const struct call *call, const char *log_path, struct plan *plan)
{
    const char *options = call->settings->log_opts;

    if (*log_path == '\0')
        return;
    strv_push(&plan->command.argv, "--log-driver=json-file");
    while (*options != '\0') {
        size_t length = strcspn(options, ",");

        strv_pushf(&plan->command.argv, "--log-opt=%.*s", (int)length, options);
        options += length + (options[length] == ',');
    }
}

/* --- CreateContainer --- */

static bool check_request(const CRI(CreateContainerRequest) *request, struct err *err)
{
    /* It is written into a label, where the lists look for it. */
    if (!id_full(request->pod_sandbox_id))
        return err_set(err,
                       id_valid(request->pod_sandbox_id) ? GRPC_INVALID_ARGUMENT : GRPC_NOT_FOUND,
                       "pod_sandbox_id \"%s\": is not a whole id (64 digits of 0-9a-f)",
                       request->pod_sandbox_id);
    if (request->config == NULL || request->config->metadata == NULL)
        return err_set(err, GRPC_INVALID_ARGUMENT, "config.metadata: is not there");
    if (request->config->image == NULL)
        return err_set(err, GRPC_INVALID_ARGUMENT, "config.image: is not there");
    if (request->sandbox_config == NULL || request->sandbox_config->metadata == NULL)
        return err_set(err, GRPC_INVALID_ARGUMENT, "sandbox_config.metadata: is not there");
    if (strcmp(request->config->metadata->name, NAME_SANDBOX) == 0)
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "config.metadata.name: " NAME_SANDBOX " is the sandbox's own name");
    return reference_check(request->config->image->image, err);
}

static struct record record_of_container(const struct call *call, const char *log_path)
{
    const CRI(CreateContainerRequest) *request = (const void *)call->request;
    const CRI(ContainerConfig) *config = request->config;
    const CRI(PodSandboxMetadata) *pod = request->sandbox_config->metadata;

    return (struct record){
        .sandbox = false,
        .name = { .container = config->metadata->name,
                  .pod = pod->name,
                  .namespace = pod->namespace_,
                  .uid = pod->uid,
                  .attempt = config->metadata->attempt },
        .pod_attempt = pod->attempt,
        .sandbox_id = request->pod_sandbox_id,
        .attempt = call->attempt,
        .labels = pairs_of_map(call->arena, config->n_labels, config->labels),
        .annotations = pairs_of_map(call->arena, config->n_annotations, config->annotations),
        .image = config->image,
        .log_path = log_path,
    };
}

static bool push_container_config(const struct call *call,
                                  const CRI(CreateContainerRequest) *request, struct plan *plan,
                                  struct err *err)
{
    const CRI(ContainerConfig) *config = request->config;
    const CRI(LinuxContainerConfig) *linux = config->linux;
    const char *parent = request->sandbox_config->linux == NULL
                             ? ""
                             : docker_cgroup_parent(request->sandbox_config->linux->cgroup_parent);

    if (!word_check("sandbox_config.linux.cgroup_parent", parent, err))
        return false;
    if (*parent != '\0')
        strv_pushf(&plan->command.argv, "--cgroup-parent=%s", parent);
    if (!push_context(call, linux == NULL ? NULL : linux->security_context, plan, err))
        return false;
    if (linux != NULL && linux->resources != NULL &&
        !push_resources(linux->resources, RESOURCES_CREATE, plan, err))
        return false;
    return push_process(call, config, plan, err) &&
           push_environment(call, config->n_envs, config->envs, plan, err) &&
           push_mounts(call, config->n_mounts, config->mounts, plan, err) &&
           push_devices(call, config, plan, err);
}

bool plan_create_container(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(CreateContainerRequest) *request = (const void *)call->request;
    const CRI(ContainerConfig) *config = request->config;
    struct strv *argv = &plan->command.argv;
    const char *log_path = "";
    struct record record;

    if (!check_request(request, err) || !log_path_of(call, &log_path, plan, err))
        return false;
    record = record_of_container(call, log_path);
    if (!name_check(&record.name, err))
        return false;
    strv_push(argv, "create");
    strv_pushf(argv, "--name=%s", name_print(call->arena, &record.name));
    strv_push(argv, "--pull=never");
    strv_push(argv, "--restart=no");
    strv_push(argv, "--no-healthcheck");
    if (!push_runtime(call->runtime_handler, plan, err) ||
        !push_container_config(call, request, plan, err))
        return false;
    push_log(call, log_path, plan);
    if (!record_push_labels(&record, argv, err))
        return false;
    strv_push(argv, "--");
    strv_push(argv, config->image->image);
    if (config->n_command > 1)
        strv_push_all(argv, config->command + 1, config->n_command - 1);
    strv_push_all(argv, config->args, config->n_args);
    return true;
}

static const char *container_for_people(struct arena *arena,
                                        const CRI(CreateContainerRequest) *request)
{
    const CRI(ContainerMetadata) *container = request->config->metadata;
    const CRI(PodSandboxMetadata) *pod = request->sandbox_config->metadata;

    return arena_printf(arena, "container \"%s\" (attempt %u) of pod \"%s/%s\" (uid \"%s\")",
                        container->name, container->attempt, pod->namespace_, pod->name, pod->uid);
}

bool parse_create_container(const struct call *call, const struct docker_result *result,
                            ProtobufCMessage *response, struct err *err)
{
    const CRI(CreateContainerRequest) *request = (const void *)call->request;
    const char *id = parse_id(call->arena, result);

    if (result->exit_code != 0) {
        made_failure(call->arena, result, container_for_people(call->arena, request), err);
        if (failure_is_unknown(result, request->pod_sandbox_id))
            err_wrap(err, "pod_sandbox_id");
        return false;
    }
    if (*id == '\0')
        return err_set(err, GRPC_INTERNAL, "docker create: printed no id");
    ((CRI(CreateContainerResponse) *)response)->container_id = text_borrowed(id);
    return true;
}
