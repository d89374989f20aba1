#!/usr/bin/env bash
# Builds the fuzz targets by the contract of OSS-Fuzz and ClusterFuzzLite. Runs in the project's folder, with:
#   CC, CXX, CFLAGS, CXXFLAGS   compilers, and the flags that sanitize and instrument
#   LIB_FUZZING_ENGINE          what links a target with the engine
#   SANITIZER                   address, undefined or coverage
#   SRC, WORK                   folders of sources and for what is built on the way
#   OUT                         where everything that a run needs goes: programs that need no library of this machine,
#                               fuzz_TARGET_seed_corpus.zip, fuzz_TARGET.dict, fuzz_TARGET.options
# llhttp comes from $SRC/llhttp, a release, or else from what `script/setup fuzz` prepared.
set -euo pipefail

: "${CC:?}" "${CXX:?}" "${CFLAGS?}" "${CXXFLAGS?}" "${LIB_FUZZING_ENGINE:?}" "${SRC:?}" "${WORK:?}" "${OUT:?}"
sanitizer=${SANITIZER:-address}
build=$WORK/touchstone

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

[ -d corpus ] || fail "start it in the project's folder"
coverage=OFF
case $sanitizer in
address | undefined) ;;
coverage) coverage=ON ;;
*) fail "SANITIZER=$sanitizer: the libraries of the distribution are not instrumented for it" ;;
esac

# archive PACKAGE NAME...: the first of these static libraries that the package has.
archive() {
    local folder name
    folder=$(pkg-config --variable=libdir "$1")
    shift
    for name in "$@"; do
        if [ -f "$folder/$name" ]; then
            printf '%s\n' "$folder/$name"
            return 0
        fi
    done
    fail "no $1 in $folder"
}

options=(
    -DCMAKE_BUILD_TYPE=None # CFLAGS say everything
    -DTOUCHSTONE_TESTS=OFF -DTOUCHSTONE_FUZZING=ON -DTOUCHSTONE_COVERAGE="$coverage"
    -DLIB_FUZZING_ENGINE="$LIB_FUZZING_ENGINE"
    # What is found by pkg-config as a shared library otherwise.
    -Dpkgcfg_lib_LIBUV_uv="$(archive libuv libuv.a libuv_a.a)"
    -Dpkgcfg_lib_JANSSON_jansson="$(archive jansson libjansson.a)"
)
if [ -d "$SRC/llhttp" ]; then
    prefix=$WORK/llhttp
    mkdir -p "$prefix/include" "$prefix/lib"
    cp "$SRC/llhttp/include/llhttp.h" "$prefix/include/"
    read -ra flags <<<"$CFLAGS"
    for name in api http llhttp; do
        "$CC" "${flags[@]}" -I"$prefix/include" -c "$SRC/llhttp/src/$name.c" -o "$prefix/$name.o"
    done
    rm -f "$prefix/lib/libllhttp.a"
    ar rcs "$prefix/lib/libllhttp.a" "$prefix"/*.o
    options+=(-Dllhttp_ROOT="$prefix" -DTOUCHSTONE_LLHTTP_SOURCE="$SRC/llhttp/src")
fi

cmake -S . -B "$build" -G Ninja "${options[@]}"
mapfile -t targets <"$build/fuzzers.txt"
[ ${#targets[@]} -gt 0 ] || fail "there are no fuzz targets"
cmake --build "$build" --target "${targets[@]/#/fuzz_}"

for target in "${targets[@]}"; do
    name=fuzz_$target
    cp "$build/bin/$name" "$OUT/"
    rm -f "$OUT/${name}_seed_corpus.zip"
    (cd "corpus/$target" && find . -type f -not -name '*.dict' -not -name '.*' | sort |
        zip -q -X "$OUT/${name}_seed_corpus.zip" -@) || fail "corpus/$target has no inputs, or they could not be packed"
    printf '[libfuzzer]\ntimeout = 25\n' >"$OUT/$name.options"
    if [ -f "corpus/$target/$target.dict" ]; then
        cp "corpus/$target/$target.dict" "$OUT/$name.dict"
        printf 'dict = %s.dict\n' "$name" >>"$OUT/$name.options"
    fi
done
