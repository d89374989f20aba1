# shellcheck shell=bash disable=SC2154 # root: lib/common.sh
# Debian packages: installed only when missing, so that a machine that is set up needs neither root nor network.

apt_updated=no

# as_root COMMAND...: as it is, or through sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo -- "$@"
    else
        die "this needs root, and there is no sudo: $*" "run it as root, then start this script again"
    fi
}

apt_update() {
    [ "$apt_updated" = no ] || return 0
    step "apt-get update"
    run_logged "$root/build/setup-apt.log" as_root apt-get -o DPkg::Lock::Timeout=300 update ||
        die "apt-get update failed" "check the machine's network and /etc/apt, then start this script again"
    apt_updated=yes
}

# apt_install PACKAGE...
apt_install() {
    have apt-get || die "missing: $*, and this is not a Debian system" "install them by hand (these are Debian's names)"
    apt_update
    step "installing $*"
    run_logged "$root/build/setup-apt.log" as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "$@" ||
        die "apt-get could not install: $*" "try it by hand: apt-get install $*"
}

# apt_candidate PACKAGE: the version that apt would install; nothing when there is none.
apt_candidate() {
    have apt-cache || return 0
    LC_ALL=C apt-cache policy "$1" | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

# apt_mirrors: the addresses of the package archives that this machine is configured to use, one a line.
apt_mirrors() {
    # shellcheck disable=SC2016 # apt-get fills it in
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sed 's,/*$,,' | sort -u
}

# apt_fetch ARCHIVE_PATH SHA256 FILE: a file of the archive from the first mirror that has it, hash checked, with
# apt's own proxy and transport settings.
apt_fetch() {
    local path=$1 sha256=$2 file=$3 mirror
    [ -n "$(apt_mirrors)" ] || apt_update
    for mirror in $(apt_mirrors); do
        rm -f "$file"
        if /usr/lib/apt/apt-helper -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=2 \
            download-file "$mirror/$path" "$file" "SHA256:$sha256" >>"$root/build/setup-fetch.log" 2>&1 &&
            printf '%s  %s\n' "$sha256" "$file" | sha256sum --check --quiet >>"$root/build/setup-fetch.log" 2>&1; then
            return 0
        fi
    done
    return 1
}
