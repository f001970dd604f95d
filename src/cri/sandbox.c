/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates the RPCs on pod sandboxes, both ways.
 * It must not know how a command is run. */
#include "cri/sandbox.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/cri.h"
#include "base/document.h"
#include "base/list.h"
#include "base/text.h"
#include "base/units.h"
#include "base/word.h"
#include "cri/options.h"
#include "docker/failure.h"
#include "docker/id.h"
#include "docker/lifecycle.h"
#include "docker/made.h"
#include "docker/parent_cgroup.h"
#include "docker/ps.h"

enum { HOSTNAME_MAX = 64, PORT_MAX = 65535 };

/* --- RunPodSandbox --- */

static bool is_node(CRI(NamespaceMode) mode)
{
    return mode == CRI_ENUM(NAMESPACE_MODE, NODE);
}

static bool push_namespaces(const struct call *call, const CRI(NamespaceOption) *options,
                            struct plan *plan, struct err *err)
{
    struct strv *argv = &plan->command.argv;
    const CRI(UserNamespace) *users = options->userns_options;

    if (options->network != CRI_ENUM(NAMESPACE_MODE, POD) && !is_node(options->network))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "namespace_options.network: a pod has its own (POD) or the host's (NODE)");
    if (options->ipc != CRI_ENUM(NAMESPACE_MODE, POD) && !is_node(options->ipc))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "namespace_options.ipc: a pod has its own (POD) or the host's (NODE)");
    if (options->pid == CRI_ENUM(NAMESPACE_MODE, TARGET))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "namespace_options.pid: TARGET is for containers only");
    if (users != NULL && !is_node(users->mode))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "namespace_options.userns_options: docker has no user namespace of a pod's "
                       "own, only its engine's --userns-remap for all");
    strv_pushf(argv, "--network=%s", is_node(options->network) ? "host" : call->settings->network);
    /* Members could not join a private one. */
    strv_pushf(argv, "--ipc=%s", is_node(options->ipc) ? "host" : "shareable");
    if (is_node(options->pid))
        strv_push(argv, "--pid=host");
    if (users != NULL)
        strv_push(argv, "--userns=host");
    return true;
}

static bool push_hostname(const char *hostname, bool host_network, struct plan *plan,
                          struct err *err)
{
    if (*hostname == '\0')
        return true;
    if (host_network) { /* "should be the host's hostname" */
        strv_push(&plan->ignored, "config.hostname");
        return true;
    }
    if (strlen(hostname) > HOSTNAME_MAX)
        return err_set(err, GRPC_INVALID_ARGUMENT, "hostname \"%s\": is longer than %d characters",
                       hostname, HOSTNAME_MAX);
    if (!word_check("hostname", hostname, err))
        return false;
    strv_pushf(&plan->command.argv, "--hostname=%s", hostname);
    return true;
}

/* docker takes anything as an option of resolv.conf. */
static bool push_dns_words(const char *field, const char *option, size_t count, char *const *words,
                           struct plan *plan, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!word_check(field, words[i], err))
            return false;
        if (*words[i] == '\0')
            return err_set(err, GRPC_INVALID_ARGUMENT, "%s: one is empty", field);
        strv_pushf(&plan->command.argv, "%s=%s", option, words[i]);
    }
    return true;
}

/* What the message does not name is none, where docker takes the node's: a search list of the root
 * alone, and the option that is the resolver's default, are none and clean on 20.10 and 26 (seen).
 * No server is resolv.conf(5)'s own default, the one on this machine, which is the pod. An empty
 * message says nothing: the CRI's other runtimes, too, keep the node's file then. */
static bool push_dns(const CRI(DNSConfig) *dns, struct plan *plan, struct err *err)
{
    struct strv *argv = &plan->command.argv;

    if (dns->n_servers + dns->n_searches + dns->n_options == 0)
        return true;
    if (!push_dns_words("dns_config.servers", "--dns", dns->n_servers, dns->servers, plan, err) ||
        !push_dns_words("dns_config.searches", "--dns-search", dns->n_searches, dns->searches, plan,
                        err) ||
        !push_dns_words("dns_config.options", "--dns-option", dns->n_options, dns->options, plan,
                        err))
        return false;
    if (dns->n_servers == 0)
        strv_push(argv, "--dns=127.0.0.1");
    if (dns->n_searches == 0)
        strv_push(argv, "--dns-search=.");
    if (dns->n_options == 0)
        strv_push(argv, "--dns-option=ndots:1");
    return true;
}

static bool check_port(const char *field, int32_t port, struct err *err)
{
    if (port < 1 || port > PORT_MAX)
        return err_set(err, GRPC_INVALID_ARGUMENT, "port_mappings.%s: %d is not between 1 and %d",
                       field, port, PORT_MAX);
    return true;
}

/* "ADDRESS:" as docker wants it before a port; NULL for what is no address. */
static const char *port_address(struct arena *arena, const char *address)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    if (*address == '\0')
        return "";
    if (inet_pton(AF_INET, address, bytes) == 1)
        return arena_printf(arena, "%s:", address);
    if (inet_pton(AF_INET6, address, bytes) == 1)
        return arena_printf(arena, "[%s]:", address);
    return NULL;
}

