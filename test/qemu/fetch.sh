#!/bin/bash
# Fetches what the QEMU lane boots: a kernel of each kind that Debian has (stable, the newest of its backports, and
# that of Debian 12), the KVM modules, and a libbpf that knows `.struct_ops.link` (1.3 or newer). Only this machine's own
# Debian mirror is asked, through apt with lists of its own, so the machine's package state stays as it is.
#
#   fetch.sh FOLDER      what is there already is kept
set -euo pipefail
dir=$(mkdir -p "$1" && cd "$1" && pwd)
mirror=$(awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; exit}}' \
	/etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null || true)
[ -n "$mirror" ] || { echo "no Debian mirror in the apt sources of this machine" >&2; exit 1; }
key=/usr/share/keyrings/debian-archive-keyring.gpg

apt=(-o "Dir::Etc::SourceList=$dir/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
	-o "Dir::State::Lists=$dir/apt/lists" -o "Dir::Cache=$dir/apt/cache"
	-o APT::Sandbox::User=root -o DPkg::Lock::Timeout=400)

lists() {
	[ -e "$dir/apt/done-4" ] && return
	mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
	for suite in trixie trixie-backports bookworm bookworm-backports; do
		echo "deb [signed-by=$key] $mirror $suite main"
	done > "$dir/apt/sources.list"
	# Without this, lists that could not be had are a warning, and would be taken for none from here on.
	apt-get "${apt[@]}" -qq -o APT::Update::Error-Mode=any update
	touch "$dir/apt/done-4"
}

# unpack PACKAGE FOLDER
unpack() {
	local work
	work=$(mktemp -d)
	(cd "$work" && apt-get "${apt[@]}" -qq download "$1" && dpkg-deb -x ./*.deb "$2")
	rm -rf "$work"
}

# kernel NAME SUITE: the kernel that the meta-package of SUITE stands for, unpacked to FOLDER/NAME
kernel() {
	[ -e "$dir/$1/vmlinuz" ] && return
	lists
	local image release work
	image=$(apt-cache "${apt[@]}" show "linux-image-cloud-amd64=$(version "$2")" |
		sed -n 's/^Depends:.*\(linux-image-[0-9][^ ]*\).*/\1/p' | head -1)
	release=${image#linux-image-}
	work=$(mktemp -d)
	# From 7.x on the image package is empty; kernel and modules come in packages of their own.
	for package in "$image" "linux-binary-$release" "linux-modules-$release"; do
		apt-cache "${apt[@]}" show "$package" > /dev/null 2>&1 && unpack "$package" "$work"
	done
	mkdir -p "$dir/$1/modules"
	for module in irqbypass kvm kvm-amd; do
		find "$work" -name "$module.ko*" -exec cp {} "$dir/$1/modules/" \;
	done
	find "$dir/$1/modules" -name '*.xz' -exec unxz -f {} \;
	echo "$release" > "$dir/$1/release"
	cp "$(find "$work" -type f -name 'vmlinuz*' | head -1)" "$dir/$1/vmlinuz"
	rm -rf "$work"
}

# version SUITE: of linux-image-cloud-amd64
version() {
	apt-cache "${apt[@]}" madison linux-image-cloud-amd64 | awk -F' *[|] *' -v suite=" $1/" 'index(" " $3, suite) {print $2; exit}'
}

libbpf() {
	[ -e "$dir/libbpf/libbpf.a" ] && return
	lists
	local work
	work=$(mktemp -d)
	unpack libbpf-dev/bookworm-backports "$work"
	mkdir -p "$dir/libbpf"
	cp -r "$work/usr/include" "$dir/libbpf/"
	cp "$(find "$work" -name libbpf.a)" "$dir/libbpf/"
	rm -rf "$work"
}

libbpf
kernel stable trixie
kernel newest trixie-backports
kernel oldest bookworm
echo "$dir: $(cat "$dir/stable/release"), $(cat "$dir/newest/release"), $(cat "$dir/oldest/release")"
