// Loads a BPF object, runs its program pv_start once in the kernel, and prints the policy's state: a line 'name bytes'
// for each field that is a number, the bytes in hexadecimal with the lowest first.
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static const struct btf_type *skip(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (btf_is_mod(type) || btf_is_typedef(type))
		type = btf__type_by_id(btf, type->type);
	return type;
}

static void print_state(const struct btf *btf, const struct btf_type *state, const unsigned char *at)
{
	const struct btf_member *member = btf_members(state);
	unsigned int i, k;

	for (i = 0; i < btf_vlen(state); i++, member++) {
		const struct btf_type *type = skip(btf, member->type);

		if (!btf_is_int(type))
			continue;
		printf("%s ", btf__name_by_offset(btf, member->name_off));
		for (k = 0; k < type->size; k++)
			printf("%02x", at[member->offset / 8 + k]);
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_test_run_opts, once);
	struct bpf_object *object = argc == 2 ? bpf_object__open_file(argv[1], NULL) : NULL;
	const struct btf_var_secinfo *variable;
	const struct btf_type *section;
	struct bpf_map *map, *bss = NULL;
	unsigned char *bytes;
	__u32 key = 0, i;
	struct btf *btf;
	int id;

	if (!object || bpf_object__load(object))
		return fail("load");
	if (bpf_prog_test_run_opts(bpf_program__fd(bpf_object__find_program_by_name(object, "pv_start")), &once))
		return fail("run");
	bpf_object__for_each_map(map, object)
		if (strstr(bpf_map__name(map), ".bss"))
			bss = map;
	btf = bpf_object__btf(object);
	id = btf__find_by_name_kind(btf, ".bss", BTF_KIND_DATASEC);
	bytes = bss ? malloc(bpf_map__value_size(bss)) : NULL;
	if (!bytes || id < 0 || bpf_map_lookup_elem(bpf_map__fd(bss), &key, bytes))
		return fail("state");
	section = btf__type_by_id(btf, id);
	variable = btf_var_secinfos(section);
	for (i = 0; i < btf_vlen(section); i++, variable++) {
		const struct btf_type *type = btf__type_by_id(btf, variable->type);

		if (!strcmp(btf__name_by_offset(btf, type->name_off), "state"))
			print_state(btf, skip(btf, type->type), bytes + variable->offset);
	}
	return 0;
}