static bool push_port(const struct call *call, const CRI(PortMapping) *port, struct plan *plan,
                      struct err *err)
{
    static const char *const protocols[] = { "tcp", "udp", "sctp" };
    const char *address = port_address(call->arena, port->host_ip);

    if (!check_port("container_port", port->container_port, err))
        return false;
    if (port->host_port == 0) /* nothing to publish */
        return true;
    if (!check_port("host_port", port->host_port, err))
        return false;
    if (address == NULL)
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "port_mappings.host_ip \"%s\": is not an address", port->host_ip);
    strv_pushf(&plan->command.argv, "--publish=%s%d:%d/%s", address, port->host_port,
               port->container_port, protocols[port->protocol]);
    return true;
}

/* A name as sysctl.d(5) has it, with dots: docker takes what is before the first "=" for it, and
 * runc makes it a path below /proc/sys, where a "/" could climb out of what is the pod's. */
static bool push_sysctls(const CRI(LinuxPodSandboxConfig) *linux, struct plan *plan,
                         struct err *err)
{
    for (size_t i = 0; i < linux->n_sysctls; i++) {
        const char *key = linux->sysctls[i]->key;

        if (*key == '\0' || strpbrk(key, "=/ \t\r\n") != NULL)
            return err_set(err, GRPC_INVALID_ARGUMENT,
                           "sysctls: \"%s\" is not a name as net.core.somaxconn", key);
        if (!word_check("sysctls", key, err) ||
            !word_check_line("sysctls", linux->sysctls[i]->value, err))
            return false;
        strv_pushf(&plan->command.argv, "--sysctl=%s=%s", key, linux->sysctls[i]->value);
    }
    return true;
}

static struct security security_of(const CRI(LinuxSandboxSecurityContext) *context)
{
    if (context == NULL)
        return (struct security){ .present = false };
    return (struct security){
        .present = true,
        .selinux = context->selinux_options,
        .run_as_user = context->run_as_user,
        .run_as_group = context->run_as_group,
        .run_as_username = "",
        .supplemental_group_count = context->n_supplemental_groups,
        .supplemental_groups = context->supplemental_groups,
        .groups_policy = context->supplemental_groups_policy,
        .readonly_rootfs = context->readonly_rootfs,
        .privileged = context->privileged,
        .seccomp = context->seccomp,
        .apparmor = context->apparmor,
        .seccomp_path = context->seccomp_profile_path,
        .apparmor_name = "",
    };
}

static const char *cgroup_parent(const CRI(LinuxPodSandboxConfig) *linux)
{
    return linux == NULL ? "" : docker_cgroup_parent(linux->cgroup_parent);
}

static bool push_config(const struct call *call, const CRI(PodSandboxConfig) *config,
                        struct plan *plan, struct err *err)
{
    static const CRI(NamespaceOption) pod_namespaces = CRI_INIT(NAMESPACE_OPTION);
    const CRI(LinuxPodSandboxConfig) *linux = config->linux;
    const CRI(LinuxSandboxSecurityContext) *context =
        linux == NULL ? NULL : linux->security_context;
    const CRI(NamespaceOption) *namespaces = context == NULL || context->namespace_options == NULL
                                                 ? &pod_namespaces
                                                 : context->namespace_options;
    struct security security = security_of(context);
    bool host_network = is_node(namespaces->network);

    if (!push_namespaces(call, namespaces, plan, err) ||
        !push_hostname(config->hostname, host_network, plan, err) ||
        (config->dns_config != NULL && !push_dns(config->dns_config, plan, err)))
        return false;
    for (size_t i = 0; !host_network && i < config->n_port_mappings; i++)
        if (!push_port(call, config->port_mappings[i], plan, err))
            return false;
    if (host_network && config->n_port_mappings > 0)
        strv_push(&plan->ignored, "config.port_mappings"); /* the host's ports are the pod's */
    if (!word_check("cgroup_parent", cgroup_parent(linux), err))
        return false;
    if (*cgroup_parent(linux) != '\0')
        strv_pushf(&plan->command.argv, "--cgroup-parent=%s", cgroup_parent(linux));
    if (linux != NULL && !push_sysctls(linux, plan, err))
        return false;
    return push_security(&security, plan, err);
}

static struct name name_of(const CRI(PodSandboxMetadata) *metadata)
{
    return (struct name){ .container = NAME_SANDBOX,
                          .pod = metadata->name,
                          .namespace = metadata->namespace_,
                          .uid = metadata->uid,
                          .attempt = metadata->attempt };
}

static struct record record_of(const struct call *call, const CRI(PodSandboxConfig) *config)
{
    bool options = config->linux != NULL && config->linux->security_context != NULL &&
                   config->linux->security_context->namespace_options != NULL;

