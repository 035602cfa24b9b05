// SPDX-License-Identifier: GPL-2.0
// What the language has no words for: a work queue of BPF, started at the tracepoint that HOOK names. The types are cut
// down to what libbpf needs to find the kernel's own.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct bpf_wq {
	__u64 opaque[2];
} __attribute__((aligned(8)));

extern int bpf_wq_init(struct bpf_wq *wq, void *p__map, unsigned int flags) __ksym;
extern int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __ksym;
extern int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (*callback)(void *map, int *key, void *value),
				    unsigned int flags, void *aux__ign) __ksym __weak;
extern int bpf_wq_set_callback(struct bpf_wq *wq, int (*callback)(void *map, int *key, void *value),
			       unsigned int flags) __ksym __weak;

struct work {
	struct bpf_wq wq;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct work);
} works SEC(".maps");

__u64 started, ran;

static int run_work(void *map, int *key, void *value)
{
	__sync_fetch_and_add(&ran, 1);
	return 0;
}

SEC("syscall")
int on_init(void *ctx)
{
	int key = 0;
	struct work *work = bpf_map_lookup_elem(&works, &key);

	if (!work)
		return 1;
	bpf_wq_init(&work->wq, &works, 0);
	if (bpf_wq_set_callback)
		bpf_wq_set_callback(&work->wq, run_work, 0);
	else
		bpf_wq_set_callback_impl(&work->wq, run_work, 0, NULL);
	return 0;
}

SEC("tp_btf/" HOOK)
int BPF_PROG(start_work)
{
	int key = 0;
	struct work *work = bpf_map_lookup_elem(&works, &key);

	if (work && !bpf_wq_start(&work->wq, 0))
		__sync_fetch_and_add(&started, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
