/** What loading a scheduler needs besides. */
export const SCHED_EXT_LOADER = String.raw`
static bool partial;

/* The number of an enumerator of the running kernel; 0 where it has none such. */
static __u64 kernel_enumerator(const char *type_name, const char *name)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *type;
	__u64 value = 0;
	int id, i;

	if (!btf)
		return 0;
	id = btf__find_by_name(btf, type_name);
	type = id > 0 ? btf__type_by_id(btf, id) : NULL;
	for (i = 0; type && i < btf_vlen(type); i++) {
		if (btf_is_enum64(type)) {
			if (!strcmp(btf__name_by_offset(btf, btf_enum64(type)[i].name_off), name))
				value = btf_enum64_value(&btf_enum64(type)[i]);
		} else if (!strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), name)) {
			value = btf_enum(type)[i].val;
		}
	}
	btf__free(btf);
	return value;
}

/* Sets the flags of the operations, which come first in their struct. */
static int prepare(struct bpf_map *ops)
{
	__u64 flag = kernel_enumerator("scx_ops_flags", "SCX_OPS_SWITCH_PARTIAL");
	size_t size;
	__u64 *flags;

	if (access("/sys/kernel/sched_ext", F_OK)) {
		fprintf(stderr, "this kernel has no sched_ext (CONFIG_SCHED_CLASS_EXT)\n");
		return -ENOTSUP;
	}
	if (!ops) {
		fprintf(stderr, "libbpf %s is too old: it knows no .struct_ops.link\n", libbpf_version_string());
		return -ENOTSUP;
	}
	if (!partial)
		return 0;
	/* libbpf gives the memory from 1.4 on; the value of the struct starts with its first member. */
	flags = (__u64 *)bpf_map__initial_value(ops, &size);
	if (!flags || !flag) {
		fprintf(stderr, "--partial needs libbpf 1.4 or newer\n");
		return -ENOTSUP;
	}
	*flags |= flag;
	return 0;
}

/* Why the scheduler ended, where the kernel ended it. */
static int tell_exit(const struct pv_exit *exit)
{
	const __u64 error = kernel_enumerator("scx_exit_kind", "SCX_EXIT_ERROR");

	if (!exit->kind || (__u64)exit->kind == kernel_enumerator("scx_exit_kind", "SCX_EXIT_UNREG"))
		return 0;
	if (exit->reason[0])
		fprintf(stderr, "the kernel ended the scheduler: %s%s%s\n", exit->reason,
			exit->message[0] ? ": " : "", exit->message);
	return error && (__u64)exit->kind >= error ? -EIO : 0;
}
`;
