/* SPDX-License-Identifier: Apache-2.0 */
/* This file does on the host what RPCs need besides their docker command.
 * It must not know docker's output. */
#include "host/steps.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/cri.h"
#include "cri/exec.h"
#include "cri/options.h"
#include "cri/usage_messages.h"
#include "docker/made.h"
#include "host/apparmor.h"
#include "host/layer_store.h"
#include "host/loglink.h"
#include "host/marked_processes.h"

static bool has_log_link(const CRI(CreateContainerRequest) *request)
{
    return *request->config->log_path != '\0' && *request->sandbox_config->log_directory != '\0';
}

static bool check_log_link(const struct call *call, struct err *err)
{
    const CRI(CreateContainerRequest) *request = (const void *)call->request;

    return !has_log_link(request) ||
           loglink_check(call->settings->host_root, request->sandbox_config->log_directory,
                         request->config->log_path, err);
}

/* docker makes a container with any, and then it does not start. */
static bool check_profile(const struct call *call, const char *profile, struct err *err)
{
    return apparmor_check(call->arena, call->settings->host_root, profile, err);
}

bool host_check_create_container(const struct call *call, struct err *err)
{
    const CRI(CreateContainerRequest) *request = (const void *)call->request;
    const CRI(LinuxContainerConfig) *config = request->config->linux;
    const CRI(LinuxContainerSecurityContext) *context =
        config == NULL ? NULL : config->security_context;

    return (context == NULL || context->privileged ||
            check_profile(call, apparmor_profile(context->apparmor, context->apparmor_profile),
                          err)) &&
           check_log_link(call, err);
}

bool host_check_run_pod_sandbox(const struct call *call, struct err *err)
{
    const CRI(RunPodSandboxRequest) *request = (const void *)call->request;
    const CRI(LinuxPodSandboxConfig) *config = request->config->linux;
    const CRI(LinuxSandboxSecurityContext) *context =
        config == NULL ? NULL : config->security_context;

    return context == NULL || context->privileged ||
           check_profile(call, apparmor_profile(context->apparmor, ""), err);
}

bool host_create_container(const struct call *call, ProtobufCMessage *response, struct err *err)
{
    const CRI(CreateContainerRequest) *request = (const void *)call->request;
    const char *id = ((CRI(CreateContainerResponse) *)response)->container_id;
    const char *target = loglink_target(call->arena, call->settings->docker_root, id);

    if (!has_log_link(request))
        return true;
    if (loglink_make(call->settings->host_root, request->sandbox_config->log_directory,
                     request->config->log_path, target, err))
        return true;
    return err_wrap(err, "container %s was created, but has no log link" LEFT_BEHIND, id);
}

static bool fill_usage(const struct call *call, CRI(FilesystemUsage) *usage, struct err *err)
{
    const char *path =
        arena_printf(call->arena, "%s%s", call->settings->host_root, usage->fs_id->mountpoint);
    struct statvfs system = { 0 };

    if (call->surroundings->filesystem != NULL)
        system = *call->surroundings->filesystem;
    else if (statvfs(path, &system) != 0)
        return err_set(err, GRPC_FAILED_PRECONDITION, "docker's folder \"%s\": %s", path,
                       strerror(errno));
    usage->timestamp = call->surroundings->now_ns;
    usage->used_bytes =
        uint64_value(call->arena, (uint64_t)(system.f_blocks - system.f_bfree) * system.f_frsize);
    usage->inodes_used = uint64_value(call->arena, (uint64_t)(system.f_files - system.f_ffree));
    return true;
}

/* The images' bytes are what their layers take. What containers have written is measured for each
 * by its own statistics; here, where a kubelet asks every ten seconds, it is the whole file
 * system. */
bool host_image_fs_info(const struct call *call, ProtobufCMessage *response, struct err *err)
{
    CRI(ImageFsInfoResponse) *answer = (void *)response;
    CRI(FilesystemUsage) *images = answer->image_filesystems[0];
    const char *path =
        arena_printf(call->arena, "%s%s", call->settings->host_root, images->fs_id->mountpoint);
    uint64_t bytes = 0;

    if (!fill_usage(call, images, err) || !fill_usage(call, answer->container_filesystems[0], err))
        return false;
    if (layer_store_bytes(path, &bytes))
        images->used_bytes->value = bytes;
    return true;
}

void host_exec_sync(const struct call *call)
{
    marked_processes_end(call->settings->host_root, arena_printf(call->arena, "%s=%s", EXEC_MARKER,
                                                                 call->surroundings->nonce));
}
