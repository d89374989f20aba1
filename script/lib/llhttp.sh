# shellcheck shell=bash disable=SC2154 # root: lib/common.sh
# llhttp: from the distribution where it is packaged (Debian 13 and later), else Debian 13's package unpacked into the
# project-local prefix .deps/. What cmake/Findllhttp.cmake looks for is what counts as present here.

llhttp_minimum=9.2
llhttp_deb_version='9.2.1~7.3.0+dfsg1+~cs24.12.11-1'
llhttp_pool=pool/main/n/node-undici

# The packages' SHA-256, by architecture. To move the pin: version above, hashes from the suite's Packages index.
llhttp_sha256() {
    case $(architecture) in
    amd64) echo c018069b22f5d53ac630bdc360d6c8bc7df78626cfb22276cbfb280aa64ac4b6 ;;
    arm64) echo 7415055a32bf90e71b63782876792a7ac10c0163b14625d2e735ed151d970361 ;;
    *) return 1 ;;
    esac
}

llhttp_present() {
    [ -f "${llhttp_ROOT:-/nonexistent}/include/llhttp.h" ] ||
        pkg-config --exists "libllhttp >= $llhttp_minimum" 2>/dev/null ||
        [ "$(cat "$root/.deps/llhttp.version" 2>/dev/null)" = "$llhttp_deb_version $(architecture)" ]
}

llhttp_unpack() {
    local sha256 work=$root/.deps/llhttp.tmp file
    sha256=$(llhttp_sha256) ||
        die "no llhttp package is pinned for $(architecture)" \
            "build llhttp >= $llhttp_minimum, then set llhttp_ROOT to its prefix and start this script again"
    rm -rf "$work"
    mkdir -p "$work" "$root/build"
    file=$work/libllhttp-dev.deb
    apt_fetch "$llhttp_pool/libllhttp-dev_${llhttp_deb_version}_$(architecture).deb" "$sha256" "$file" ||
        die "libllhttp-dev $llhttp_deb_version could not be fetched from this machine's Debian mirrors" \
            "see $root/build/setup-fetch.log" \
            "or build llhttp >= $llhttp_minimum, set llhttp_ROOT to its prefix and start this script again"
    dpkg-deb -x "$file" "$work/tree"
    # Only the archive is used: the shared library would have to be on the loader's path. The CMake package of the
    # distribution is left out too, cmake/Findllhttp.cmake says why.
    rm -rf "$work"/tree/usr/lib/*/cmake "$work"/tree/usr/lib/*/libllhttp.so
    sed -i "s,=/usr,=$root/.deps/usr,g" "$work"/tree/usr/lib/*/pkgconfig/libllhttp.pc
    mkdir -p "$root/.deps/usr"
    cp -a "$work/tree/usr/." "$root/.deps/usr/"
    rm -rf "$work"
    echo "$llhttp_deb_version $(architecture)" >"$root/.deps/llhttp.version"
}

llhttp_install() {
    llhttp_present && return 0
    local candidate
    candidate=$(apt_candidate libllhttp-dev)
    if [ -n "$candidate" ] && dpkg --compare-versions "$candidate" ge "$llhttp_minimum"; then
        apt_install libllhttp-dev
    else
        step "fetching llhttp ${llhttp_deb_version%%~*} into .deps/"
        llhttp_unpack
    fi
}
