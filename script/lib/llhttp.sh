# shellcheck shell=bash disable=SC2154 # root: lib/common.sh
# llhttp: from the distribution where it is packaged (Debian 13 and later), else Debian 13's package unpacked into the
# project-local prefix .deps/. What cmake/Findllhttp.cmake looks for is what counts as present here.
#
# Fuzzers need its state machine with instrumentation, hence in C: .deps/llhttp-source/llhttp.c is made from the grammar
# and the compiler in the package node-llhttp of the same version, by Node.js (any version).

llhttp_minimum=9.2
llhttp_deb_version='9.2.1~7.3.0+dfsg1+~cs24.12.11-1'
llhttp_pool=pool/main/n/node-undici

llhttp_source=$root/.deps/llhttp-source

# The packages' SHA-256, by architecture. To move the pin: version above, hashes from the suite's Packages index.
llhttp_grammar_sha256=826d55dfb604fcfd3868e677a52c6a9a5849fc75c9cac647adef00ec16c53992
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
    if llhttp_packaged libllhttp-dev; then
        apt_install libllhttp-dev
    else
        step "fetching llhttp ${llhttp_deb_version%%~*} into .deps/"
        llhttp_unpack
    fi
}

# llhttp_packaged PACKAGE: whether the distribution has a new enough one.
llhttp_packaged() {
    local candidate
    candidate=$(apt_candidate "$1")
    [ -n "$candidate" ] && dpkg --compare-versions "$candidate" ge "$llhttp_minimum"
}

llhttp_source_present() {
    [ -s "$llhttp_source/llhttp.c" ]
}

# Some Node.js: it only runs the compiler of the grammar.
llhttp_node() {
    local program
    for program in node nodejs "$root"/.runtimes/node@*/bin/node; do
        if have "$program"; then
            echo "$program"
            return 0
        fi
    done
    return 1
}

llhttp_grammar_fetch() {
    local file=$1
    if llhttp_packaged node-llhttp; then
        # apt-get download checks the signature and needs no root; it wants to be in a folder of its own.
        (cd "$(dirname "$file")" && run_logged "$root/build/setup-fetch.log" apt-get download node-llhttp &&
            mv node-llhttp_*.deb "$file")
    else
        apt_fetch "$llhttp_pool/node-llhttp_${llhttp_deb_version}_all.deb" "$llhttp_grammar_sha256" "$file"
    fi
}

llhttp_source_install() {
    llhttp_source_present && return 0
    local work=$root/.deps/llhttp-source.tmp node
    node=$(llhttp_node) || {
        apt_install nodejs
        node=$(llhttp_node)
    }
    step "making llhttp's state machine in .deps/llhttp-source/"
    rm -rf "$work"
    mkdir -p "$work/package"
    llhttp_grammar_fetch "$work/package/node-llhttp.deb" ||
        die "node-llhttp $llhttp_deb_version could not be fetched from this machine's Debian mirrors" \
            "see $root/build/setup-fetch.log" \
            "or configure with -DTOUCHSTONE_LLHTTP_SOURCE=FOLDER: src/ of an llhttp release, or its llhttp.c alone"
    dpkg-deb -x "$work/package/node-llhttp.deb" "$work/tree"
    NODE_PATH=$work/tree/usr/share/nodejs "$node" "$root/script/lib/llhttp-source.js" >"$work/llhttp.c" ||
        die "the grammar of llhttp could not be compiled" "see the message of Node.js above"
    grep -q llhttp__internal_execute "$work/llhttp.c" || die "the compiler of llhttp's grammar wrote no state machine"
    mkdir -p "$llhttp_source"
    mv "$work/llhttp.c" "$llhttp_source/llhttp.c"
    rm -rf "$work"
}