    return (struct record){
        .sandbox = true,
        .name = name_of(config->metadata),
        .pod_attempt = config->metadata->attempt,
        .attempt = call->attempt,
        .labels = pairs_of_map(call->arena, config->n_labels, config->labels),
        .annotations = pairs_of_map(call->arena, config->n_annotations, config->annotations),
        .log_directory = config->log_directory,
        .cgroup_parent = cgroup_parent(config->linux),
        .pid_mode = options ? config->linux->security_context->namespace_options->pid
                            : CRI_ENUM(NAMESPACE_MODE, POD),
    };
}

bool plan_run_pod_sandbox(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(RunPodSandboxRequest) *request = (const void *)call->request;
    const CRI(PodSandboxConfig) *config = request->config;
    struct strv *argv = &plan->command.argv;
    struct record record;

    if (config == NULL || config->metadata == NULL)
        return err_set(err, GRPC_INVALID_ARGUMENT, "config.metadata: is not there");
    record = record_of(call, config);
    record.runtime_handler = request->runtime_handler;
    if (!name_check(&record.name, err))
        return false;
    strv_push(argv, "run");
    strv_push(argv, "--detach");
    strv_pushf(argv, "--name=%s", name_print(call->arena, &record.name));
    strv_push(argv, "--restart=no");
    strv_push(argv, "--no-healthcheck");
    if (!push_runtime(request->runtime_handler, plan, err))
        return false;
    strv_push(argv, "--cpu-shares=2");
    strv_push(argv, "--security-opt=no-new-privileges");
    if (call->settings->pause_oom_score_adj != 0)
        strv_pushf(argv, "--oom-score-adj=%lld", (long long)call->settings->pause_oom_score_adj);
    if (!push_config(call, config, plan, err) || !record_push_labels(&record, argv, err))
        return false;
    strv_push(argv, "--");
    strv_push(argv, call->settings->pause_image);
    return true;
}

static const char *sandbox_for_people(struct arena *arena, const CRI(PodSandboxMetadata) *pod)
{
    return arena_printf(arena, "the sandbox of pod \"%s/%s\" (uid \"%s\", attempt %u)",
                        pod->namespace_, pod->name, pod->uid, pod->attempt);
}

/* Whether docker has no network of that name: who asked for the pod did not name it. */
static bool is_without_network(const char *said, const char *network)
{
    const char *missing = strstr(said, "network ");

    return missing != NULL && failure_matches(missing, "network * not found") &&
           strncmp(missing + strlen("network "), network, strlen(network)) == 0;
}

/* docker run prints the id also when the start fails, and the container stays. */
bool parse_run_pod_sandbox(const struct call *call, const struct docker_result *result,
                           ProtobufCMessage *response, struct err *err)
{
    const CRI(RunPodSandboxRequest) *request = (const void *)call->request;
    const char *id = parse_id(call->arena, result);

    if (result->exit_code == 0 && *id != '\0') {
        ((CRI(RunPodSandboxResponse) *)response)->pod_sandbox_id = text_borrowed(id);
        return true;
    }
    if (result->exit_code == 0)
        return err_set(err, GRPC_INTERNAL, "docker run: printed no id");
    made_failure(call->arena, result, sandbox_for_people(call->arena, request->config->metadata),
                 err);
    if (is_without_network(result->stderr_text, call->settings->network))
        err_wrap(err, "the pods' network (CRI_ONESHOT_NETWORK) is not there");
    else if (strstr(result->stderr_text, "Unable to find image '") != NULL && *id == '\0')
        err_wrap(err, "the pause image (CRI_ONESHOT_PAUSE_IMAGE) was not there");
    else if (call->settings->pause_oom_score_adj < 0 &&
             failure_matches(result->stderr_text, FAILURE_LOST_CHILD))
        err_wrap(
            err,
            "the engine may not set CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ=%lld (0 is always possible)",
            (long long)call->settings->pause_oom_score_adj);
    if (*id != '\0') {
        struct name name = name_of(request->config->metadata);

        err_wrap(err, "sandbox %s was created as %s and did not start" LEFT_BEHIND, id,
                 name_print(call->arena, &name));
    }
    return false;
}

/* --- StopPodSandbox, RemovePodSandbox --- */

bool plan_stop_pod_sandbox(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(StopPodSandboxRequest) *request = (const void *)call->request;

    (void)err;
    return plan_stop(request->pod_sandbox_id, 0, plan);
}

bool parse_stop_pod_sandbox(const struct call *call, const struct docker_result *result,
                            ProtobufCMessage *response, struct err *err)
{
    const CRI(StopPodSandboxRequest) *request = (const void *)call->request;

    (void)response;
    return parse_idempotent(call, result, request->pod_sandbox_id, err);
}

bool plan_remove_pod_sandbox(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(RemovePodSandboxRequest) *request = (const void *)call->request;

    (void)err;
    return plan_remove(request->pod_sandbox_id, plan);
}

bool parse_remove_pod_sandbox(const struct call *call, const struct docker_result *result,
                              ProtobufCMessage *response, struct err *err)
{
    const CRI(RemovePodSandboxRequest) *request = (const void *)call->request;

    (void)response;
    return parse_idempotent(call, result, request->pod_sandbox_id, err);
}
