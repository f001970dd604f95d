/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks that the figures of recorded hosts arrive in the CRI's statistics and metrics.
 * It must not know docker's output. */
#include "host/usage_steps.h"
#include "base/cri.h"
#include "cri/metrics.h"
#include "test.h"

#define V1_ID    "5b5bac913b831fa3ce9417c658e208bd3b404eb03804a94876acb5c923286256"
#define V1_OTHER "f7bcb2d3514dda26a6d87292681fe6ba0f990347d95e074dfeac63d049821c47"
#define V2_ID    "3c9f1d2e4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define GONE     "0000000000000000000000000000000000000000000000000000000000000000"

static const struct surroundings surroundings = { .now_ns = 1795696496789000000 };
static struct settings settings;
static struct host_memory memory;
static struct call call;

static void use(const char *root)
{
    settings = (struct settings){ .host_root = root, .docker_root = "/var/lib/docker" };
    memory = (struct host_memory){ .arena = &arena };
    call = (struct call){
        .arena = &arena, .host = &memory, .settings = &settings, .surroundings = &surroundings
    };
}

static void init_container(CRI(ContainerStats) *stats, CRI(ContainerAttributes) *attributes,
                           const char *id)
{
    *attributes = (CRI(ContainerAttributes))CRI_INIT(CONTAINER_ATTRIBUTES);
    *stats = (CRI(ContainerStats))CRI_INIT(CONTAINER_STATS);
    attributes->id = (char *)(uintptr_t)id;
    stats->attributes = attributes;
}

static void test_a_container_of_version_2_has_every_figure(void **state)
{
    CRI(ContainerStatsResponse) response = CRI_INIT(CONTAINER_STATS_RESPONSE);
    CRI(ContainerAttributes) attributes;
    CRI(ContainerStats) stats;

    (void)state;
    use("tests/data/cgroup-v2");
    init_container(&stats, &attributes, V2_ID);
    response.stats = &stats;
    assert_true(host_container_stats(&call, &response.base, &err));
    assert_true(stats.cpu->timestamp > 0 && stats.cpu->usage_core_nano_seconds->value > 0);
    assert_true(stats.cpu->psi->some->total > 0 && stats.cpu->psi->full != NULL);
    assert_true(stats.cpu->psi->some->avg10 > 0 && stats.cpu->psi->some->avg60 > 0 &&
                stats.cpu->psi->some->avg300 > 0);
    assert_true(stats.memory->timestamp > 0 && stats.memory->usage_bytes->value > 0);
    assert_true(stats.memory->working_set_bytes->value <= stats.memory->usage_bytes->value);
    assert_true(stats.memory->available_bytes->value > 0 && stats.memory->rss_bytes->value > 0);
    assert_non_null(stats.memory->page_faults);
    assert_non_null(stats.memory->major_page_faults);
    assert_non_null(stats.memory->psi);
    assert_true(stats.swap->timestamp > 0 && stats.swap->swap_usage_bytes != NULL &&
                stats.swap->swap_available_bytes != NULL);
    assert_true(stats.io->timestamp > 0 && stats.io->psi != NULL);
}

static void test_a_container_of_version_1_has_its_writable_layer(void **state)
{
    CRI(ContainerStatsResponse) response = CRI_INIT(CONTAINER_STATS_RESPONSE);
    CRI(ContainerAttributes) attributes;
    CRI(ContainerStats) stats;

    (void)state;
    use("tests/data/cgroup-v1");
    init_container(&stats, &attributes, V1_ID);
    response.stats = &stats;
    assert_true(host_container_stats(&call, &response.base, &err));
    assert_true(stats.cpu->usage_core_nano_seconds->value > 0);
    assert_null(stats.cpu->psi);
    assert_null(stats.io);
    assert_true(stats.writable_layer->timestamp > 0);
    assert_string_equal(stats.writable_layer->fs_id->mountpoint, "/var/lib/docker");
    assert_true(stats.writable_layer->used_bytes->value > 0);
    assert_int_equal(stats.writable_layer->inodes_used->value, 2);
}

static void test_a_container_that_is_gone_is_left_out_of_a_list(void **state)
{
    CRI(ListContainerStatsResponse) response = CRI_INIT(LIST_CONTAINER_STATS_RESPONSE);
    CRI(ContainerAttributes) attributes[2];
    CRI(ContainerStats) stats[2];
    CRI(ContainerStats) *list[2] = { &stats[0], &stats[1] };

    (void)state;
    use("tests/data/cgroup-v1");
    init_container(&stats[0], &attributes[0], GONE);
    init_container(&stats[1], &attributes[1], V1_OTHER);
    response.n_stats = 2;
    response.stats = list;
    assert_true(host_list_container_stats(&call, &response.base, &err));
    assert_int_equal(response.n_stats, 1);
    assert_string_equal(response.stats[0]->attributes->id, V1_OTHER);
}

static void test_a_container_that_is_gone_keeps_its_attributes_alone(void **state)
{
    CRI(ContainerStatsResponse) response = CRI_INIT(CONTAINER_STATS_RESPONSE);
    CRI(ContainerAttributes) attributes;
    CRI(ContainerStats) stats;

    (void)state;
    use("tests/data/cgroup-v1");
    init_container(&stats, &attributes, GONE);
    response.stats = &stats;
    assert_true(host_container_stats(&call, &response.base, &err));
    assert_null(stats.cpu);
    assert_null(stats.memory);
}

static void test_a_pod_is_the_sum_of_its_containers_with_its_network(void **state)
{
    CRI(PodSandboxStatsResponse) response = CRI_INIT(POD_SANDBOX_STATS_RESPONSE);
    CRI(PodSandboxAttributes) pod_attributes = CRI_INIT(POD_SANDBOX_ATTRIBUTES);
    CRI(LinuxPodSandboxStats) linux = CRI_INIT(LINUX_POD_SANDBOX_STATS);
    CRI(PodSandboxStats) pod = CRI_INIT(POD_SANDBOX_STATS);
    CRI(ContainerAttributes) attributes;
    CRI(ContainerStats) stats;
    CRI(ContainerStats) *list[] = { &stats };

    (void)state;
    use("tests/data/cgroup-v1");
    init_container(&stats, &attributes, V1_OTHER);
    pod_attributes.id = (char *)(uintptr_t)V1_ID;
    pod.attributes = &pod_attributes;
    pod.linux = &linux;
    linux.n_containers = 1;
    linux.containers = list;
    response.stats = &pod;
    assert_true(host_pod_sandbox_stats(&call, &response.base, &err));
    assert_true(linux.cpu->usage_core_nano_seconds->value >
                stats.cpu->usage_core_nano_seconds->value);
    assert_true(linux.memory->usage_bytes->value > stats.memory->usage_bytes->value);
    assert_string_equal(linux.network->default_interface->name, "eth0");
    assert_true(linux.network->timestamp > 0);
    assert_int_equal(linux.network->n_interfaces, 1);
    assert_int_equal(linux.network->interfaces[0]->rx_bytes->value, 656);
    assert_non_null(linux.network->interfaces[0]->tx_bytes);
    assert_non_null(linux.network->interfaces[0]->rx_errors);
    assert_non_null(linux.network->interfaces[0]->tx_errors);
    assert_true(linux.process->timestamp > 0 && linux.process->process_count->value == 2);
}

static void test_a_pod_of_the_kubelet_is_its_own_cgroup(void **state)
{
    CRI(PodSandboxStatsResponse) response = CRI_INIT(POD_SANDBOX_STATS_RESPONSE);
    CRI(PodSandboxAttributes) attributes = CRI_INIT(POD_SANDBOX_ATTRIBUTES);
    CRI(LinuxPodSandboxStats) linux = CRI_INIT(LINUX_POD_SANDBOX_STATS);
    CRI(PodSandboxStats) pod = CRI_INIT(POD_SANDBOX_STATS);

    (void)state;
    use("tests/data/cgroup-v2");
    attributes.id = (char *)(uintptr_t)V2_ID;
    pod.attributes = &attributes;
    pod.linux = &linux;
    response.stats = &pod;
    assert_true(host_pod_sandbox_stats(&call, &response.base, &err));
    assert_non_null(linux.io);
    assert_non_null(linux.memory->psi);
}

static void test_each_metric_has_the_labels_of_its_descriptor(void **state)
{
    CRI(ListPodSandboxMetricsResponse) response = CRI_INIT(LIST_POD_SANDBOX_METRICS_RESPONSE);
    CRI(ListMetricDescriptorsResponse) table = CRI_INIT(LIST_METRIC_DESCRIPTORS_RESPONSE);
    CRI(PodSandboxMetrics) pod = CRI_INIT(POD_SANDBOX_METRICS);
    CRI(Metric) labels = CRI_INIT(METRIC);
    CRI(Metric) *label_list[] = { &labels };
    char name[] = "value";
    char *values[] = { name, name, name, name, name, name };
    CRI(PodSandboxMetrics) *pods[] = { &pod };

    (void)state;
    use("tests/data/cgroup-v1");
    labels.n_label_values = COUNT(values);
    labels.label_values = values;
    pod.pod_sandbox_id = (char *)(uintptr_t)V1_ID;
    pod.n_metrics = 1;
    pod.metrics = label_list;
    response.n_pod_metrics = 1;
    response.pod_metrics = pods;
    assert_true(host_list_pod_sandbox_metrics(&call, &response.base, &err));
    answer_list_metric_descriptors(&call, &table.base);
    assert_true(pod.n_metrics > 20);
    for (size_t i = 0; i < pod.n_metrics; i++) {
        const CRI(Metric) *metric = pod.metrics[i];
        size_t row = 0;

        while (row < table.n_descriptors && strcmp(table.descriptors[row]->name, metric->name) != 0)
            row++;
        assert_true(row < table.n_descriptors);
        assert_int_equal(metric->n_label_values, table.descriptors[row]->n_label_keys);
        assert_true(metric->timestamp > 0 && metric->value != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_container_of_version_2_has_every_figure),
        TEST(test_a_container_of_version_1_has_its_writable_layer),
        TEST(test_a_container_that_is_gone_is_left_out_of_a_list),
        TEST(test_a_container_that_is_gone_keeps_its_attributes_alone),
        TEST(test_a_pod_is_the_sum_of_its_containers_with_its_network),
        TEST(test_a_pod_of_the_kubelet_is_its_own_cgroup),
        TEST(test_each_metric_has_the_labels_of_its_descriptor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
